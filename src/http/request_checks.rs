//! Checks on a request before it reaches the graph, and reading it.
//!
//! The headers are checked before anything is parsed.

use std::time::Duration;

use async_graphql_axum::{GraphQLRequest, rejection::GraphQLRejection};
use axum::{
    body::{Body, Bytes},
    extract::{FromRequest as _, Request},
    http::{HeaderMap, HeaderValue, header},
};

use super::{
    media_type::{MediaType, is_json},
    origin::{Origins, PREFLIGHT_HEADERS},
    query_params::{BYTE_ORDER_MARK, QueryParams},
    request_error::RequestError,
};
use crate::config::{self, AuthMode};

/// The extension in which clients send the hash of a query, first without the query.
const PERSISTED_QUERY: &str = "persistedQuery";

/// The checks, as configured.
#[derive(Clone, Debug)]
pub(super) struct RequestChecks {
    pub(super) origins: Origins,
    max_body_bytes: usize,
    /// Whether a GET request needs one of [`PREFLIGHT_HEADERS`]. On loopback without authentication, clients have no
    /// identity that a page could misuse; otherwise a gateway may derive one from a cookie.
    get_needs_header: bool,
}

impl RequestChecks {
    pub(super) fn new(http: &config::Http, mode: AuthMode) -> Self {
        let get_needs_header = match mode {
            AuthMode::None => !http.is_on_loopback(),
            AuthMode::IdentityHeader => true,
        };
        Self { origins: Origins::new(http, mode), max_body_bytes: http.max_body_bytes, get_needs_header }
    }

    /// Checks a request's headers. Returns the media type of the response.
    pub(super) fn check_headers(&self, headers: &HeaderMap) -> Result<MediaType, RequestError> {
        if !self.origins.allow_request(headers) {
            return Err(RequestError::Origin);
        }
        MediaType::accepted(headers).ok_or(RequestError::NotAcceptable)
    }

    /// Reads the GraphQL request in a query string.
    pub(super) fn read_query_string(&self, request: &Request) -> Result<async_graphql::Request, RequestError> {
        let headers = request.headers();
        if self.get_needs_header && !PREFLIGHT_HEADERS.iter().any(|name| headers.contains_key(name)) {
            return Err(RequestError::NoPreflight);
        }
        let params = QueryParams::parse(request.uri().query().unwrap_or_default());
        complete(params.map_err(|_| RequestError::NotAQueryString)?.into(), RequestError::NotAQueryString)
    }

    /// Reads the GraphQL request in a body, which must arrive within `timeout`.
    ///
    /// async-graphql-axum's extractor also accepts forms, uploads, plain text and bodies of any size, and takes the
    /// list `["{ a }"]` for a request. So the body is buffered and checked before the extractor parses it.
    pub(super) async fn read_body(
        &self,
        mut request: Request,
        timeout: Duration,
    ) -> Result<async_graphql::Request, RequestError> {
        let limit = self.max_body_bytes;
        let headers = request.headers();
        if !headers.get_all(header::CONTENT_ENCODING).iter().all(is_unencoded) {
            return Err(RequestError::Encoded);
        }
        if !headers.get(header::CONTENT_TYPE).is_some_and(is_json) {
            return Err(RequestError::NotJson);
        }
        let declared = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
        if declared.is_some_and(|declared: usize| declared > limit) {
            return Err(RequestError::TooLarge { limit });
        }
        let mut body = buffer(std::mem::take(request.body_mut()), limit, timeout).await?;
        if body.starts_with(BYTE_ORDER_MARK.as_bytes()) {
            body = body.slice(BYTE_ORDER_MARK.len()..);
        }
        if is_list(&body) {
            return Err(RequestError::Batch);
        }
        *request.body_mut() = body.into();
        let extracted = GraphQLRequest::<GraphQLRejection>::from_request(request, &()).await;
        complete(extracted.map_err(|_| RequestError::NotARequest)?.into_inner(), RequestError::NotARequest)
    }
}

/// The rules for a request that was read, from a body or a query string: an empty operation name is absent, and so is
/// an empty query, which is missing.
fn complete(
    mut request: async_graphql::Request,
    missing: RequestError,
) -> Result<async_graphql::Request, RequestError> {
    request.operation_name = request.operation_name.filter(|name| !name.is_empty());
    if !request.query.is_empty() {
        Ok(request)
    } else if request.extensions.contains_key(PERSISTED_QUERY) {
        Err(RequestError::PersistedQuery)
    } else {
        Err(missing)
    }
}

