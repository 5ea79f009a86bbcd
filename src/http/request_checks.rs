//! The gate before the graph: what is no GraphQL request in JSON, or comes from a page that may not ask, does not get
//! in. Nothing of a request is parsed before its head has been judged.

use std::time::Duration;

use axum::{
    body::{Body, Bytes},
    extract::{FromRequest as _, Request},
    http::{HeaderMap, HeaderName, StatusCode, header},
};

use super::{
    media_type::{MediaType, is_json},
    origin::Origins,
    query_params::Asked,
};
use crate::{
    config::{self, AuthMode},
    graphql::Code,
};
use async_graphql_axum::{GraphQLRequest, rejection::GraphQLRejection};

/// Headers that no form and no link can send: with one of them, a GET comes from a script that was allowed to ask.
pub(super) const PREFLIGHT_HEADERS: [HeaderName; 2] =
    [HeaderName::from_static("x-requested-with"), HeaderName::from_static("apollo-require-preflight")];

/// Why a request did not get in. Nothing of the request is repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum RequestError {
    /// A page elsewhere asks.
    #[error("pages of this origin may not ask: http.cors_origins lists those that may")]
    Origin,
    /// A GET that any link could have sent.
    #[error("a GET needs the header X-Requested-With or Apollo-Require-Preflight, whatever its value")]
    NoPreflight,
    /// The client accepts nothing that we could answer.
    #[error("answers are application/graphql-response+json or application/json: accept one of them")]
    NotAcceptable,
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
    /// The query string is no GraphQL request.
    #[error("the query string is not a GraphQL request: query=..&variables={{..}}&operationName=.., each once")]
    NotAQueryString,
    /// The body is a list of requests.
    #[error("send one request at a time, not a list")]
    Batch,
    /// A GET that would change something.
    #[error("only queries may be sent by GET; send this operation by POST")]
    OnlyQueries,
    /// There are as many operations under way as may be.
    #[error("{limit} operations are under way, as many as http.max_requests allows; please try again shortly")]
    Busy {
        /// How many may be.
        limit: usize,
    },
}

