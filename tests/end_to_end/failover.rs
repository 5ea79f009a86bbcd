//! A failover behind one name: the old primary becomes read-only, then the name leads to the new primary.

use std::time::{Duration, Instant};

use insights_results_aggregator::service::Role;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::{
    harness::{LockedTable, Proxy, Running, Server, Topic, postgres, tables, until},
    messages::{Message, cluster},
};

/// Longest time from the switch of the name to the first write.
const SWITCH_LIMIT: Duration = Duration::from_secs(10);

async fn readyz(running: &Running) -> (StatusCode, Value) {
    let answer = reqwest::get(running.url("/readyz")).await.expect("an answer");
    (answer.status(), answer.json().await.expect("JSON"))
}

async fn until_missing(part: &str, text: &str, running: &Running) {
    until(&format!("{part} is missing: {text}"), async || {
        let (status, body) = readyz(running).await;
        let contains = body["missing"][part].as_str()?.contains(text);
        (contains && status == StatusCode::SERVICE_UNAVAILABLE).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_failover_batches_are_written_to_the_new_primary() {
    let (old, server, topic) = (postgres().await, Server::start().await, Topic::create(2).await);
    let new = server.twin(&old).await;
    new.store().await.close().await;
    let proxy = Proxy::open(old.server());
    let mut config = Running::config(&old, &topic);
    config.database = old.settings_through(&proxy);
    let running = Running::start(config, Role::Ingest).await.ready().await;

    old.demote().await;
    for partition in 0..2 {
        for number in 0..3_u16 {
            let uuid = cluster(10 * number + u16::try_from(partition).expect("a small number"));
            topic.send_to(partition, Some(&Message::new(1, &uuid, "2024-05-02T08:00:00Z").json())).await;
        }
    }
    until_missing("database", "does not accept writes", &running).await;

    let switched = Instant::now();
    proxy.switch(new.server());
    topic.until_all_committed().await;
    assert!(switched.elapsed() < SWITCH_LIMIT, "written {:?} after the switch", switched.elapsed());
    let running = running.ready().await;
    let stored = tables(&new.connect().await).await;
    assert_eq!((stored.clusters.len(), stored.consumer_errors.len()), (6, 0));
    running.stop().await.expect("a clean end");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_api_that_only_reads_is_ready_on_a_server_that_does_not_accept_writes() {
    let database = postgres().await;
    database.store().await.close().await;
    database.demote().await;
    let running = Running::api(&database).await.ready().await;
    assert_eq!(running.data("{ organizations { totalCount } }").await["organizations"]["totalCount"], json!(0));
    running.stop().await.expect("a clean end");
}

#[tokio::test(flavor = "multi_thread")]
async fn reads_recover_from_connections_that_the_network_forgot() {
    let database = postgres().await;
    database.store().await.close().await;
    let proxy = Proxy::open(database.server());
    let mut config = crate::harness::default_config();
    config.database = database.settings_through(&proxy);
    config.database.max_connections = 4;
    let running = Running::start(config, Role::Api).await.ready().await;
    let query = "{ organizations { totalCount } }";
    let all = || futures_util::future::join_all((0..4).map(|_| running.query(query)));
    // Opens every connection of the pool.
    let locked = LockedTable::lock(&database, "organization").await;
    let (answers, ()) = tokio::join!(all(), async {
        locked.until_waiters(2).await;
        locked.unlock().await;
    });
    assert!(answers.iter().all(|answer| answer["errors"].is_null()), "{answers:?}");

    proxy.freeze();
    until("queries are answered", async || all().await.iter().all(|answer| answer["errors"].is_null()).then_some(()))
        .await;
    running.stop().await.expect("a clean end");
}
