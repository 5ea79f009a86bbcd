//! The form of an answer is the one that the client accepts, and its status is what that form says it must be.

use reqwest::{
    Response,
    header::{ACCEPT, ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, VARY},
};

use super::*;

const NEW: &str = "application/graphql-response+json";
const OLD: &str = "application/json";
const CLUSTER: &str = "query($u: UUID!) { cluster(uuid: $u) { uuid } }";
const PAGE: &str = "query($first: Int) { organizations(first: $first) { totalCount } }";

/// Posts a request, accepting an answer of this type.
async fn asked(service: &Running, accept: &str, request: &Value) -> Response {
    let posted = reqwest::Client::new().post(service.url("/graphql")).header(ACCEPT, accept).json(request);
    posted.send().await.expect("an answer")
}

/// The answer's type, with its parameters.
fn kind(answer: &Response) -> &str {
    answer.headers()[CONTENT_TYPE].to_str().expect("text")
}

#[tokio::test]
async fn the_client_gets_the_type_that_it_accepts() {
    let service = Running::api(&sqlite()).await;
    let query = json!({ "query": "{ __typename }" });
    for (accept, expected) in [
        (NEW, NEW),
        (OLD, OLD),
        ("*/*", OLD),
        ("text/html, application/*;q=0.5", OLD),
        ("application/graphql-response+json;charset=utf-8, application/json;q=0.9", NEW),
    ] {
        let answer = asked(&service, accept, &query).await;
        assert_eq!((answer.status(), kind(&answer)), (StatusCode::OK, format!("{expected}; charset=utf-8").as_str()));
        assert_eq!(answer.headers()[CACHE_CONTROL], "no-store", "{accept}");
        let vary: Vec<_> = answer.headers().get_all(VARY).iter().collect();
        assert!(vary.iter().any(|names| names.to_str().is_ok_and(|names| names.contains("accept"))), "{vary:?}");
    }
}

#[tokio::test]
async fn a_client_that_accepts_no_json_is_told_what_there_is() {
    let service = Running::api(&sqlite()).await;
    let answer = asked(&service, "text/html", &json!({ "query": "{ __typename }" })).await;
    assert_eq!(answer.status(), StatusCode::NOT_ACCEPTABLE);
    let answer: Value = answer.json().await.expect("JSON");
    assert!(answer["errors"][0]["message"].as_str().is_some_and(|text| text.contains(NEW)), "{answer}");
}

#[tokio::test]
async fn a_request_that_is_not_executed_has_no_data_and_a_status_that_says_so() {
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
            let answer = asked(&service, accept, &request).await;
            assert_eq!(answer.status(), status, "{accept}: {request}");
            let answer: Value = answer.json().await.expect("JSON");
            assert_eq!(answer["errors"][0]["extensions"]["code"], code, "{request}: {answer}");
            assert_eq!(answer.get("data"), None, "{request}: {answer}");
        }
    }
}

#[tokio::test]
async fn a_field_that_fails_leaves_the_status_alone() {
    let service = Running::api(&sqlite()).await.ready().await;
    let request = json!({ "query": "{ organizations(after: \"x\") { totalCount } }" });
    for accept in [NEW, OLD] {
        let answer = asked(&service, accept, &request).await;
        assert_eq!(answer.status(), StatusCode::OK, "{accept}");
        let answer: Value = answer.json().await.expect("JSON");
        assert_eq!(answer["data"], json!({ "organizations": null }), "{answer}");
    }
}

#[tokio::test]
async fn a_query_may_come_by_get() {
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
async fn what_would_change_something_may_not() {
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
    // It is the operation that counts, not what else the document holds.
    let path = "/graphql?query=mutation+M+%7B+__typename+%7D+query+Q+%7B+__typename+%7D&operationName=Q";
    assert_eq!(get(&service, path).await.0, StatusCode::OK);
}

#[tokio::test]
async fn a_get_that_asks_nothing_is_told_how_to_ask() {
    let service = Running::api(&sqlite()).await;
    for path in ["/graphql", "/graphql?qeury=x", "/graphql?query=x&query=y", "/graphql?query=x&variables=s3cr3t"] {
        let (status, answer) = get(&service, path).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{path}");
        assert!(answer.contains("query=..") && !answer.contains("s3cr3t"), "{path}: {answer}");
    }
}

#[tokio::test]
async fn a_large_answer_is_compressed_for_who_accepts_that() {
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
