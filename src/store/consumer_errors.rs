//! What became of messages that could not be ingested: which were sent again.

use std::collections::HashMap;

use ::entity::consumer_error::{Column as Field, Entity, Model};
use sea_orm::{ColumnTrait as _, Condition, EntityTrait as _, QueryFilter as _, sea_query::Expr};

use super::{error::Error, pools::Store};
use crate::domain::{Digest, Timestamp};

/// So many messages are asked for by one statement: each has six parameters.
const AT_ONCE: usize = 500;

/// What a bad message is known by. Its coordinates alone do not identify it: a topic made anew begins again at offset 0.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageIdentity {
    /// The topic where it stood at first.
    pub topic: String,
    /// Its partition there.
    pub partition: i32,
    /// Its offset there.
    pub offset: i64,
    /// Its timestamp in milliseconds, as Kafka gave it; `None` where it had none.
    pub timestamp: Option<i64>,
    /// The digest of its value.
    pub value_digest: Digest,
}

/// One of the times that a message was refused. A message is refused again only after it was sent again.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Attempt {
    /// The message.
    pub message: MessageIdentity,
    /// Which time, from 1.
    pub attempt: u32,
}

impl Attempt {
    /// Which time, as the table counts.
    pub(super) fn attempts(&self) -> i32 {
        i32::try_from(self.attempt).unwrap_or(i32::MAX)
    }
}

/// That a message was sent again after a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replayed {
    /// It was, then, and was not refused since.
    At(Timestamp),
    /// It was, and was refused again: there is a later refusal.
    AndRefusedAgain,
}

impl Store {
    /// After which of these refusals the message was sent again. Those that are not in the answer were not.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn replayed(&self, refusals: &[Attempt]) -> Result<HashMap<Attempt, Replayed>, Error> {
        let mut last = HashMap::new();
        for refusals in refusals.chunks(AT_ONCE) {
            let messages =
                refusals.iter().map(|refusal| of_message(&refusal.message)).fold(Condition::any(), Condition::add);
            let rows = Entity::find().filter(messages).all(&self.reader).await;
            for row in rows.map_err(Error::during("reading which messages were sent again"))? {
                let (attempt, replayed_at) = (row.attempts, row.replayed_at);
                last.insert(identity(row)?, (attempt, replayed_at));
            }
        }
        let told = refusals.iter().filter_map(|refusal| {
            let (attempt, replayed_at) = last.get(&refusal.message)?;
            let is_last = *attempt <= refusal.attempts();
            let replayed = if is_last { Replayed::At((*replayed_at)?.into()) } else { Replayed::AndRefusedAgain };
            Some((refusal.clone(), replayed))
        });
        Ok(told.collect())
    }

    /// Notes that messages were sent again after these refusals. One that was refused again meanwhile stays as it is.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn mark_replayed(&self, refusals: &[Attempt], at: Timestamp) -> Result<(), Error> {
        for refusals in refusals.chunks(AT_ONCE) {
            let of_refusal =
                |refusal: &Attempt| of_message(&refusal.message).add(Field::Attempts.eq(refusal.attempts()));
            let update = Entity::update_many()
                .col_expr(Field::ReplayedAt, Expr::value(at.utc()))
                .filter(refusals.iter().map(of_refusal).fold(Condition::any(), Condition::add));
            update.exec(&self.writer).await.map_err(Error::during("marking messages as sent again"))?;
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
