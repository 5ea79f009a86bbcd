//! The database goes away in the middle of it all: ingestion waits, the API says so, and then both go on.

use reqwest::{Client, StatusCode};
use serde_json::{Value, json};

use crate::{
    harness::{Process, Proxy, Topic, postgres, serve, set, sqlite, tables, until},
    traffic::{Stored, send, traffic, undisturbed},
};

/// Asks for the number of organizations.
async fn ask(url: &str) -> Value {
    let body = json!({ "query": "{ organizations { totalCount } }" });
    let answer = Client::new().post(format!("{url}/graphql")).json(&body).send().await.expect("an answer");
    answer.json().await.expect("JSON")
}

async fn until_ready(url: &str) {
    until("it is ready", async || {
        let answer = reqwest::get(format!("{url}/readyz")).await.expect("an answer");
        (answer.status() == StatusCode::OK).then_some(())
    })
    .await;
}

async fn until_the_database_is_missing(url: &str) {
    until("readiness says so", async || {
        let answer = reqwest::get(format!("{url}/readyz")).await.expect("an answer");
        let body: Value = answer.json().await.expect("JSON");
        body["missing"]["database"].as_str()?.contains("cannot be reached").then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_or_refused_while_the_database_is_away() {
    let (database, topic) = (postgres().await, Topic::create(4).await);
    let connection = database.connect().await;
    let mut door = Proxy::open(database.server());
    let mut command = serve(&database, &topic);
    set(&mut command, "DATABASE__URL", database.settings_behind(&door).url.expose());
    set(&mut command, "INGEST__BATCH_MESSAGES", "20");
    let process = Process::spawn(command);
    let url = format!("http://{}", process.address().await);
    until_ready(&url).await;

    let outgoing = traffic(&topic, 600, 2);
    let (before, meanwhile) = outgoing.split_at(outgoing.len() / 2);
    let sent = send(&topic, before).await;
    until("a batch is in", async || Stored::read(&connection).await.has_any(&sent).then_some(())).await;
    door = door.shut().await;
    send(&topic, meanwhile).await;
    until_the_database_is_missing(&url).await;
    // Some batch has been tried, and not only waits for its first try.
    until("a batch waits", async || process.output().contains("the batch waits").then_some(())).await;
    let answer = ask(&url).await;
    assert_eq!(answer["errors"][0]["extensions"]["code"], json!("UNAVAILABLE"), "{answer}");

    let _door = door.opened();
    until_ready(&url).await;
    topic.until_all_committed().await;
    assert_eq!(ask(&url).await, json!({ "data": { "organizations": { "totalCount": 10 } } }));
    let (stored, expected) = (tables(&connection).await, undisturbed(&sqlite(), &topic).await);
    assert_eq!(stored.consumer_errors, expected.consumer_errors, "no message is bad because the database is away");
    assert!(stored == expected);
}
