//! Tests of the graph, mostly without HTTP: its responses, and how many statements they take.

mod answers;
mod attacks;
mod cost;
mod dropped_requests;
mod failing_loads;
mod filters;
mod gathering_requests;
mod graphql_js;
mod history;
mod hostile_requests;
mod impacted_clusters;
mod limits;
mod mutations;
mod namespaces;
mod nodes;
mod pages;
mod paging;
mod random_actions;
mod random_documents;
mod recommendation_lists;
mod recommendations;
mod recommended_fleet;
mod refusals;
mod rule_hit_filters;
mod schema;
mod specification;
mod statement_counts;
mod summary;
mod tenant_isolation;

use std::time::Duration;

use async_graphql::{Request, Variables};
use insights_results_aggregator::{
    config::Limits,
    content::CurrentContent,
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

/// Longer than any request in these tests takes.
const REQUEST_TIMEOUT: Duration = Duration::from_mins(1);

/// Concatenates a piece of text for each number below `count`.
pub(crate) fn each(count: usize, piece: impl Fn(usize) -> String) -> String {
    (0..count).map(piece).collect()
}

/// The graph over a store.
#[derive(Clone)]
struct Graph {
    store: Store,
    executor: Executor,
}

impl Graph {
    /// Writes reports into a database and returns the graph over it, with the default limits.
    async fn with_reports(database: &Database, reports: &[Report]) -> Self {
        let store = database.store().await;
        write(&store, reports).await;
        Self::with_limits(store, &default_config().limits)
    }

    /// The graph over a store, with these limits.
    fn with_limits(store: Store, limits: &Limits) -> Self {
        Self::with_content(store, CurrentContent::default(), limits)
    }

    /// The graph over a store and content, with these limits.
    fn with_content(store: Store, content: CurrentContent, limits: &Limits) -> Self {
        let executor = Executor::new(store.clone(), content, limits).expect("the schema's SDL is GraphQL");
        Self { store, executor }
    }

    /// Returns the whole response to a query.
    async fn query(&self, query: &str) -> Value {
        self.query_with(query, json!({})).await
    }

    /// Returns the whole response to a query with variables.
    async fn query_with(&self, query: &str, variables: Value) -> Value {
        self.query_as(Viewer::unrestricted(), query, variables).await
    }

    /// Returns the whole response to a viewer's query with variables.
    async fn query_as(&self, viewer: Viewer, query: &str, variables: Value) -> Value {
        self.execute(viewer, Request::new(query).variables(Variables::from_json(variables))).await
    }

    /// Returns the whole response to a viewer's request.
    async fn execute(&self, viewer: Viewer, request: Request) -> Value {
        serde_json::from_str(&self.text(viewer, request).await).expect("JSON")
    }

    /// Returns the text of the response to a viewer's request.
    async fn text(&self, viewer: Viewer, request: Request) -> String {
        let response = self.executor.execute(viewer, request, REQUEST_TIMEOUT).await;
        String::from_utf8(response.into_json()).expect("a response is text")
    }

    /// Returns the whole response to a query, and how many statements it took.
    async fn query_counting(&self, query: &str) -> (Value, usize) {
        count_statements(self.query(query)).await
    }
}
