//! Executes requests: the guard runs before the schema, the masking of errors after it, all within a time limit.
//!
//! Not an async-graphql extension: with one registered, every field takes a slower path.

use std::{io, sync::Arc, time::Duration};

use async_graphql::{Request, Response, Value, value};

use super::{
    answer::Answer,
    answer_size::AnswerSize,
    code::Code,
    error::{coded_error, mask},
    expensive_requests::{ExpensiveRequests, is_expensive},
    guard::{Guard, Introspection},
    loaders::Loaders,
    metrics::{Metrics, count_errors, start_counters},
    operation::{AdmittedRequest, Cost},
    root::RootValue,
    schema::{self, Schema},
    schema_types::{SchemaError, SchemaTypes},
};
use crate::{
    config::Limits,
    content::CurrentContent,
    domain::Timestamp,
    fair_queue::QueueFull,
    identity::Viewer,
    store::{self, Store},
};

/// Why there is no executor.
#[derive(Debug, thiserror::Error)]
pub enum ExecutorError {
    /// The schema's SDL cannot be parsed.
    #[error(transparent)]
    Schema(#[from] SchemaError),
    /// The threads of expensive requests cannot be started.
    #[error("threads cannot be started")]
    Threads(#[from] io::Error),
}

/// The graph over a store. Cheap to clone.
#[derive(Clone)]
pub struct Executor {
    schema: Schema,
    guard: Arc<Guard>,
    query_cost: usize,
    response_bytes: usize,
    metrics: Arc<Metrics>,
    expensive: Arc<ExpensiveRequests>,
    store: Store,
    content: CurrentContent,
}

impl Executor {
    /// The graph over a store and rule content.
    ///
    /// # Errors
    /// If the schema's SDL cannot be parsed, or threads cannot be started.
    pub fn new(store: Store, content: CurrentContent, limits: &Limits) -> Result<Self, ExecutorError> {
        start_counters();
        let schema = schema::build(limits);
        let sdl = schema.sdl();
        let guard = Guard::new(limits, SchemaTypes::parse(&sdl)?, Introspection::parse(&sdl)?);
        Ok(Self {
            schema,
            guard: Arc::new(guard),
            query_cost: limits.query_cost,
            response_bytes: limits.response_bytes,
            metrics: Arc::default(),
            expensive: Arc::new(ExpensiveRequests::new()?),
            store,
            content,
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
        // Boxed, since the future is large and would enlarge every future that contains it.
        let answer = Box::pin(store::count_statements(self.clone().answer(viewer, admitted, within)));
        let (answer, statements) =
            if is_expensive(&cost) { self.expensive.run(store::inherit_count(answer)).await } else { answer.await };
        self.metrics.count_operation(&operation, &answer, statements);
        answer
    }

    async fn answer(self, viewer: Viewer, admitted: AdmittedRequest, within: Duration) -> Answer {
        let only_reads = admitted.only_reads();
        let AdmittedRequest { request, cost, .. } = admitted;
        let returns_cost = request.extensions.get("cost") == Some(&Value::Boolean(true));
        // A mutation reads what it wrote, which a replica may not have yet.
        let store = if only_reads { self.store.clone() } else { self.store.reading_writes() };
        let mut response = match self.response(store, viewer, request, cost, within).await {
            Ok(response) => response,
            Err(failed) => Response::from_errors(vec![coded_error(failed.code(), failed.to_string(), None)]),
        };
        if returns_cost {
            let limit = self.query_cost;
            response.extensions.insert("cost".to_owned(), value!({ "cost": cost.total(), "limit": limit }));
        }
        Answer::new(response)
    }

    async fn response(
        &self,
        store: Store,
        viewer: Viewer,
        request: Request,
        cost: Cost,
        within: Duration,
    ) -> Result<Response, Unfinished> {
        let scope = viewer.scope();
        let turn = self.expensive.turn_of(scope.client());
        let content = self.content.get();
        let loaders = Loaders::new(&store, scope, content.clone(), turn.clone());
        let size = Arc::new(AnswerSize::new(self.response_bytes));
        let root = RootValue::default();
        let request = request.data(viewer).data(Timestamp::now()).data(loaders).data(content);
        let request = request.data(store).data(size.clone()).data(root.clone());
        let executed = async {
            turn.take_for_cost(&cost).await?;
            Ok::<_, Unfinished>(self.schema.execute(request).await)
        };
        let mut response = tokio::time::timeout(within, executed).await.map_err(|_| Unfinished::TimedOut)??;
        if size.is_exceeded() {
            return Err(Unfinished::TooLarge { limit: self.response_bytes });
        }
        root.complete(&mut response);
        mask(&mut response.errors);
        Ok(response)
    }
}

/// Why a request has no result.
#[derive(Clone, Copy, Debug, thiserror::Error)]
enum Unfinished {
    #[error("The request exceeded its time limit and was stopped.")]
    TimedOut,
    #[error("Too many expensive requests wait already; please try again shortly.")]
    QueueFull(#[from] QueueFull),
    #[error("limits.response_bytes allows {limit} bytes; this answer has more. Request smaller pages or fewer fields")]
    TooLarge { limit: usize },
}

impl Unfinished {
    fn code(self) -> Code {
        match self {
            Self::TimedOut => Code::Timeout,
            Self::QueueFull(_) => Code::Unavailable,
            Self::TooLarge { .. } => Code::ResponseTooLarge,
        }
    }
}
