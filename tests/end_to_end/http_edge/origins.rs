//! Pages of allowed origins receive CORS headers; requests from others are refused, whatever they send.

use reqwest::{
    Method, Response,
    header::{
        ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_REQUEST_HEADERS,
        ACCESS_CONTROL_REQUEST_METHOD, ORIGIN,
    },
};

use super::*;

const LISTED: &str = "https://console.example.com";
const FOREIGN: &str = "https://evil.example.com";

async fn with_listed_origin() -> Running {
    api(&sqlite(), |config| config.http.cors_origins = vec![LISTED.to_owned()]).await
}

/// The preflight request that a browser sends before a page of this origin may send JSON.
async fn preflight(service: &Running, origin: &str) -> Response {
    let request = reqwest::Client::new()
        .request(Method::OPTIONS, service.url("/graphql"))
        .header(ORIGIN, origin)
        .header(ACCESS_CONTROL_REQUEST_METHOD, "POST")
        .header(ACCESS_CONTROL_REQUEST_HEADERS, "content-type");
    request.send().await.expect("an answer")
}

/// Sends a query as a browser does for a page of this origin.
async fn query_from(service: &Running, origin: &str) -> Response {
    let request = reqwest::Client::new().post(service.url("/graphql")).header(ORIGIN, origin);
    request.json(&json!({ "query": "{ __typename }" })).send().await.expect("an answer")
}

fn allowed_origin(answer: &Response) -> Option<&str> {
    answer.headers().get(ACCESS_CONTROL_ALLOW_ORIGIN).map(|origin| origin.to_str().expect("text"))
}

#[tokio::test]
async fn a_listed_page_may_send_requests_and_read_responses() {
    let service = with_listed_origin().await;
    let preflight = preflight(&service, LISTED).await;
    assert_eq!((preflight.status(), allowed_origin(&preflight)), (StatusCode::OK, Some(LISTED)));
    let headers = preflight.headers()[ACCESS_CONTROL_ALLOW_HEADERS].to_str().expect("text");
    assert!(headers.contains("content-type") && headers.contains("apollo-require-preflight"), "{headers}");
    let answer = query_from(&service, LISTED).await;
    assert_eq!((answer.status(), allowed_origin(&answer)), (StatusCode::OK, Some(LISTED)));
}

#[tokio::test]
async fn a_page_of_this_machine_is_allowed_in_development() {
    let service = Running::api(&sqlite()).await;
    for origin in ["http://localhost:3000", "http://127.0.0.1:5173"] {
        assert_eq!(allowed_origin(&preflight(&service, origin).await), Some(origin));
        assert_eq!(query_from(&service, origin).await.status(), StatusCode::OK, "{origin}");
    }
}

#[tokio::test]
async fn a_page_of_another_origin_is_refused() {
    let service = with_listed_origin().await;
    for origin in [FOREIGN, "null", "http://console.example.com"] {
        assert_eq!(allowed_origin(&preflight(&service, origin).await), None, "{origin}");
        let answer = query_from(&service, origin).await;
        assert_eq!((answer.status(), allowed_origin(&answer)), (StatusCode::FORBIDDEN, None), "{origin}");
        let answer: Value = answer.json().await.expect("JSON");
        assert_eq!(answer["errors"][0]["extensions"]["code"], "BAD_REQUEST", "{answer}");
        assert!(!answer.to_string().contains("evil"), "{answer}");
    }
}

#[tokio::test]
async fn forms_links_and_lists_are_refused() {
    let service = with_listed_origin().await;
    let client = reqwest::Client::new();
    for content_type in ["application/x-www-form-urlencoded", "multipart/form-data; boundary=b", "text/plain"] {
        let form = client.post(service.url("/graphql")).header(CONTENT_TYPE, content_type);
        let answer = form.body(r#"{"query":"{ __typename }"}"#).send().await.expect("an answer");
        assert_eq!(answer.status(), StatusCode::UNSUPPORTED_MEDIA_TYPE, "{content_type}");
    }
    let link = client.get(service.url("/graphql?query=%7B__typename%7D")).header("sec-fetch-site", "cross-site");
    assert_eq!(link.send().await.expect("an answer").status(), StatusCode::FORBIDDEN);
    let list = vec![json!({ "query": "{a}" }); 10_000];
    let (status, answer) = post(&service, Some("application/json"), json!(list).to_string()).await;
    assert_eq!(status, StatusCode::BAD_REQUEST, "{answer}");
}
