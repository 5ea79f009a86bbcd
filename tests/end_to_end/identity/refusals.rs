//! Requests without a usable identity: one answer for all reasons, before the body is read.

use std::{
    io::{Read as _, Write as _},
    net::{IpAddr, TcpStream},
    time::{Duration, Instant},
};

use reqwest::header::CONTENT_TYPE;

use super::*;
use crate::harness::{Process, serve_api, set_config, until};

const MEDIA_TYPES: [&str; 2] = ["application/json", "application/graphql-response+json"];
/// The log line of a refusal.
const REFUSED: &str = "a request without a usable identity was refused";

/// The values of unusable identity headers.
fn unusable() -> Vec<Vec<Vec<u8>>> {
    let valid = || user_of(1, "1234").into_bytes();
    let identities = [
        json!({}),
        json!({ "org_id": "1", "internal": { "org_id": "2" } }),
        json!({ "org_id": "0" }),
        json!({ "org_id": "01" }),
        json!({ "org_id": "4294967296" }),
        json!({ "internal": { "org_id": "0" } }),
        json!({ "org_id": 1 }),
    ];
    let mut all = vec![
        vec![],
        vec![valid(), valid()],
        vec![[valid(), b",".to_vec(), valid()].concat()],
        vec![header(&json!({ "org_id": "1", "padding": "a".repeat(8 * 1024) })).into_bytes()],
        vec![b"s3cr3t".to_vec()],
        vec![b"\xff\xfe".to_vec()],
        vec![vec![]],
        vec![STANDARD.encode("s3cr3t").into_bytes()],
    ];
    all.extend(identities.iter().map(|identity| vec![header(identity).into_bytes()]));
    all
}

fn values(headers: &[Vec<u8>]) -> impl Iterator<Item = &[u8]> {
    headers.iter().map(Vec::as_slice)
}

#[tokio::test]
async fn every_unusable_identity_has_the_same_answer_in_either_media_type() {
    let service = api(&sqlite(), |_| {}).await;
    let mut bodies = Vec::new();
    for headers in unusable() {
        for media_type in MEDIA_TYPES {
            let answer = post(&service, media_type, values(&headers)).await;
            assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "{headers:?}");
            let returned = answer.headers()[CONTENT_TYPE].to_str().expect("text");
            assert_eq!(returned, format!("{media_type}; charset=utf-8"), "{headers:?}");
            bodies.push(answer.text().await.expect("text"));
        }
        let get = reqwest::Client::new().get(service.url("/graphql?query=%7B__typename%7D"));
        let get = values(&headers).fold(get, |get, value| get.header(IDENTITY, value));
        let answer = get.header("x-requested-with", "1").send().await.expect("an answer");
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "{headers:?} by GET");
        bodies.push(answer.text().await.expect("text"));
    }
    let body: Value = serde_json::from_str(&bodies[0]).expect("JSON");
    assert_eq!(body["errors"][0]["extensions"]["code"], "UNAUTHENTICATED", "{body}");
    assert_eq!(body.get("data"), None, "{body}");
    assert!(bodies.iter().all(|other| *other == bodies[0]), "{bodies:#?}");
    let valid = user_of(1, "1234");
    for media_type in MEDIA_TYPES {
        assert_eq!(post(&service, media_type, [valid.as_bytes()]).await.status(), StatusCode::OK, "{media_type}");
    }
}

#[tokio::test]
async fn a_request_is_refused_before_its_body_arrives() {
    let service = api(&sqlite(), |_| {}).await;
    let address = service.address;
    let read = tokio::task::spawn_blocking(move || {
        let mut connection = TcpStream::connect(address).expect("connect");
        connection.set_read_timeout(Some(Duration::from_mins(1))).expect("a timeout");
        let head =
            "POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\nContent-Length: 9999999\r\n\r\n";
        connection.write_all(head.as_bytes()).expect("send");
        let mut answer = [0; 12];
        connection.read_exact(&mut answer).expect("an answer although no byte of the body was sent");
        String::from_utf8_lossy(&answer).into_owned()
    });
    assert_eq!(read.await.expect("read"), "HTTP/1.1 401");
}

#[tokio::test]
async fn the_header_is_accepted_from_trusted_proxies_only() {
    let service = api(&sqlite(), |config| {
        config.auth.trusted_proxies = ["127.0.0.2", "127.0.1.0/24"].map(|network| network.parse().expect("one")).into();
    })
    .await;
    let header = user_of(1, "1234");
    for (peer, status) in [
        ([127, 0, 0, 2], StatusCode::OK),
        ([127, 0, 1, 77], StatusCode::OK),
        ([127, 0, 0, 1], StatusCode::UNAUTHORIZED),
        ([127, 0, 2, 1], StatusCode::UNAUTHORIZED),
    ] {
        let client = reqwest::Client::builder().local_address(IpAddr::from(peer)).build().expect("a client");
        let request = client.post(service.url("/graphql")).header(IDENTITY, &header);
        // No header changes the address of the peer.
        let request = request.header("x-forwarded-for", "127.0.0.2").header("forwarded", "for=127.0.0.2");
        let request = request.header("x-real-ip", "127.0.0.2").json(&json!({ "query": "{ __typename }" }));
        let answer = request.send().await.expect("an answer");
        assert_eq!(answer.status(), status, "{peer:?}");
        if status == StatusCode::UNAUTHORIZED {
            let absent = post(&service, "*/*", []).await.text().await.expect("text");
            assert_eq!(answer.text().await.expect("text"), absent, "as if the header were absent");
        }
    }
}

#[tokio::test]
async fn the_log_has_the_rule_at_most_once_per_second_and_no_part_of_the_header() {
    let database = sqlite();
    let mut command = serve_api(&database);
    set_config(&mut command, "AUTH__MODE", "identity-header");
    set_config(&mut command, "LOG__LEVEL", "trace");
    let process = Process::spawn(command);
    let url = format!("http://{}/graphql", process.address().await);
    let client = reqwest::Client::new();
    let started = Instant::now();
    let send = async |value: &str| {
        let request = client.post(&url).header(IDENTITY, value).json(&json!({ "query": "{ __typename }" }));
        request.send().await.expect("an answer").status()
    };
    let named = json!({ "org_id": "0", "user": { "user_id": "s3cr3t-id", "username": "s3cr3t-name" } });
    for (value, rule) in [
        ("s3cr3t!".to_owned(), "the header is not standard base64"),
        (STANDARD.encode("s3cr3t"), "the decoded header is not JSON"),
        (header(&named), "the organization is not a number from 1 to 4294967295"),
    ] {
        until("the rule is logged", async || {
            assert_eq!(send(&value).await, StatusCode::UNAUTHORIZED);
            let is_logged = |line: &str| line.contains(REFUSED) && line.contains(rule);
            process.output().lines().any(is_logged).then_some(())
        })
        .await;
        assert!(!process.output().contains(&value), "the header as it was sent");
    }
    assert_eq!(send(&header(&json!({ "org_id": "1", "user": { "user_id": "s3cr3t" } }))).await, StatusCode::OK);
    let output = process.output();
    let lines = output.lines().filter(|line| line.contains(REFUSED)).count() as u64;
    assert!(lines <= started.elapsed().as_secs() + 1, "{lines} lines in {:?}", started.elapsed());
    assert!(!output.contains("s3cr3t"), "{output}");
}
