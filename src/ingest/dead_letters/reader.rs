//! Reads the dead-letter topic from its beginning to its end at the time of opening.

use std::{
    collections::BTreeMap,
    fmt,
    ops::{ControlFlow, Range},
    str::FromStr,
    time::{Duration, Instant},
};

use rdkafka::{
    Message as _, Offset, TopicPartitionList,
    consumer::{BaseConsumer, Consumer as _},
    error::{KafkaError, RDKafkaErrorCode},
    message::{Header, Headers as _, OwnedMessage},
    metadata::{MetadataPartition, MetadataTopic},
};

use super::headers::{DeadLetterHeaders, readable};
use crate::{
    config,
    ingest::client::{client_config, is_connection_error},
    store::Attempt,
};

/// How long brokers may take to respond, or to send the next message.
const BROKER_TIMEOUT: Duration = Duration::from_secs(15);
/// The timeout of one poll.
const POLL_TIMEOUT: Duration = Duration::from_millis(100);

/// Why the topic cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// It does not exist.
    #[error(
        "the topic {topic} does not exist: `serve` has not created it yet, or kafka.dead_letter_topic differs from the \
         setting of the service that ingests"
    )]
    NoTopic {
        /// Its name.
        topic: String,
    },
    /// The brokers returned an error, or did not respond.
    #[error("the topic {topic} cannot be read")]
    Kafka {
        /// Its name.
        topic: String,
        /// The error.
        #[source]
        source: KafkaError,
    },
}

/// The position of a dead letter, written `partition:offset`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// The partition of the dead-letter topic.
    pub partition: i32,
    /// The offset in the partition.
    pub offset: i64,
}

/// A text that is not a valid position.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a position is a partition and an offset, as `dead-letters list` writes them: 0:17")]
pub struct InvalidPosition;

impl FromStr for Position {
    type Err = InvalidPosition;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (partition, offset) = text.split_once(':').ok_or(InvalidPosition)?;
        let position = Self {
            partition: partition.parse().map_err(|_| InvalidPosition)?,
            offset: offset.parse().map_err(|_| InvalidPosition)?,
        };
        if position.partition < 0 || position.offset < 0 { Err(InvalidPosition) } else { Ok(position) }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{}:{}", self.partition, self.offset))
    }
}

/// A message of the dead-letter topic.
#[derive(Clone, Debug)]
pub struct DeadLetter {
    pub(super) message: OwnedMessage,
    /// The headers that this service added; `None` if it did not write the message.
    pub(super) own_headers: Option<DeadLetterHeaders>,
}

/// A consumer of the topic, and the offsets that are still to be read.
pub struct DeadLetterReader {
    topic: String,
    consumer: BaseConsumer,
    /// Per partition; no range is empty.
    unread: BTreeMap<i32, Range<i64>>,
}

impl DeadLetterReader {
    /// Queries the first and the last offsets of the topic. Messages that are added later are not read.
    ///
    /// # Errors
    /// When the topic does not exist or the brokers do not respond.
    pub fn open(kafka: &config::Kafka) -> Result<Self, ReadError> {
        let topic = kafka.dead_letter_topic.clone();
        let failed = |source| ReadError::Kafka { topic: topic.clone(), source };
        let consumer: BaseConsumer = reader_config(kafka).create().map_err(failed)?;
        let metadata = consumer.fetch_metadata(Some(&topic), BROKER_TIMEOUT).map_err(failed)?;
        let partitions = metadata.topics().iter().flat_map(MetadataTopic::partitions).map(MetadataPartition::id);
        let mut unread = BTreeMap::new();
        for partition in partitions {
            let (first, end) = consumer.fetch_watermarks(&topic, partition, BROKER_TIMEOUT).map_err(failed)?;
            unread.insert(partition, first..end);
        }
        if unread.is_empty() {
            return Err(ReadError::NoTopic { topic });
        }
        unread.retain(|_, offsets| !offsets.is_empty());
        Ok(Self { topic, consumer, unread })
    }

    /// Reads only the offsets from the first to the last of these positions in each partition.
    #[must_use]
    pub fn limited_to(mut self, positions: &[Position]) -> Self {
        self.unread.retain(|partition, offsets| {
            let in_partition = positions.iter().filter(|position| position.partition == *partition);
            let selected = || in_partition.clone().map(|position| position.offset);
            let (first, last) = (selected().min().unwrap_or(i64::MAX), selected().max().unwrap_or(-1));
            *offsets = offsets.start.max(first)..offsets.end.min(last.saturating_add(1));
            !offsets.is_empty()
        });
        self
    }

    /// The number of offsets to read. There may be fewer dead letters: transactions and compaction leave gaps.
    pub fn offsets(&self) -> u64 {
        self.unread.values().map(|offsets| offsets.start.abs_diff(offsets.end)).sum()
    }

    /// Calls `each` for every dead letter until it breaks; those of one partition in offset order.
    ///
    /// # Errors
    /// When the brokers do not respond.
    pub fn read(mut self, mut each: impl FnMut(DeadLetter) -> ControlFlow<()>) -> Result<(), ReadError> {
        self.read_unread(&mut each).map_err(|source| ReadError::Kafka { topic: self.topic, source })
    }

