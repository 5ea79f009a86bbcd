//! Only GraphQL requests in JSON, of bounded size, reach the graph. What is refused is not repeated.

use super::*;

const QUERY: &str = r#"{"query":"{ viewer { isAdministrator } }"}"#;
const JSON: Option<&str> = Some("application/json");

#[tokio::test]
async fn only_json_is_taken() {
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
        assert!(answer.contains("Content-Type: application/json"), "it says what to send: {answer}");
    }
}

#[tokio::test]
async fn only_get_and_post_are_taken() {
    let service = Running::api(&sqlite()).await;
    for method in ["PUT", "PATCH", "DELETE", "TRACE"] {
        let method = method.parse().expect("a method");
        let asked = reqwest::Client::new().request(method, service.url("/graphql?query=%7B__typename%7D"));
        let answer = asked.header(CONTENT_TYPE, "application/json").body(QUERY).send().await.expect("an answer");
        assert_eq!(answer.status(), StatusCode::METHOD_NOT_ALLOWED);
        assert_eq!(answer.headers()["allow"], "GET,HEAD,POST");
    }
}

#[tokio::test]
async fn what_is_no_request_is_refused_and_not_repeated() {
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
async fn a_body_beyond_the_limit_is_refused_whether_or_not_it_tells_its_length() {
    let service = api(&sqlite(), |config| config.http.max_body_bytes = 1_024).await;
    let padded = |length: usize| format!("{QUERY}{}", " ".repeat(length - QUERY.len()));
    assert_eq!(post(&service, JSON, padded(1_024)).await.0, StatusCode::OK);

    let told = send(service.address, head("Content-Length: 1025\r\n")).await;
    assert_eq!(status(&told), "413", "{told}");

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
async fn fragments_that_unfold_to_millions_are_refused() {
    let service = Running::api(&sqlite()).await;
    let fragment = |number: u32| {
        let next = number + 1;
        format!("fragment f{number} on Query {{ ...f{next} ...f{next} }} ")
    };
    let bomb: String = (0..27).map(fragment).collect();
    let query = format!("{{ ...f0 }} {bomb} fragment f27 on Query {{ __typename }}");
    let answer = service.ask(&query).await;
    assert_eq!(answer["errors"][0]["extensions"]["code"], "QUERY_TOO_LARGE", "{answer}");
    assert!(service.ask("{ __typename }").await.get("errors").is_none());
}

#[tokio::test]
async fn what_is_no_graphql_is_told_by_place_and_not_repeated() {
    let service = Running::api(&sqlite()).await;
    let answer = service.ask("{ viewer { s3cr3t( } }").await;
    assert_eq!(answer["errors"][0]["extensions"]["code"], "SYNTAX_ERROR", "{answer}");
    assert_eq!(answer["errors"][0]["locations"][0]["line"], 1, "{answer}");
    assert!(!answer.to_string().contains("s3cr3t"), "{answer}");
}
