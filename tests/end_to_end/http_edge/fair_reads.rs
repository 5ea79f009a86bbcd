//! One client's reads do not take all connections to the database.

use futures_util::future::join_all;
use tokio::task::JoinHandle;

use super::*;
use crate::{
    harness::{LockedTable, until},
    reports::{reports, write},
};

/// A query that waits while `rule_hit` is locked. Its cost does not make it wait for a turn to be executed.
const EXPENSIVE: &str =
    "{ organizations(first: 5) { nodes { clusters(first: 5) { nodes { report { ruleHits { totalCount } } } } } } }";
/// A query that does not.
const CHEAP: &str = "{ organizations { nodes { clusters { nodes { uuid } } } } }";
/// More than there are connections.
const REQUESTS: usize = 32;

/// A client at one of the machine's own addresses.
fn client(last: u8) -> reqwest::Client {
    let address = std::net::IpAddr::from([127, 0, 0, last]);
    reqwest::Client::builder().local_address(address).build().expect("a client")
}

async fn query(client: reqwest::Client, url: String, query: &'static str) -> Value {
    let request = client.post(url).json(&json!({ "query": query }));
    request.send().await.expect("an answer").json().await.expect("JSON")
}

/// Opens the connections to the database, which takes long on a busy machine: reads that wait for them would fail.
async fn open_connections(service: &Running) {
    until("all connections are open", async || {
        let cheap = (0..REQUESTS).map(|_| query(client(2), service.url("/graphql"), CHEAP));
        join_all(cheap).await.iter().all(|answer| answer.get("errors").is_none()).then_some(())
    })
    .await;
}

fn send_expensive(service: &Running) -> Vec<JoinHandle<Value>> {
    let client = client(2);
    (0..REQUESTS).map(|_| tokio::spawn(query(client.clone(), service.url("/graphql"), EXPENSIVE))).collect()
}

#[tokio::test]
async fn another_client_is_answered_while_one_waits_for_expensive_reads() {
    let database = postgres().await;
    write(&database.store().await, &reports(1, 1, 3, 2)).await;
    let service = api(&database, |_| {}).await;
    open_connections(&service).await;
    let held = LockedTable::lock(&database, "rule_hit").await;
    let expensive = send_expensive(&service);
    // Three quarters of the ten connections, rounded down.
    held.until_waiters(7).await;
    for _ in 0..3 {
        let answer = query(client(3), service.url("/graphql"), CHEAP).await;
        assert_eq!(answer.get("errors"), None, "{answer}");
    }
    held.unlock().await;
    for answer in join_all(expensive).await {
        // Those that waited too long for their turn failed.
        assert!(answer.expect("an answer")["data"].is_object());
    }
}

#[tokio::test]
async fn requests_that_are_dropped_do_not_take_more_connections_than_others() {
    let database = postgres().await;
    write(&database.store().await, &reports(1, 1, 3, 2)).await;
    let service = api(&database, |_| {}).await;
    open_connections(&service).await;
    let held = LockedTable::lock(&database, "rule_hit").await;
    for _ in 0..3 {
        let expensive = send_expensive(&service);
        held.until_waiters(7).await;
        // The client disconnects. Its statements continue in the database.
        expensive.iter().for_each(JoinHandle::abort);
        join_all(expensive).await;
    }
    let answer = query(client(3), service.url("/graphql"), CHEAP).await;
    assert_eq!(answer.get("errors"), None, "{answer}");
    held.unlock().await;
}
