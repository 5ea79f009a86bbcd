//! `/graphql`: POST for all operations, GET for queries.

use std::time::Duration;

use axum::{
    extract::{Request, State},
    http::Method,
    response::Response,
};
use tokio::time::Instant;

use super::{
    access_log::OperationName, caller::Callers, capacity::Capacity, connection::RequestConnection,
    media_type::MediaType, request_checks::RequestChecks, request_error::RequestError, response, server::PeerAddress,
};
use crate::{
    config,
    graphql::Executor,
    identity::{Viewer, ViewerPolicy},
};

/// The state of the GraphQL handler.
#[derive(Clone)]
pub struct Api {
    pub(super) checks: RequestChecks,
    executor: Executor,
    callers: Callers,
    request_timeout: Duration,
    capacity: Capacity,
}

impl Api {
    /// The GraphQL API with the limits of the configuration. `policy` says what identified callers may see.
    pub fn new(executor: Executor, http: &config::Http, auth: &config::Auth, policy: ViewerPolicy) -> Self {
        Self {
            checks: RequestChecks::new(http, auth.mode),
            executor,
            callers: Callers::new(auth, policy),
            request_timeout: http.request_timeout,
            capacity: Capacity::new(http),
        }
    }
}

/// Handles one GraphQL request.
pub(super) async fn handle(State(api): State<Api>, request: Request) -> Response {
    let media_type = match api.checks.check_headers(request.headers()) {
        Ok(media_type) => media_type,
        Err(error) => return response::from_error(error, MediaType::Json),
    };
    let peer = request.extensions().get::<PeerAddress>().map(|PeerAddress(address)| *address);
    let response = match api.callers.viewer(request.headers(), peer) {
        Ok(viewer) => execute(&api, viewer, request, media_type).await,
        Err(error) => Err(error),
    };
    response.unwrap_or_else(|error| response::from_error(error, media_type))
}

async fn execute(
    api: &Api,
    viewer: Viewer,
    http_request: Request,
    media_type: MediaType,
) -> Result<Response, RequestError> {
    let deadline = Instant::now() + api.request_timeout;
    let client = http_request.extensions().get::<RequestConnection>().cloned();
    let only_queries = http_request.method() != Method::POST;
    let request = if only_queries {
        api.checks.read_query_string(&http_request)?
    } else {
        api.checks.read_body(http_request, api.request_timeout).await?
    };
    // Acquired after the body is read: a client that sends a body slowly must not block others.
    let permit = api.capacity.operation(client.as_deref()).await?;
    let admitted = match api.executor.admit(request) {
        Ok(admitted) => admitted,
        Err(answer) => return Ok(response::from_answer(*answer, media_type)),
    };
    if only_queries && !admitted.only_reads() {
        return Err(RequestError::OnlyQueries);
    }
    let operation_name = admitted.operation_name().map(OperationName::new);
    let remaining = deadline.saturating_duration_since(Instant::now());
    let answer = api.executor.run(viewer, admitted, remaining).await;
    let response = response::from_answer(answer, media_type);
    let mut response = api.capacity.hold(response, permit, client.as_deref()).await?;
    if let Some(operation_name) = operation_name {
        response.extensions_mut().insert(operation_name);
    }
    Ok(response)
}
