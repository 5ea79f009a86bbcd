//! Reading the topic of dead letters, from its beginning to where it ended when the reading began.

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

use super::headers::{Told, readable};
use crate::{
    config,
    ingest::{client::client_config, consumer::is_about_the_connection},
    store::Attempt,
};

/// How long brokers may say nothing.
const PATIENCE: Duration = Duration::from_secs(15);
/// How long librdkafka is asked for a message at a time.
const POLL: Duration = Duration::from_millis(100);

/// Why the topic cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// It is not there.
    #[error(
        "the topic {topic} does not exist: `serve` has not made it yet, or kafka.dead_letter_topic names another than \
         the service that ingests"
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

/// Where a dead letter lies: written `partition:offset`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// The partition of the topic of dead letters.
    pub partition: i32,
    /// The offset there.
    pub offset: i64,
}

/// A text that names no place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a place is a partition and an offset, as `dead-letters list` writes them: 0:17")]
pub struct InvalidPosition;

impl FromStr for Position {
    type Err = InvalidPosition;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (partition, offset) = text.split_once(':').ok_or(InvalidPosition)?;
        let place = Self {
            partition: partition.parse().map_err(|_| InvalidPosition)?,
            offset: offset.parse().map_err(|_| InvalidPosition)?,
        };
        if place.partition < 0 || place.offset < 0 { Err(InvalidPosition) } else { Ok(place) }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{}:{}", self.partition, self.offset))
    }
}

/// A message of the topic of dead letters.
#[derive(Clone, Debug)]
pub struct DeadLetter {
    pub(super) message: OwnedMessage,
    pub(super) told: Option<Told>,
}

/// The topic, and what of it is to be read.
pub struct DeadLetterReader {
    topic: String,
    consumer: BaseConsumer,
    /// By partition; none of them empty.
    unread: BTreeMap<i32, Range<i64>>,
}

impl DeadLetterReader {
    /// Asks where the topic begins and ends. What is added to it later is not read.
    ///
    /// # Errors
    /// When the topic is missing or the brokers do not answer.
    pub fn open(kafka: &config::Kafka) -> Result<Self, ReadError> {
        let topic = kafka.dead_letter_topic.clone();
        let failed = |source| ReadError::Kafka { topic: topic.clone(), source };
        let consumer: BaseConsumer = reader_config(kafka).create().map_err(failed)?;
        let metadata = consumer.fetch_metadata(Some(&topic), PATIENCE).map_err(failed)?;
        let partitions = metadata.topics().iter().flat_map(MetadataTopic::partitions).map(MetadataPartition::id);
        let mut unread = BTreeMap::new();
        for partition in partitions {
            let (first, end) = consumer.fetch_watermarks(&topic, partition, PATIENCE).map_err(failed)?;
            unread.insert(partition, first..end);
        }
        if unread.is_empty() {
            return Err(ReadError::NoTopic { topic });
        }
        unread.retain(|_, offsets| !offsets.is_empty());
        Ok(Self { topic, consumer, unread })
    }

    /// Reads no further than these places need.
    #[must_use]
    pub fn around(mut self, places: &[Position]) -> Self {
        self.unread.retain(|partition, offsets| {
            let wanted = || places.iter().filter(|place| place.partition == *partition).map(|place| place.offset);
            let (first, last) = (wanted().min().unwrap_or(i64::MAX), wanted().max().unwrap_or(-1));
            *offsets = offsets.start.max(first)..offsets.end.min(last.saturating_add(1));
            !offsets.is_empty()
        });
        self
    }

    /// How many offsets are to be read. There may be fewer letters: transactions and compaction leave gaps.
    pub fn offsets(&self) -> u64 {
        self.unread.values().map(|offsets| offsets.start.abs_diff(offsets.end)).sum()
    }

    /// Calls `each` for every letter, each partition's in their order, until it breaks.
    ///
    /// # Errors
    /// When the brokers do not answer.
    pub fn read(mut self, mut each: impl FnMut(DeadLetter) -> ControlFlow<()>) -> Result<(), ReadError> {
        self.read_unread(&mut each).map_err(|source| ReadError::Kafka { topic: self.topic, source })
    }

