//! Records the rejected messages of a batch.

use std::collections::BTreeMap;

use sea_orm::{ConnectionTrait, DatabaseTransaction, DbErr};

use crate::{
    domain::Timestamp,
    store::{columns::Column, consumer_errors::Attempt, statement},
};

/// The stored length of a key: enough to recognise a cluster, and limited, since a key can be as long as a message.
const STORED_KEY_BYTES: usize = 256;

/// A row of `consumer_error`: a rejected message, and the reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsumerError {
    /// The message, and the number of the attempt to ingest it.
    pub attempt: Attempt,
    /// Its key; `None` if it has none.
    pub key: Option<Vec<u8>>,
    /// The length of its value in bytes.
    pub value_bytes: usize,
    /// The reason's code.
    pub reason: &'static str,
    /// The path of the rejected value and what was expected there; never a byte of the message.
    pub detail: String,
}

impl ConsumerError {
    fn stored_key(&self) -> Option<Vec<u8>> {
        self.key.as_deref().map(|key| key[..key.len().min(STORED_KEY_BYTES)].to_vec())
    }
}

/// The last record of each message: a replayed message can be rejected twice in a batch, but an upsert must not contain
/// a key twice.
fn last_of_each(rejected: &[ConsumerError]) -> Vec<&ConsumerError> {
    let mut last = BTreeMap::new();
    for message in rejected {
        let kept = last.entry(&message.attempt.message).or_insert(message);
        if message.attempt.number > kept.attempt.number {
            *kept = message;
        }
    }
    last.into_values().collect()
}

/// Records rejected messages. An existing row is changed only by a later attempt.
pub(super) async fn insert(
    transaction: &DatabaseTransaction,
    rejected: &[ConsumerError],
    consumed_at: Timestamp,
) -> Result<(), DbErr> {
    if rejected.is_empty() {
        return Ok(());
    }
    let rejected = last_of_each(rejected);
    let messages: Vec<_> = rejected.iter().map(|message| &message.attempt.message).collect();
    let rows = vec![
        Column::Text(messages.iter().map(|message| message.topic.clone()).collect()),
        Column::Int(messages.iter().map(|message| message.partition).collect()),
        Column::BigInt(messages.iter().map(|message| message.offset).collect()),
        Column::BigInt(messages.iter().map(|message| message.timestamp.unwrap_or(-1)).collect()),
        Column::Bytes(messages.iter().map(|message| message.value_digest.as_bytes().to_vec()).collect()),
        Column::BigInt(rejected.iter().map(|m| i64::try_from(m.value_bytes).unwrap_or(i64::MAX)).collect()),
        Column::OptionalBytes(rejected.iter().map(|message| message.stored_key()).collect()),
        Column::Text(rejected.iter().map(|message| message.reason.to_owned()).collect()),
        Column::Text(rejected.iter().map(|message| message.detail.clone()).collect()),
        Column::Int(rejected.iter().map(|message| message.attempt.stored_number()).collect()),
    ];
    let scalars = [consumed_at.utc().into()];
    let insert = statement::CONSUMER_ERRORS_INSERT.bind(transaction.get_database_backend(), rows, scalars);
    transaction.execute_raw(insert).await.map(drop)
}
