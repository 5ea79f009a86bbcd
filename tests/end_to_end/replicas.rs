//! `database.read_url`: each role is ready by the databases that it uses.

use std::path::Path;

use insights_results_aggregator::{config::Config, service::Role};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::{
    harness::{Database, Proxy, Running, Topic, postgres, until},
    messages::{Message, cluster},
};

const QUERY: &str = "{ organizations { totalCount } }";

async fn readyz(running: &Running) -> (StatusCode, Value) {
    let answer = reqwest::get(running.url("/readyz")).await.expect("an answer");
    (answer.status(), answer.json().await.expect("JSON"))
}

/// Waits until exactly these parts are missing.
async fn until_missing(parts: &[&str], running: &Running) {
    until(&format!("{parts:?} are missing"), async || {
        let (status, body) = readyz(running).await;
        let missing: Vec<_> = body["missing"].as_object()?.keys().cloned().collect();
        (missing == parts && (status == StatusCode::OK) == parts.is_empty()).then_some(())
    })
    .await;
}

/// A service with content whose primary and replica are the same database, each behind a proxy.
fn config(database: &Database, topic: &Topic, primary: &Proxy, replica: &Proxy) -> Config {
    let mut config = Running::config(database, topic);
    config.database = database.settings_through(primary);
    config.database.read_url = Some(database.settings_through(replica).url);
    config.content.path = Some(Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/content"));
    config
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_primary_the_api_reads_the_replica_and_without_the_replica_messages_are_ingested() {
    let (database, topic) = (postgres().await, Topic::create(1).await);
    let (primary, replica) = (Proxy::open(database.server()), Proxy::open(database.server()));
    let config = config(&database, &topic, &primary, &replica);
    let start = |role| Running::start(config.clone(), role);
    let sent = topic.send(&Message::new(1, &cluster(1), "2024-05-02T08:00:00Z").json()).await;
    let (api, both) = (start(Role::Api).await.ready().await, start(Role::All).await.ready().await);
    topic.until_committed(0, sent + 1).await;

    let primary = primary.close().await;
    // `both` is one check behind at most, as the API is.
    until_missing(&["database"], &both).await;
    let started = start(Role::Api).await;
    for api in [&api, &started] {
        until_missing(&[], api).await;
        assert_eq!(api.data(QUERY).await, json!({ "organizations": { "totalCount": 1 } }));
    }
    until_missing(&["database"], &both).await;
    until_missing(&[], &api).await;
    assert_eq!(both.data(QUERY).await, json!({ "organizations": { "totalCount": 1 } }));

    let (_primary, replica) = (primary.reopen(), replica.close().await);
    until_missing(&["replica"], &both).await;
    until_missing(&["replica"], &api).await;
    let ingester = start(Role::Ingest).await;
    let sent = topic.send(&Message::new(2, &cluster(2), "2024-05-02T08:00:00Z").json()).await;
    until_missing(&[], &ingester).await;
    topic.until_committed(0, sent + 1).await;

    let _replica = replica.reopen();
    until_missing(&[], &both).await;
    until_missing(&[], &api).await;
    for running in [api, started, both, ingester] {
        running.stop().await.expect("a clean end");
    }
}
