//! Clients that send a part of a request, or receive a response slowly: they keep no connection, permit or memory that
//! another client needs.

use std::io::ErrorKind;

use super::*;
use crate::{
    harness::until,
    reports::{report, write},
};

const DETAILS: &str =
    "{ organizations { nodes { clusters { nodes { report { ruleHits { nodes { details } } } } } } } }";
/// More than the buffers of the system hold for a connection whose client does not receive.
const ANSWER_BYTES: usize = 32 * 1024 * 1024;

/// The API over a report whose details are [`ANSWER_BYTES`] long.
async fn api_with_a_large_answer(database: &Database, change: impl FnOnce(&mut Config)) -> Running {
    let details = format!("\"{}\"", "a".repeat(ANSWER_BYTES / 8));
    let selectors: Vec<_> = (0..8).map(|number| format!("rule_{number}|KEY")).collect();
    let hits: Vec<_> = selectors.iter().map(|selector| (selector.as_str(), details.as_str())).collect();
    write(&database.store().await, &[report(1, 1, &hits)]).await;
    api(database, |config| {
        config.limits.response_bytes = 2 * ANSWER_BYTES;
        change(config);
    })
    .await
}

/// A client that requested the large answer and received its head. It must not block the thread, which is the
/// service's.
async fn slow_client(address: SocketAddr) -> TcpStream {
    let mut connection = TcpStream::connect(address).expect("connect");
    let query = json!({ "query": DETAILS }).to_string();
    connection.write_all((head(&format!("Content-Length: {}\r\n", query.len())) + &query).as_bytes()).expect("send");
    connection.set_nonblocking(true).expect("set");
    let mut received = String::new();
    let length = until("the answer begins", async || {
        let mut bytes = [0; 1_024];
        let count = connection.read(&mut bytes).ok()?;
        received.push_str(&String::from_utf8_lossy(&bytes[..count]));
        let (head, _) = received.split_once("\r\n\r\n")?;
        head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse::<usize>().ok())
    })
    .await;
    assert!(length > ANSWER_BYTES, "the answer is not the large one: {received}");
    connection
}

/// Receives up to `bytes`. Returns why the connection ended, if it did.
fn receive(connection: &mut TcpStream, bytes: usize) -> Option<ErrorKind> {
    match connection.read(&mut vec![0; bytes]) {
        Ok(0) => Some(ErrorKind::UnexpectedEof),
        Ok(_) => None,
        Err(error) if error.kind() == ErrorKind::WouldBlock => None,
        Err(error) => Some(error.kind()),
    }
}

/// Waits until a client is disconnected that receives the rest of its answer. Returns how much it received.
async fn until_disconnected(mut connection: TcpStream) -> usize {
    let mut received = 0;
    until("the client is disconnected", async || {
        loop {
            match connection.read(&mut vec![0; 65_536]) {
                Ok(0) => return Some(()),
                Ok(bytes) => received += bytes,
                Err(error) => return (error.kind() != ErrorKind::WouldBlock).then_some(()),
            }
        }
    })
    .await;
    received
}

#[tokio::test]
async fn incomplete_requests_do_not_keep_connections_that_others_need() {
    let service = api(&sqlite(), |config| {
        config.http.max_connections = 20;
        config.http.header_timeout = Duration::from_mins(5);
        config.http.request_timeout = Duration::from_mins(5);
    })
    .await;
    let incomplete_body = || {
        let mut connection = TcpStream::connect(service.address).expect("connect");
        connection.write_all((head("Content-Length: 100\r\n") + "{").as_bytes()).expect("send");
        connection
    };
    for incomplete in [&(|| incomplete_head(service.address)) as &dyn Fn() -> TcpStream, &incomplete_body] {
        let incomplete: Vec<_> = (0..60).map(|_| incomplete()).collect();
        let client = reqwest::Client::builder().timeout(Duration::from_mins(1)).build().expect("a client");
        let answer = client.get(service.url("/healthz")).send().await.expect("an answer");
        assert_eq!(answer.status(), StatusCode::OK);
        drop(incomplete);
    }
}

#[tokio::test]
async fn a_response_is_sent_within_the_time_limit_however_often_its_client_receives_a_part() {
    let database = sqlite();
    let service = api_with_a_large_answer(&database, |config| {
        config.http.write_timeout = Duration::from_secs(1);
    })
    .await;
    let mut slow = slow_client(service.address).await;
    // 64 KiB every 25 ms: without a time limit, this takes 12 s.
    let mut received = 0;
    until("the client is disconnected", async || {
        received += 65_536;
        receive(&mut slow, 65_536)
    })
    .await;
    assert!(received < ANSWER_BYTES, "the client received the whole answer");
    let (_, metrics) = get(&service, "/metrics").await;
    assert!(metrics.contains(r#"http_disconnects_total{reason="write_timeout"}"#), "{metrics}");
}

#[tokio::test]
async fn an_operation_is_in_progress_until_its_answer_is_sent_but_no_slow_client_keeps_others_waiting() {
    let database = sqlite();
    let service = api_with_a_large_answer(&database, |config| config.http.max_requests = 1).await;
    let slow = slow_client(service.address).await;
    until("another operation replaces the slow one", async || {
        let answer = service.query("{ __typename }").await;
        answer.get("data").is_some().then_some(())
    })
    .await;
    assert!(until_disconnected(slow).await < ANSWER_BYTES, "the slow client kept its connection");
}

#[tokio::test]
async fn the_bytes_of_all_answers_are_limited_but_no_slow_client_keeps_others_waiting() {
    let database = sqlite();
    let service = api_with_a_large_answer(&database, |config| config.http.max_answer_bytes = 1024 * 1024).await;
    let slow = slow_client(service.address).await;
    // Small answers do not count.
    service.data("{ __typename }").await;
    until("another large answer replaces the slow one", async || {
        let text = service.response_text(DETAILS, json!({})).await;
        (text.len() > ANSWER_BYTES).then_some(())
    })
    .await;
    assert!(until_disconnected(slow).await < ANSWER_BYTES, "the slow client kept its connection");
}