    fn read_unread(&mut self, each: &mut impl FnMut(DeadLetter) -> ControlFlow<()>) -> Result<(), KafkaError> {
        let mut places = TopicPartitionList::new();
        for (partition, offsets) in &self.unread {
            places.add_partition_offset(&self.topic, *partition, Offset::Offset(offsets.start))?;
        }
        self.consumer.assign(&places)?;
        let mut heard_at = Instant::now();
        while !self.unread.is_empty() {
            match self.consumer.poll(POLL) {
                Some(Ok(message)) => {
                    let (partition, offset) = (message.partition(), message.offset());
                    let end = self.unread.get(&partition).map_or(0, |offsets| offsets.end);
                    if offset + 1 >= end {
                        self.unread.remove(&partition);
                    }
                    if offset < end && each(DeadLetter::of(message.detach())).is_break() {
                        return Ok(());
                    }
                }
                // Of offsets that hold nothing to be read, such as the marks of transactions, nothing else tells.
                Some(Err(KafkaError::PartitionEOF(partition))) => drop(self.unread.remove(&partition)),
                Some(Err(error)) if !is_passing(&error) => return Err(error),
                Some(Err(_)) | None if heard_at.elapsed() < PATIENCE => continue,
                Some(Err(error)) => return Err(error),
                None => return Err(KafkaError::MessageConsumption(RDKafkaErrorCode::OperationTimedOut)),
            }
            heard_at = Instant::now();
        }
        Ok(())
    }
}

/// librdkafka tries again by itself; another broker may have what is wanted.
fn is_passing(error: &KafkaError) -> bool {
    matches!(error, KafkaError::MessageConsumption(code) if is_about_the_connection(*code))
}

fn reader_config(kafka: &config::Kafka) -> rdkafka::ClientConfig {
    let mut client = client_config(kafka);
    client
        // A consumer must name one. Ours is the one that it surely may use; it does not join, and commits nothing.
        .set("group.id", &kafka.group)
        .set("enable.auto.commit", "false")
        .set("enable.auto.offset.store", "false")
        .set("enable.partition.eof", "true")
        // What retention has removed meanwhile is passed over.
        .set("auto.offset.reset", "earliest")
        .set("allow.auto.create.topics", "false")
        .set("queued.max.messages.kbytes", "16384");
    client
}

impl DeadLetter {
    fn of(message: OwnedMessage) -> Self {
        let told = Told::of(&message);
        Self { message, told }
    }

    /// Where it stands among the dead letters.
    pub fn place(&self) -> Position {
        Position { partition: self.message.partition(), offset: self.message.offset() }
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

    /// The length of the message's value, also where the brokers took but a part of it.
    pub fn bytes(&self) -> usize {
        let cut_from = self.told.as_ref().and_then(|told| told.cut_from);
        cut_from.unwrap_or_else(|| self.value().map_or(0, <[u8]>::len))
    }

    /// Whether the brokers took but a part of the message.
    pub fn is_cut(&self) -> bool {
        self.told.as_ref().is_some_and(|told| told.cut_from.is_some())
    }

    /// The message's key.
    pub fn key(&self) -> Option<&[u8]> {
        self.message.key()
    }

    /// The message's value; `None` for a tombstone.
    pub fn value(&self) -> Option<&[u8]> {
        self.message.payload()
    }

    /// All headers, ours among them; `None` for one whose name is not UTF-8.
    pub fn headers(&self) -> impl Iterator<Item = Option<Header<'_, &[u8]>>> {
        let headers = self.message.headers();
        headers.into_iter().flat_map(|headers| (0..headers.count()).map(|at| readable(headers, at)))
    }

    /// Which refusal of which message it tells of; `None` where nothing says so, or the message was cut.
    pub fn refusal(&self) -> Option<Attempt> {
        let told = self.told.as_ref().filter(|_| !self.is_cut())?;
        let message = told.origin.clone().identity(self.value().unwrap_or_default());
        Some(Attempt { message, attempt: told.attempts })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_written_as_it_is_read() {
        let place = Position { partition: 3, offset: 17 };
        assert_eq!((place.to_string().as_str(), "3:17".parse()), ("3:17", Ok(place)));
        assert_eq!(format!("{place:8}|"), "3:17    |");
        for bad in ["", "7", ":", "0:", ":7", "-1:7", "0:-7", "0:7:1", "a:b"] {
            assert_eq!(bad.parse::<Position>(), Err(InvalidPosition), "{bad:?}");
        }
    }
}
