//! The messages of a batch that could not be ingested.

use std::collections::BTreeMap;

use sea_orm::{ConnectionTrait, DatabaseTransaction, DbErr};

use crate::{
    domain::{Digest, Timestamp},
    store::{columns::Column, statement},
};

/// So much of a key is kept: enough to recognise a cluster by, and no more, since a key can be as long as a message.
const KEPT_KEY_BYTES: usize = 256;

/// A message that could not be ingested: where it stood, what it was, why not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RejectedMessage {
    /// The topic where it stood at first.
    pub topic: String,
    /// Its partition there.
    pub partition: i32,
    /// Its offset there.
    pub offset: i64,
    /// Its timestamp in milliseconds, as Kafka gives it; `None` where it has none.
    pub timestamp: Option<i64>,
    /// Its key; `None` where it has none.
    pub key: Option<Vec<u8>>,
    /// The length of its value in bytes.
    pub value_bytes: usize,
    /// The digest of its value.
    pub value_digest: Digest,
    /// The reason's code.
    pub reason: &'static str,
    /// The place of the fault and what was wanted there; never a byte of the message.
    pub detail: String,
    /// How often it was refused, this time included: more than once after it was sent again.
    pub attempts: u32,
}

impl RejectedMessage {
    fn kept_key(&self) -> Option<Vec<u8>> {
        self.key.as_deref().map(|key| key[..key.len().min(KEPT_KEY_BYTES)].to_vec())
    }
}

/// One record a message, the last: a statement takes none twice. A message that was sent again can die twice in a batch.
fn each_once(rejected: &[RejectedMessage]) -> Vec<&RejectedMessage> {
    let mut last = BTreeMap::new();
    for message in rejected {
        let RejectedMessage { topic, partition, offset, timestamp, value_digest, .. } = message;
        let kept = last.entry((topic, partition, offset, timestamp, value_digest.as_bytes())).or_insert(message);
        if message.attempts > kept.attempts {
            *kept = message;
        }
    }
    last.into_values().collect()
}

/// Records bad messages. One that is there already stays as it is, unless it was sent again and refused again.
pub(super) async fn insert(
    transaction: &DatabaseTransaction,
    rejected: &[RejectedMessage],
    consumed_at: Timestamp,
) -> Result<(), DbErr> {
    if rejected.is_empty() {
        return Ok(());
    }
    let rejected = each_once(rejected);
    let rows = vec![
        Column::Text(rejected.iter().map(|message| message.topic.clone()).collect()),
        Column::Int(rejected.iter().map(|message| message.partition).collect()),
        Column::BigInt(rejected.iter().map(|message| message.offset).collect()),
        Column::BigInt(rejected.iter().map(|message| message.timestamp.unwrap_or(-1)).collect()),
        Column::Bytes(rejected.iter().map(|message| message.value_digest.as_bytes().to_vec()).collect()),
        Column::BigInt(rejected.iter().map(|m| i64::try_from(m.value_bytes).unwrap_or(i64::MAX)).collect()),
        Column::OptionalBytes(rejected.iter().map(|message| message.kept_key()).collect()),
        Column::Text(rejected.iter().map(|message| message.reason.to_owned()).collect()),
        Column::Text(rejected.iter().map(|message| message.detail.clone()).collect()),
        Column::Int(rejected.iter().map(|m| i32::try_from(m.attempts).unwrap_or(i32::MAX)).collect()),
    ];
    let scalars = [consumed_at.utc().into()];
    let insert = statement::CONSUMER_ERRORS_INSERT.bind(transaction.get_database_backend(), rows, scalars);
    transaction.execute_raw(insert).await.map(drop)
}
