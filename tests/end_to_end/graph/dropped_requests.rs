//! A request that is dropped during a load does not affect other requests.

use std::pin::pin;

use futures_util::poll;

use super::*;
use crate::{
    harness::{LockedTable, each_database, postgres},
    reports::reports,
};

const QUERY: &str = "{ organizations(first: 1) { nodes { clusters(first: 100) { nodes { uuid
    report { ruleHits { nodes { selector } } } } } } } }";

#[tokio::test]
async fn dropped_requests_release_their_connections() {
    for database in each_database().await {
        let graph = Graph::with_reports(&database, &reports(1, 1, 10, 3)).await;
        let expected = graph.query(QUERY).await;
        assert_eq!(expected.get("errors"), None, "{}", database.name);
        let mut kept = pin!(graph.query(QUERY));
        assert!(poll!(&mut kept).is_pending(), "{}", database.name);
        // Twice as many as there are connections.
        for _ in 0..2 * default_config().database.max_connections {
            let mut dropped = pin!(graph.query(QUERY));
            assert!(poll!(&mut dropped).is_pending(), "{}", database.name);
        }
        assert_eq!(kept.await, expected, "{}", database.name);
        assert_eq!(graph.query(QUERY).await, expected, "{}", database.name);
        // Reads continue after their requests, and PostgreSQL removes a database only after its half-open connections
        // are closed: after a minute.
        graph.store.close().await;
    }
}

#[tokio::test]
async fn a_request_that_is_dropped_while_its_statement_runs_does_not_affect_another() {
    let database = postgres().await;
    let graph = Graph::with_reports(&database, &reports(1, 1, 10, 3)).await;
    let expected = graph.query(QUERY).await;
    let held = LockedTable::lock(&database, "rule_hit").await;
    let [dropped, kept] = [(); 2].map(|()| {
        let graph = graph.clone();
        tokio::spawn(async move { graph.query(QUERY).await })
    });
    held.until_waiters(2).await;
    dropped.abort();
    assert!(dropped.await.expect_err("it was dropped").is_cancelled());
    held.unlock().await;
    assert_eq!(kept.await.expect("an answer"), expected);
    assert_eq!(graph.query(QUERY).await, expected);
}
