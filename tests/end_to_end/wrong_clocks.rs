//! A clock that is two days behind the database's: messages that seem to be from the future wait until it is corrected.

use std::time::Duration;

use insights_results_aggregator::domain::Timestamp;
use reqwest::StatusCode;

use crate::{
    harness::{FakedClock, Process, Topic, postgres, serve, stays, tables},
    messages::{Message, cluster},
};

const OBSERVED: Duration = Duration::from_secs(5);

fn report(number: u16, checked: &str) -> Vec<u8> {
    Message::new(1, &cluster(number), checked).json()
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_clock_is_wrong_messages_from_the_future_wait_and_no_others() {
    let (database, topic) = (postgres().await, Topic::create(3).await);
    let (past, now, future) = ("2024-05-02T08:00:00Z", Timestamp::now().to_string(), "2999-05-02T08:00:00Z");
    topic.send_to(0, Some(&report(0, past))).await;
    topic.send_to(0, Some(&report(1, &now))).await;
    topic.send_to(0, Some(&report(2, past))).await;
    topic.send_to(1, Some(&report(3, future))).await;
    topic.send_to(2, Some(&report(4, past))).await;
    let clock = FakedClock::new("-2d");
    let mut command = serve(&database, &topic);
    clock.apply(&mut command);
    let process = Process::spawn(command);

    let reason = format!("{}/0 waits at offset 1, because the message there is from the future", topic.name);
    process.until_kafka_is_missing(&reason).await;
    process.until_kafka_is_missing("seconds behind the database's, and 1 more").await;
    topic.until_committed(0, 1).await;
    topic.until_committed(2, 1).await;
    process.until_metric("ingest_lag_messages{partition=\"0\"}", 2.0).await;
    process.until_metric("ingest_stopped_partitions{partition=\"1\",reason=\"clock\"}", 1.0).await;
    stays("the messages wait", OBSERVED, async || {
        let (status, committed) = (process.kafka_readiness().await.0, topic.all_committed().await);
        let waits = status == StatusCode::SERVICE_UNAVAILABLE && committed[&0] == 1 && committed[&1] == 0;
        (!waits).then(|| format!("{status}, committed {committed:?}"))
    })
    .await;
    assert_eq!(tables(&database.connect().await).await.consumer_errors.len(), 0, "no message is rejected");

    clock.set("+0");
    topic.until_all_committed().await;
    process.until_ready().await;
    let stored = tables(&database.connect().await).await;
    assert_eq!((stored.clusters.len(), stored.consumer_errors.len()), (4, 1), "only 2999 is from the future");
    process.until_metric("ingest_dead_letters_total{reason=\"future_time\"}", 1.0).await;
    process.until_metric("ingest_lag_messages{partition=\"0\"}", 0.0).await;
    process.until_metric("ingest_stopped_partitions{partition=\"1\",reason=\"clock\"}", 0.0).await;
}
