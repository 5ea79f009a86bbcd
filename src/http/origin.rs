//! Which web pages may ask: our own, those of the origins that are configured, and in development those of this machine.
//!
//! A browser sends along what identifies its user, whichever page asks; so a page elsewhere is turned away before
//! anything is read. What is no browser says nothing of origins and passes.

use std::{collections::HashSet, net::IpAddr, sync::Arc, time::Duration};

use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use tower_http::cors::{AllowOrigin, CorsLayer};
use url::{Host, Url};

use super::{access_log::REQUEST_ID, request_checks::PREFLIGHT_HEADERS};
use crate::config::{self, AuthMode};

const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// How long a browser may remember that a page may ask.
const REMEMBERED: Duration = Duration::from_hours(1);

/// The origins of pages that may ask.
#[derive(Clone, Debug)]
pub(super) struct Origins {
    listed: Arc<HashSet<String>>,
    /// Whether pages that this machine serves may ask: the front-end that somebody is working on.
    allows_loopback: bool,
}

impl Origins {
    pub(super) fn of(http: &config::Http, mode: AuthMode) -> Self {
        let allows_loopback = match mode {
            AuthMode::None => true,
        };
        Self { listed: Arc::new(http.cors_origins.iter().cloned().collect()), allows_loopback }
    }

    /// Whether a request may pass: no page asks, or one that may.
    pub(super) fn admit(&self, headers: &HeaderMap) -> bool {
        let origin = headers.get(header::ORIGIN);
        if origin.is_some_and(|origin| self.allows(origin)) {
            return true;
        }
        // Browsers say by this header how page and service are related, and no page can change it. Older ones, and those
        // that ask over plain HTTP, send the page's origin alone.
        match headers.get(FETCH_SITE) {
            Some(site) => site == "same-origin" || site == "none",
            None => origin.is_none_or(|origin| is_own(origin, headers.get(header::HOST))),
        }
    }

    /// Tells browsers which pages may read the answers.
    pub(super) fn cors(&self) -> CorsLayer {
        let origins = self.clone();
        let headers = [header::CONTENT_TYPE, header::ACCEPT, REQUEST_ID].into_iter().chain(PREFLIGHT_HEADERS);
        CorsLayer::new()
            .allow_origin(AllowOrigin::predicate(move |origin, _| origins.allows(origin)))
            .allow_methods([Method::GET, Method::POST])
            .allow_headers(headers.collect::<Vec<_>>())
            .expose_headers([REQUEST_ID, header::RETRY_AFTER])
            .max_age(REMEMBERED)
    }

    /// Whether pages of another origin than ours may ask.
    fn allows(&self, origin: &HeaderValue) -> bool {
        let Ok(origin) = origin.to_str() else { return false };
        self.listed.contains(origin) || (self.allows_loopback && is_loopback(origin))
    }
}

/// Whether an origin is the one that the request was sent to. The scheme is not compared: behind a gateway that ends TLS
/// we do not know ours.
fn is_own(origin: &HeaderValue, host: Option<&HeaderValue>) -> bool {
    let authority = origin.to_str().ok().and_then(|origin| origin.split_once("://")).map(|(_, authority)| authority);
    let host = host.and_then(|host| host.to_str().ok());
    authority.zip(host).is_some_and(|(authority, host)| authority.eq_ignore_ascii_case(host))
}

/// Whether a URL leads to this machine.
pub(super) fn is_loopback(origin: &str) -> bool {
    let Ok(url) = Url::parse(origin) else { return false };
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

    fn admits(allows_loopback: bool, headers: &[(&'static str, &str)]) -> bool {
        let listed = Arc::new(HashSet::from(["https://console.example.com".to_owned()]));
        let mut all = HeaderMap::from_iter([(header::HOST, HeaderValue::from_static("insights.example.com"))]);
        for (name, value) in headers {
            all.insert(*name, value.parse().expect("a header"));
        }
        Origins { listed, allows_loopback }.admit(&all)
    }

    #[test]
    fn what_is_no_browser_and_our_own_pages_may_ask() {
        for headers in [
            &[][..],
            &[("sec-fetch-site", "same-origin")],
            &[("sec-fetch-site", "none")],
            &[("origin", "https://insights.example.com")],
            &[("origin", "http://INSIGHTS.example.com")],
            &[("origin", "https://elsewhere.example.com"), ("sec-fetch-site", "same-origin")],
        ] {
            assert!(admits(false, headers), "{headers:?}");
        }
    }

    #[test]
    fn pages_elsewhere_may_not_unless_they_are_listed() {
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
            assert!(!admits(false, headers), "{headers:?}");
            assert!(!admits(true, headers), "{headers:?}");
        }
        let listed = ("origin", "https://console.example.com");
        assert!(admits(false, &[listed]));
        assert!(admits(false, &[listed, ("sec-fetch-site", "cross-site")]));
    }

    #[test]
    fn pages_of_this_machine_may_in_development() {
        for origin in ["http://localhost:3000", "http://127.0.0.1:8080", "http://[::1]:5173", "http://app.localhost"] {
            assert!(admits(true, &[("origin", origin), ("sec-fetch-site", "cross-site")]), "{origin}");
            assert!(!admits(false, &[("origin", origin)]), "{origin}");
        }
        for origin in ["http://localhost.example.com", "http://127.0.0.1.example.com", "http://mylocalhost"] {
            assert!(!admits(true, &[("origin", origin)]), "{origin}");
        }
    }
}
