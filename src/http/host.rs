//! The check of `Host` while the service listens on loopback without authentication.
//!
//! A page elsewhere can make its own host name resolve to 127.0.0.1 (DNS rebinding). The browser then treats the
//! service as the page's own origin. Only the header `Host` still has the foreign name.

use axum::{
    extract::Request,
    http::{HeaderValue, StatusCode, header, uri::Authority},
    middleware::Next,
    response::Response,
};

use super::{origin::is_loopback, response};
use crate::graphql::Code;

/// Refuses a request whose `Host` does not name this machine. Browsers always send `Host`, so its absence is accepted.
pub(super) async fn require_loopback(request: Request, next: Next) -> Response {
    match request.headers().get(header::HOST) {
        Some(host) if !is_loopback_host(host) => refused(),
        _ => next.run(request).await,
    }
}

fn is_loopback_host(host: &HeaderValue) -> bool {
    let authority = host.to_str().ok().and_then(|host| host.parse::<Authority>().ok());
    authority.is_some_and(|authority| is_loopback(&format!("http://{authority}")))
}

fn refused() -> Response {
    let message = "the header Host does not name this machine, as it must without authentication: send localhost or a \
                   loopback address, or configure the gateway in front to send it";
    response::single_error(StatusCode::MISDIRECTED_REQUEST, Code::BadRequest, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_this_machine_are_loopback_hosts() {
        let is_loopback = |host: &'static str| is_loopback_host(&HeaderValue::from_static(host));
        for own in ["localhost", "LOCALHOST:8080", "app.localhost:1", "127.0.0.1", "127.1.2.3:8080", "[::1]:8080"] {
            assert!(is_loopback(own), "{own}");
        }
        for foreign in
            ["evil.example", "localhost.evil.example:8080", "10.0.0.1", "127.0.0.1.evil.example", "[::2]", "", "a b"]
        {
            assert!(!is_loopback(foreign), "{foreign}");
        }
    }
}
