//! The operation that a request asks for: one of those in its document.

use async_graphql::{
    Name, Request, Response, Value,
    parser::types::{DocumentOperations, OperationDefinition, OperationType},
};

/// A request that the guard let in, and which operation of it will run.
pub struct Admitted {
    pub(super) request: Request,
    /// `None` where there is no such operation, which execution will say.
    pub(super) operation: Option<Operation>,
    pub(super) cost: usize,
}

/// What is known of an operation before it runs.
pub(super) struct Operation {
    pub(super) name: Option<String>,
    kind: OperationType,
}

impl Admitted {
    /// What the guard let in, and what that costs; its query is parsed.
    pub(super) fn new(mut request: Request, cost: usize) -> Self {
        let name = request.operation_name.clone();
        let document = request.parsed_query().ok();
        let operation = document
            .and_then(|document| selected(&document.operations, name.as_deref()))
            .map(|(name, operation)| Operation { name: name.map(|name| name.as_str().to_owned()), kind: operation.ty });
        Self { request, operation, cost }
    }

    /// Whether it reads and changes nothing: a query.
    pub fn only_reads(&self) -> bool {
        self.operation.as_ref().is_none_or(|operation| operation.kind == OperationType::Query)
    }

    /// The operation's name, as the document has it.
    pub fn operation_name(&self) -> Option<&str> {
        self.operation.as_ref()?.name.as_deref()
    }
}

/// The operation that will be executed, with its name. `None` where async-graphql will say that there is no such one.
pub(super) fn selected<'a>(
    operations: &'a DocumentOperations,
    name: Option<&str>,
) -> Option<(Option<&'a Name>, &'a OperationDefinition)> {
    let mut operations = operations.iter();
    let chosen = match name {
        Some(name) => operations.find(|(known, _)| known.is_some_and(|known| known.as_str() == name)),
        None if operations.len() == 1 => operations.next(),
        None => None,
    };
    chosen.map(|(name, operation)| (name, &operation.node))
}

/// Whether an answer is a refusal of the whole request: nothing of it was executed, or nothing came of it. Errors of
/// single fields have a path.
pub(super) fn is_request_error(response: &Response) -> bool {
    let errors = &response.errors;
    response.data == Value::Null && !errors.is_empty() && errors.iter().all(|error| error.path.is_empty())
}
