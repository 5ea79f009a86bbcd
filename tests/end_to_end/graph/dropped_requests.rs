//! A request that is dropped in the middle of a load disturbs no other.

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
async fn those_who_go_away_leave_room_for_those_who_stay() {
    for database in each_database().await {
        let graph = Graph::with_reports(&database, &reports(1, 1, 10, 3)).await;
        let expected = graph.query(QUERY).await;
        assert_eq!(expected.get("errors"), None, "{}", database.name);
        let mut stays = pin!(graph.query(QUERY));
        assert!(poll!(&mut stays).is_pending(), "{}", database.name);
        // Twice as many as there are connections.
        for _ in 0..2 * default_config().database.max_connections {
            let mut goes = pin!(graph.query(QUERY));
            assert!(poll!(&mut goes).is_pending(), "{}", database.name);
        }
        assert_eq!(stays.await, expected, "{}", database.name);
        assert_eq!(graph.query(QUERY).await, expected, "{}", database.name);
    }
}

#[tokio::test]
async fn a_request_that_is_dropped_while_the_database_works_disturbs_no_other() {
    let database = postgres().await;
    let graph = Graph::with_reports(&database, &reports(1, 1, 10, 3)).await;
    let expected = graph.query(QUERY).await;
    let held = LockedTable::lock(&database, "rule_hit").await;
    let [goes, stays] = [(); 2].map(|()| {
        let graph = graph.clone();
        tokio::spawn(async move { graph.query(QUERY).await })
    });
    held.until_waiters(2).await;
    goes.abort();
    assert!(goes.await.expect_err("it was dropped").is_cancelled());
    held.unlock().await;
    assert_eq!(stays.await.expect("an answer"), expected);
    assert_eq!(graph.query(QUERY).await, expected);
}
