//! Messages that could not be ingested: each is recorded once, in the transaction of its batch.

use ::entity::consumer_error;
use insights_results_aggregator::{
    domain::{Digest, Timestamp},
    store::{Attempt, Batch, ConsumerError, MessageIdentity, Replayed, Results, Store, Written, count_statements},
};
use sea_orm::EntityTrait;

use super::owned_cluster::{OwnedCluster, stored};
use crate::harness::{Database, each_database};

#[tokio::test]
async fn a_bad_message_is_recorded_with_its_position_and_the_reason() {
    for database in each_database().await {
        let store = database.store().await;
        let mut rejected = rejected(42);
        rejected.key = Some(b"\x00\xff key".to_vec());
        rejected.detail = "line 1, column 7: a \"key\" was expected, with \\x00 and a bar |".to_owned();
        record(&store, &[rejected.clone()]).await;

        let (row, message) = (only_row(&database).await, message(42));
        assert_eq!((row.topic, row.partition, row.topic_offset), (message.topic, 3, 42), "{}", database.name);
        assert_eq!(row.message_timestamp, 1_714_608_000_123, "{}", database.name);
        assert_eq!(row.message_key, rejected.key, "{}", database.name);
        assert_eq!((row.value_bytes, row.value_digest), (7, message.value_digest.as_bytes().to_vec()));
        assert_eq!((row.reason.as_str(), row.detail), (rejected.reason, rejected.detail), "{}", database.name);
    }
}

#[tokio::test]
async fn of_a_key_the_first_256_bytes_are_kept_and_no_key_is_not_an_empty_one() {
    let long: Vec<u8> = (0..=255).cycle().take(1000).collect();
    let keys = [None, Some(vec![]), Some(vec![0]), Some(long[..256].to_vec()), Some(long[..257].to_vec()), Some(long)];
    for database in each_database().await {
        let store = database.store().await;
        let messages: Vec<_> =
            (0..).zip(&keys).map(|(offset, key)| ConsumerError { key: key.clone(), ..rejected(offset) }).collect();
        record(&store, &messages).await;

        let mut rows = rows(&database).await;
        rows.sort_by_key(|row| row.topic_offset);
        let kept: Vec<_> = rows.into_iter().map(|row| row.message_key).collect();
        let expected = keys.clone().map(|key| key.map(|key| key.into_iter().take(256).collect::<Vec<_>>()));
        assert_eq!(kept, expected, "{}", database.name);
    }
}

#[tokio::test]
async fn a_message_without_a_timestamp_and_an_empty_one_are_recorded_too() {
    for database in each_database().await {
        let store = database.store().await;
        let (value_digest, offset, partition) = (Digest::of(b""), i64::MAX, i32::MAX);
        let empty = MessageIdentity { timestamp: None, value_digest, offset, partition, ..message(0) };
        record(&store, &[ConsumerError { value_bytes: 0, detail: String::new(), ..first_rejection(empty) }]).await;
        let row = only_row(&database).await;
        assert_eq!((row.message_timestamp, row.value_bytes), (-1, 0), "{}", database.name);
        assert_eq!((row.topic_offset, row.partition), (i64::MAX, i32::MAX), "{}", database.name);
        assert_eq!(row.detail, "", "{}", database.name);
    }
}

#[tokio::test]
async fn a_message_that_is_read_again_is_the_same_row() {
    for database in each_database().await {
        let store = database.store().await;
        record(&store, &[rejected(1), rejected(2)]).await;
        let before = rows(&database).await;
        record(&store, &[ConsumerError { detail: "another wording".to_owned(), ..rejected(1) }]).await;
        record(&store, &[rejected(2), rejected(3), rejected(3)]).await;
        let after = rows(&database).await;
        assert_eq!(after.len(), 3, "{}: also one row for a message twice in a batch", database.name);
        assert!(before.iter().all(|row| after.contains(row)), "{}", database.name);
    }
}

/// An attempt at the message of `rejected(offset)`.
fn attempt(offset: i64, number: u32) -> Attempt {
    Attempt { message: message(offset), number }
}

fn rejected_again(offset: i64, attempts: u32) -> ConsumerError {
    let (attempt, detail) = (attempt(offset, attempts), format!("time {attempts}"));
    ConsumerError { attempt, reason: "too_large", detail, ..rejected(offset) }
}

#[tokio::test]
async fn a_message_that_is_rejected_again_is_the_same_row_with_the_last_rejection() {
    for database in each_database().await {
        let store = database.store().await;
        record(&store, &[rejected(1)]).await;
        record(&store, &[rejected_again(1, 3), rejected_again(1, 2)]).await;
        let row = only_row(&database).await;
        assert_eq!((row.attempts, row.reason.as_str(), row.detail.as_str()), (3, "too_large", "time 3"));
        record(&store, &[rejected(1), rejected_again(1, 2), ConsumerError { reason: "x", ..rejected_again(1, 3) }])
            .await;
        assert_eq!(only_row(&database).await, row, "{}", database.name);
    }
}

