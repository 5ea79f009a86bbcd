//! Limits on connections and operations: further connections wait, further operations are refused.

use std::io::{BufRead as _, BufReader, ErrorKind};

use reqwest::header::RETRY_AFTER;

use super::*;
use crate::{
    harness::LockedTable,
    reports::{reports, write},
};

const QUERY: &str = r#"{"query":"{ __typename }"}"#;
const HITS: &str = "{ organizations { nodes { clusters { nodes { report { ruleHits { totalCount } } } } } } }";

fn connect(address: SocketAddr) -> BufReader<TcpStream> {
    let connection = TcpStream::connect(address).expect("connect");
    connection.set_read_timeout(Some(Duration::from_mins(1))).expect("a timeout");
    BufReader::new(connection)
}

fn send_query(connection: &mut BufReader<TcpStream>) {
    let request = head(&format!("Content-Length: {}\r\n", QUERY.len())) + QUERY;
    connection.get_mut().write_all(request.as_bytes()).expect("send");
}

/// Reads one response, whose status must be 200.
fn read_answer(connection: &mut BufReader<TcpStream>) {
    let (mut line, mut length) = (String::new(), 0);
    connection.read_line(&mut line).expect("a status");
    assert_eq!(status(&line), "200");
    loop {
        line.clear();
        connection.read_line(&mut line).expect("a header");
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().expect("a length");
        }
        if line == "\r\n" {
            break;
        }
    }
    let mut body = vec![0; length];
    connection.read_exact(&mut body).expect("a body");
}

#[tokio::test]
async fn a_connection_beyond_the_limit_waits_for_one_to_end() {
    let service = api(&sqlite(), |config| config.http.max_connections = 1).await;
    let address = service.address;
    let tried = tokio::task::spawn_blocking(move || {
        let mut first = connect(address);
        send_query(&mut first);
        read_answer(&mut first);
        let mut second = connect(address);
        send_query(&mut second);
        // Long enough for the second to be answered, if it were accepted.
        for _ in 0..20 {
            send_query(&mut first);
            read_answer(&mut first);
        }
        second.get_ref().set_nonblocking(true).expect("set");
        let error = second.get_ref().peek(&mut [0]).expect_err("there is no response");
        assert_eq!(error.kind(), ErrorKind::WouldBlock);
        second.get_ref().set_nonblocking(false).expect("set");
        drop(first);
        read_answer(&mut second);
    });
    tried.await.expect("the second is answered once the first is closed");
}

#[tokio::test]
async fn idle_connections_are_closed_and_others_accepted_instead() {
    let timeout = Duration::from_millis(200);
    let service = api(&sqlite(), |config| {
        config.http.header_timeout = timeout;
        config.http.max_connections = 20;
    })
    .await;
    let address = service.address;
    let closed = tokio::task::spawn_blocking(move || {
        let mut idle: Vec<_> = (0..100).map(|_| connect(address)).collect();
        for half in idle.iter_mut().step_by(2) {
            half.get_mut().write_all(b"POST /graphql HTTP/1.1\r\nHost: localhost\r\nX-Slow").expect("send");
        }
        let mut served = connect(address);
        send_query(&mut served);
        read_answer(&mut served);
        // A connection that is idle after a request.
        idle.push(served);
        for mut connection in idle {
            // A connection is reset if it is closed before the service has read what was sent.
            if let Err(error) = connection.read_to_end(&mut Vec::new()) {
                assert_eq!(error.kind(), ErrorKind::ConnectionReset, "the service closes it");
            }
        }
    });
    closed.await.expect("each is closed");
}

#[tokio::test]
async fn an_operation_beyond_the_limit_is_refused_with_retry_after() {
    let database = postgres().await;
    write(&database.store().await, &reports(1, 1, 3, 2)).await;
    let service = api(&database, |config| config.http.max_requests = 1).await;
    let url = service.url("/graphql");
    let held = LockedTable::lock(&database, "rule_hit").await;
    let in_progress = tokio::spawn(async move {
        let request = reqwest::Client::new().post(url).json(&json!({ "query": HITS }));
        request.send().await.expect("an answer").json::<Value>().await.expect("JSON")
    });
    held.until_waiters(1).await;

    let request = reqwest::Client::new().post(service.url("/graphql")).json(&json!({ "query": "{ __typename }" }));
    let refused = request.send().await.expect("an answer");
    assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(refused.headers()[RETRY_AFTER], "1");
    let body: Value = refused.json().await.expect("JSON");
    assert_eq!(body["errors"][0]["extensions"]["code"], "UNAVAILABLE", "{body}");
    assert!(body["errors"][0]["message"].as_str().is_some_and(|text| text.contains("http.max_requests")), "{body}");
    // Health checks need no permit.
    assert_eq!(get(&service, "/healthz").await.0, StatusCode::OK);

    held.unlock().await;
    assert_eq!(in_progress.await.expect("an answer").get("errors"), None);
    service.data("{ __typename }").await;
}

#[tokio::test]
async fn a_body_that_arrives_slowly_takes_no_permit() {
    let service = api(&sqlite(), |config| config.http.max_requests = 1).await;
    let mut slow = TcpStream::connect(service.address).expect("connect");
    slow.write_all((head("Content-Length: 100\r\n") + "{\"query\":").as_bytes()).expect("send");
    for _ in 0..3 {
        service.data("{ __typename }").await;
    }
}

#[tokio::test]
async fn a_client_that_does_not_read_its_responses_is_disconnected() {
    let service = api(&sqlite(), |config| {
        config.http.write_timeout = Duration::from_millis(200);
        config.http.max_connections = 1;
    })
    .await;
    let address = service.address;
    let sent = tokio::task::spawn_blocking(move || {
        let mut connection = connect(address);
        connection.get_mut().set_write_timeout(Some(Duration::from_secs(20))).expect("a timeout");
        // The responses exceed the system's buffers, and the client reads none of them.
        let requests =
            "GET /graphiql HTTP/1.1\r\nHost: localhost\r\n\r\nGET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n";
        let error = loop {
            if let Err(error) = connection.get_mut().write_all(requests.as_bytes()) {
                break error;
            }
        };
        (error.kind(), connection)
    });
    // The service stops reading while it cannot write, so the client's writes block until the connection is closed.
    let (end, _connection) = sent.await.expect("sent");
    assert!(matches!(end, ErrorKind::ConnectionReset | ErrorKind::BrokenPipe), "the connection is closed: {end}");
    // Another connection is accepted instead.
    service.data("{ __typename }").await;
}
