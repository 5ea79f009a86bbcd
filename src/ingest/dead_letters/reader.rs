//! Reading the topic of dead letters, from its beginning to where it ended when the reading began.

use std::{collections::HashSet, time::Duration};

use rdkafka::{
    Message as _, Offset, TopicPartitionList,
    consumer::{BaseConsumer, Consumer as _},
    error::{KafkaError, RDKafkaErrorCode},
    message::{Header, Headers as _, OwnedMessage},
    metadata::{MetadataPartition, MetadataTopic},
};

use super::{super::client::client_config, headers::Told};
use crate::{config, domain::Digest, store::MessageIdentity};

/// How long a broker may take for an answer.
const PATIENCE: Duration = Duration::from_secs(15);

/// Why the topic cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// It is not there.
    #[error(
        "the topic {topic} does not exist: no message was ever bad, or kafka.dead_letter_topic names another than the \
         service that ingests"
    )]
    NoTopic {
        /// Its name.
        topic: String,
    },
    /// The brokers said something else, or nothing.
    #[error("the topic {topic} cannot be read")]
    Kafka {
        /// Its name.
        topic: String,
        /// What they said.
        #[source]
        source: KafkaError,
    },
}

/// A message of the topic of dead letters.
#[derive(Clone, Debug)]
pub struct DeadLetter {
    pub(super) message: OwnedMessage,
    pub(super) told: Option<Told>,
}

/// Calls `each` for every letter that the topic has now, partition by partition or mixed, each partition in its order.
///
/// # Errors
/// When the topic is missing or the brokers do not answer.
pub fn read(kafka: &config::Kafka, mut each: impl FnMut(DeadLetter)) -> Result<(), ReadError> {
    let topic = &kafka.dead_letter_topic;
    let failed = |source| ReadError::Kafka { topic: topic.clone(), source };
    let mut client = client_config(kafka);
    client
        // A consumer must name one; nothing is committed in it.
        .set("group.id", format!("{}-dead-letters", kafka.group))
        .set("enable.auto.commit", "false")
        .set("enable.partition.eof", "true")
        .set("allow.auto.create.topics", "false");
    let consumer: BaseConsumer = client.create().map_err(failed)?;
    let mut unread = partitions_with_letters(&consumer, topic)?;
    let mut places = TopicPartitionList::new();
    for partition in &unread {
        places.add_partition_offset(topic, *partition, Offset::Beginning).map_err(failed)?;
    }
    consumer.assign(&places).map_err(failed)?;
    while !unread.is_empty() {
        match consumer.poll(PATIENCE) {
            Some(Ok(message)) => each(DeadLetter::of(message.detach())),
            Some(Err(KafkaError::PartitionEOF(partition))) => drop(unread.remove(&partition)),
            Some(Err(error)) => return Err(failed(error)),
            None => return Err(failed(KafkaError::MessageConsumption(RDKafkaErrorCode::OperationTimedOut))),
        }
    }
    Ok(())
}

fn partitions_with_letters(consumer: &BaseConsumer, topic: &str) -> Result<HashSet<i32>, ReadError> {
    let failed = |source| ReadError::Kafka { topic: topic.to_owned(), source };
    let metadata = consumer.fetch_metadata(Some(topic), PATIENCE).map_err(failed)?;
    let partitions = metadata.topics().iter().flat_map(MetadataTopic::partitions);
    let partitions: Vec<_> = partitions.map(MetadataPartition::id).collect();
    if partitions.is_empty() {
        return Err(ReadError::NoTopic { topic: topic.to_owned() });
    }
    let mut with_letters = HashSet::new();
    for partition in partitions {
        let (first, end) = consumer.fetch_watermarks(topic, partition, PATIENCE).map_err(failed)?;
        if first < end {
            with_letters.insert(partition);
        }
    }
    Ok(with_letters)
}

impl DeadLetter {
    fn of(message: OwnedMessage) -> Self {
        let told = Told::of(&message);
        Self { message, told }
    }

    /// Where it stands among the dead letters: `partition:offset`.
    pub fn place(&self) -> String {
        format!("{}:{}", self.message.partition(), self.message.offset())
    }

    /// Where the message stood at first, as `topic/partition@offset`; `?` where nothing says so.
    pub fn origin(&self) -> String {
        self.told.as_ref().map_or_else(|| "?".to_owned(), |told| told.origin.to_string())
    }

    /// Why it was refused last, in one word; `?` where nothing says so.
    pub fn reason(&self) -> &str {
        self.told.as_ref().map_or("?", |told| &told.reason)
    }

    /// The place of the fault and what was wanted there.
    pub fn detail(&self) -> &str {
        self.told.as_ref().map_or("", |told| &told.detail)
    }

    /// When it was refused last, in RFC 3339.
    pub fn failed_at(&self) -> &str {
        self.told.as_ref().map_or("", |told| &told.failed_at)
    }

    /// How often it was refused.
    pub fn attempts(&self) -> u32 {
        self.told.as_ref().map_or(0, |told| told.attempts)
    }

    /// Whether the broker took but the beginning of its value.
    pub fn is_truncated(&self) -> bool {
        self.told.as_ref().is_some_and(|told| told.is_truncated)
    }

    /// The message's key.
    pub fn key(&self) -> Option<&[u8]> {
        self.message.key()
    }

    /// The message's value; `None` for a tombstone.
    pub fn value(&self) -> Option<&[u8]> {
        self.message.payload()
    }

    /// All headers, ours among them.
    pub fn headers(&self) -> Vec<(String, Option<Vec<u8>>)> {
        let owned = |header: Header<'_, &[u8]>| (header.key.to_owned(), header.value.map(<[u8]>::to_vec));
        self.message.headers().map(|headers| headers.iter().map(owned).collect()).unwrap_or_default()
    }

    /// What the message is known by in `consumer_error`; `None` where nothing says where it stood, or it was cut.
    pub fn identity(&self) -> Option<MessageIdentity> {
        let told = self.told.as_ref().filter(|told| !told.is_truncated)?;
        Some(MessageIdentity {
            topic: told.origin.topic.clone(),
            partition: told.origin.partition,
            offset: told.origin.offset,
            timestamp: told.origin.timestamp,
            value_digest: Digest::of(self.value().unwrap_or_default()),
        })
    }
}
