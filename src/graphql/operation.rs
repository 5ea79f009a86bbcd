//! The operation that a request runs: one of those in its document.

use async_graphql::{
    Name, Request,
    parser::types::{DocumentOperations, OperationDefinition, OperationType},
};

/// A request that the guard admitted.
pub struct AdmittedRequest {
    /// The request with its parsed query.
    pub(super) request: Request,
    pub(super) operation: Operation,
    pub(super) cost: Cost,
}

/// The cost of an operation, as the guard counts it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Cost {
    /// The fields that are resolved, apart from introspection.
    pub(super) fields: usize,
    /// The fields of introspection that are resolved.
    pub(super) introspection: usize,
    /// The work of the database that does not depend on what is returned, in fields.
    pub(super) database: usize,
}

impl Cost {
    /// What `limits.query_cost` bounds.
    pub(super) fn total(self) -> usize {
        self.fields.saturating_add(self.introspection).saturating_add(self.database)
    }
}

/// The operation that a request runs.
#[derive(Clone, Debug)]
pub(super) struct Operation {
    pub(super) name: Option<String>,
    pub(super) kind: OperationType,
}

impl AdmittedRequest {
    /// Whether the operation is a query, which changes nothing.
    pub fn only_reads(&self) -> bool {
        self.operation.kind == OperationType::Query
    }

    /// The operation's name in the document.
    pub fn operation_name(&self) -> Option<&str> {
        self.operation.name.as_deref()
    }
}

/// The schema's type from which an operation selects.
pub(super) fn root_type(kind: OperationType) -> &'static str {
    match kind {
        OperationType::Query => "Query",
        OperationType::Mutation => "Mutation",
        OperationType::Subscription => "Subscription",
    }
}

/// The operation of a document that is selected for execution.
#[derive(Clone, Copy)]
pub(super) struct SelectedOperation<'a> {
    pub(super) name: Option<&'a Name>,
    pub(super) definition: &'a OperationDefinition,
}

impl<'a> SelectedOperation<'a> {
    /// Selects the operation with this name or, without a name, the only operation. `None` if there is
    /// none.
    pub(super) fn select(operations: &'a DocumentOperations, name: Option<&str>) -> Option<Self> {
        let mut operations = operations.iter();
        let selected = match name {
            Some(name) => operations.find(|(known, _)| known.is_some_and(|known| known.as_str() == name)),
            None if operations.len() == 1 => operations.next(),
            None => None,
        };
        selected.map(|(name, operation)| Self { name, definition: &operation.node })
    }

    /// What is kept of the operation once its document is handed to async-graphql.
    pub(super) fn to_operation(self) -> Operation {
        Operation { name: self.name.map(ToString::to_string), kind: self.definition.ty }
    }
}
