//! Reports and workload results, each from its own topic, read by one consumer.

use std::{
    io::Write as _,
    time::{Duration, Instant},
};

use flate2::{Compression, write::GzEncoder};
use insights_results_aggregator::service::Role;

use crate::{
    harness::{Database, Process, Running, Tables, Topic, each_database, sqlite, tables, until},
    messages::{Message, cluster},
    workloads::WorkloadMessage,
};

const RULE: &str = "ccx_rules_ocp.external.dvo.unset_requirements";
const EARLY: &str = "2024-05-02T08:00:00Z";
const LATE: &str = "2024-05-02T09:00:00Z";

fn report(number: u16) -> Vec<u8> {
    Message::new(1, &cluster(number), EARLY).hit("rules.a", "A", "{}").json()
}

fn workloads(number: u16, checked: &str, objects: &[&str]) -> Vec<u8> {
    WorkloadMessage::new(1, &cluster(number), checked).hit(RULE, "KEY", "{}", objects).json()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).expect("to memory");
    encoder.finish().expect("to memory")
}

async fn tables_of(database: &Database) -> Tables {
    tables(&database.connect().await).await
}

async fn until_missing(running: &Running, text: &str) {
    until(text, async || running.readiness.all_missing().into_values().find(|reason| reason.contains(text))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn both_topics_are_ingested_and_a_later_result_replaces_all_namespaces() {
    for database in each_database().await {
        let topic = Topic::create_with_workloads(2).await;
        let running = Running::all(&database, &topic).await;
        topic.send_to(1, Some(&report(1))).await;
        let both = workloads(1, EARLY, &["shop/Deployment/cart", "bank/Deployment/ledger"]);
        topic.workloads().send_to(1, Some(&gzip(&both))).await;
        topic.workloads().send_to(0, Some(&workloads(2, EARLY, &["shop/Pod/cart"]))).await;
        topic.until_all_committed().await;
        let first = tables_of(&database).await;
        assert_eq!((first.clusters.len(), first.rule_hits.len()), (2, 1), "{}: {first:?}", database.name);
        assert_eq!((first.namespaces.len(), first.objects.len()), (3, 3), "{}: {first:?}", database.name);

        for _ in 0..2 {
            topic.workloads().send_to(1, Some(&workloads(1, LATE, &["shop/Deployment/cart"]))).await;
            topic.workloads().until_all_committed().await;
            let then = tables_of(&database).await;
            assert_eq!((then.namespaces.len(), then.objects.len()), (2, 2), "{}: {then:?}", database.name);
            assert_eq!(then.rule_hits, first.rule_hits, "{}: the report's hits stay", database.name);
        }
        let running = running.ready().await;
        running.stop().await.expect("a clean end");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workload_topic_that_is_missing_is_named_and_read_within_a_minute_of_its_creation() {
    let (database, topic) = (sqlite(), Topic::create(1).await.with_missing_workloads(2));
    let running = Running::all(&database, &topic).await;
    let missing = format!("the topic {} does not exist", topic.workloads().name);
    until_missing(&running, &missing).await;
    let sent = topic.send(&report(1)).await;
    topic.until_committed(0, sent + 1).await;
    until_missing(&running, &missing).await;

    topic.workloads().make().await;
    let created = Instant::now();
    topic.workloads().send_to(1, Some(&workloads(2, EARLY, &["shop/Pod/cart"]))).await;
    topic.workloads().until_all_committed().await;
    println!("read {:?} after its creation", created.elapsed());
    assert!(created.elapsed() < Duration::from_mins(1), "read after {:?}", created.elapsed());
    running.ready().await.stop().await.expect("a clean end");
    assert_eq!(tables_of(&database).await.clusters.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_topic_of_reports_does_not_delay_workload_results() {
    let (database, topic) = (sqlite(), Topic::missing(1).with_missing_workloads(1));
    let running = Running::all(&database, &topic).await;
    let missing = format!("the topic {} does not exist; the topic {}-workloads does not exist", topic.name, topic.name);
    until_missing(&running, &missing).await;
    topic.workloads().make().await;
    topic.workloads().send(&workloads(1, EARLY, &["shop/Pod/cart"])).await;
    topic.workloads().send(b"no JSON").await;
    topic.workloads().until_all_committed().await;
    let missing = format!("the topic {} does not exist", topic.name);
    until("only the other topic is missing", async || {
        running.readiness.all_missing().into_values().find(|reason| *reason == missing)
    })
    .await;
    assert_eq!(topic.dead_letter_topic().records(0).len(), 1, "its topic needs only one source");
    topic.make().await;
    running.ready().await.stop().await.expect("a clean end");
    assert_eq!(tables_of(&database).await.namespaces.len(), 1);
}

/// Both processes together have the tables of one.
#[tokio::test(flavor = "multi_thread")]
async fn the_partitions_of_both_topics_are_shared_by_the_members_of_a_group() {
    let (database, topic) = (sqlite(), Topic::create_with_workloads(4).await);
    let first = Running::all(&database, &topic).await.ready().await;
    let mut config = Running::config(&database, &topic);
    config.database.migrate = false;
    let second = Running::start(config, Role::All).await.ready().await;
    for number in 0..40_u16 {
        let partition = i32::from(number % 4);
        topic.send_to(partition, Some(&report(number))).await;
        let object = format!("shop/Pod/p{number}");
        topic.workloads().send_to(partition, Some(&workloads(number, EARLY, &[&object]))).await;
    }
    topic.until_all_committed().await;
    first.stop().await.expect("a clean end");
    second.stop().await.expect("a clean end");
    let all = tables_of(&database).await;
    assert_eq!((all.clusters.len(), all.rule_hits.len(), all.namespaces.len()), (40, 40, 40), "{all:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_distinguish_the_topics() {
    let (database, topic) = (sqlite(), Topic::create_with_workloads(1).await);
    topic.send_all([(0, report(1).as_slice()), (0, b"no JSON")]).await;
    let tags = String::from_utf8(workloads(1, EARLY, &["shop/Pod/cart"])).expect("text");
    let values = [
        tags.replace(r#""tags": []"#, r#""tags": 7"#).into_bytes(),
        workloads(1, EARLY, &[]),
        br#"{"OrgID": 1, "ClusterName": "00000000-0000-4000-8000-000000000009", "LastChecked": "2024-05-02T08:00:00Z", "Metrics": {}}"#.to_vec(),
        report(2),
    ];
    topic.workloads().send_all(values.iter().map(|value| (0, value.as_slice()))).await;
    let process = Process::serve(&database, &topic);
    for (series, expected) in [
        ("ingest_messages_total{topic=\"ocp\",fate=\"applied\"}", 1.0),
        ("ingest_messages_total{topic=\"ocp\",fate=\"rejected\"}", 1.0),
        ("ingest_messages_total{topic=\"ocp\",fate=\"empty\"}", 0.0),
        ("ingest_messages_total{topic=\"workload\",fate=\"applied\"}", 1.0),
        ("ingest_messages_total{topic=\"workload\",fate=\"stale\"}", 1.0),
        ("ingest_messages_total{topic=\"workload\",fate=\"empty\"}", 1.0),
        ("ingest_messages_total{topic=\"workload\",fate=\"rejected\"}", 1.0),
        ("ingest_dead_letters_total{topic=\"ocp\",reason=\"not_json\"}", 1.0),
        ("ingest_dead_letters_total{topic=\"workload\",reason=\"missing_field\"}", 1.0),
        ("ingest_left_out_fields_total{topic=\"workload\",field=\"Metrics.workload_recommendations.tags\"}", 1.0),
        ("ingest_lag_messages{topic=\"ocp\",partition=\"0\"}", 0.0),
        ("ingest_lag_messages{topic=\"workload\",partition=\"0\"}", 0.0),
        ("ingest_stopped_partitions{topic=\"workload\",partition=\"0\",reason=\"damaged\"}", 0.0),
        ("ingest_batch_messages_sum{topic=\"workload\"}", 4.0),
    ] {
        process.until_metric(series, expected).await;
    }
}
