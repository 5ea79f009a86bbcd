//! Responses of the GraphQL API: status, headers and body.

use async_graphql::Value;
use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use serde_json::json;

use super::{media_type::MediaType, request_error::RequestError};
use crate::graphql::{Answer, Code};

/// Seconds after which a client may retry when the service is busy.
const RETRY_AFTER: HeaderValue = HeaderValue::from_static("1");

/// The response to a request that reached the graph.
pub(super) fn from_answer(answer: Answer, media_type: MediaType) -> Response {
    let has_error_status = answer.is_request_error() && media_type == MediaType::GraphqlResponse;
    let status = if has_error_status { error_status(&answer) } else { StatusCode::OK };
    with_media_type(media_type, (status, answer.into_json()).into_response())
}

/// The response to a request that is refused before it reaches the graph.
pub(super) fn from_error(error: RequestError, media_type: MediaType) -> Response {
    let mut response = single_error(error.status(media_type), error.code(), &error.to_string());
    match error {
        RequestError::Busy { .. } | RequestError::AnswersFull { .. } => {
            response.headers_mut().insert(header::RETRY_AFTER, RETRY_AFTER)
        }
        // RFC 9110: the encodings that are accepted.
        RequestError::Encoded => {
            response.headers_mut().insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"))
        }
        RequestError::OnlyQueries => response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("POST")),
        _ => None,
    };
    with_media_type(media_type, response)
}

/// A response with one GraphQL error, which is counted.
pub(super) fn single_error(status: StatusCode, code: Code, message: &str) -> Response {
    code.count();
    let error = json!({ "message": message, "extensions": { "code": code.as_str() } });
    (status, Json(json!({ "errors": [error] }))).into_response()
}

fn with_media_type(media_type: MediaType, mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, media_type.content_type());
    // The response depends on the viewer, so a shared cache must not store it.
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::VARY, HeaderValue::from_static("accept"));
    response
}

/// The status of a request that was not executed, or whose execution gave no data.
fn error_status(answer: &Answer) -> StatusCode {
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
