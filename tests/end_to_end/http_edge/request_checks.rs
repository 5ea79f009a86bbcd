//! Only GraphQL requests in JSON, of limited size, reach the graph. A refusal repeats nothing of the request.

use reqwest::header::ACCEPT;

use super::*;

const QUERY: &str = r#"{"query":"{ viewer { isAdministrator } }"}"#;
const JSON: Option<&str> = Some("application/json");

#[tokio::test]
async fn only_json_is_accepted() {
    let service = Running::api(&sqlite()).await;
    for content_type in ["application/json", "application/json; charset=utf-8", "application/graphql-response+json"] {
        assert_eq!(post(&service, Some(content_type), QUERY).await.0, StatusCode::OK, "{content_type}");
    }
    for content_type in [
        Some("text/plain"),
        Some("application/x-www-form-urlencoded"),
        Some("multipart/form-data; boundary=b"),
        Some("application/graphql"),
        None,
    ] {
        let (status, answer) = post(&service, content_type, QUERY).await;
        assert_eq!(status, StatusCode::UNSUPPORTED_MEDIA_TYPE, "{content_type:?}");
        assert!(answer.contains("Content-Type: application/json"), "it names the right media type: {answer}");
    }
}

#[tokio::test]
async fn only_get_and_post_are_accepted() {
    let service = Running::api(&sqlite()).await;
    for method in ["PUT", "PATCH", "DELETE", "TRACE"] {
        let method = method.parse().expect("a method");
        let request = reqwest::Client::new().request(method, service.url("/graphql?query=%7B__typename%7D"));
        let answer = request.header(CONTENT_TYPE, "application/json").body(QUERY).send().await.expect("an answer");
        assert_eq!(answer.status(), StatusCode::METHOD_NOT_ALLOWED);
        assert_eq!(answer.headers()["allow"], "GET,HEAD,POST");
    }
}

#[tokio::test]
async fn an_invalid_request_is_refused_and_not_repeated() {
    let service = Running::api(&sqlite()).await;
    for body in [
        "",
        "s3cr3t",
        "{\"query\": \"s3cr3t",
        "\"s3cr3t\"",
        "{\"query\": [\"s3cr3t\"]}",
        "{\"query\": \"{ viewer }\", \"variables\": \"s3cr3t\"}",
        "[{\"query\": \"{ s3cr3t }\"}]",
        " [] ",
    ] {
        let (status, answer) = post(&service, JSON, body).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{body}");
        assert!(!answer.contains("s3cr3t"), "{body} is answered with {answer}");
        let answer: Value = serde_json::from_str(&answer).expect("a refusal is JSON");
        assert_eq!(answer["errors"][0]["extensions"]["code"], "BAD_REQUEST", "{body}: {answer}");
    }
}

#[tokio::test]
async fn a_body_beyond_the_limit_is_refused_with_and_without_a_declared_length() {
    let service = api(&sqlite(), |config| config.http.max_body_bytes = 1_024).await;
    let padded = |length: usize| format!("{QUERY}{}", " ".repeat(length - QUERY.len()));
    assert_eq!(post(&service, JSON, padded(1_024)).await.0, StatusCode::OK);

    let declared = send(service.address, head("Content-Length: 1025\r\n")).await;
    assert_eq!(status(&declared), "413", "{declared}");

    let chunked = |length| {
        let chunk = format!("{length:x}\r\n{}\r\n0\r\n\r\n", padded(length));
        send(service.address, head("Connection: close\r\nTransfer-Encoding: chunked\r\n") + &chunk)
    };
    let (within, beyond) = (chunked(1_024).await, chunked(1_025).await);
    assert_eq!(status(&within), "200", "{within}");
    assert_eq!(status(&beyond), "413", "{beyond}");
    assert!(beyond.contains("1024 bytes of http.max_body_bytes"), "{beyond}");
}

#[tokio::test]
async fn fragments_that_expand_to_millions_of_fields_are_refused() {
    let service = Running::api(&sqlite()).await;
    let fragment = |number: u32| {
        let next = number + 1;
        format!("fragment f{number} on Query {{ ...f{next} ...f{next} }} ")
    };
    let bomb: String = (0..27).map(fragment).collect();
    let query = format!("{{ ...f0 }} {bomb} fragment f27 on Query {{ __typename }}");
    let answer = service.query(&query).await;
    assert_eq!(answer["errors"][0]["extensions"]["code"], "QUERY_TOO_LARGE", "{answer}");
    assert!(service.query("{ __typename }").await.get("errors").is_none());
}

