//! Names under which a service without authentication answers: those of this machine.
//!
//! A page elsewhere can have its own name lead to 127.0.0.1 (DNS rebinding); its browser then takes the service for the
//! page's own and sends no foreign origin. What such a request still says is the name.

use axum::{
    extract::Request,
    http::{HeaderValue, StatusCode, header, uri::Authority},
    middleware::Next,
    response::Response,
};

use super::{answer, origin::is_loopback};
use crate::graphql::Code;

/// Lets a request through that was sent to a name of this machine, or to none, as no browser does.
pub(super) async fn of_this_machine(request: Request, next: Next) -> Response {
    match request.headers().get(header::HOST) {
        Some(host) if !names_this_machine(host) => refused(),
        _ => next.run(request).await,
    }
}

fn names_this_machine(host: &HeaderValue) -> bool {
    let authority = host.to_str().ok().and_then(|host| host.parse::<Authority>().ok());
    authority.is_some_and(|authority| is_loopback(&format!("http://{authority}")))
}

fn refused() -> Response {
    let message = "the header Host does not name this machine, and without authentication no other is answered: send \
                   localhost or a loopback address, or let the gateway in front send it";
    answer::error(StatusCode::MISDIRECTED_REQUEST, Code::BadRequest, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_this_machine_pass() {
        let names = |host: &'static str| names_this_machine(&HeaderValue::from_static(host));
        for own in ["localhost", "LOCALHOST:8080", "app.localhost:1", "127.0.0.1", "127.1.2.3:8080", "[::1]:8080"] {
            assert!(names(own), "{own}");
        }
        for foreign in
            ["evil.example", "localhost.evil.example:8080", "10.0.0.1", "127.0.0.1.evil.example", "[::2]", "", "a b"]
        {
            assert!(!names(foreign), "{foreign}");
        }
    }
}
