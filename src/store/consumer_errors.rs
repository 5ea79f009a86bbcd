//! Rejected messages, and which of them were replayed.

use std::collections::HashMap;

use ::entity::consumer_error::{Column as Field, Entity, Model};
use sea_orm::{ColumnTrait as _, Condition, EntityTrait as _, QueryFilter as _, sea_query::Expr};

use super::{error::Error, pools::Store};
use crate::domain::{Digest, Timestamp};

/// The maximum number of messages per statement: each has six parameters.
const MESSAGES_PER_STATEMENT: usize = 500;

/// Identifies a rejected message. Its coordinates alone do not: a topic that is created again starts at offset 0.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageIdentity {
    /// The topic from which it was first read.
    pub topic: String,
    /// Its partition in that topic.
    pub partition: i32,
    /// Its offset in that partition.
    pub offset: i64,
    /// Its Kafka timestamp in milliseconds; `None` if it has none.
    pub timestamp: Option<i64>,
    /// The digest of its value.
    pub value_digest: Digest,
}

/// One of the attempts to ingest a message, which ended with its rejection. All but the first follow a replay.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Attempt {
    /// The message.
    pub message: MessageIdentity,
    /// The number of the attempt, from 1.
    pub number: u32,
}

impl Attempt {
    /// The number, as stored in the column `attempts`.
    pub(super) fn stored_number(&self) -> i32 {
        i32::try_from(self.number).unwrap_or(i32::MAX)
    }
}

/// What followed a rejected attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replayed {
    /// The message was replayed at this time, and not rejected since.
    At(Timestamp),
    /// The message was replayed and rejected again: there is a later attempt.
    AndRejectedAgain,
}

impl Store {
    /// Returns those of these attempts after which the message was replayed.
    ///
    /// # Errors
    /// When the database does not respond.
    pub async fn replayed(&self, attempts: &[Attempt]) -> Result<HashMap<Attempt, Replayed>, Error> {
        let mut last = HashMap::new();
        for attempts in attempts.chunks(MESSAGES_PER_STATEMENT) {
            let messages =
                attempts.iter().map(|attempt| of_message(&attempt.message)).fold(Condition::any(), Condition::add);
            let rows = self.reader.on(async |reader| Entity::find().filter(messages).all(&reader).await).await;
            for row in rows.map_err(Error::during("reading which messages were replayed"))? {
                let (number, replayed_at) = (row.attempts, row.replayed_at);
                last.insert(identity(row)?, (number, replayed_at));
            }
        }
        let replayed = attempts.iter().filter_map(|attempt| {
            let (last_number, replayed_at) = last.get(&attempt.message)?;
            let is_last = *last_number <= attempt.stored_number();
            let replayed = if is_last { Replayed::At((*replayed_at)?.into()) } else { Replayed::AndRejectedAgain };
            Some((attempt.clone(), replayed))
        });
        Ok(replayed.collect())
    }

    /// Marks messages as replayed after these attempts. One that was rejected again in the meantime is not changed.
    ///
    /// # Errors
    /// When the database does not respond.
    pub async fn mark_replayed(&self, attempts: &[Attempt], at: Timestamp) -> Result<(), Error> {
        for attempts in attempts.chunks(MESSAGES_PER_STATEMENT) {
            let of_attempt =
                |attempt: &Attempt| of_message(&attempt.message).add(Field::Attempts.eq(attempt.stored_number()));
            let update = Entity::update_many()
                .col_expr(Field::ReplayedAt, Expr::value(at.utc()))
                .filter(attempts.iter().map(of_attempt).fold(Condition::any(), Condition::add));
            let updated = self.writer.on(async |writer| update.exec(&writer).await).await;
            updated.map_err(Error::during("marking messages as replayed"))?;
        }
        Ok(())
    }
}

fn of_message(message: &MessageIdentity) -> Condition {
    let MessageIdentity { topic, partition, offset, timestamp, value_digest } = message;
    Condition::all()
        .add(Field::Topic.eq(topic))
        .add(Field::Partition.eq(*partition))
        .add(Field::TopicOffset.eq(*offset))
        .add(Field::MessageTimestamp.eq(timestamp.unwrap_or(-1)))
        .add(Field::ValueDigest.eq(value_digest.as_bytes().to_vec()))
}

fn identity(row: Model) -> Result<MessageIdentity, Error> {
    let digest = Digest::try_from(row.value_digest.as_slice());
    Ok(MessageIdentity {
        topic: row.topic,
        partition: row.partition,
        offset: row.topic_offset,
        timestamp: Some(row.message_timestamp).filter(|timestamp| *timestamp >= 0),
        value_digest: digest.map_err(|_| Error::Corrupt { what: "a message's digest" })?,
    })
}
