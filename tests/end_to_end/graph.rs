//! The graph as it can be asked, here without HTTP: what it answers, and in how many statements.

mod answers;
mod attacks;
mod cost;
mod dropped_requests;
mod failing_loads;
mod filters;
mod history;
mod limits;
mod nodes;
mod paging;
mod refusals;
mod schema;
mod statement_counts;

use std::time::Duration;

use async_graphql::{Request, Variables};
use insights_results_aggregator::{
    config::Limits,
    domain::Report,
    graphql::Executor,
    identity::Viewer,
    store::{Store, count_statements},
};
use serde_json::{Value, json};

use crate::{
    harness::{Database, default_config},
    reports::write,
};

/// More than any request here takes, and less than anyone would wait for a test.
const PATIENCE: Duration = Duration::from_mins(1);

/// A piece of text for each number below `count`.
pub(crate) fn each(count: usize, piece: impl Fn(usize) -> String) -> String {
    (0..count).map(piece).collect()
}

/// The graph over a store, within the limits that nobody changed.
#[derive(Clone)]
struct Graph {
    store: Store,
    executor: Executor,
}

impl Graph {
    /// The graph over a database that holds these reports.
    async fn of(database: &Database, reports: &[Report]) -> Self {
        let store = database.store().await;
        write(&store, reports).await;
        Self::within(store, &default_config().limits)
    }

    /// The graph over a store, within other limits.
    fn within(store: Store, limits: &Limits) -> Self {
        let executor = Executor::new(store.clone(), limits).expect("the schema's SDL is GraphQL");
        Self { store, executor }
    }

    /// The whole answer.
    async fn ask(&self, query: &str) -> Value {
        self.ask_with(query, json!({})).await
    }

    /// The whole answer to a query with variables.
    async fn ask_with(&self, query: &str, variables: Value) -> Value {
        self.ask_as(Viewer::unrestricted(), query, variables).await
    }

    /// The whole answer to somebody's query with variables.
    async fn ask_as(&self, viewer: Viewer, query: &str, variables: Value) -> Value {
        self.execute(viewer, Request::new(query).variables(Variables::from_json(variables))).await
    }

    async fn execute(&self, viewer: Viewer, request: Request) -> Value {
        serde_json::from_str(&self.text(viewer, request).await).expect("JSON")
    }

    /// The answer's text.
    async fn text(&self, viewer: Viewer, request: Request) -> String {
        let answer = self.executor.execute(viewer, request, PATIENCE).await;
        String::from_utf8(answer.to_json()).expect("an answer is text")
    }

    /// The whole answer, and how many statements it took.
    async fn ask_counting(&self, query: &str) -> (Value, usize) {
        count_statements(self.ask(query)).await
    }
}
