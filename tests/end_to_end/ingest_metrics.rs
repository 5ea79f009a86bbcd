//! What `/metrics` tells of ingestion, in a process of its own, whose counts are nobody else's.

use insights_results_aggregator::telemetry::metrics::{self, INGEST_RETRIES};

use crate::{
    harness::{Database, Process, Topic, TransactionEnd, postgres, sqlite, until},
    messages::{Message, cluster},
};

const CHECKED: &str = "2024-05-02T08:00:00Z";

fn report(organization: u32, number: u16, checked: &str) -> Vec<u8> {
    Message::new(organization, &cluster(number), checked).hit("rules.a", "A", "{}").json()
}

async fn told_of(process: &Process) -> String {
    let url = format!("http://{}/metrics", process.address().await);
    reqwest::get(url).await.expect("an answer").text().await.expect("text")
}

/// The value of a series; `None` while it is not there.
fn value(told: &str, series: &str) -> Option<f64> {
    told.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' ')?.parse().ok())
}

async fn ingesting(database: &Database, topic: &Topic) -> Process {
    let process = Process::serve(database, topic);
    topic.until_all_committed().await;
    process
}

#[tokio::test(flavor = "multi_thread")]
async fn each_message_is_counted_by_what_became_of_it() {
    let (database, topic) = (postgres().await, Topic::create(1).await);
    let empty = br#"{"OrgID": 1, "ClusterName": "00000000-0000-4000-8000-000000000009", "LastChecked": "2024-05-02T08:00:00Z", "Report": {}}"#;
    let values = [
        report(1, 1, CHECKED),
        report(1, 1, CHECKED),
        report(2, 1, "2024-05-02T09:00:00Z"),
        empty.to_vec(),
        b"no JSON".to_vec(),
        b"{}".to_vec(),
        report(1, 2, CHECKED),
    ];
    topic.send_all(values.iter().map(|value| (0, value.as_slice()))).await;
    let process = ingesting(&database, &topic).await;

    let told = told_of(&process).await;
    for (series, expected) in [
        ("ingest_messages_total{fate=\"applied\"}", 3.0),
        ("ingest_messages_total{fate=\"stale\"}", 1.0),
        ("ingest_messages_total{fate=\"empty\"}", 1.0),
        ("ingest_messages_total{fate=\"rejected\"}", 2.0),
        ("ingest_moved_clusters_total", 1.0),
        ("ingest_dead_letters_total{reason=\"not_json\"}", 1.0),
        ("ingest_dead_letters_total{reason=\"missing_field\"}", 1.0),
        ("ingest_batch_messages_sum", 7.0),
    ] {
        assert_eq!(value(&told, series), Some(expected), "{series} in\n{told}");
    }
    assert!(value(&told, "ingest_batch_duration_seconds_count") >= Some(1.0), "{told}");
    assert_eq!(value(&told, "ingest_retries_total{class=\"moment\"}"), None, "{told}");
    for metric in metrics::ALL.iter().filter(|metric| metric.name.starts_with("ingest_") && *metric != &INGEST_RETRIES)
    {
        let is_told = async || told_of(&process).await.contains(&format!("# TYPE {} ", metric.name)).then_some(());
        until("every metric is told, but that of what did not happen", is_told).await;
    }
    until("a commit is told", async || value(&told_of(&process).await, "ingest_last_commit_timestamp_seconds")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_partition_has_no_lag_whatever_its_last_offsets_hold() {
    let (database, topic) = (sqlite(), Topic::create(1).await);
    let (first, second, given_up) = (report(1, 1, CHECKED), report(1, 2, CHECKED), report(1, 3, CHECKED));
    topic.send_in_transaction(&[&first, &second], TransactionEnd::Commit);
    topic.send_in_transaction(&[&given_up, b"no JSON"], TransactionEnd::Abort);
    let process = Process::serve(&database, &topic);
    topic.until_committed(0, 2).await;

    let lag = "ingest_lag_messages{partition=\"0\"}";
    until("the lag is 0", async || (value(&told_of(&process).await, lag)? == 0.0).then_some(())).await;
    assert!(topic.committed(0).await < topic.end(), "what lies behind the last message is never delivered");
    let told = told_of(&process).await;
    assert_eq!(value(&told, "ingest_messages_total{fate=\"applied\"}"), Some(2.0), "what was given up is not read");
    assert_eq!(value(&told, "ingest_messages_total{fate=\"rejected\"}"), None);
}