    fn read_unread(&mut self, each: &mut impl FnMut(DeadLetter) -> ControlFlow<()>) -> Result<(), KafkaError> {
        let mut assignment = TopicPartitionList::new();
        for (partition, offsets) in &self.unread {
            assignment.add_partition_offset(&self.topic, *partition, Offset::Offset(offsets.start))?;
        }
        self.consumer.assign(&assignment)?;
        let mut last_progress = Instant::now();
        while !self.unread.is_empty() {
            match self.consumer.poll(POLL_TIMEOUT) {
                Some(Ok(message)) => {
                    let (partition, offset) = (message.partition(), message.offset());
                    let end = self.unread.get(&partition).map_or(0, |offsets| offsets.end);
                    if offset + 1 >= end {
                        self.unread.remove(&partition);
                    }
                    if offset < end && each(DeadLetter::new(message.detach())).is_break() {
                        return Ok(());
                    }
                }
                // The only event for trailing offsets without a message, such as transaction markers.
                Some(Err(KafkaError::PartitionEOF(partition))) => drop(self.unread.remove(&partition)),
                Some(Err(error)) if !is_transient(&error) => return Err(error),
                Some(Err(_)) | None if last_progress.elapsed() < BROKER_TIMEOUT => continue,
                Some(Err(error)) => return Err(error),
                None => return Err(KafkaError::MessageConsumption(RDKafkaErrorCode::OperationTimedOut)),
            }
            last_progress = Instant::now();
        }
        Ok(())
    }
}

/// Whether librdkafka retries by itself: another broker may respond.
fn is_transient(error: &KafkaError) -> bool {
    matches!(error, KafkaError::MessageConsumption(code) if is_connection_error(*code))
}

fn reader_config(kafka: &config::Kafka) -> rdkafka::ClientConfig {
    let mut client = client_config(kafka);
    client
        // librdkafka requires a group. This client certainly has permission for the configured one; it does not join
        // it, and commits nothing.
        .set("group.id", &kafka.group)
        .set("enable.auto.commit", "false")
        .set("enable.auto.offset.store", "false")
        .set("enable.partition.eof", "true")
        // Offsets that retention has removed in the meantime are skipped.
        .set("auto.offset.reset", "earliest")
        .set("allow.auto.create.topics", "false")
        .set("queued.max.messages.kbytes", "16384");
    client
}

impl DeadLetter {
    fn new(message: OwnedMessage) -> Self {
        let own_headers = DeadLetterHeaders::read(&message);
        Self { message, own_headers }
    }

    /// Its position in the dead-letter topic.
    pub fn position(&self) -> Position {
        Position { partition: self.message.partition(), offset: self.message.offset() }
    }

    /// The origin of the message, as `topic/partition@offset`; `?` if unknown.
    pub fn origin(&self) -> String {
        self.own_headers.as_ref().map_or_else(|| "?".to_owned(), |headers| headers.origin.to_string())
    }

    /// The code of the last reason why it was rejected; `?` if unknown.
    pub fn reason(&self) -> &str {
        self.own_headers.as_ref().map_or("?", |headers| &headers.reason)
    }

    /// The path of the rejected value and what was expected there.
    pub fn detail(&self) -> &str {
        self.own_headers.as_ref().map_or("", |headers| &headers.detail)
    }

    /// When it was last rejected, in RFC 3339.
    pub fn failed_at(&self) -> &str {
        self.own_headers.as_ref().map_or("", |headers| &headers.failed_at)
    }

    /// The number of times that it was rejected.
    pub fn attempts(&self) -> u32 {
        self.own_headers.as_ref().map_or(0, |headers| headers.attempts)
    }

    /// The length of the message's value, even if the dead letter is truncated.
    pub fn bytes(&self) -> usize {
        let original_bytes = self.own_headers.as_ref().and_then(|headers| headers.original_bytes);
        original_bytes.unwrap_or_else(|| self.value().map_or(0, <[u8]>::len))
    }

    /// Whether it contains only a part of the message, because the brokers did not accept all of it.
    pub fn is_truncated(&self) -> bool {
        self.own_headers.as_ref().is_some_and(|headers| headers.original_bytes.is_some())
    }

    /// The message's key. A compacted topic contains a message without a key under its origin.
    pub fn key(&self) -> Option<&[u8]> {
        self.message.key().filter(|key| *key != self.origin().as_bytes())
    }

    /// The message's value; `None` for a tombstone.
    pub fn value(&self) -> Option<&[u8]> {
        self.message.payload()
    }

    /// All headers, including those that this service added; `None` for one whose name is not UTF-8.
    pub fn headers(&self) -> impl Iterator<Item = Option<Header<'_, &[u8]>>> {
        let headers = self.message.headers();
        headers.into_iter().flat_map(|headers| (0..headers.count()).map(|at| readable(headers, at)))
    }

    /// The attempt to ingest the message that led to this dead letter; `None` if unknown, or if it is truncated.
    pub fn attempt(&self) -> Option<Attempt> {
        let headers = self.own_headers.as_ref().filter(|_| !self.is_truncated())?;
        let message = headers.origin.clone().identity(self.value().unwrap_or_default());
        Some(Attempt { message, number: headers.attempts })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_is_written_as_it_is_read() {
        let position = Position { partition: 3, offset: 17 };
        assert_eq!((position.to_string().as_str(), "3:17".parse()), ("3:17", Ok(position)));
        assert_eq!(format!("{position:8}|"), "3:17    |");
        for bad in ["", "7", ":", "0:", ":7", "-1:7", "0:-7", "0:7:1", "a:b"] {
            assert_eq!(bad.parse::<Position>(), Err(InvalidPosition), "{bad:?}");
        }
    }
}
