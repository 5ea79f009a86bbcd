//! `/graphql`: POST, and GET for queries.

use axum::{
    extract::{Request, State},
    http::Method,
    response::Response,
};
use tokio::time::Instant;

use super::{access_log::OperationName, answer, media_type::MediaType, request_checks::RequestError, router::Api};
use crate::identity::Viewer;

/// Answers one GraphQL request.
pub(super) async fn answer(State(api): State<Api>, request: Request) -> Response {
    match api.gate.admit(request.headers()) {
        Ok(kind) => execute(&api, request, kind).await.unwrap_or_else(|refused| answer::refused(refused, kind)),
        Err(refused) => answer::refused(refused, MediaType::Json),
    }
}

async fn execute(api: &Api, request: Request, kind: MediaType) -> Result<Response, RequestError> {
    let deadline = Instant::now() + api.request_timeout;
    let only_queries = request.method() != Method::POST;
    let asked = if only_queries {
        api.gate.read_query_string(&request)?
    } else {
        api.gate.read_body(request, api.request_timeout).await?
    };
    // Taken only now: who sends a body byte by byte must not keep others out.
    let _turn = api.turns.try_acquire().map_err(|_| RequestError::Busy { limit: api.max_requests })?;
    let admitted = match api.executor.admit(asked) {
        Ok(admitted) => admitted,
        Err(refusal) => return Ok(answer::executed(&refusal, kind)),
    };
    if only_queries && !admitted.only_reads() {
        return Err(RequestError::OnlyQueries);
    }
    let name = admitted.operation_name().map(OperationName::of);
    let within = deadline.saturating_duration_since(Instant::now());
    let executed = api.executor.run(Viewer::unrestricted(), admitted, within).await;
    let mut response = answer::executed(&executed, kind);
    if let Some(name) = name {
        response.extensions_mut().insert(name);
    }
    Ok(response)
}
