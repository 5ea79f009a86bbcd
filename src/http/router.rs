//! Which path leads where.

use std::{any::Any, sync::Arc, time::Duration};

use axum::{
    Router,
    http::{StatusCode, header},
    middleware,
    response::Response,
    routing::get,
};
use tokio::sync::Semaphore;
use tower_http::{
    CompressionLevel,
    catch_panic::CatchPanicLayer,
    compression::{
        CompressionLayer,
        predicate::{DefaultPredicate, Predicate as _, SizeAbove},
    },
    timeout::TimeoutLayer,
};

use super::{access_log, answer, graphiql, graphql, health, health::Readiness, host, request_checks::Gate};
use crate::{
    config::{self, AuthMode},
    graphql::{Code, Executor},
    telemetry::metrics::Metrics,
};

/// So much longer than a request may take, the answer is cut off, whatever it waits for.
const GRACE: Duration = Duration::from_secs(2);
/// Answers below this size leave as they are: they fit into one packet anyway.
const COMPRESSED_FROM_BYTES: u64 = 1_024;
/// The type of Prometheus's text format.
const PROMETHEUS: &str = "text/plain; version=0.0.4; charset=utf-8";

/// What the graph's handler needs.
#[derive(Clone)]
pub struct Api {
    pub(super) executor: Executor,
    pub(super) gate: Gate,
    pub(super) request_timeout: Duration,
    pub(super) max_requests: usize,
    /// One for each operation that may be under way.
    pub(super) turns: Arc<Semaphore>,
}

impl Api {
    /// The graph, as the configuration lets it be asked.
    pub fn new(executor: Executor, http: &config::Http, mode: AuthMode) -> Self {
        Self {
            executor,
            gate: Gate::of(http, mode),
            request_timeout: http.request_timeout,
            max_requests: http.max_requests,
            turns: Arc::new(Semaphore::new(http.max_requests)),
        }
    }
}

/// The routes. Without an [`Api`] only those that tell how the process is doing.
pub fn router(
    http: &config::Http,
    mode: AuthMode,
    api: Option<Api>,
    readiness: Arc<Readiness>,
    metrics: Metrics,
) -> Router {
    let health = Router::new()
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz))
        .with_state(readiness)
        .route("/metrics", get(async move || ([(header::CONTENT_TYPE, PROMETHEUS)], metrics.text())));
    let graph = api.map(|api| {
        let cors = api.gate.origins.cors();
        Router::new().route("/graphql", get(graphql::answer).post(graphql::answer)).layer(cors).with_state(api)
    });
    let editor = (graph.is_some() && http.graphiql).then(graphiql::routes);
    let routes = [graph, editor].into_iter().flatten().fold(health, Router::merge);
    // Who opened the service to other machines gave it names that we do not know.
    let names_are_known = match mode {
        AuthMode::None => http.is_on_loopback(),
    };
    let routes = if names_are_known { routes.layer(middleware::from_fn(host::of_this_machine)) } else { routes };
    routes
        .layer(compression())
        .layer(TimeoutLayer::with_status_code(StatusCode::GATEWAY_TIMEOUT, http.request_timeout + GRACE))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(middleware::from_fn(access_log::access_log))
}

/// Gzip for who accepts it. The fastest level: the others take several times as long to save a tenth.
fn compression() -> CompressionLayer<impl tower_http::compression::Predicate> {
    let worthwhile = DefaultPredicate::new().and(SizeAbove::new(COMPRESSED_FROM_BYTES));
    CompressionLayer::new().quality(CompressionLevel::Fastest).compress_when(worthwhile)
}

/// A panic takes its request and nothing else. What it says went to standard error and stays there.
fn panicked(_: Box<dyn Any + Send>) -> Response {
    tracing::error!("a request's handler panicked");
    answer::error(StatusCode::INTERNAL_SERVER_ERROR, Code::Internal, "Something went wrong on our side.")
}
