//! Dependencies that are missing at start: readiness names them, the rest of the service works, and it recovers by
//! itself.

use insights_results_aggregator::service::Role;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::{
    harness::{Proxy, Running, Topic, each_database, postgres, sqlite, tables, until},
    messages::{Message, cluster},
};

async fn readyz(running: &Running) -> (StatusCode, Value) {
    let answer = reqwest::get(running.url("/readyz")).await.expect("an answer");
    (answer.status(), answer.json().await.expect("JSON"))
}

/// Waits until readiness reports a part as missing, with a reason that contains this text.
async fn until_missing(part: &str, text: &str, running: &Running) {
    until(&format!("{part} is missing: {text}"), async || {
        let (status, body) = readyz(running).await;
        let reason = body["missing"][part].as_str()?;
        reason.contains(text).then(|| {
            assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
            assert_eq!(body["ready"], json!(false));
        })
    })
    .await;
}

fn report(number: u16) -> Vec<u8> {
    Message::new(1, &cluster(number), "2024-05-02T08:00:00Z").json()
}

#[tokio::test(flavor = "multi_thread")]
async fn without_kafka_queries_are_answered_and_messages_are_read_once_kafka_is_available() {
    for database in each_database().await {
        let topic = Topic::create(1).await;
        let sent = topic.send(&report(1)).await;
        let mut config = Running::config(&database, &topic);
        let proxy = Proxy::closed(config.kafka.brokers[0].parse().expect("an address"));
        config.kafka.brokers = vec![proxy.address.to_string()];
        let running = Running::start(config, Role::All).await;

        until_missing("kafka", &proxy.address.to_string(), &running).await;
        assert_eq!(running.data("{ organizations { totalCount } }").await["organizations"]["totalCount"], json!(0));
        assert_eq!(reqwest::get(running.url("/healthz")).await.expect("an answer").status(), StatusCode::OK);

        let _proxy = proxy.reopen();
        let running = running.ready().await;
        assert_eq!(readyz(&running).await, (StatusCode::OK, json!({ "ready": true, "missing": {} })));
        topic.until_committed(0, sent + 1).await;
        running.stop().await.expect("a clean end");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_database_the_api_reports_it_and_all_works_once_the_database_is_available() {
    let database = postgres().await;
    let topic = Topic::create(1).await;
    let sent = topic.send(&report(1)).await;
    let proxy = Proxy::closed(database.server());
    let mut config = Running::config(&database, &topic);
    config.database = database.settings_through(&proxy);
    let running = Running::start(config, Role::All).await;

    let refused = format!("the database at {} cannot be reached: Connection refused", proxy.address);
    until_missing("database", &refused, &running).await;
    until_missing("migrations", &refused, &running).await;
    until_missing("kafka", "waits for the database", &running).await;
    let answer = running.query("{ organizations { totalCount } }").await;
    let error = &answer["errors"][0];
    assert_eq!(error["extensions"]["code"], json!("UNAVAILABLE"), "{answer}");
    assert!(error["extensions"]["correlationId"].is_string(), "{answer}");
    assert!(!answer.to_string().contains(&proxy.address.port().to_string()), "the address is masked: {answer}");

    let _proxy = proxy.reopen();
    let running = running.ready().await;
    topic.until_committed(0, sent + 1).await;
    assert_eq!(running.data("{ organizations { totalCount } }").await["organizations"]["totalCount"], json!(1));
    running.stop().await.expect("a clean end");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_that_does_not_exist_is_named_and_is_read_once_it_is_created() {
    let (database, topic) = (sqlite(), Topic::missing(2));
    let running = Running::all(&database, &topic).await;
    until_missing("kafka", &format!("the topic {} does not exist", topic.name), &running).await;

    topic.make().await;
    topic.send_to(1, Some(&report(1))).await;
    topic.until_all_committed().await;
    let running = running.ready().await;
    running.stop().await.expect("a clean end");
    assert_eq!(tables(&database.connect().await).await.clusters.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_automatic_migrations_the_service_waits_for_the_schema() {
    for database in each_database().await {
        let mut config = Running::config(&database, &Topic::create(1).await);
        config.database.migrate = false;
        let running = Running::start(config, Role::All).await;
        until_missing("migrations", "`migrate up`", &running).await;
        database.store().await.close().await;
        running.ready().await.stop().await.expect("a clean end");
    }
}
