//! The response has the media type that the client accepts, and the status that this media type requires.

use reqwest::{
    Response,
    header::{ACCEPT, ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, VARY},
};

use super::*;

const NEW: &str = "application/graphql-response+json";
const OLD: &str = "application/json";
const CLUSTER: &str = "query($u: UUID!) { cluster(uuid: $u) { uuid } }";
const PAGE: &str = "query($first: Int) { organizations(first: $first) { totalCount } }";

/// Posts a request that accepts a response of this media type.
async fn post_accepting(service: &Running, accept: &str, request: &Value) -> Response {
    let posted = reqwest::Client::new().post(service.url("/graphql")).header(ACCEPT, accept).json(request);
    posted.send().await.expect("an answer")
}

/// The response's media type with its parameters.
fn content_type(answer: &Response) -> &str {
    answer.headers()[CONTENT_TYPE].to_str().expect("text")
}

#[tokio::test]
async fn the_client_receives_the_media_type_that_it_accepts() {
    let service = Running::api(&sqlite()).await;
    let query = json!({ "query": "{ __typename }" });
    for (accept, expected) in [
        (NEW, NEW),
        (OLD, OLD),
        ("*/*", OLD),
        ("text/html, application/*;q=0.5", OLD),
        ("application/graphql-response+json;charset=utf-8, application/json;q=0.9", NEW),
    ] {
        let answer = post_accepting(&service, accept, &query).await;
        assert_eq!(
            (answer.status(), content_type(&answer)),
            (StatusCode::OK, format!("{expected}; charset=utf-8").as_str())
        );
        assert_eq!(answer.headers()[CACHE_CONTROL], "no-store", "{accept}");
        let vary: Vec<_> = answer.headers().get_all(VARY).iter().collect();
        assert!(vary.iter().any(|names| names.to_str().is_ok_and(|names| names.contains("accept"))), "{vary:?}");
    }
}

#[tokio::test]
async fn a_client_that_accepts_no_json_receives_the_supported_media_types() {
    let service = Running::api(&sqlite()).await;
    let answer = post_accepting(&service, "text/html", &json!({ "query": "{ __typename }" })).await;
    assert_eq!(answer.status(), StatusCode::NOT_ACCEPTABLE);
    let answer: Value = answer.json().await.expect("JSON");
    assert!(answer["errors"][0]["message"].as_str().is_some_and(|text| text.contains(NEW)), "{answer}");
}

#[tokio::test]
async fn a_request_that_is_not_executed_has_no_data_and_an_error_status() {
    let service = Running::api(&sqlite()).await.ready().await;
    for (request, code) in [
        (json!({ "query": "{" }), "SYNTAX_ERROR"),
        (json!({ "query": "{ unknown }" }), "BAD_USER_INPUT"),
        (json!({ "query": "query A { __typename }", "operationName": "B" }), "BAD_USER_INPUT"),
        (json!({ "query": "query A { __typename } query B { __typename }" }), "BAD_USER_INPUT"),
        (json!({ "query": CLUSTER }), "BAD_USER_INPUT"),
        (json!({ "query": CLUSTER, "variables": { "u": null } }), "BAD_USER_INPUT"),
        (json!({ "query": PAGE, "variables": { "first": "ten" } }), "BAD_USER_INPUT"),
        (json!({ "query": "query($not: Boolean!) { __typename @skip(if: $not) }" }), "BAD_USER_INPUT"),
        (json!({ "query": format!("{{ {} }}", "a ".repeat(3_000)) }), "QUERY_TOO_LARGE"),
    ] {
        for (accept, status) in [(NEW, StatusCode::BAD_REQUEST), (OLD, StatusCode::OK)] {
            let answer = post_accepting(&service, accept, &request).await;
            assert_eq!(answer.status(), status, "{accept}: {request}");
            let answer: Value = answer.json().await.expect("JSON");
            assert_eq!(answer["errors"][0]["extensions"]["code"], code, "{request}: {answer}");
            assert_eq!(answer.get("data"), None, "{request}: {answer}");
        }
    }
}

