//! The routes and their layers.

use std::{any::Any, net::SocketAddr, sync::Arc, time::Duration};

use axum::{
    Router,
    http::{StatusCode, header},
    middleware,
    response::Response,
    routing::get,
};
use tower_http::{
    CompressionLevel,
    catch_panic::CatchPanicLayer,
    compression::{
        CompressionLayer,
        predicate::{DefaultPredicate, Predicate as _, SizeAbove},
    },
    timeout::TimeoutLayer,
};

use super::{
    access_log, graphiql,
    graphql::{self, Api},
    health::{self, Readiness},
    host, response,
};
use crate::{
    config::{self, AuthMode},
    graphql::Code,
    telemetry::metrics::Metrics,
};

/// Time after `http.request_timeout` when a request ends with 504, whatever it waits for.
const TIMEOUT_GRACE: Duration = Duration::from_secs(2);
/// Time after which a request for health or metrics on their own address ends with 504.
const HEALTH_TIMEOUT: Duration = Duration::from_secs(5);
/// Smaller responses are not compressed: they fit into one packet anyway.
const MIN_COMPRESSED_BYTES: u64 = 1_024;
/// The media type of Prometheus's text format.
const PROMETHEUS_TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Builds the router. Without an [`Api`] it does not serve the graph. `health` is [`health_router`], unless health and
/// metrics have an address of their own.
pub fn router(http: &config::Http, mode: AuthMode, api: Option<Api>, health: Option<Router>) -> Router {
    let graph = api.map(|api| {
        let cors = api.checks.origins.cors();
        Router::new().route("/graphql", get(graphql::handle).post(graphql::handle)).layer(cors).with_state(api)
    });
    let editor = (graph.is_some() && http.graphiql).then(graphiql::routes);
    let routes = [health, graph, editor].into_iter().flatten().fold(Router::new(), Router::merge);
    let request_timeout = http.request_timeout + TIMEOUT_GRACE;
    with_layers(routes, http.address, mode, request_timeout)
}

/// Builds the router of health and metrics, to be served on an address of their own.
pub fn separate_health_router(address: SocketAddr, mode: AuthMode, health: Router) -> Router {
    with_layers(health, address, mode, HEALTH_TIMEOUT)
}

/// The routes of health and metrics, without layers.
pub fn health_router(readiness: Arc<Readiness>, metrics: Metrics) -> Router {
    Router::new()
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz))
        .with_state(readiness)
        .route("/metrics", get(async move || ([(header::CONTENT_TYPE, PROMETHEUS_TEXT)], metrics.text())))
}

fn with_layers(routes: Router, address: SocketAddr, mode: AuthMode, request_timeout: Duration) -> Router {
    // Beyond loopback, and behind a gateway, the service does not know its own names.
    let requires_loopback_host = match mode {
        AuthMode::None => config::is_loopback(address),
        AuthMode::IdentityHeader => false,
    };
    let routes =
        if requires_loopback_host { routes.layer(middleware::from_fn(host::require_loopback)) } else { routes };
    routes
        .layer(compression())
        .layer(TimeoutLayer::with_status_code(StatusCode::GATEWAY_TIMEOUT, request_timeout))
        .layer(CatchPanicLayer::custom(panic_response))
        .layer(middleware::from_fn(access_log::access_log))
}

/// Gzip for clients that accept it, at the fastest level: the others take several times as long to save a tenth.
fn compression() -> CompressionLayer<impl tower_http::compression::Predicate> {
    let is_worthwhile = DefaultPredicate::new().and(SizeAbove::new(MIN_COMPRESSED_BYTES));
    CompressionLayer::new().quality(CompressionLevel::Fastest).compress_when(is_worthwhile)
}

/// The response to a request whose handler panicked. The panic message is on standard error and is not sent.
fn panic_response(_: Box<dyn Any + Send>) -> Response {
    tracing::error!("a request handler panicked");
    response::single_error(StatusCode::INTERNAL_SERVER_ERROR, Code::Internal, "Something went wrong on our side.")
}
