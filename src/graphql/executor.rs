//! What stands around the schema: the guard before, nulls and the mask behind, and a time limit.
//!
//! Not an extension of async-graphql: with one registered, every field takes a slower way.

use std::{sync::Arc, time::Duration};

use async_graphql::{Request, Value, value};

use super::{
    answer::Answer,
    code::Code,
    error::{mask, refusal},
    field_order::FieldOrder,
    guard::{FieldCosts, Guard},
    loaders::Loaders,
    metrics::{Metrics, count_errors},
    null_propagation::NullPropagation,
    operation::Admitted,
    schema::{self, Schema},
};
use crate::{
    config::Limits,
    domain::Timestamp,
    identity::Viewer,
    store::{self, Store},
};

/// The graph as it can be asked. Cheap to clone.
#[derive(Clone)]
pub struct Executor {
    schema: Schema,
    guard: Arc<Guard>,
    nulls: Arc<NullPropagation>,
    query_cost: usize,
    metrics: Arc<Metrics>,
    store: Store,
}

impl Executor {
    /// The graph over a store.
    pub fn new(store: Store, limits: &Limits) -> Self {
        let schema = schema::build(limits);
        let sdl = schema.sdl();
        let guard = Guard::new(limits, FieldCosts::of(&sdl));
        let nulls = Arc::new(NullPropagation::of(&sdl));
        let query_cost = limits.query_cost;
        Self { schema, guard: Arc::new(guard), nulls, query_cost, metrics: Arc::default(), store }
    }

    /// Answers a request of `viewer`, or stops after `within`. What went wrong is in the answer, in words for the
    /// client. A request whose extensions say `"cost": true` is told what it costs.
    pub async fn execute(&self, viewer: Viewer, request: Request, within: Duration) -> Answer {
        match self.admit(request) {
            Ok(admitted) => self.run(viewer, admitted, within).await,
            Err(refused) => *refused,
        }
    }

    /// Lets in what is within the limits. Nothing of it is executed yet.
    ///
    /// # Errors
    /// The answer to what asks for too much or cannot be read.
    pub fn admit(&self, mut request: Request) -> Result<Admitted, Box<Answer>> {
        match self.guard.admit(&mut request) {
            Ok(cost) => Ok(Admitted::new(request, cost)),
            Err(refused) => {
                let answer = Answer::refused(refusal(refused.code(), refused.to_string(), refused.at()));
                count_errors(&answer.response);
                Err(Box::new(answer))
            }
        }
    }

    /// Answers what was let in, as [`execute`](Self::execute) does.
    pub async fn run(&self, viewer: Viewer, admitted: Admitted, within: Duration) -> Answer {
        let Admitted { request, operation, cost } = admitted;
        let tells_cost = request.extensions.get("cost") == Some(&Value::Boolean(true));
        // Boxed, since a future grows with each that carries it, and this one is large.
        let answer = Box::pin(self.answer(viewer, request, within));
        let (mut answer, statements) = store::count_statements(answer).await;
        self.metrics.ran(operation.as_ref(), &answer.response, statements);
        if tells_cost {
            let limit = self.query_cost;
            answer.response.extensions.insert("cost".to_owned(), value!({ "cost": cost, "limit": limit }));
        }
        answer
    }

    async fn answer(&self, viewer: Viewer, mut request: Request, within: Duration) -> Answer {
        let (query, operation) = (request.query.clone(), request.operation_name.clone());
        // What was let in is parsed already.
        let order = request.parsed_query().map(|document| FieldOrder::of(document, operation.as_deref()));
        let order = order.unwrap_or_default();
        let loaders = Loaders::new(&self.store, viewer.scope());
        let request = request.data(viewer).data(Timestamp::now()).data(loaders);
        let Ok(mut response) = tokio::time::timeout(within, self.schema.execute(request)).await else {
            let message = "The request took longer than it may and was stopped.";
            return Answer::refused(refusal(Code::Timeout, message, None));
        };
        if response.is_err() {
            self.nulls.put(&query, operation.as_deref(), &mut response);
        }
        mask(&mut response.errors);
        Answer { response, order }
    }
}
