//! The dead-letter topic: the service creates it if it is missing, and waits for it if it cannot be created.

use std::sync::Arc;

use insights_results_aggregator::{http::Readiness, service::Role};

use rdkafka::Message as _;

use super::{good, header, start, stdout};
use crate::harness::{Running, Topic, sqlite, tables, until};

#[tokio::test(flavor = "multi_thread")]
async fn the_topic_is_created_like_the_source_with_room_for_headers() {
    let topic = Topic::create_with(3, &[("max.message.bytes", "2000000")]).await;
    let database = sqlite();
    let running = start(&database, &topic, 1_000_000).await;
    topic.dead_letter_topic().until_exists().await;
    let (partitions, largest) = topic.dead_letter_topic().partitions_and_setting("max.message.bytes").await;
    assert_eq!((partitions, largest.as_deref()), (3, Some("2065536")));
    let retention = topic.dead_letter_topic().partitions_and_setting("retention.ms").await.1;
    assert_eq!(retention.as_deref(), Some("-1"), "dead letters have the timestamps of their messages");
    let cleanup = topic.dead_letter_topic().partitions_and_setting("cleanup.policy").await.1;
    assert_eq!(cleanup.as_deref(), Some("delete"), "whatever the brokers' default is");
    running.stop().await.expect("a clean end");
}

#[tokio::test(flavor = "multi_thread")]
async fn while_a_dead_letter_cannot_be_delivered_its_partition_waits_and_others_continue() {
    let topic = Topic::create(2).await;
    let dead_letter_topic = topic.dead_letter_topic();
    let database = sqlite();
    let running = start(&database, &topic, 1_000_000).await;
    dead_letter_topic.until_exists().await;
    dead_letter_topic.delete().await;
    topic.send_to(0, Some(b"no JSON")).await;
    topic.send_to(0, Some(&good(1))).await;
    topic.send_to(1, Some(&good(2))).await;

    topic.until_committed(1, 1).await;
    until("readiness names the topic", async || {
        running.readiness.all_missing().into_values().find(|why| why.contains(&dead_letter_topic.name))
    })
    .await;
    assert_eq!(topic.committed(0).await, 0, "the offset is unchanged");

    dead_letter_topic.make().await;
    topic.until_committed(0, 2).await;
    running.ready().await.stop().await.expect("a clean end");
    assert_eq!(dead_letter_topic.messages(0).len() + dead_letter_topic.messages(1).len(), 1);
    assert_eq!(tables(&database.connect().await).await.clusters.len(), 2);
}

/// While a batch waits for its dead letters, the next one is read.
#[tokio::test(flavor = "multi_thread")]
async fn no_offset_is_committed_past_a_batch_whose_dead_letters_are_abandoned() {
    let (topic, database) = (Topic::create(1).await, sqlite());
    let dead_letter_topic = topic.dead_letter_topic();
    let mut config = Running::config(&database, &topic);
    config.ingest.batch_messages = 1;
    let running = Running::start(config.clone(), Role::All).await;
    dead_letter_topic.until_exists().await;
    dead_letter_topic.delete().await;
    topic.send_all([(0, b"no JSON".as_slice()), (0, &good(1))]).await;
    until_missing(&running.readiness, "waits for its dead letters").await;
    running.stop().await.expect("a clean end");
    assert_eq!(topic.committed(0).await, 0, "the offset is unchanged");

    let running = Running::start(config, Role::All).await;
    topic.until_committed(0, 2).await;
    running.stop().await.expect("a clean end");
    assert_eq!(dead_letter_topic.records(0).len(), 1);
}

/// Waits until readiness reports a part as missing, with a reason that contains this text.
async fn until_missing(readiness: &Arc<Readiness>, text: &str) {
    until(text, async || readiness.all_missing().into_values().find(|reason| reason.contains(text))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_topic_cannot_be_created_only_bad_messages_wait_for_it() {
    let mut topic = Topic::create(2).await;
    let (database, dead_letter_topic) = (sqlite(), topic.dead_letter_topic());
    // Kafka refuses a name that differs from an existing one only by a dot instead of an underscore.
    let mut conflicting = topic.dead_letter_topic();
    conflicting.name = dead_letter_topic.name.replace('.', "_");
    conflicting.make().await;
    topic.send_to(0, Some(&good(1))).await;
    let running = start(&database, &topic, 1_000_000).await.ready().await;
    topic.until_committed(0, 1).await;

    topic.send_to(0, Some(b"no JSON")).await;
    until_missing(&running.readiness, &format!("{}/0 waits for its dead letters", topic.name)).await;
    until_missing(&running.readiness, "it does not exist: create it").await;
    topic.send_to(1, Some(&good(2))).await;
    topic.until_committed(1, 1).await;
    assert_eq!(topic.committed(0).await, 1, "the offset is unchanged");
    // Another process takes over and waits in the same way. Revoking a partition does not wait for dead letters.
    running.stop().await.expect("a clean end");
    topic.session_timeout = std::time::Duration::from_mins(5);
    let running = start(&database, &topic, 1_000_000).await;
    until_missing(&running.readiness, "it does not exist: create it").await;

    conflicting.delete().await;
    until("the name is free", async || dead_letter_topic.try_make_with(&[]).await.ok()).await;
    topic.until_committed(0, 2).await;
    running.ready().await.stop().await.expect("a clean end");
    assert_eq!(dead_letter_topic.messages(0).len() + dead_letter_topic.messages(1).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_topic_is_created_once_the_source_exists() {
    let (topic, database) = (Topic::missing(3), sqlite());
    let running = start(&database, &topic, 1_000_000).await;
    until_missing(&running.readiness, "does not exist").await;
    topic.make().await;
    topic.dead_letter_topic().until_exists().await;
    assert_eq!(
        topic.dead_letter_topic().partitions_and_setting("max.message.bytes").await.0,
        3,
        "as many partitions as the source"
    );
    running.ready().await.stop().await.expect("a clean end");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_compacted_topic_that_refuses_records_without_a_key_gets_a_key_that_a_replay_leaves_out() {
    let (topic, database) = (Topic::create(1).await, sqlite());
    let dead_letter_topic = topic.dead_letter_topic();
    dead_letter_topic.make_with(&[("cleanup.policy", "compact")]).await;
    topic.send_all([(0, b"no JSON".as_slice()), (0, &good(1)), (0, b"{}")]).await;
    let running = start(&database, &topic, 1_000_000).await;
    topic.until_committed(0, 3).await;
    running.ready().await.stop().await.expect("a clean end");

    let dead_letters = dead_letter_topic.messages(0);
    let keys: Vec<_> = dead_letters.iter().map(|dead_letter| dead_letter.key().map(String::from_utf8_lossy)).collect();
    let origin = |offset: i64| Some(format!("{}/0@{offset}", topic.name).into());
    assert_eq!(keys, [origin(0), origin(2)], "one key per message, so that compaction keeps them all");
    assert_eq!(dead_letters[0].payload(), Some(b"no JSON".as_slice()));
    assert_eq!(header(&dead_letters[0], "ira.reason"), "not_json");

    assert!(stdout(&database, &topic, &["show", "0:0"]).contains("key:         none"), "that of the message");
    stdout(&database, &topic, &["replay", "--all"]);
    let replayed = topic.messages(0);
    assert_eq!((replayed.len(), replayed[3].payload(), replayed[3].key()), (5, Some(b"no JSON".as_slice()), None));
}
