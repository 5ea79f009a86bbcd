//! A batch with a wrong checksum: its partition stops there, other partitions continue, and nothing is passed silently.

use std::time::Duration;

use reqwest::StatusCode;

use crate::{
    harness::{Database, Process, Topic, serve, set_config, sqlite, stays, tables, until},
    messages::{Message, cluster},
};

/// Longer than the pause between two attempts, and shorter than two pauses.
const OBSERVED: Duration = Duration::from_secs(40);
const DAMAGED: &str = "ingest_stopped_partitions{topic=\"ocp\",partition=\"0\",reason=\"damaged\"}";
const LAG: &str = "ingest_lag_messages{topic=\"ocp\",partition=\"0\"}";
const REMOVED: &str = "ingest_data_losses_total{topic=\"ocp\",cause=\"removed\"}";

fn report(number: u16) -> Vec<u8> {
    Message::new(1, &cluster(number), "2024-05-02T08:00:00Z").json()
}

/// Sends ten messages, each in a batch of its own, and damages one.
async fn with_damage(damaged: i64) -> (Database, Topic) {
    let (database, topic) = (sqlite(), Topic::create(2).await);
    for number in 0..10 {
        topic.send_to(0, Some(&report(number))).await;
    }
    topic.flip_bit(0, damaged);
    (database, topic)
}

/// Waits until a process has stopped at the damaged batch, and observes it.
async fn stopped_at(damaged: i64) -> (Database, Topic, Process) {
    let (database, topic) = with_damage(damaged).await;
    let mut command = serve(&database, &topic);
    set_config(&mut command, "LOG__LEVEL", "insights_results_aggregator=debug");
    let process = Process::spawn(command);
    let reason = format!("{}/0 stopped at offset {damaged}, because the batch there is damaged", topic.name);
    process.until_kafka_is_missing(&reason).await;
    process.until_metric(DAMAGED, 1.0).await;
    topic.until_committed(0, damaged).await;
    let other = topic.send_to(1, Some(&report(100))).await;
    topic.until_committed(1, other + 1).await;
    stays("the partition is stopped", OBSERVED, async || {
        let (status, current) = process.kafka_readiness().await;
        let (lag, committed) = (process.metric(LAG).await, topic.committed(0).await);
        let is_right = current.as_ref().is_some_and(|current| current.contains(&reason)) && lag.is_none();
        let is_right = is_right && status == StatusCode::SERVICE_UNAVAILABLE && committed == damaged;
        (!is_right).then(|| format!("{status} {current:?}, lag {lag:?}, committed {committed}"))
    })
    .await;
    let attempts = process.lines_with("the partition still cannot be read");
    assert!((1..=2).contains(&attempts), "{attempts} attempts:\n{}", process.output());
    (database, topic, process)
}

async fn continues_when_repaired(damaged: i64) {
    let (database, topic, mut first) = stopped_at(damaged).await;
    first.kill();
    let process = Process::serve(&database, &topic);
    process.until_kafka_is_missing(&format!("{}/0 stopped at offset {damaged}", topic.name)).await;
    topic.flip_bit(0, damaged);
    topic.until_all_committed().await;
    process.until_ready().await;
    process.until_metric(LAG, 0.0).await;
    assert_eq!((process.metric(DAMAGED).await, process.metric(REMOVED).await), (Some(0.0), Some(0.0)));
    assert_eq!(tables(&database.connect().await).await.clusters.len(), 11);
    assert_eq!(process.lines_with("delivered twice"), 0, "{}", process.output());
}

async fn continues_behind_it_when_it_is_removed(damaged: i64) {
    let (database, topic, process) = stopped_at(damaged).await;
    topic.remove_before(0, damaged + 1).await;
    // At the end of the partition there is no message that could show it.
    process.until_ready().await;
    let sent = topic.send_to(0, Some(&report(10))).await;
    topic.until_committed(0, sent + 1).await;
    process.until_ready().await;
    process.until_metric(REMOVED, 1.0).await;
    let line = format!("partition=0 from={damaged} to={}", damaged + 1);
    assert_eq!(process.lines_with(&line), 1, "{}", process.output());
    assert_eq!(tables(&database.connect().await).await.clusters.len(), 11, "only the damaged one is lost");
}

/// A process that is suspended loses its partitions. When it continues, it gets the stopped one again.
async fn continues_after_it_was_revoked(damaged: i64) {
    let (database, topic) = with_damage(damaged).await;
    let process = Process::serve(&database, &topic);
    let reason = format!("{}/0 stopped at offset {damaged}", topic.name);
    process.until_kafka_is_missing(&reason).await;
    process.signal("STOP");
    let mut other = Process::serve(&database, &topic);
    other.until_kafka_is_missing(&reason).await;
    other.kill();
    process.signal("CONT");
    until("the partitions are revoked", async || (process.lines_with("partitions revoked") > 0).then_some(())).await;
    topic.flip_bit(0, damaged);
    topic.until_all_committed().await;
    process.until_ready().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_batch_stops_its_partition_until_it_is_repaired_or_removed() {
    tokio::join!(
        continues_when_repaired(5),
        continues_when_repaired(9),
        continues_after_it_was_revoked(5),
        continues_behind_it_when_it_is_removed(0),
        continues_behind_it_when_it_is_removed(9),
    );
}
