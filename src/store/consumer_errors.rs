//! What became of messages that could not be ingested: which were sent again.

use std::collections::HashMap;

use ::entity::consumer_error::{Column as Field, Entity};
use sea_orm::{ColumnTrait as _, Condition, EntityTrait as _, QueryFilter as _, sea_query::Expr};

use super::{error::Error, pools::Store};
use crate::domain::{Digest, Timestamp};

/// So many messages are asked for by one statement: each has five parameters.
const AT_ONCE: usize = 500;

/// What a bad message is known by. Its coordinates alone do not identify it: a topic made anew begins again at offset 0.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
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

impl Store {
    /// Which of these messages were sent again, and when last.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn replayed(&self, messages: &[MessageIdentity]) -> Result<HashMap<MessageIdentity, Timestamp>, Error> {
        let during = "reading which messages were sent again";
        let mut replayed = HashMap::new();
        for messages in messages.chunks(AT_ONCE) {
            let rows = Entity::find().filter(any_of(messages)).filter(Field::ReplayedAt.is_not_null());
            for row in rows.all(&self.reader).await.map_err(Error::during(during))? {
                let digest = Digest::try_from(row.value_digest.as_slice());
                let identity = MessageIdentity {
                    topic: row.topic,
                    partition: row.partition,
                    offset: row.topic_offset,
                    timestamp: Some(row.message_timestamp).filter(|timestamp| *timestamp >= 0),
                    value_digest: digest.map_err(|_| Error::Corrupt { what: "a message's digest" })?,
                };
                replayed.extend(row.replayed_at.map(|at| (identity, Timestamp::from(at))));
            }
        }
        Ok(replayed)
    }

    /// Marks messages as sent again.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn mark_replayed(&self, messages: &[MessageIdentity], at: Timestamp) -> Result<(), Error> {
        for messages in messages.chunks(AT_ONCE) {
            let update =
                Entity::update_many().col_expr(Field::ReplayedAt, Expr::value(at.utc())).filter(any_of(messages));
            update.exec(&self.writer).await.map_err(Error::during("marking messages as sent again"))?;
        }
        Ok(())
    }
}

fn any_of(messages: &[MessageIdentity]) -> Condition {
    messages.iter().fold(Condition::any(), |any, message| {
        let MessageIdentity { topic, partition, offset, timestamp, value_digest } = message;
        any.add(
            Condition::all()
                .add(Field::Topic.eq(topic))
                .add(Field::Partition.eq(*partition))
                .add(Field::TopicOffset.eq(*offset))
                .add(Field::MessageTimestamp.eq(timestamp.unwrap_or(-1)))
                .add(Field::ValueDigest.eq(value_digest.as_bytes().to_vec())),
        )
    })
}
