//! The gate before the graph: what is no GraphQL request in JSON does not get in.
//!
//! async-graphql-axum's extractor alone would also take forms, uploads, plain text and bodies of any size.

use std::time::Duration;

use axum::{
    body::{Body, Bytes},
    extract::Request,
    http::{HeaderValue, StatusCode, header},
};

/// Why a request did not get in. Nothing of the request is repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refused {
    /// The body is not said to be JSON.
    #[error("send the query as JSON: Content-Type: application/json")]
    NotJson,
    /// The body is larger than is read.
    #[error("the body is larger than the {limit} bytes of http.max_body_bytes")]
    TooLarge {
        /// How many bytes are read.
        limit: usize,
    },
    /// The body did not come in time.
    #[error("the body did not arrive in time")]
    TooSlow,
    /// The body broke off.
    #[error("the body broke off")]
    BrokenOff,
    /// The body is no GraphQL request.
    #[error(
        "the body is not a GraphQL request: {{\"query\": \"..\", \"variables\": {{..}}, \"operationName\": \"..\"}}"
    )]
    NotARequest,
    /// The body is a list of requests.
    #[error("send one request at a time, not a list")]
    Batch,
}

impl Refused {
    pub(super) fn status(self) -> StatusCode {
        match self {
            Self::NotJson => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::BrokenOff | Self::NotARequest | Self::Batch => StatusCode::BAD_REQUEST,
        }
    }
}

/// Reads the body of what may pass, and gives back the request with it.
pub(super) async fn pass(request: Request, limit: usize, within: Duration) -> Result<Request, Refused> {
    let (head, body) = request.into_parts();
    if !head.headers.get(header::CONTENT_TYPE).is_some_and(is_json) {
        return Err(Refused::NotJson);
    }
    let declared = head.headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    if declared.is_some_and(|declared: usize| declared > limit) {
        return Err(Refused::TooLarge { limit });
    }
    let body = match tokio::time::timeout(within, axum::body::to_bytes(body, limit)).await {
        Ok(Ok(body)) => body,
        Ok(Err(error)) => return Err(why_not_read(error, limit)),
        Err(_) => return Err(Refused::TooSlow),
    };
    if is_list(&body) {
        return Err(Refused::Batch);
    }
    Ok(Request::from_parts(head, Body::from(body)))
}

fn why_not_read(error: axum::Error, limit: usize) -> Refused {
    let source = error.into_inner();
    if source.is::<http_body_util::LengthLimitError>() { Refused::TooLarge { limit } } else { Refused::BrokenOff }
}

/// `application/json` or `application/graphql-response+json`, with or without parameters, in any case.
fn is_json(content_type: &HeaderValue) -> bool {
    let Ok(text) = content_type.to_str() else { return false };
    let media_type = text.split(';').next().unwrap_or_default().trim();
    ["application/json", "application/graphql-response+json"].iter().any(|json| media_type.eq_ignore_ascii_case(json))
}

fn is_list(body: &Bytes) -> bool {
    body.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'[')
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn refused(content_type: Option<&str>, body: &'static str, limit: usize) -> Option<Refused> {
        let mut request = Request::new(Body::from(body));
        if let Some(content_type) = content_type {
            request.headers_mut().insert(header::CONTENT_TYPE, content_type.parse().expect("header"));
        }
        pass(request, limit, Duration::from_secs(5)).await.err()
    }

    #[tokio::test]
    async fn only_json_gets_in() {
        for passes in ["application/json", "Application/JSON; charset=utf-8", "application/graphql-response+json"] {
            assert_eq!(refused(Some(passes), "{}", 10).await, None, "{passes}");
        }
        for stays_out in [
            "text/plain",
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=x",
            "application/jsonp",
            "text/plain; application/json",
        ] {
            assert_eq!(refused(Some(stays_out), "{}", 10).await, Some(Refused::NotJson), "{stays_out}");
        }
        assert_eq!(refused(None, "{}", 10).await, Some(Refused::NotJson));
    }

    #[tokio::test]
    async fn a_body_may_be_as_long_as_the_limit_and_no_longer() {
        let json = Some("application/json");
        assert_eq!(refused(json, "{\"a\":1234}", 10).await, None);
        assert_eq!(refused(json, "{\"a\":12345}", 10).await, Some(Refused::TooLarge { limit: 10 }));
    }

    #[tokio::test]
    async fn a_list_of_requests_stays_out() {
        assert_eq!(refused(Some("application/json"), " \n[{}]", 10).await, Some(Refused::Batch));
    }
}