#[tokio::test]
async fn a_field_error_does_not_change_the_status() {
    let service = Running::api(&sqlite()).await.ready().await;
    let request = json!({ "query": "{ organizations(after: \"x\") { totalCount } }" });
    for accept in [NEW, OLD] {
        let answer = post_accepting(&service, accept, &request).await;
        assert_eq!(answer.status(), StatusCode::OK, "{accept}");
        let answer: Value = answer.json().await.expect("JSON");
        assert_eq!(answer["data"], json!({ "organizations": null }), "{answer}");
    }
}

#[tokio::test]
async fn a_query_can_be_sent_by_get() {
    let service = Running::api(&sqlite()).await.ready().await;
    let mut url = reqwest::Url::parse(&service.url("/graphql")).expect("a URL");
    let document = "query One($deep: Boolean!) { __typename viewer @include(if: $deep) { isAdministrator } } \
                    query Other { __typename }";
    url.query_pairs_mut()
        .append_pair("query", document)
        .append_pair("operationName", "One")
        .append_pair("variables", r#"{"deep":true}"#);
    let answer: Value = reqwest::get(url).await.expect("an answer").json().await.expect("JSON");
    assert_eq!(answer, json!({ "data": { "__typename": "Query", "viewer": { "isAdministrator": true } } }));
}

#[tokio::test]
async fn mutations_and_subscriptions_cannot_be_sent_by_get() {
    let service = Running::api(&sqlite()).await;
    for (document, operation) in [
        ("mutation { __typename }", ""),
        ("mutation M { __typename } query Q { __typename }", "M"),
        ("subscription { __typename }", ""),
    ] {
        let mut url = reqwest::Url::parse(&service.url("/graphql")).expect("a URL");
        url.query_pairs_mut().append_pair("query", document).append_pair("operationName", operation);
        let answer = reqwest::get(url).await.expect("an answer");
        assert_eq!(answer.status(), StatusCode::METHOD_NOT_ALLOWED, "{document}");
        assert_eq!(answer.headers()["allow"], "POST", "{document}");
    }
    // Only the selected operation counts, not the rest of the document.
    let path = "/graphql?query=mutation+M+%7B+__typename+%7D+query+Q+%7B+__typename+%7D&operationName=Q";
    assert_eq!(get(&service, path).await.0, StatusCode::OK);
}

#[tokio::test]
async fn an_invalid_get_receives_the_expected_parameters() {
    let service = Running::api(&sqlite()).await;
    for path in ["/graphql", "/graphql?qeury=x", "/graphql?query=x&query=y", "/graphql?query=x&variables=s3cr3t"] {
        let (status, answer) = get(&service, path).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{path}");
        assert!(answer.contains("query=..") && !answer.contains("s3cr3t"), "{path}: {answer}");
    }
}

#[tokio::test]
async fn a_large_response_is_compressed_for_clients_that_accept_it() {
    let service = Running::api(&sqlite()).await.ready().await;
    let request = json!({ "query": "{ __schema { types { name description fields { name description } } } }" });
    let posted = || reqwest::Client::new().post(service.url("/graphql")).json(&request);
    let plain = posted().send().await.expect("an answer");
    assert_eq!(plain.headers().get(CONTENT_ENCODING), None);
    let plain = plain.bytes().await.expect("bytes");

    let compressed = posted().header(ACCEPT_ENCODING, "gzip, br;q=0.5").send().await.expect("an answer");
    assert_eq!(compressed.headers()[CONTENT_ENCODING], "gzip");
    let compressed = compressed.bytes().await.expect("bytes");
    assert!(compressed.len() * 2 < plain.len(), "{} of {} bytes", compressed.len(), plain.len());
    let mut text = Vec::new();
    flate2::read::GzDecoder::new(&*compressed).read_to_end(&mut text).expect("gzip");
    assert_eq!(text, plain);

    let small = reqwest::Client::new().post(service.url("/graphql")).json(&json!({ "query": "{ __typename }" }));
    let small = small.header(ACCEPT_ENCODING, "gzip").send().await.expect("an answer");
    assert_eq!(small.headers().get(CONTENT_ENCODING), None, "it would not get smaller");
}
