//! A request id, a log line and metrics for each request.
//!
//! Of the URL the line has only the path, and it has no query, variables or headers: they may contain secrets.

use std::{
    pin::Pin,
    task::{Context, Poll},
    time::Instant,
};

use axum::{
    body::{Body, Bytes, HttpBody},
    extract::{MatchedPath, Request},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode},
    middleware::Next,
    response::Response,
};
use hyper::body::{Frame, SizeHint};
use tracing::{Instrument as _, Span};
use uuid::Uuid;

use crate::telemetry::metrics::{HTTP_DURATION, HTTP_IN_FLIGHT, HTTP_REQUESTS};

/// The header with the request id, in requests and responses.
pub(super) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Maximum length of an id from a client.
const MAX_ID_LENGTH: usize = 128;
/// Maximum length of a path or an operation name in the log, in characters.
const MAX_TEXT_LENGTH: usize = 200;
/// The label for unknown paths and methods.
const OTHER: &str = "other";
/// Paths that monitoring requests every few seconds, logged at level debug.
const PROBES: [&str; 3] = ["/healthz", "/readyz", "/metrics"];

/// The operation name in a response's extensions, for the log.
#[derive(Clone, Debug)]
pub(super) struct OperationName(String);

impl OperationName {
    pub(super) fn new(name: &str) -> Self {
        Self(truncate(name))
    }
}

/// Logs and counts a request.
pub(super) async fn access_log(request: Request, next: Next) -> Response {
    let id = request_id(request.headers());
    // At level error, so that no log level disables it: it adds the request id to every line of the request.
    let span = tracing::error_span!("request", id = id.to_str().unwrap_or_default());
    let mut exchange = Exchange::start(&request, span.clone());
    let mut response = next.run(request).instrument(span).await;
    response.headers_mut().insert(REQUEST_ID, id);
    exchange.status = Some(response.status());
    exchange.operation = response.extensions_mut().remove::<OperationName>();
    response.map(|body| Body::new(CountedBody { body, exchange }))
}

/// The id that the client sent if it is safe to log, or else a new one.
fn request_id(headers: &HeaderMap) -> HeaderValue {
    let is_valid = |id: &&HeaderValue| {
        let is_allowed = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.:".contains(byte);
        (1..=MAX_ID_LENGTH).contains(&id.len()) && id.as_bytes().iter().all(is_allowed)
    };
    let new = || HeaderValue::try_from(Uuid::new_v4().simple().to_string());
    headers.get(REQUEST_ID).filter(is_valid).cloned().map_or_else(new, Ok).unwrap_or(HeaderValue::from_static("none"))
}

/// A request and its response so far. Dropped after the last byte of the response, or when the client disconnects.
struct Exchange {
    span: Span,
    method: &'static str,
    path: String,
    /// The matched route.
    route: String,
    started: Instant,
    /// `None` until there is a response.
    status: Option<StatusCode>,
    operation: Option<OperationName>,
    bytes: usize,
}

impl Exchange {
    fn start(request: &Request, span: Span) -> Self {
        metrics::gauge!(HTTP_IN_FLIGHT.name).increment(1.0);
        let route = request.extensions().get::<MatchedPath>().map_or(OTHER, MatchedPath::as_str);
        Self {
            span,
            method: method_label(request.method()),
            path: truncate(request.uri().path()),
            route: route.to_owned(),
            started: Instant::now(),
            status: None,
            operation: None,
            bytes: 0,
        }
    }

    fn count(&self, seconds: f64) {
        let status = self.status.map_or("none".to_owned(), |status| status.as_u16().to_string());
        let (method, path) = (self.method, self.route.clone());
        metrics::counter!(HTTP_REQUESTS.name, "method" => method, "path" => path.clone(), "status" => status)
            .increment(1);
        metrics::histogram!(HTTP_DURATION.name, "method" => method, "path" => path).record(seconds);
        metrics::gauge!(HTTP_IN_FLIGHT.name).decrement(1.0);
    }

    fn log(&self, ms: f64) {
        let Self { method, path, bytes, .. } = self;
        let status = self.status.map(|status| status.as_u16());
        let operation = self.operation.as_ref().map(|name| name.0.as_str());
        if PROBES.contains(&self.route.as_str()) {
            tracing::debug!(target: "access", method, path, status, ms, bytes, "answered");
        } else if status.is_some() {
            tracing::info!(target: "access", method, path, status, ms, bytes, operation, "answered");
        } else {
            tracing::info!(target: "access", method, path, ms, "the client disconnected");
        }
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        let elapsed = self.started.elapsed();
        self.count(elapsed.as_secs_f64());
        // Rounded to microseconds.
        let ms = (elapsed.as_secs_f64() * 1_000_000.0).round() / 1_000.0;
        self.span.in_scope(|| self.log(ms));
    }
}

/// A response body that counts its bytes as they are sent.
struct CountedBody {
    body: Body,
    exchange: Exchange,
}

impl HttpBody for CountedBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(context);
        if let Poll::Ready(Some(Ok(frame))) = &polled {
            self.exchange.bytes += frame.data_ref().map_or(0, Bytes::len);
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

fn method_label(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::OPTIONS => "OPTIONS",
        _ => OTHER,
    }
}

fn truncate(text: &str) -> String {
    text.chars().take(MAX_TEXT_LENGTH).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id_of(sent: &str) -> String {
        let headers = HeaderMap::from_iter([(REQUEST_ID, HeaderValue::try_from(sent).expect("a header"))]);
        request_id(&headers).to_str().expect("text").to_owned()
    }

    #[test]
    fn an_id_that_is_safe_to_log_is_kept_and_another_is_replaced() {
        for safe in ["a", "3f2504e0-4f89-11d3-9a0c-0305e82c3301", "1-58406520:a.b_c", &"a".repeat(MAX_ID_LENGTH)] {
            assert_eq!(id_of(safe), safe);
        }
        for unsafe_id in ["", "a b", "a\"b", "<script>", "a,b", &"a".repeat(MAX_ID_LENGTH + 1)] {
            let id = id_of(unsafe_id);
            assert!(id != unsafe_id && id.len() == 32, "{unsafe_id} became {id}");
        }
    }
}