impl RequestError {
    pub(super) fn status(self) -> StatusCode {
        match self {
            Self::Origin | Self::NoPreflight => StatusCode::FORBIDDEN,
            Self::NotAcceptable => StatusCode::NOT_ACCEPTABLE,
            Self::NotJson => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::BrokenOff | Self::NotARequest | Self::NotAQueryString | Self::Batch => StatusCode::BAD_REQUEST,
            Self::OnlyQueries => StatusCode::METHOD_NOT_ALLOWED,
            Self::Busy { .. } => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// For programs: what stands in `extensions.code`.
    pub(super) fn code(self) -> Code {
        match self {
            Self::Busy { .. } => Code::Unavailable,
            _ => Code::BadRequest,
        }
    }
}

/// Decides what gets in.
#[derive(Clone, Debug)]
pub(super) struct Gate {
    /// The pages that may ask.
    pub(super) origins: Origins,
    max_body_bytes: usize,
    /// Whether a GET must have one of the headers that no form and no link can send. On loopback nobody has an identity
    /// that a page could borrow; beyond it, a gateway may make one of a cookie.
    get_needs_header: bool,
}

impl Gate {
    pub(super) fn of(http: &config::Http, mode: AuthMode) -> Self {
        let get_needs_header = match mode {
            AuthMode::None => !http.is_on_loopback(),
        };
        Self { origins: Origins::of(http, mode), max_body_bytes: http.max_body_bytes, get_needs_header }
    }

    /// Judges a request's head; tells which kind of answer is wanted.
    pub(super) fn admit(&self, headers: &HeaderMap) -> Result<MediaType, RequestError> {
        if !self.origins.admit(headers) {
            return Err(RequestError::Origin);
        }
        MediaType::accepted(headers).ok_or(RequestError::NotAcceptable)
    }

    /// Reads what is asked in a query string.
    pub(super) fn read_query_string(&self, request: &Request) -> Result<async_graphql::Request, RequestError> {
        let headers = request.headers();
        if self.get_needs_header && !PREFLIGHT_HEADERS.iter().any(|name| headers.contains_key(name)) {
            return Err(RequestError::NoPreflight);
        }
        let asked = Asked::in_query_string(request.uri().query().unwrap_or_default());
        asked.map(Into::into).ok_or(RequestError::NotAQueryString)
    }

    /// Reads what is asked in a body that comes `within` this time.
    ///
    /// The library's extractor alone would also take forms, uploads, plain text and bodies of any size: it gets what was
    /// judged here, in memory and bounded.
    pub(super) async fn read_body(
        &self,
        request: Request,
        within: Duration,
    ) -> Result<async_graphql::Request, RequestError> {
        let limit = self.max_body_bytes;
        let (head, body) = request.into_parts();
        if !head.headers.get(header::CONTENT_TYPE).is_some_and(is_json) {
            return Err(RequestError::NotJson);
        }
        let declared = head.headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
        if declared.is_some_and(|declared: usize| declared > limit) {
            return Err(RequestError::TooLarge { limit });
        }
        let body = collected(body, limit, within).await?;
        if is_list(&body) {
            return Err(RequestError::Batch);
        }
        let request = Request::from_parts(head, Body::from(body));
        let read = GraphQLRequest::<GraphQLRejection>::from_request(request, &()).await;
        let asked = read.map_err(|_| RequestError::NotARequest)?.into_inner();
        // It also takes a body without a query for one whose query is empty.
        if asked.query.is_empty() { Err(RequestError::NotARequest) } else { Ok(asked) }
    }
}

async fn collected(body: Body, limit: usize, within: Duration) -> Result<Bytes, RequestError> {
    match tokio::time::timeout(within, axum::body::to_bytes(body, limit)).await {
        Ok(Ok(body)) => Ok(body),
        Ok(Err(error)) => Err(why_not_read(error, limit)),
        Err(_) => Err(RequestError::TooSlow),
    }
}

fn why_not_read(error: axum::Error, limit: usize) -> RequestError {
    let source = error.into_inner();
    if source.is::<http_body_util::LengthLimitError>() {
        RequestError::TooLarge { limit }
    } else {
        RequestError::BrokenOff
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

    fn gate() -> Gate {
        gate_on("127.0.0.1:8080")
    }

    fn gate_on(address: &str) -> Gate {
        let mut config = Config::load(None, &BTreeMap::new()).expect("the defaults load").config;
        config.http.address = address.parse().expect("an address");
        Gate::of(&config.http, config.auth.mode)
    }

    async fn refused(content_type: Option<&str>, body: &'static str, limit: usize) -> Option<RequestError> {
        let mut request = Request::new(Body::from(body));
        *request.method_mut() = Method::POST;
        if let Some(content_type) = content_type {
            request.headers_mut().insert(header::CONTENT_TYPE, content_type.parse().expect("header"));
        }
        let gate = Gate { max_body_bytes: limit, ..gate() };
        gate.read_body(request, Duration::from_secs(5)).await.err()
    }

    #[tokio::test]
    async fn only_json_gets_in() {
        let body = r#"{"query":"x"}"#;
        for passes in ["application/json", "Application/JSON; charset=utf-8", "application/graphql-response+json"] {
            assert_eq!(refused(Some(passes), body, 100).await, None, "{passes}");
        }
        for stays_out in [Some("text/plain"), Some("application/x-www-form-urlencoded"), None] {
            assert_eq!(refused(stays_out, body, 100).await, Some(RequestError::NotJson), "{stays_out:?}");
        }
    }

    #[tokio::test]
    async fn a_body_may_be_as_long_as_the_limit_and_no_longer() {
        let json = Some("application/json");
        assert_eq!(refused(json, r#"{"query":"x"}"#, 13).await, None);
        assert_eq!(refused(json, r#"{"query":"xy"}"#, 13).await, Some(RequestError::TooLarge { limit: 13 }));
    }

    #[tokio::test]
    async fn a_list_of_requests_stays_out() {
        assert_eq!(refused(Some("application/json"), " \n[{}]", 10).await, Some(RequestError::Batch));
    }

    #[tokio::test]
    async fn what_cannot_be_read_is_no_request() {
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
            assert_eq!(refused(json, body, 100).await, Some(RequestError::NotARequest), "{body}");
        }
        for null in ["operationName", "variables", "extensions"] {
            let body = format!(r#"{{"query":"x","{null}":null}}"#);
            assert_eq!(refused(json, body.leak(), 100).await, None, "{null}");
        }
    }

    #[test]
    fn beyond_loopback_a_get_shows_that_no_form_sent_it() {
        let get = |headers: &[&'static str]| {
            let mut request = Request::new(Body::empty());
            *request.uri_mut() = "/graphql?query=x".parse().expect("a URI");
            for name in headers {
                request.headers_mut().insert(*name, "1".parse().expect("a header"));
            }
            request
        };
        let strict = gate_on("0.0.0.0:8080");
        assert_eq!(strict.read_query_string(&get(&[])).err(), Some(RequestError::NoPreflight));
        for name in ["x-requested-with", "apollo-require-preflight"] {
            assert!(strict.read_query_string(&get(&[name])).is_ok(), "{name}");
        }
        assert!(gate().read_query_string(&get(&[])).is_ok(), "on loopback nobody is asked");
    }
}
