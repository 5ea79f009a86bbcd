//! So many connections and operations at once, and no more: the rest waits or is turned away, and nobody is forgotten.

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

fn ask(connection: &mut BufReader<TcpStream>) {
    let request = head(&format!("Content-Length: {}\r\n", QUERY.len())) + QUERY;
    connection.get_mut().write_all(request.as_bytes()).expect("send");
}

/// Reads one answer, which must be good.
fn read_answer(connection: &mut BufReader<TcpStream>) {
    let (mut line, mut length) = (String::new(), 0);
    connection.read_line(&mut line).expect("a status");
    assert_eq!(status(&line), "200");
    loop {
        line.clear();
        connection.read_line(&mut line).expect("a header");
        if let Some(told) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = told.trim().parse().expect("a length");
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
        ask(&mut first);
        read_answer(&mut first);
        let mut second = connect(address);
        ask(&mut second);
        // Long enough for the second to be answered, if anybody listened to it.
        for _ in 0..20 {
            ask(&mut first);
            read_answer(&mut first);
        }
        second.get_ref().set_nonblocking(true).expect("set");
        let heard = second.get_ref().peek(&mut [0]).expect_err("nothing was said");
        assert_eq!(heard.kind(), ErrorKind::WouldBlock);
        second.get_ref().set_nonblocking(false).expect("set");
        drop(first);
        read_answer(&mut second);
    });
    tried.await.expect("the second is answered once the first has gone");
}

#[tokio::test]
async fn connections_that_say_nothing_are_closed_and_their_places_given_to_others() {
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
        ask(&mut served);
        read_answer(&mut served);
        // And one that was served and then falls silent.
        idle.push(served);
        for mut connection in idle {
            let mut rest = Vec::new();
            connection.read_to_end(&mut rest).expect("the service closes it");
        }
    });
    closed.await.expect("each is closed");
}

#[tokio::test]
async fn an_operation_beyond_the_limit_is_told_to_come_again() {
    let database = postgres().await;
    write(&database.store().await, &reports(1, 1, 3, 2)).await;
    let service = api(&database, |config| config.http.max_requests = 1).await;
    let url = service.url("/graphql");
    let held = LockedTable::lock(&database, "rule_hit").await;
    let under_way = tokio::spawn(async move {
        let asked = reqwest::Client::new().post(url).json(&json!({ "query": HITS }));
        asked.send().await.expect("an answer").json::<Value>().await.expect("JSON")
    });
    held.until_waiters(1).await;

    let turned_away = reqwest::Client::new().post(service.url("/graphql")).json(&json!({ "query": "{ __typename }" }));
    let turned_away = turned_away.send().await.expect("an answer");
    assert_eq!(turned_away.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(turned_away.headers()[RETRY_AFTER], "1");
    let told: Value = turned_away.json().await.expect("JSON");
    assert_eq!(told["errors"][0]["extensions"]["code"], "UNAVAILABLE", "{told}");
    assert!(told["errors"][0]["message"].as_str().is_some_and(|text| text.contains("http.max_requests")), "{told}");
    // Whoever looks after the process is answered all the same.
    assert_eq!(get(&service, "/healthz").await.0, StatusCode::OK);

    held.unlock().await;
    assert_eq!(under_way.await.expect("an answer").get("errors"), None);
    service.data("{ __typename }").await;
}

#[tokio::test]
async fn a_body_that_trickles_in_takes_nobody_s_turn() {
    let service = api(&sqlite(), |config| config.http.max_requests = 1).await;
    let mut slow = TcpStream::connect(service.address).expect("connect");
    slow.write_all((head("Content-Length: 100\r\n") + "{\"query\":").as_bytes()).expect("send");
    for _ in 0..3 {
        service.data("{ __typename }").await;
    }
}

#[tokio::test]
async fn a_client_that_does_not_read_its_answers_is_cut_off() {
    let service = api(&sqlite(), |config| {
        config.http.write_timeout = Duration::from_millis(200);
        config.http.max_connections = 1;
    })
    .await;
    let address = service.address;
    let sent = tokio::task::spawn_blocking(move || {
        let mut connection = connect(address);
        connection.get_mut().set_write_timeout(Some(Duration::from_secs(20))).expect("a timeout");
        // What it asks for is more than the system's buffers hold, and it takes nothing of it.
        let asked = "GET /graphiql HTTP/1.1\r\nHost: localhost\r\n\r\nGET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n";
        let error = loop {
            if let Err(error) = connection.get_mut().write_all(asked.as_bytes()) {
                break error;
            }
        };
        (error.kind(), connection)
    });
    // The service leaves off reading while it cannot write, so the client's own sending comes to a stop, until it fails.
    let (end, _connection) = sent.await.expect("sent");
    assert!(matches!(end, ErrorKind::ConnectionReset | ErrorKind::BrokenPipe), "the connection is closed: {end}");
    // And its place is another's.
    service.data("{ __typename }").await;
}
