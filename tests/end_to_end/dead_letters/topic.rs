//! The topic of dead letters: made where it is missing, and waited for where it cannot be had.

use std::sync::Arc;

use insights_results_aggregator::{http::Readiness, service::Role};

use super::{good, start};
use crate::harness::{Running, Topic, sqlite, tables, until};

#[tokio::test(flavor = "multi_thread")]
async fn the_topic_is_made_as_the_source_is_with_room_for_headers() {
    let topic = Topic::create_with(3, &[("max.message.bytes", "2000000")]).await;
    let database = sqlite();
    let running = start(&database, &topic, 1_000_000).await;
    topic.of_dead_letters().until_made().await;
    let (partitions, largest) = topic.of_dead_letters().made_with("max.message.bytes").await;
    assert_eq!((partitions, largest.as_deref()), (3, Some("2065536")));
    let kept_for = topic.of_dead_letters().made_with("retention.ms").await.1;
    assert_eq!(kept_for.as_deref(), Some("-1"), "letters are as old as their messages");
    running.stop().await.expect("a clean end");
}

#[tokio::test(flavor = "multi_thread")]
async fn while_a_dead_letter_cannot_be_delivered_its_partition_waits_and_others_go_on() {
    let topic = Topic::create(2).await;
    let letters = topic.of_dead_letters();
    let database = sqlite();
    let running = start(&database, &topic, 1_000_000).await;
    letters.until_made().await;
    letters.delete().await;
    topic.send_to(0, Some(b"no JSON")).await;
    topic.send_to(0, Some(&good(1))).await;
    topic.send_to(1, Some(&good(2))).await;

    topic.until_committed(1, 1).await;
    until("readiness names the topic", async || {
        running.readiness.all_missing().into_values().find(|why| why.contains(&letters.name))
    })
    .await;
    assert_eq!(topic.committed(0).await, 0, "the offset stands");

    letters.make().await;
    topic.until_committed(0, 2).await;
    running.ready().await.stop().await.expect("a clean end");
    assert_eq!(letters.messages(0).len() + letters.messages(1).len(), 1);
    assert_eq!(tables(&database.connect().await).await.clusters.len(), 2);
}

/// While a batch waits for its letters, the one after it is read.
#[tokio::test(flavor = "multi_thread")]
async fn a_batch_that_is_given_up_with_its_letters_is_passed_by_no_offset() {
    let (topic, database) = (Topic::create(1).await, sqlite());
    let letters = topic.of_dead_letters();
    let mut config = Running::config(&database, &topic);
    config.ingest.batch_messages = 1;
    let running = Running::start(config.clone(), Role::All).await;
    letters.until_made().await;
    letters.delete().await;
    topic.send_all([(0, b"no JSON".as_slice()), (0, &good(1))]).await;
    until_told(&running.readiness, "waits for its dead letters").await;
    running.stop().await.expect("a clean end");
    assert_eq!(topic.committed(0).await, 0, "the offset stands");

    let running = Running::start(config, Role::All).await;
    topic.until_committed(0, 2).await;
    running.stop().await.expect("a clean end");
    assert_eq!(letters.records(0).len(), 1);
}

async fn until_told(readiness: &Arc<Readiness>, words: &str) {
    until(words, async || readiness.all_missing().into_values().find(|why| why.contains(words))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_it_may_not_be_made_only_a_bad_message_waits_for_it() {
    let mut topic = Topic::create(2).await;
    let (database, letters) = (sqlite(), topic.of_dead_letters());
    // Kafka refuses a name that differs from another one only by a dot in place of an underscore.
    let mut in_its_way = topic.of_dead_letters();
    in_its_way.name = letters.name.replace('.', "_");
    in_its_way.make().await;
    topic.send_to(0, Some(&good(1))).await;
    let running = start(&database, &topic, 1_000_000).await.ready().await;
    topic.until_committed(0, 1).await;

    topic.send_to(0, Some(b"no JSON")).await;
    until_told(&running.readiness, &format!("{}/0 waits for its dead letters", topic.name)).await;
    until_told(&running.readiness, "it does not exist: create it").await;
    topic.send_to(1, Some(&good(2))).await;
    topic.until_committed(1, 1).await;
    assert_eq!(topic.committed(0).await, 1, "the offset stands");
    // Another one takes over, and waits in the same way; giving a partition up does not wait for letters.
    running.stop().await.expect("a clean end");
    topic.session_timeout = std::time::Duration::from_mins(5);
    let running = start(&database, &topic, 1_000_000).await;
    until_told(&running.readiness, "it does not exist: create it").await;

    in_its_way.delete().await;
    until("the name is free", async || letters.try_make_with(&[]).await.ok()).await;
    topic.until_committed(0, 2).await;
    running.ready().await.stop().await.expect("a clean end");
    assert_eq!(letters.messages(0).len() + letters.messages(1).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_made_once_the_source_is_there() {
    let (topic, database) = (Topic::missing(3), sqlite());
    let running = start(&database, &topic, 1_000_000).await;
    until_told(&running.readiness, "does not exist").await;
    topic.make().await;
    topic.of_dead_letters().until_made().await;
    assert_eq!(topic.of_dead_letters().made_with("max.message.bytes").await.0, 3, "as many partitions as the source");
    running.ready().await.stop().await.expect("a clean end");
}