#[tokio::test]
async fn a_replayed_message_is_marked_until_it_is_rejected_again() {
    for database in each_database().await {
        let store = database.store().await;
        let timeless = MessageIdentity { timestamp: None, ..message(3) };
        record(&store, &[rejected(1), rejected(2), first_rejection(timeless.clone())]).await;
        let timeless = Attempt { message: timeless, number: 1 };
        let all = [attempt(1, 1), attempt(2, 1), timeless.clone(), attempt(2, 2), attempt(9, 1)];
        assert!(store.replayed(&all).await.expect("read").is_empty(), "{}", database.name);

        let at: Timestamp = "2026-01-02T03:04:05.000006Z".parse().expect("a time");
        store.mark_replayed(&[attempt(1, 1), attempt(2, 1), timeless.clone()], at).await.expect("marked");
        // Message 2 was rejected again in between, so marking its first attempt again does not mark the new rejection.
        record(&store, &[rejected_again(2, 2)]).await;
        store.mark_replayed(&[attempt(2, 1)], at).await.expect("marked");
        let expected = [
            (attempt(1, 1), Replayed::At(at)),
            (attempt(2, 1), Replayed::AndRejectedAgain),
            (timeless, Replayed::At(at)),
        ];
        assert_eq!(store.replayed(&all).await.expect("read"), expected.into(), "{}", database.name);
    }
}

/// A topic that was deleted and created again starts at offset 0, with other messages.
#[tokio::test]
async fn other_messages_at_the_same_offset_are_rows_of_their_own() {
    for database in each_database().await {
        let store = database.store().await;
        let others = [
            message(1),
            MessageIdentity { timestamp: Some(1_714_608_000_124), ..message(1) },
            MessageIdentity { timestamp: None, ..message(1) },
            MessageIdentity { value_digest: Digest::of(b"another"), ..message(1) },
            MessageIdentity { partition: 4, ..message(1) },
            MessageIdentity { topic: "another".to_owned(), ..message(1) },
        ];
        record(&store, &others.clone().map(first_rejection)).await;
        assert_eq!(rows(&database).await.len(), others.len(), "{}", database.name);
    }
}

#[tokio::test]
async fn a_batch_of_only_bad_messages_takes_one_statement() {
    for database in each_database().await {
        let store = database.store().await;
        let messages: Vec<_> = (0..300).map(rejected).collect();
        let ((), statements) = count_statements(record(&store, &messages)).await;
        assert_eq!(statements, 1, "{}", database.name);
        let tables = stored(&database).await;
        assert_eq!((tables.consumer_errors.len(), tables.clusters.len()), (300, 0), "{}", database.name);
    }
}

#[tokio::test]
async fn reports_and_bad_messages_of_a_batch_are_written_together() {
    const OURS: OwnedCluster = OwnedCluster { organization: 1, cluster: 7 };
    for database in each_database().await {
        let store = database.store().await;
        let batch = Batch { results: Results::Reports(&[OURS.report(10, "disk")]), rejected: &[rejected(5)] };
        assert_eq!(store.write(batch).await.expect("written").applied, 1, "{}", database.name);
        let tables = stored(&database).await;
        assert_eq!((tables.consumer_errors.len(), tables.rule_hits.len()), (1, 1), "{}", database.name);
    }
}

fn message(offset: i64) -> MessageIdentity {
    MessageIdentity {
        topic: "ccx.ocp.results".to_owned(),
        partition: 3,
        offset,
        timestamp: Some(1_714_608_000_123),
        value_digest: Digest::of(b"garbage"),
    }
}

fn first_rejection(message: MessageIdentity) -> ConsumerError {
    let (attempt, detail) = (Attempt { message, number: 1 }, "at byte 0".to_owned());
    ConsumerError { attempt, key: None, value_bytes: 7, reason: "not_json", detail }
}

pub(super) fn rejected(offset: i64) -> ConsumerError {
    first_rejection(message(offset))
}

async fn record(store: &Store, rejected: &[ConsumerError]) {
    let written = store.write(Batch { results: Results::Reports(&[]), rejected }).await.expect("the batch is written");
    assert_eq!(written, Written::default());
}

async fn rows(database: &Database) -> Vec<consumer_error::Model> {
    consumer_error::Entity::find().all(&database.connect().await).await.expect("rows")
}

async fn only_row(database: &Database) -> consumer_error::Model {
    let mut rows = rows(database).await;
    assert_eq!(rows.len(), 1, "{}", database.name);
    rows.remove(0)
}
