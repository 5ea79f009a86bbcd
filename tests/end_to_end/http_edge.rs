//! The HTTP API as a client on the network sees it: which requests reach the graph, and how others are refused.

mod audits;
mod capacity;
mod deadlines;
mod fair_reads;
mod health_address;
mod logs_and_metrics;
mod negotiation;
mod odd_clients;
mod origins;
mod request_checks;
mod requests;
mod slow_clients;

use std::{
    io::{Read as _, Write as _},
    net::{Shutdown, SocketAddr, TcpStream},
    time::Duration,
};

use insights_results_aggregator::{config::Config, service::Role};
use reqwest::{StatusCode, header::CONTENT_TYPE};
use serde_json::{Value, json};

use crate::harness::{Database, Running, default_config, postgres, sqlite};

/// Starts the API over a database, with a changed configuration.
async fn api(database: &Database, change: impl FnOnce(&mut Config)) -> Running {
    let mut config = default_config();
    config.database = database.settings.clone();
    change(&mut config);
    Running::start(config, Role::Api).await.ready().await
}

/// Posts a body with or without a `Content-Type`.
async fn post(service: &Running, content_type: Option<&str>, body: impl Into<String>) -> (StatusCode, String) {
    let mut request = reqwest::Client::new().post(service.url("/graphql")).body(body.into());
    if let Some(content_type) = content_type {
        request = request.header(CONTENT_TYPE, content_type);
    }
    let answer = request.send().await.expect("an answer");
    (answer.status(), answer.text().await.expect("text"))
}

/// Gets a path. Returns the status and the body.
async fn get(service: &Running, path: &str) -> (StatusCode, String) {
    let answer = reqwest::get(service.url(path)).await.expect("an answer");
    (answer.status(), answer.text().await.expect("text"))
}

/// Sends raw bytes, and returns what is received until the service closes the connection. The service runs on the
/// test's thread, so this blocks another one.
async fn send(address: SocketAddr, bytes: impl Into<Vec<u8>>) -> String {
    let bytes = bytes.into();
    let sent = tokio::task::spawn_blocking(move || {
        let mut connection = TcpStream::connect(address).expect("connect");
        connection.set_read_timeout(Some(Duration::from_mins(1))).expect("a timeout");
        connection.write_all(&bytes).expect("send");
        let mut answer = Vec::new();
        connection.read_to_end(&mut answer).expect("an answer, and the end of the connection");
        // It may be closed already.
        let _ = connection.shutdown(Shutdown::Both);
        String::from_utf8(answer).expect("text")
    });
    sent.await.expect("sent")
}

/// The head of a request to the graph, with further headers such as the length of the body.
fn head(headers: &str) -> String {
    format!("POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n{headers}\r\n")
}

/// A connection on which a part of a head was sent.
fn incomplete_head(address: SocketAddr) -> TcpStream {
    let mut connection = TcpStream::connect(address).expect("connect");
    connection.write_all(b"POST /graphql HTTP/1.1\r\nHost: localhost\r\nX-Slow").expect("send");
    connection
}

/// The status of a response that was read as text.
fn status(answer: &str) -> &str {
    answer.split(' ').nth(1).unwrap_or(answer)
}
