//! GraphiQL: the service itself serves its page, files and examples, and the page loads nothing from elsewhere.

mod browser;

use std::collections::BTreeSet;

use insights_results_aggregator::service::Role;
use reqwest::{Response, StatusCode};

use crate::harness::{Running, default_config, sqlite};

async fn get(service: &Running, path: &str) -> Response {
    // Percent-encoded dots and slashes are sent as they are.
    let url = reqwest::Url::parse(&service.url(path)).expect("a URL");
    reqwest::get(url).await.expect("an answer")
}

/// Returns the text of a file that must exist.
async fn text(service: &Running, path: &str) -> String {
    let answer = get(service, path).await;
    assert_eq!(answer.status(), StatusCode::OK, "{path}: was this built after `make web`?");
    answer.text().await.expect("text")
}

/// Returns each text between `before` and the next `end`.
fn all_between<'a>(text: &'a str, before: &str, end: char) -> Vec<&'a str> {
    text.split(before).skip(1).filter_map(|rest| rest.split_once(end)).map(|(found, _)| found).collect()
}

/// The URLs that a page loads.
fn loaded_by(page: &str) -> BTreeSet<&str> {
    ["src=\"", "href=\""].into_iter().flat_map(|attribute| all_between(page, attribute, '"')).collect()
}

/// Whether a URL is relative to the page, so that it is also found behind a gateway that adds a path.
fn is_own(url: &str) -> bool {
    url.starts_with("graphiql/") || url.starts_with("data:")
}

#[tokio::test]
async fn the_page_loads_only_what_the_service_serves() {
    let service = Running::api(&sqlite()).await;
    let page = text(&service, "/graphiql").await;
    let loaded = loaded_by(&page);
    assert!(loaded.iter().any(|url| url.ends_with("graphiql.min.js")), "{loaded:?}");
    for url in loaded {
        assert!(is_own(url), "{url} is elsewhere");
        if !url.starts_with("data:") {
            let answer = get(&service, &format!("/{url}")).await;
            assert_eq!(answer.status(), StatusCode::OK, "{url}");
            let kind = answer.headers()["content-type"].to_str().expect("text").to_owned();
            let expected = if url.contains(".css") { "text/css" } else { "text/javascript" };
            assert!(kind.starts_with(expected), "{url} is {kind}");
        }
    }
}

#[tokio::test]
async fn the_files_load_nothing_from_elsewhere() {
    let service = Running::api(&sqlite()).await;
    let style = text(&service, "/graphiql/graphiql.min.css").await;
    assert!(!style.contains("@import"), "the style imports another");
    for url in all_between(&style, "url(", ')') {
        let url = url.trim_matches(['"', '\'']);
        assert!(is_own(url) || url.starts_with('#'), "the style loads {url}");
    }
    let start = text(&service, "/graphiql/start.js").await;
    assert!(!start.contains("://") && !start.contains("import"), "the start script loads from elsewhere");
}

#[tokio::test]
async fn the_content_security_policy_forbids_other_sources() {
    let service = Running::api(&sqlite()).await;
    for path in ["/graphiql", "/graphiql/graphiql.min.js"] {
        let answer = get(&service, path).await;
        let policy = answer.headers()["content-security-policy"].to_str().expect("text").to_owned();
        let directives: Vec<_> = policy.split(';').map(str::trim).collect();
        for expected in ["default-src 'self'", "script-src 'self'", "frame-ancestors 'none'"] {
            assert!(directives.contains(&expected), "{path}: {policy}");
        }
        assert!(!policy.contains("unsafe-eval") && !policy.contains("http"), "{path}: {policy}");
    }
}

#[tokio::test]
async fn no_other_file_is_served() {
    let service = Running::api(&sqlite()).await;
    for path in [
        "/graphiql/unknown.js",
        "/graphiql/SOURCES.sha256",
        "/graphiql/..%2f..%2fCargo.toml",
        "/graphiql/%2e%2e%2fgraphiql.html",
        "/graphiql/%2fetc%2fpasswd",
        "/graphiql/..%5c..%5cCargo.toml",
        "/graphiql/.npmrc",
        "/graphiql/assets/start.js",
    ] {
        assert_eq!(get(&service, path).await.status(), StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn it_can_be_turned_off() {
    let database = sqlite();
    let mut config = default_config();
    config.database = database.settings.clone();
    config.http.graphiql = false;
    let service = Running::start(config, Role::Api).await;
    for path in ["/graphiql", "/graphiql/start.js", "/graphiql/examples.json"] {
        assert_eq!(get(&service, path).await.status(), StatusCode::NOT_FOUND, "{path}");
    }
}
