//! `http.health_address`: health and metrics on an address of their own.

use std::time::Instant;

use super::*;
use crate::{
    harness::{LockedTable, Process, serve_api, set_config, until},
    reports::{reports, write},
};

const HITS: &str = "{ organizations { nodes { clusters { nodes { report { ruleHits { totalCount } } } } } } }";
/// The time limit for the head of a request on the address of health.
const HEADER_TIMEOUT: Duration = Duration::from_secs(5);
const PATHS: [&str; 3] = ["/healthz", "/readyz", "/metrics"];

fn with_health_address(config: &mut Config) {
    config.http.health_address = Some("127.0.0.1:0".parse().expect("an address"));
}

fn get_request(path: &str, host: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")
}

/// Gets a path, and blocks the thread until the answer is received.
fn get_blocking(address: SocketAddr, path: &str) -> String {
    let mut connection = TcpStream::connect(address).expect("connect");
    connection.set_read_timeout(Some(Duration::from_mins(1))).expect("a timeout");
    connection.write_all(get_request(path, "localhost").as_bytes()).expect("send");
    let mut answer = String::new();
    connection.read_to_string(&mut answer).expect("an answer");
    answer
}

#[tokio::test]
async fn health_is_answered_while_all_connections_operations_and_threads_are_in_use() {
    let database = postgres().await;
    write(&database.store().await, &reports(1, 1, 3, 2)).await;
    let service = api(&database, |config| {
        with_health_address(config);
        config.http.max_connections = 1;
        config.http.max_requests = 1;
    })
    .await;
    let (url, health) = (service.url("/graphql"), service.health_address.expect("an address"));
    let table = LockedTable::lock(&database, "rule_hit").await;
    let in_progress = tokio::spawn(async move {
        let request = reqwest::Client::new().post(url).json(&json!({ "query": HITS }));
        request.send().await.expect("an answer").status()
    });
    table.until_waiters(1).await;
    for path in PATHS {
        // The service has one thread, which is that of this test.
        let answer = get_blocking(health, path);
        assert_eq!(status(&answer), "200", "{answer}");
    }
    table.unlock().await;
    assert_eq!(in_progress.await.expect("an answer"), StatusCode::OK);
}

#[tokio::test]
async fn health_is_served_on_its_own_address_only() {
    let service = api(&sqlite(), with_health_address).await;
    let health = service.health_address.expect("an address");
    for path in PATHS {
        assert_eq!(get(&service, path).await.0, StatusCode::NOT_FOUND, "{path}");
        assert_eq!(status(&send(health, get_request(path, "localhost")).await), "200", "{path}");
        assert_eq!(status(&send(health, get_request(path, "evil.example")).await), "421", "{path}");
    }
    assert_eq!(status(&send(health, get_request("/graphql", "localhost")).await), "404");
    service.data("{ __typename }").await;
}

#[tokio::test]
async fn incomplete_requests_do_not_hinder_health() {
    let service = api(&sqlite(), with_health_address).await;
    let health = service.health_address.expect("an address");
    let started = Instant::now();
    let incomplete: Vec<_> = (0..600).map(|_| incomplete_head(health)).collect();
    assert_eq!(status(&get_blocking(health, "/healthz")), "200");
    assert!(started.elapsed() < HEADER_TIMEOUT, "it waited until an incomplete request timed out");
    drop(incomplete);
}

#[tokio::test]
async fn health_may_be_served_beyond_loopback_without_authentication() {
    let database = sqlite();
    let mut command = serve_api(&database);
    set_config(&mut command, "HTTP__HEALTH_ADDRESS", "0.0.0.0:0");
    let process = Process::spawn(command);
    let health: SocketAddr = until("the process logs the address of health", async || {
        let output = process.output();
        output.split("health_address=").nth(1)?.split_whitespace().next()?.parse().ok()
    })
    .await;
    let address = SocketAddr::from(([127, 0, 0, 1], health.port()));
    // Probes use the address of the pod.
    assert_eq!(status(&send(address, get_request("/healthz", "10.0.0.7:8081")).await), "200");
}

#[tokio::test]
async fn health_is_served_until_the_process_ends() {
    let service = api(&sqlite(), |config| {
        with_health_address(config);
        config.http.lame_duck = Duration::from_mins(1);
    })
    .await;
    let health = service.health_address.expect("an address");
    let stopped = tokio::spawn(service.stop());
    until("readiness is false", async || {
        let answer = send(health, get_request("/readyz", "localhost")).await;
        (status(&answer) == "503").then(|| assert!(answer.contains("is stopping"), "{answer}"))
    })
    .await;
    assert!(!stopped.is_finished());
    stopped.abort();
}
