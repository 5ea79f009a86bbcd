//! What is told of each request: an id, a line in the log, and the counts of `/metrics`.
//!
//! The line has no query, variables or headers in it, and of the URL the path alone: those may hold what is not the
//! log's to keep.

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

/// By this header a request's id comes and goes.
pub(super) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// An id that came with a request is taken over up to this length.
const LONGEST_ID: usize = 128;
/// Of a path, and of an operation's name, so much goes into the log.
const LONGEST_TEXT: usize = 200;
/// Stands for a path that leads nowhere, and for a method that nobody serves.
const OTHER: &str = "other";
/// Asked every few seconds by machines, and told of only at level debug.
const PROBES: [&str; 3] = ["/healthz", "/readyz", "/metrics"];

/// The name of the operation that an answer is of, on its way to the log.
#[derive(Clone, Debug)]
pub(super) struct OperationName(String);

impl OperationName {
    pub(super) fn of(name: &str) -> Self {
        Self(cut(name))
    }
}

/// Lets a request through and tells of it.
pub(super) async fn access_log(request: Request, next: Next) -> Response {
    let id = request_id(request.headers());
    // At level error, so that it is there whatever the log's level is: it says which request a line belongs to.
    let span = tracing::error_span!("request", id = id.to_str().unwrap_or_default());
    let mut exchange = Exchange::begin(&request, span.clone());
    let mut response = next.run(request).instrument(span).await;
    response.headers_mut().insert(REQUEST_ID, id);
    exchange.status = Some(response.status());
    exchange.operation = response.extensions_mut().remove::<OperationName>();
    response.map(|body| Body::new(Observed { body, exchange }))
}

/// The id that came with the request if it is fit for a log, or else a new one.
fn request_id(headers: &HeaderMap) -> HeaderValue {
    let is_fit = |id: &&HeaderValue| {
        let fit = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.:".contains(byte);
        (1..=LONGEST_ID).contains(&id.len()) && id.as_bytes().iter().all(fit)
    };
    let made = || HeaderValue::try_from(Uuid::new_v4().simple().to_string());
    headers.get(REQUEST_ID).filter(is_fit).cloned().map_or_else(made, Ok).unwrap_or(HeaderValue::from_static("none"))
}

/// A request and what came of it so far. It ends with the last byte of the answer, or when the client has gone away.
struct Exchange {
    span: Span,
    method: &'static str,
    path: String,
    /// The path as the router knows it.
    template: String,
    begun: Instant,
    /// `None` until there is an answer.
    status: Option<StatusCode>,
    operation: Option<OperationName>,
    bytes: usize,
}

impl Exchange {
    fn begin(request: &Request, span: Span) -> Self {
        metrics::gauge!(HTTP_IN_FLIGHT.name).increment(1.0);
        let template = request.extensions().get::<MatchedPath>().map_or(OTHER, MatchedPath::as_str);
        Self {
            span,
            method: known(request.method()),
            path: cut(request.uri().path()),
            template: template.to_owned(),
            begun: Instant::now(),
            status: None,
            operation: None,
            bytes: 0,
        }
    }

    fn count(&self, seconds: f64) {
        let status = self.status.map_or("none".to_owned(), |status| status.as_u16().to_string());
        let (method, path) = (self.method, self.template.clone());
        metrics::counter!(HTTP_REQUESTS.name, "method" => method, "path" => path.clone(), "status" => status)
            .increment(1);
        metrics::histogram!(HTTP_DURATION.name, "method" => method, "path" => path).record(seconds);
        metrics::gauge!(HTTP_IN_FLIGHT.name).decrement(1.0);
    }

    fn tell(&self, ms: f64) {
        let Self { method, path, bytes, .. } = self;
        let status = self.status.map(|status| status.as_u16());
        let operation = self.operation.as_ref().map(|name| name.0.as_str());
        if PROBES.contains(&self.template.as_str()) {
            tracing::debug!(target: "access", method, path, status, ms, bytes, "answered");
        } else if status.is_some() {
            tracing::info!(target: "access", method, path, status, ms, bytes, operation, "answered");
        } else {
            tracing::info!(target: "access", method, path, ms, "the client went away");
        }
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        let took = self.begun.elapsed();
        self.count(took.as_secs_f64());
        // In microseconds: more decimals are noise.
        let ms = (took.as_secs_f64() * 1_000_000.0).round() / 1_000.0;
        self.span.in_scope(|| self.tell(ms));
    }
}

/// An answer's body, whose bytes are counted as they leave.
struct Observed {
    body: Body,
    exchange: Exchange,
}

impl HttpBody for Observed {
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

fn known(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::OPTIONS => "OPTIONS",
        _ => OTHER,
    }
}

fn cut(text: &str) -> String {
    text.chars().take(LONGEST_TEXT).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id_of(sent: &str) -> String {
        let headers = HeaderMap::from_iter([(REQUEST_ID, HeaderValue::try_from(sent).expect("a header"))]);
        request_id(&headers).to_str().expect("text").to_owned()
    }

    #[test]
    fn an_id_that_is_fit_for_the_log_is_kept_and_another_is_replaced() {
        for fit in ["a", "3f2504e0-4f89-11d3-9a0c-0305e82c3301", "1-58406520:a.b_c", &"a".repeat(LONGEST_ID)] {
            assert_eq!(id_of(fit), fit);
        }
        for unfit in ["", "a b", "a\"b", "<script>", "a,b", &"a".repeat(LONGEST_ID + 1)] {
            let id = id_of(unfit);
            assert!(id != unfit && id.len() == 32, "{unfit} became {id}");
        }
    }
}