#[tokio::test]
async fn a_syntax_error_has_its_location_and_does_not_repeat_the_query() {
    let service = Running::api(&sqlite()).await;
    let answer = service.query("{ viewer { s3cr3t( } }").await;
    assert_eq!(answer["errors"][0]["extensions"]["code"], "SYNTAX_ERROR", "{answer}");
    assert_eq!(answer["errors"][0]["locations"][0]["line"], 1, "{answer}");
    assert!(!answer.to_string().contains("s3cr3t"), "{answer}");
}

#[tokio::test]
async fn fragments_that_expand_to_millions_of_fields_are_refused_by_get_too() {
    let service = Running::api(&sqlite()).await;
    let fragments = (0..27).map(|number| format!("fragment f{number} on Query {{...f{0} ...f{0}}}", number + 1));
    let bomb = format!("{{...f0}}{}fragment f27 on Query{{__typename}}", fragments.collect::<String>());
    let mut url: reqwest::Url = service.url("/graphql").parse().expect("a URL");
    url.query_pairs_mut().append_pair("query", &bomb);
    let request = reqwest::Client::new().get(url);
    let answer = request.header(ACCEPT, "application/graphql-response+json").send().await.expect("an answer");
    assert_eq!(answer.status(), StatusCode::BAD_REQUEST);
    let body: Value = answer.json().await.expect("JSON");
    assert_eq!(body["errors"][0]["extensions"]["code"], "QUERY_TOO_LARGE", "{body}");
}

#[tokio::test]
async fn a_variable_of_the_wrong_type_is_a_request_error() {
    let service = Running::api(&sqlite()).await;
    let uuid = "query($v: UUID!) { cluster(uuid: $v) { uuid } }";
    let uuids = "query($v: [UUID!]!) { organization(orgId: \"1\") { clusters(filter: {uuids: $v}) { totalCount } } }";
    let seen =
        "query($v: Duration) { organization(orgId: \"1\") { clusters(filter: {seenWithin: $v}) { totalCount } } }";
    let id = "query($v: ID!) { node(id: $v) { id } }";
    for (query, variable) in [
        (uuid, json!(1)),
        (uuid, json!("not a UUID")),
        (uuid, json!(null)),
        (uuid, json!({ "a": 1 })),
        (uuids, json!([1])),
        (uuids, json!(["not a UUID"])),
        (seen, json!(7)),
        (seen, json!("a week")),
        (id, json!(1.5)),
        (id, json!([])),
    ] {
        check_request_error(&service, json!({ "query": query, "variables": { "v": variable } })).await;
    }
}

#[tokio::test]
async fn a_literal_of_the_wrong_type_is_a_request_error() {
    let service = Running::api(&sqlite()).await;
    let cluster = |uuid| format!("{{ cluster(uuid: {uuid}) {{ uuid }} }}");
    let seen = |within| {
        format!("{{ organization(orgId: \"1\") {{ clusters(filter: {{seenWithin: {within}}}) {{ totalCount }} }} }}")
    };
    let node = |id| format!("{{ node(id: {id}) {{ id }} }}");
    let uuids = ["1", "true", "\"not a UUID\"", "null", "UUID", "{a: 1}"].map(cluster);
    let times = ["7", "true", "\"a week\"", "\"P1M\"", "WEEK", "[7]"].map(seen);
    let ids = ["1.5", "true", "null", "ID", "{a: 1}"].map(node);
    for query in uuids.into_iter().chain(times).chain(ids) {
        check_request_error(&service, json!({ "query": query })).await;
    }
}

/// Checks that a request is refused before anything is executed.
async fn check_request_error(service: &Running, request: Value) {
    let post = reqwest::Client::new().post(service.url("/graphql")).header(ACCEPT, "application/graphql-response+json");
    let answer = post.json(&request).send().await.expect("an answer");
    let status = answer.status();
    let body: Value = answer.json().await.expect("JSON");
    assert_eq!(status, StatusCode::BAD_REQUEST, "{request}: {body}");
    assert_eq!(body.get("data"), None, "{request}: {body}");
    assert_eq!(body["errors"][0]["extensions"]["code"], "BAD_USER_INPUT", "{request}: {body}");
}

#[tokio::test]
async fn a_host_other_than_this_machine_is_refused() {
    let service = Running::api(&sqlite()).await;
    for path in ["/graphql?query=%7B__typename%7D", "/graphiql", "/metrics", "/healthz"] {
        for (host, status) in [("evil.example", 421), ("evil.example:8080", 421), ("localhost", 200), ("[::1]:80", 200)]
        {
            let request = reqwest::Client::new().get(service.url(path)).header("host", host);
            let answer = request.send().await.expect("an answer");
            assert_eq!(answer.status().as_u16(), status, "{path} at {host}");
        }
    }
}
