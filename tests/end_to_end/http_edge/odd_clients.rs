//! What clients and the libraries under them send beside the plain request: empty parameters, hashes of persisted
//! queries, compressed bodies and byte order marks.

use reqwest::{
    Response, Url,
    header::{ACCEPT, CONTENT_ENCODING},
};

use super::*;

const JSON: Option<&str> = Some("application/json");
const TWO_OPERATIONS: &str = "query One { a: __typename } query Other { b: __typename }";
/// A request of a client that sends hashes first: the extension, without a query.
const HASH: &str = r#"{"persistedQuery":{"version":1,"sha256Hash":"s3cr3t"}}"#;

/// Gets with these parameters.
async fn get_with(service: &Running, accept: &str, parameters: &[(&str, &str)]) -> Response {
    let url = Url::parse_with_params(&service.url("/graphql"), parameters).expect("a URL");
    reqwest::Client::new().get(url).header(ACCEPT, accept).send().await.expect("an answer")
}

async fn json_of(answer: Response) -> Value {
    answer.json().await.expect("JSON")
}

#[tokio::test]
async fn an_empty_operation_name_is_absent_in_a_body_and_in_a_query_string() {
    let service = Running::api(&sqlite()).await;
    for (query, is_answered) in
        [("{ a: __typename }", true), ("query One { a: __typename }", true), (TWO_OPERATIONS, false)]
    {
        let body = json!({ "query": query, "operationName": "" }).to_string();
        let (status, posted) = post(&service, JSON, body).await;
        let posted: Value = serde_json::from_str(&posted).expect("JSON");
        let got = get_with(&service, "application/json", &[("query", query), ("operationName", "")]).await;
        assert_eq!(got.status(), status, "{query}");
        assert_eq!(json_of(got).await, posted, "{query}");
        assert_eq!(posted["data"]["a"] == "Query", is_answered, "{query}: {posted}");
    }
    let empty = get_with(&service, "application/json", &[("query", "")]).await;
    assert_eq!(empty.status(), StatusCode::BAD_REQUEST, "an empty query is refused as in a body");
    assert_eq!(json_of(empty).await["errors"][0]["extensions"]["code"], "BAD_REQUEST");
}

#[tokio::test]
async fn a_hash_without_its_query_is_answered_so_that_the_client_sends_the_query() {
    let service = Running::api(&sqlite()).await;
    let body: Value = json!({ "extensions": serde_json::from_str::<Value>(HASH).expect("JSON") });
    // The query is not executed, which the newer media type shows by its status.
    for (accept, status) in [("application/json", 200), ("application/graphql-response+json", 400)] {
        let posted = reqwest::Client::new().post(service.url("/graphql")).header(ACCEPT, accept).json(&body);
        let posted = posted.send().await.expect("an answer");
        let got = get_with(&service, accept, &[("extensions", HASH)]).await;
        for answer in [posted, got] {
            assert_eq!(answer.status().as_u16(), status, "{accept}");
            let error = &json_of(answer).await["errors"][0];
            assert_eq!(error["extensions"]["code"], "PERSISTED_QUERY_NOT_SUPPORTED", "{accept}: {error}");
            assert_eq!(error["message"], "PersistedQueryNotSupported", "urql compares the message: {error}");
        }
    }
    let both = json!({ "query": "{ __typename }", "extensions": body["extensions"] }).to_string();
    assert_eq!(post(&service, JSON, both).await, (StatusCode::OK, r#"{"data":{"__typename":"Query"}}"#.to_owned()));
    let (status, answer) = post(&service, JSON, r#"{"extensions":{}}"#).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(answer.contains("BAD_REQUEST"), "without a hash it is no request: {answer}");
}

#[tokio::test]
async fn a_compressed_body_is_refused_with_the_name_of_the_header() {
    let service = Running::api(&sqlite()).await;
    let send = async |encodings: &[&str]| {
        let mut posted = reqwest::Client::new().post(service.url("/graphql")).header(CONTENT_TYPE, "application/json");
        for encoding in encodings {
            posted = posted.header(CONTENT_ENCODING, *encoding);
        }
        let answer = posted.body(r#"{"query":"{ __typename }"}"#).send().await.expect("an answer");
        (answer.status(), answer.headers().get("accept-encoding").cloned(), answer.text().await.expect("text"))
    };
    for encodings in [&["gzip"][..], &["GZIP"], &["deflate, identity"], &["identity", "br"], &["s3cr3t"]] {
        let (status, accepted, answer) = send(encodings).await;
        assert_eq!(status, StatusCode::UNSUPPORTED_MEDIA_TYPE, "{encodings:?}: {answer}");
        assert!(accepted.is_some_and(|value| value == "identity"), "{encodings:?}");
        assert!(answer.contains("Content-Encoding") && !answer.contains("s3cr3t"), "{encodings:?}: {answer}");
    }
    for encodings in [&["identity"][..], &["Identity"], &[""]] {
        assert_eq!(send(encodings).await.0, StatusCode::OK, "{encodings:?}");
    }
}

#[tokio::test]
async fn a_byte_order_mark_is_skipped() {
    let service = Running::api(&sqlite()).await;
    for body in ["\u{feff}{\"query\":\"{ __typename }\"}", "{\"query\":\"\u{feff}{ __typename }\"}"] {
        let (status, answer) = post(&service, JSON, body).await;
        assert_eq!((status, answer.as_str()), (StatusCode::OK, r#"{"data":{"__typename":"Query"}}"#), "{body}");
    }
    let (status, answer) = post(&service, JSON, "\u{feff}[]").await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(answer.contains("not a list"), "{answer}");
    let got = get_with(
        &service,
        "application/json",
        &[("query", "\u{feff}{ __typename }"), ("variables", "\u{feff}{}"), ("extensions", "\u{feff}{}")],
    );
    assert_eq!(json_of(got.await).await, json!({ "data": { "__typename": "Query" } }));
}
