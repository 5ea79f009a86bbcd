//! What differs from mode none at the edge: hosts, origins, GET, the editor and introspection.

use reqwest::header::{ACCESS_CONTROL_ALLOW_HEADERS, HOST, ORIGIN};

use super::*;

const LISTED: &str = "http://localhost:3000";

#[tokio::test]
async fn every_host_name_is_accepted_on_loopback() {
    let service = api(&sqlite(), |_| {}).await;
    let request = reqwest::Client::new().post(service.url("/graphql")).header(HOST, "insights.example.com");
    let request = request.header(IDENTITY, user_of(1, "1234")).json(&json!({ "query": "{ __typename }" }));
    assert_eq!(request.send().await.expect("an answer").status(), StatusCode::OK);
    let health = reqwest::Client::new().get(service.url("/healthz")).header(HOST, "insights.example.com");
    assert_eq!(health.send().await.expect("an answer").status(), StatusCode::OK);
}

#[tokio::test]
async fn a_get_needs_a_header_that_no_link_sends_on_loopback_too() {
    let service = api(&sqlite(), |_| {}).await;
    let get = || {
        let request = reqwest::Client::new().get(service.url("/graphql?query=%7B__typename%7D"));
        request.header(IDENTITY, user_of(1, "1234"))
    };
    assert_eq!(get().send().await.expect("an answer").status(), StatusCode::FORBIDDEN);
    for name in ["apollo-require-preflight", "x-requested-with"] {
        assert_eq!(get().header(name, "1").send().await.expect("an answer").status(), StatusCode::OK, "{name}");
    }
}

#[tokio::test]
async fn pages_of_loopback_origins_are_accepted_only_if_listed() {
    let service = api(&sqlite(), |config| config.http.cors_origins = vec![LISTED.to_owned()]).await;
    for (origin, status) in [(LISTED, StatusCode::OK), ("http://127.0.0.1:3000", StatusCode::FORBIDDEN)] {
        let request = reqwest::Client::new().post(service.url("/graphql")).header(ORIGIN, origin);
        let request = request.header(IDENTITY, user_of(1, "1234")).json(&json!({ "query": "{ __typename }" }));
        assert_eq!(request.send().await.expect("an answer").status(), status, "{origin}");
    }
    let preflight = reqwest::Client::new().request(reqwest::Method::OPTIONS, service.url("/graphql"));
    let preflight = preflight.header(ORIGIN, LISTED).header("access-control-request-method", "POST");
    let answer = preflight.send().await.expect("an answer");
    assert_eq!(answer.status(), StatusCode::OK, "a preflight request has no identity");
    let allowed = answer.headers()[ACCESS_CONTROL_ALLOW_HEADERS].to_str().expect("text");
    assert!(allowed.contains("content-type") && !allowed.contains(IDENTITY), "only the gateway sends it: {allowed}");
}

#[tokio::test]
async fn the_editor_and_introspection_are_off_unless_they_are_set() {
    const SCHEMA: &str = "{ __schema { queryType { name } } }";
    let database = sqlite();
    let header = user_of(1, "1234");
    let service = api(&database, |_| {}).await;
    let editor = reqwest::get(service.url("/graphiql")).await.expect("an answer");
    assert_eq!(editor.status(), StatusCode::NOT_FOUND);
    let answer: Value = post_query(&service, "*/*", [header.as_bytes()], SCHEMA).await.json().await.expect("JSON");
    assert_eq!(answer["errors"][0]["extensions"]["code"], "INTROSPECTION_DISABLED", "{answer}");

    let service = api(&database, |config| {
        config.http.graphiql = true;
        config.limits.introspection = true;
    })
    .await;
    let editor = reqwest::get(service.url("/graphiql")).await.expect("an answer");
    assert_eq!(editor.status(), StatusCode::OK, "its files need no identity");
    let schema = data(&service, &header, SCHEMA).await;
    assert_eq!(schema, json!({ "__schema": { "queryType": { "name": "Query" } } }));
}

#[tokio::test]
async fn health_and_metrics_need_no_identity() {
    let service = api(&sqlite(), |_| {}).await;
    for path in ["/healthz", "/readyz", "/metrics"] {
        assert_eq!(reqwest::get(service.url(path)).await.expect("an answer").status(), StatusCode::OK, "{path}");
    }
}
