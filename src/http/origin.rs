//! Origins whose pages may send requests: the service's own, those of `http.cors_origins`, and in development loopback.
//!
//! A browser attaches the user's credentials whichever page sends the request. So a request from a page of another
//! origin is refused before anything is read. Clients that are not browsers send no origin and are accepted.

use std::{collections::HashSet, net::IpAddr, sync::Arc, time::Duration};

use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use tower_http::cors::{AllowOrigin, CorsLayer};
use url::{Host, Url};

use super::access_log::REQUEST_ID;
use crate::config::{self, AuthMode};

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Headers that neither a form nor a link can send. A GET request with one of them is from a script whose origin was
/// allowed by a preflight request.
pub(super) const PREFLIGHT_HEADERS: [HeaderName; 2] =
    [HeaderName::from_static("x-requested-with"), HeaderName::from_static("apollo-require-preflight")];

/// How long a browser may cache the result of a preflight request.
const PREFLIGHT_MAX_AGE: Duration = Duration::from_hours(1);

/// The allowed origins.
#[derive(Clone, Debug)]
pub(super) struct Origins {
    listed: Arc<HashSet<String>>,
    /// Whether pages from loopback are allowed, such as a front-end in development.
    allows_loopback: bool,
}

impl Origins {
    pub(super) fn new(http: &config::Http, mode: AuthMode) -> Self {
        let listed = Arc::new(http.cors_origins.iter().cloned().collect());
        Self { listed, allows_loopback: mode == AuthMode::None }
    }

    /// Whether a request is from no page, or from a page of an allowed origin.
    pub(super) fn allow_request(&self, headers: &HeaderMap) -> bool {
        let origin = headers.get(header::ORIGIN);
        if origin.is_some_and(|origin| self.allow(origin)) {
            return true;
        }
        // In this header browsers state the relation between page and service, and no page can change it. Older
        // browsers, and all browsers over plain HTTP, send only the page's origin.
        match headers.get(SEC_FETCH_SITE) {
            Some(site) => site == "same-origin" || site == "none",
            None => origin.is_none_or(|origin| is_own(origin, headers.get(header::HOST))),
        }
    }

    /// The layer that answers preflight requests and allows pages to read responses.
    pub(super) fn cors(&self) -> CorsLayer {
        let origins = self.clone();
        let headers = [header::CONTENT_TYPE, header::ACCEPT, REQUEST_ID].into_iter().chain(PREFLIGHT_HEADERS);
        CorsLayer::new()
            .allow_origin(AllowOrigin::predicate(move |origin, _| origins.allow(origin)))
            .allow_methods([Method::GET, Method::POST])
            .allow_headers(headers.collect::<Vec<_>>())
            .expose_headers([REQUEST_ID, header::RETRY_AFTER])
            .max_age(PREFLIGHT_MAX_AGE)
    }

    /// Whether pages of a foreign origin are allowed.
    fn allow(&self, origin: &HeaderValue) -> bool {
        let Ok(origin) = origin.to_str() else { return false };
        self.listed.contains(origin) || (self.allows_loopback && is_loopback(origin))
    }
}

/// Whether an origin is the one that the request was sent to. The scheme is not compared: behind a gateway that
/// terminates TLS the service does not know its own.
fn is_own(origin: &HeaderValue, host: Option<&HeaderValue>) -> bool {
    let authority = origin.to_str().ok().and_then(|origin| origin.split_once("://")).map(|(_, authority)| authority);
    let host = host.and_then(|host| host.to_str().ok());
    authority.zip(host).is_some_and(|(authority, host)| authority.eq_ignore_ascii_case(host))
}

/// Whether the host of a URL is this machine.
pub(super) fn is_loopback(url: &str) -> bool {
    let Ok(url) = Url::parse(url) else { return false };
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => IpAddr::from(address).is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::from(address).to_canonical().is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_allowed(allows_loopback: bool, headers: &[(&'static str, &str)]) -> bool {
        let listed = Arc::new(HashSet::from(["https://console.example.com".to_owned()]));
        let mut all = HeaderMap::from_iter([(header::HOST, HeaderValue::from_static("insights.example.com"))]);
        for (name, value) in headers {
            all.insert(*name, value.parse().expect("a header"));
        }
        Origins { listed, allows_loopback }.allow_request(&all)
    }

    #[test]
    fn clients_other_than_browsers_and_our_own_pages_are_allowed() {
        for headers in [
            &[][..],
            &[("sec-fetch-site", "same-origin")],
            &[("sec-fetch-site", "none")],
            &[("origin", "https://insights.example.com")],
            &[("origin", "http://INSIGHTS.example.com")],
            &[("origin", "https://elsewhere.example.com"), ("sec-fetch-site", "same-origin")],
        ] {
            assert!(is_allowed(false, headers), "{headers:?}");
        }
    }

    #[test]
    fn pages_of_other_origins_are_refused_unless_listed() {
        for headers in [
            &[("origin", "https://evil.example.com")][..],
            &[("origin", "https://insights.example.com.evil.example")],
            &[("origin", "https://insights.example.com:8443")],
            &[("origin", "null")],
            &[("origin", "")],
            &[("sec-fetch-site", "cross-site")],
            &[("sec-fetch-site", "same-site")],
            &[("origin", "https://insights.example.com"), ("sec-fetch-site", "cross-site")],
            &[("origin", "http://console.example.com"), ("sec-fetch-site", "same-site")],
        ] {
            assert!(!is_allowed(false, headers), "{headers:?}");
            assert!(!is_allowed(true, headers), "{headers:?}");
        }
        let listed = ("origin", "https://console.example.com");
        assert!(is_allowed(false, &[listed]));
        assert!(is_allowed(false, &[listed, ("sec-fetch-site", "cross-site")]));
    }

    #[test]
    fn pages_of_this_machine_are_allowed_in_development() {
        for origin in ["http://localhost:3000", "http://127.0.0.1:8080", "http://[::1]:5173", "http://app.localhost"] {
            assert!(is_allowed(true, &[("origin", origin), ("sec-fetch-site", "cross-site")]), "{origin}");
            assert!(!is_allowed(false, &[("origin", origin)]), "{origin}");
        }
        for origin in ["http://localhost.example.com", "http://127.0.0.1.example.com", "http://mylocalhost"] {
            assert!(!is_allowed(true, &[("origin", origin)]), "{origin}");
        }
    }
}
