//! Answers: the status and the form in which a client gets what GraphQL, or the gate before it, has to say.

use async_graphql::Value;
use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use serde_json::json;

use super::{media_type::MediaType, request_checks::RequestError};
use crate::graphql::{Answer, Code};

/// Seconds after which whoever found the service busy may come again.
const RETRY_AFTER: HeaderValue = HeaderValue::from_static("1");

/// What was executed, or why not.
pub(super) fn executed(answer: &Answer, kind: MediaType) -> Response {
    let was_refused = answer.is_request_error() && kind == MediaType::GraphqlResponse;
    let status = if was_refused { refusal(answer) } else { StatusCode::OK };
    of_kind(kind, (status, answer.to_json()).into_response())
}

/// Why a request did not reach the graph.
pub(super) fn refused(refused: RequestError, kind: MediaType) -> Response {
    let mut response = error(refused.status(), refused.code(), &refused.to_string());
    match refused {
        RequestError::Busy { .. } => response.headers_mut().insert(header::RETRY_AFTER, RETRY_AFTER),
        RequestError::OnlyQueries => response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("POST")),
        _ => None,
    };
    of_kind(kind, response)
}

/// One error, where there is nothing else to say.
pub(super) fn error(status: StatusCode, code: Code, message: &str) -> Response {
    let error = json!({ "message": message, "extensions": { "code": code.as_str() } });
    (status, Json(json!({ "errors": [error] }))).into_response()
}

fn of_kind(kind: MediaType, mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, kind.content_type());
    // What one caller may see is not for a cache that serves others.
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::VARY, HeaderValue::from_static("accept"));
    response
}

/// The status of a request that was not executed, or of which nothing came.
fn refusal(answer: &Answer) -> StatusCode {
    let has = |code: Code| {
        let code = Value::from(code.as_str());
        answer.errors().iter().any(|error| error.extensions.as_ref().and_then(|more| more.get("code")) == Some(&code))
    };
    if has(Code::Timeout) {
        StatusCode::GATEWAY_TIMEOUT
    } else if has(Code::Unavailable) {
        StatusCode::SERVICE_UNAVAILABLE
    } else if has(Code::Internal) {
        StatusCode::INTERNAL_SERVER_ERROR
    } else {
        StatusCode::BAD_REQUEST
    }
}
