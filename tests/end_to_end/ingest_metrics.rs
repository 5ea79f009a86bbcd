//! The metrics of ingestion at `/metrics`, in a child process, so that other tests do not change its counts.

use insights_results_aggregator::telemetry::metrics;

use crate::{
    harness::{Database, Process, Topic, TransactionEnd, postgres, sqlite, until},
    messages::{Message, cluster},
};

const CHECKED: &str = "2024-05-02T08:00:00Z";

fn report(organization: u32, number: u16, checked: &str) -> Vec<u8> {
    Message::new(organization, &cluster(number), checked).hit("rules.a", "A", "{}").json()
}

async fn metrics_of(process: &Process) -> String {
    let url = format!("http://{}/metrics", process.address().await);
    reqwest::get(url).await.expect("an answer").text().await.expect("text")
}

/// The value of a series; `None` if there is no such series.
fn value(metrics: &str, series: &str) -> Option<f64> {
    metrics.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' ')?.parse().ok())
}

async fn ingesting(database: &Database, topic: &Topic) -> Process {
    let process = Process::serve(database, topic);
    topic.until_all_committed().await;
    process
}

#[tokio::test(flavor = "multi_thread")]
async fn each_message_is_counted_by_its_outcome() {
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

    let text = metrics_of(&process).await;
    for (series, expected) in [
        ("ingest_messages_total{topic=\"ocp\",fate=\"applied\"}", 3.0),
        ("ingest_messages_total{topic=\"ocp\",fate=\"stale\"}", 1.0),
        ("ingest_messages_total{topic=\"ocp\",fate=\"empty\"}", 1.0),
        ("ingest_messages_total{topic=\"ocp\",fate=\"rejected\"}", 2.0),
        ("ingest_moved_clusters_total{topic=\"ocp\"}", 1.0),
        ("ingest_dead_letters_total{topic=\"ocp\",reason=\"not_json\"}", 1.0),
        ("ingest_dead_letters_total{topic=\"ocp\",reason=\"missing_field\"}", 1.0),
        ("ingest_batch_messages_sum{topic=\"ocp\"}", 7.0),
    ] {
        assert_eq!(value(&text, series), Some(expected), "{series} in\n{text}");
    }
    assert!(value(&text, "ingest_batch_duration_seconds_count{topic=\"ocp\"}") >= Some(1.0), "{text}");
    assert_eq!(value(&text, "ingest_retries_total{topic=\"ocp\",class=\"moment\"}"), Some(0.0), "{text}");
    for metric in metrics::ALL.iter().filter(|metric| metric.name.starts_with("ingest_")) {
        let is_reported =
            async || metrics_of(&process).await.contains(&format!("# TYPE {} ", metric.name)).then_some(());
        until("every metric is reported", is_reported).await;
    }
    until("a commit is reported", async || {
        value(&metrics_of(&process).await, "ingest_last_commit_timestamp_seconds{topic=\"ocp\"}")
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_optional_field_that_does_not_fit_is_counted_and_costs_no_report() {
    let (database, topic) = (sqlite(), Topic::create(1).await);
    let text = |number| String::from_utf8(report(1, number, CHECKED)).expect("text");
    let account = text(1).replace("\"AccountNumber\": 20", "\"AccountNumber\": \"\"");
    let time = Message::new(1, &cluster(2), CHECKED).upload("", "2024-05-02T08:00:00").json();
    let values = [account.into_bytes(), time, report(1, 3, CHECKED)];
    topic.send_all(values.iter().map(|value| (0, value.as_slice()))).await;
    let process = ingesting(&database, &topic).await;
    let text = metrics_of(&process).await;
    for (series, expected) in [
        ("ingest_messages_total{topic=\"ocp\",fate=\"applied\"}", 3.0),
        ("ingest_messages_total{topic=\"ocp\",fate=\"rejected\"}", 0.0),
        ("ingest_left_out_fields_total{topic=\"ocp\",field=\"AccountNumber\"}", 1.0),
        ("ingest_left_out_fields_total{topic=\"ocp\",field=\"RequestId\"}", 1.0),
        ("ingest_left_out_fields_total{topic=\"ocp\",field=\"Metadata.gathering_time\"}", 1.0),
        ("ingest_left_out_fields_total{topic=\"ocp\",field=\"Version\"}", 0.0),
    ] {
        assert_eq!(value(&text, series), Some(expected), "{series} in\n{text}");
    }
    until("the log names the fields", async || process.output().contains("AccountNumber").then_some(())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_partition_has_no_lag_even_if_its_last_offsets_hold_no_messages() {
    let (database, topic) = (sqlite(), Topic::create(1).await);
    let (first, second, aborted) = (report(1, 1, CHECKED), report(1, 2, CHECKED), report(1, 3, CHECKED));
    topic.send_in_transaction(&[&first, &second], TransactionEnd::Commit);
    topic.send_in_transaction(&[&aborted, b"no JSON"], TransactionEnd::Abort);
    let process = Process::serve(&database, &topic);
    topic.until_committed(0, 2).await;

    let lag = "ingest_lag_messages{topic=\"ocp\",partition=\"0\"}";
    until("the lag is 0", async || (value(&metrics_of(&process).await, lag)? == 0.0).then_some(())).await;
    assert!(topic.committed(0).await < topic.end_offset(), "the records after the last message are never delivered");
    let text = metrics_of(&process).await;
    assert_eq!(
        value(&text, "ingest_messages_total{topic=\"ocp\",fate=\"applied\"}"),
        Some(2.0),
        "messages of the aborted transaction are not read"
    );
    assert_eq!(value(&text, "ingest_messages_total{topic=\"ocp\",fate=\"rejected\"}"), Some(0.0));
}