/// Whether a value of `Content-Encoding` leaves the body as it is.
fn is_unencoded(value: &HeaderValue) -> bool {
    value.is_empty() || value.as_bytes().eq_ignore_ascii_case(b"identity")
}

async fn buffer(body: Body, limit: usize, timeout: Duration) -> Result<Bytes, RequestError> {
    match tokio::time::timeout(timeout, axum::body::to_bytes(body, limit)).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(error)) => Err(match error.into_inner().downcast_ref::<http_body_util::LengthLimitError>() {
            Some(_) => RequestError::TooLarge { limit },
            None => RequestError::Incomplete,
        }),
        Err(_) => Err(RequestError::TooSlow),
    }
}

fn is_list(body: &Bytes) -> bool {
    body.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'[')
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use axum::http::Method;

    use super::*;
    use crate::config::Config;

    fn checks() -> RequestChecks {
        checks_on("127.0.0.1:8080")
    }

    fn checks_on(address: &str) -> RequestChecks {
        let mut config = Config::load(None, &BTreeMap::new()).expect("the defaults load").config;
        config.http.address = address.parse().expect("an address");
        RequestChecks::new(&config.http, config.auth.mode)
    }

    async fn error_of(content_type: Option<&str>, body: &'static str, limit: usize) -> Option<RequestError> {
        let mut request = Request::new(Body::from(body));
        *request.method_mut() = Method::POST;
        if let Some(content_type) = content_type {
            request.headers_mut().insert(header::CONTENT_TYPE, content_type.parse().expect("header"));
        }
        let checks = RequestChecks { max_body_bytes: limit, ..checks() };
        checks.read_body(request, Duration::from_secs(5)).await.err()
    }

    #[tokio::test]
    async fn only_json_is_accepted() {
        let body = r#"{"query":"x"}"#;
        for accepted in ["application/json", "Application/JSON; charset=utf-8", "application/graphql-response+json"] {
            assert_eq!(error_of(Some(accepted), body, 100).await, None, "{accepted}");
        }
        for refused in [Some("text/plain"), Some("application/x-www-form-urlencoded"), None] {
            assert_eq!(error_of(refused, body, 100).await, Some(RequestError::NotJson), "{refused:?}");
        }
    }

    #[tokio::test]
    async fn a_body_may_have_up_to_the_limit_of_bytes() {
        let json = Some("application/json");
        assert_eq!(error_of(json, r#"{"query":"x"}"#, 13).await, None);
        assert_eq!(error_of(json, r#"{"query":"xy"}"#, 13).await, Some(RequestError::TooLarge { limit: 13 }));
    }

    #[tokio::test]
    async fn a_list_of_requests_is_refused() {
        for list in [" \n[{}]", r#"["x"]"#] {
            assert_eq!(error_of(Some("application/json"), list, 10).await, Some(RequestError::Batch), "{list}");
        }
    }

    #[tokio::test]
    async fn an_invalid_body_is_not_a_request() {
        let json = Some("application/json");
        for body in [
            "",
            "{}",
            "1",
            r#"{"query":""}"#,
            r#"{"query":1}"#,
            r#"{"query":"x","variables":[]}"#,
            r#"{"query":"x"} x"#,
        ] {
            assert_eq!(error_of(json, body, 100).await, Some(RequestError::NotARequest), "{body}");
        }
        for null in ["operationName", "variables", "extensions"] {
            let body = format!(r#"{{"query":"x","{null}":null}}"#);
            assert_eq!(error_of(json, body.leak(), 100).await, None, "{null}");
        }
    }

    #[test]
    fn beyond_loopback_a_get_needs_a_header_that_no_form_sends() {
        let get = |headers: &[&'static str]| {
            let mut request = Request::new(Body::empty());
            *request.uri_mut() = "/graphql?query=x".parse().expect("a URI");
            for name in headers {
                request.headers_mut().insert(*name, "1".parse().expect("a header"));
            }
            request
        };
        let strict = checks_on("0.0.0.0:8080");
        assert_eq!(strict.read_query_string(&get(&[])).err(), Some(RequestError::NoPreflight));
        for name in ["x-requested-with", "apollo-require-preflight"] {
            assert!(strict.read_query_string(&get(&[name])).is_ok(), "{name}");
        }
        assert!(checks().read_query_string(&get(&[])).is_ok(), "on loopback it needs none");
    }
}
