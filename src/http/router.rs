//! Which path leads where.

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    http::StatusCode,
    routing::{get, post},
};
use tower_http::{catch_panic::CatchPanicLayer, timeout::TimeoutLayer};

use super::{graphiql, graphql, health, health::Readiness};
use crate::{config, graphql::Executor};

/// So much longer than a request may take, the answer is cut off, whatever it waits for.
const GRACE: Duration = Duration::from_secs(2);

/// What the graph's handler needs.
#[derive(Clone)]
pub struct Api {
    /// The graph.
    pub executor: Executor,
    /// The largest body that is read, in bytes.
    pub max_body_bytes: usize,
    /// The longest time for one request.
    pub request_timeout: Duration,
}

/// The routes. Without an [`Api`] only those that tell how the process is doing.
pub fn router(http: &config::Http, api: Option<Api>, readiness: Arc<Readiness>) -> Router {
    let health = Router::new()
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz))
        .with_state(readiness);
    let graph = api.map(|api| Router::new().route("/graphql", post(graphql::answer)).with_state(api));
    let editor = (graph.is_some() && http.graphiql).then(graphiql::routes);
    [graph, editor]
        .into_iter()
        .flatten()
        .fold(health, Router::merge)
        .layer(TimeoutLayer::with_status_code(StatusCode::GATEWAY_TIMEOUT, http.request_timeout + GRACE))
        .layer(CatchPanicLayer::new())
}
