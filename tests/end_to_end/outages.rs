//! An outage of the database during ingestion: ingestion waits, the API reports it, and both recover by themselves.

use reqwest::{Client, StatusCode};
use serde_json::{Value, json};

use crate::{
    harness::{Process, Proxy, Topic, postgres, serve, set_config, sqlite, tables, until},
    traffic::{Stored, send, tables_without_faults, traffic},
};

/// Queries the number of organizations.
pub(crate) async fn query_total(url: &str) -> Value {
    let body = json!({ "query": "{ organizations { totalCount } }" });
    let answer = Client::new().post(format!("{url}/graphql")).json(&body).send().await.expect("an answer");
    answer.json().await.expect("JSON")
}

pub(crate) async fn until_ready(url: &str) {
    until("the service is ready", async || {
        let answer = reqwest::get(format!("{url}/readyz")).await.expect("an answer");
        (answer.status() == StatusCode::OK).then_some(())
    })
    .await;
}

async fn until_the_database_is_missing(url: &str) {
    until("readiness reports the missing database", async || {
        let answer = reqwest::get(format!("{url}/readyz")).await.expect("an answer");
        let body: Value = answer.json().await.expect("JSON");
        body["missing"]["database"].as_str()?.contains("cannot be reached").then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn during_an_outage_of_the_database_no_message_is_lost_or_rejected() {
    let (database, topic) = (postgres().await, Topic::create(4).await);
    let connection = database.connect().await;
    let mut proxy = Proxy::open(database.server());
    let mut command = serve(&database, &topic);
    set_config(&mut command, "DATABASE__URL", database.settings_through(&proxy).url.expose());
    set_config(&mut command, "INGEST__BATCH_MESSAGES", "20");
    let process = Process::spawn(command);
    let url = format!("http://{}", process.address().await);
    until_ready(&url).await;

    let outgoing = traffic(&topic, 600, 2);
    let (before, during) = outgoing.split_at(outgoing.len() / 2);
    let sent = send(&topic, before).await;
    until("a batch is stored", async || Stored::read(&connection).await.has_any(&sent).then_some(())).await;
    proxy = proxy.close().await;
    send(&topic, during).await;
    until_the_database_is_missing(&url).await;
    // A batch has been attempted and waits for its next attempt.
    until("a batch waits", async || process.output().contains("the batch waits").then_some(())).await;
    let answer = query_total(&url).await;
    assert_eq!(answer["errors"][0]["extensions"]["code"], json!("UNAVAILABLE"), "{answer}");

    let _proxy = proxy.reopen();
    until_ready(&url).await;
    topic.until_all_committed().await;
    assert_eq!(query_total(&url).await, json!({ "data": { "organizations": { "totalCount": 10 } } }));
    let (stored, expected) = (tables(&connection).await, tables_without_faults(&sqlite(), &topic).await);
    assert_eq!(stored.consumer_errors, expected.consumer_errors, "no message is rejected because of the outage");
    assert!(stored == expected);
}
