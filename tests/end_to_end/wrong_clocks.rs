//! A clock that is two days behind the database's: messages that seem to be from the future wait until one of the clocks
//! is corrected.

use std::time::Duration;

use chrono::{TimeDelta, Utc};
use insights_results_aggregator::domain::Timestamp;
use reqwest::StatusCode;

use crate::{
    harness::{Process, Topic, postgres, stays, tables},
    messages::{Message, cluster},
};

const TWO_DAYS: i64 = 2 * 24 * 60 * 60;
const OBSERVED: Duration = Duration::from_secs(5);
const FUTURE_TIME: &str = "ingest_dead_letters_total{topic=\"ocp\",reason=\"future_time\"}";

fn report(number: u16, checked: &str) -> Vec<u8> {
    Message::new(1, &cluster(number), checked).json()
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_clocks_differ_messages_from_the_future_wait_and_no_others() {
    let (database, topic) = (postgres().await, Topic::create(3).await);
    database.shift_clock(TWO_DAYS).await;
    // A day ahead is accepted: this message is from the future for half a minute, as if the clock were corrected then.
    let soon = Timestamp::from(Utc::now() + TimeDelta::days(1) + TimeDelta::seconds(30)).to_string();
    let (past, future) = ("2024-05-02T08:00:00Z", "2999-05-02T08:00:00Z");
    for (partition, number, checked) in
        [(0, 0, past), (0, 1, soon.as_str()), (0, 2, past), (1, 3, future), (2, 4, past)]
    {
        topic.send_to(partition, Some(&report(number, checked))).await;
    }
    let process = Process::serve(&database, &topic);

    let reason = format!("{}/0 waits at offset 1, because the message there is from the future", topic.name);
    process.until_kafka_is_missing(&reason).await;
    process.until_kafka_is_missing("seconds behind the database's, and 1 more").await;
    topic.until_committed(0, 1).await;
    topic.until_committed(2, 1).await;
    process.until_metric("ingest_lag_messages{topic=\"ocp\",partition=\"0\"}", 2.0).await;
    process.until_metric("ingest_stopped_partitions{topic=\"ocp\",partition=\"1\",reason=\"clock\"}", 1.0).await;
    let waits = async |partition| {
        let (status, committed) = (process.kafka_readiness().await.0, topic.committed(partition).await);
        let waits = status == StatusCode::SERVICE_UNAVAILABLE && committed < 2 && (partition, committed) != (1, 1);
        (!waits).then(|| format!("{status}, committed {committed}"))
    };
    stays("the messages wait", OBSERVED, async || waits(0).await.or(waits(1).await)).await;

    topic.until_committed(0, 3).await;
    stays("the message of 2999 waits", OBSERVED, async || waits(1).await).await;
    assert_eq!(process.metric(FUTURE_TIME).await, Some(0.0), "no message is rejected");

    database.shift_clock(0).await;
    topic.until_all_committed().await;
    process.until_ready().await;
    let stored = tables(&database.connect().await).await;
    assert_eq!((stored.clusters.len(), stored.consumer_errors.len()), (4, 1), "only 2999 is from the future");
    process.until_metric(FUTURE_TIME, 1.0).await;
    process.until_metric("ingest_lag_messages{topic=\"ocp\",partition=\"0\"}", 0.0).await;
    process.until_metric("ingest_stopped_partitions{topic=\"ocp\",partition=\"1\",reason=\"clock\"}", 0.0).await;
}
