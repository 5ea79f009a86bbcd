//! The messages of a batch that could not be ingested.

use std::collections::BTreeMap;

use sea_orm::{ConnectionTrait, DatabaseTransaction, DbErr};

use crate::{
    domain::Timestamp,
    store::{columns::Column, consumer_errors::Attempt, statement},
};

/// So much of a key is kept: enough to recognise a cluster by, and no more, since a key can be as long as a message.
const KEPT_KEY_BYTES: usize = 256;

/// A message that could not be ingested: which it was, what it was like, why not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsumerError {
    /// Which message, and which of its refusals this is.
    pub refusal: Attempt,
    /// Its key; `None` where it has none.
    pub key: Option<Vec<u8>>,
    /// The length of its value in bytes.
    pub value_bytes: usize,
    /// The reason's code.
    pub reason: &'static str,
    /// The place of the fault and what was wanted there; never a byte of the message.
    pub detail: String,
}

impl ConsumerError {
    fn kept_key(&self) -> Option<Vec<u8>> {
        self.key.as_deref().map(|key| key[..key.len().min(KEPT_KEY_BYTES)].to_vec())
    }
}

/// One record a message, the last: a statement takes none twice. A message that was sent again can die twice in a batch.
fn each_once(rejected: &[ConsumerError]) -> Vec<&ConsumerError> {
    let mut last = BTreeMap::new();
    for message in rejected {
        let kept = last.entry(&message.refusal.message).or_insert(message);
        if message.refusal.attempt > kept.refusal.attempt {
            *kept = message;
        }
    }
    last.into_values().collect()
}

/// Records bad messages. One that is there already stays as it is, unless it was sent again and refused again.
pub(super) async fn insert(
    transaction: &DatabaseTransaction,
    rejected: &[ConsumerError],
    consumed_at: Timestamp,
) -> Result<(), DbErr> {
    if rejected.is_empty() {
        return Ok(());
    }
    let rejected = each_once(rejected);
    let known: Vec<_> = rejected.iter().map(|message| &message.refusal.message).collect();
    let rows = vec![
        Column::Text(known.iter().map(|message| message.topic.clone()).collect()),
        Column::Int(known.iter().map(|message| message.partition).collect()),
        Column::BigInt(known.iter().map(|message| message.offset).collect()),
        Column::BigInt(known.iter().map(|message| message.timestamp.unwrap_or(-1)).collect()),
        Column::Bytes(known.iter().map(|message| message.value_digest.as_bytes().to_vec()).collect()),
        Column::BigInt(rejected.iter().map(|m| i64::try_from(m.value_bytes).unwrap_or(i64::MAX)).collect()),
        Column::OptionalBytes(rejected.iter().map(|message| message.kept_key()).collect()),
        Column::Text(rejected.iter().map(|message| message.reason.to_owned()).collect()),
        Column::Text(rejected.iter().map(|message| message.detail.clone()).collect()),
        Column::Int(rejected.iter().map(|message| message.refusal.attempts()).collect()),
    ];
    let scalars = [consumed_at.utc().into()];
    let insert = statement::CONSUMER_ERRORS_INSERT.bind(transaction.get_database_backend(), rows, scalars);
    transaction.execute_raw(insert).await.map(drop)
}
