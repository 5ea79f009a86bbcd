//! Executes requests: the guard runs before the schema, the masking of errors after it, all within a time limit.
//!
//! Not an async-graphql extension: with one registered, every field takes a slower path.

use std::{sync::Arc, time::Duration};

use async_graphql::{Request, Value, value};

use super::{
    answer::Answer,
    answer_size::AnswerSize,
    code::Code,
    error::{coded_error, mask},
    guard::{Guard, Introspection},
    loaders::Loaders,
    metrics::{Metrics, count_errors},
    operation::AdmittedRequest,
    root::RootValue,
    schema::{self, Schema},
    schema_types::{SchemaError, SchemaTypes},
};
use crate::{
    config::Limits,
    domain::Timestamp,
    identity::Viewer,
    store::{self, Store},
};

/// The graph over a store. Cheap to clone.
#[derive(Clone)]
pub struct Executor {
    schema: Schema,
    guard: Arc<Guard>,
    query_cost: usize,
    response_bytes: usize,
    metrics: Arc<Metrics>,
    store: Store,
}

impl Executor {
    /// The graph over a store.
    ///
    /// # Errors
    /// If the schema's SDL cannot be parsed.
    pub fn new(store: Store, limits: &Limits) -> Result<Self, SchemaError> {
        let schema = schema::build(limits);
        let sdl = schema.sdl();
        let guard = Guard::new(limits, SchemaTypes::parse(&sdl)?, Introspection::parse(&sdl)?);
        Ok(Self {
            schema,
            guard: Arc::new(guard),
            query_cost: limits.query_cost,
            response_bytes: limits.response_bytes,
            metrics: Arc::default(),
            store,
        })
    }

    /// Answers a request of `viewer`, or stops after `within`. The answer contains all errors, with messages for the
    /// client. If the request's extensions contain `"cost": true`, the answer contains the request's cost.
    pub async fn execute(&self, viewer: Viewer, request: Request, within: Duration) -> Answer {
        match self.admit(request) {
            Ok(admitted) => self.run(viewer, admitted, within).await,
            Err(refusal) => *refusal,
        }
    }

    /// Admits a request that is within the limits, without executing it.
    ///
    /// # Errors
    /// The answer to a request that exceeds a limit or cannot be parsed.
    pub fn admit(&self, request: Request) -> Result<AdmittedRequest, Box<Answer>> {
        self.guard.admit(request).map_err(|error| {
            let answer = Answer::request_error(coded_error(error.code(), error.to_string(), error.at()));
            count_errors(&answer);
            Box::new(answer)
        })
    }

    /// Answers an admitted request, as [`execute`](Self::execute) does.
    pub async fn run(&self, viewer: Viewer, admitted: AdmittedRequest, within: Duration) -> Answer {
        let (operation, cost) = (admitted.operation.clone(), admitted.cost);
        let returns_cost = admitted.request.extensions.get("cost") == Some(&Value::Boolean(true));
        // Boxed, since the future is large and would enlarge every future that contains it.
        let answer = Box::pin(self.answer(viewer, admitted, within));
        let (mut answer, statements) = store::count_statements(answer).await;
        self.metrics.count_operation(&operation, &answer, statements);
        if returns_cost {
            let limit = self.query_cost;
            answer.response.extensions.insert("cost".to_owned(), value!({ "cost": cost, "limit": limit }));
        }
        answer
    }

    async fn answer(&self, viewer: Viewer, admitted: AdmittedRequest, within: Duration) -> Answer {
        let AdmittedRequest { request, .. } = admitted;
        let loaders = Loaders::new(&self.store, viewer.scope());
        let size = Arc::new(AnswerSize::new(self.response_bytes));
        let root = RootValue::default();
        let request = request.data(viewer).data(Timestamp::now()).data(loaders).data(size.clone()).data(root.clone());
        let Ok(mut response) = tokio::time::timeout(within, self.schema.execute(request)).await else {
            let message = "The request exceeded its time limit and was stopped.";
            return Answer::request_error(coded_error(Code::Timeout, message, None));
        };
        if size.is_exceeded() {
            let message = format!(
                "limits.response_bytes allows {} bytes; this answer has more. Request smaller pages or fewer fields",
                self.response_bytes
            );
            return Answer::request_error(coded_error(Code::ResponseTooLarge, message, None));
        }
        root.complete(&mut response);
        mask(&mut response.errors);
        Answer { response }
    }
}
