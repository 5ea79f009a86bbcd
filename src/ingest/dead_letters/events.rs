//! Events of dead letters and of their topic: each is a type whose `emit` writes the log line and the metric.

use rdkafka::{Message as _, error::RDKafkaErrorCode, message::OwnedMessage};

use super::{RejectedMessage, Undelivered};
use crate::{
    ingest::{events::DEAD_LETTERS, source::SourcePartition},
    message::Kind,
    telemetry::{
        Throttle,
        metrics::{INGEST_DEAD_LETTERS, INGEST_RETRIES},
    },
};

/// A dead letter is delivered.
pub(super) struct DeadLetterDelivered<'a> {
    /// The kind of messages of its topic.
    pub(super) kind: Kind,
    pub(super) rejected: &'a RejectedMessage,
}

impl DeadLetterDelivered<'_> {
    pub(super) fn emit(&self) {
        let labels = [("topic", self.kind.as_str()), ("reason", self.rejected.rejection.reason.as_str())];
        metrics::counter!(INGEST_DEAD_LETTERS.name, &labels).increment(1);
    }
}

/// Dead letters were not delivered; they will be sent again.
pub(super) struct DeadLettersDelayed<'a> {
    pub(super) partition: &'a SourcePartition,
    pub(super) tries: u32,
    pub(super) error: &'a Undelivered,
}

impl DeadLettersDelayed<'_> {
    pub(super) fn emit(&self) {
        static LINES: Throttle = Throttle::new();
        let Self { partition, tries, error } = self;
        let labels = [("topic", partition.kind.as_str()), ("class", DEAD_LETTERS)];
        metrics::counter!(INGEST_RETRIES.name, &labels).increment(1);
        if let Some(left_out) = LINES.admit() {
            tracing::warn!(partition = partition.name, tries, %error, left_out, "the partition waits for its dead letters");
        }
    }
}

/// The brokers accepted only a part of a dead letter.
pub(super) struct DeadLetterTruncated<'a> {
    pub(super) message: &'a OwnedMessage,
}

impl DeadLetterTruncated<'_> {
    pub(super) fn emit(&self) {
        static LINES: Throttle = Throttle::new();
        if let Some(left_out) = LINES.admit() {
            let (topic, partition, offset) = (self.message.topic(), self.message.partition(), self.message.offset());
            tracing::warn!(
                topic,
                partition,
                offset,
                left_out,
                "a dead letter was truncated: it is larger than its topic accepts"
            );
        }
    }
}

/// A dead letter got a key, because its topic refuses records without one.
pub(super) struct DeadLetterKeyAdded<'a> {
    pub(super) topic: &'a str,
}

impl DeadLetterKeyAdded<'_> {
    pub(super) fn emit(&self) {
        static LINES: Throttle = Throttle::new();
        if let Some(left_out) = LINES.admit() {
            tracing::warn!(
                topic = self.topic,
                left_out,
                "a dead letter got its origin as key, because the topic's cleanup.policy is compact; set it to delete: \
                 compaction removes dead letters whose messages have the same key"
            );
        }
    }
}

/// The dead-letter topic was missing and is created.
pub(super) struct DeadLetterTopicCreated<'a> {
    pub(super) topic: &'a str,
    pub(super) partitions: i32,
}

impl DeadLetterTopicCreated<'_> {
    pub(super) fn emit(&self) {
        tracing::info!(topic = self.topic, partitions = self.partitions, "the dead-letter topic is created");
    }
}

/// The dead-letter topic is missing, and the brokers refuse to create it.
pub(super) struct DeadLetterTopicNotCreated<'a> {
    pub(super) topic: &'a str,
    pub(super) code: RDKafkaErrorCode,
}

impl DeadLetterTopicNotCreated<'_> {
    pub(super) fn emit(&self) {
        let Self { topic, code } = self;
        tracing::warn!(topic, %code, "the dead-letter topic is missing and cannot be created: the first bad message will wait for it");
    }
}

/// The dead-letter topic is extended for a source that did not exist when it was created.
pub(super) struct DeadLetterTopicExtended<'a> {
    pub(super) topic: &'a str,
    pub(super) partitions: i32,
    pub(super) bytes: usize,
}

impl DeadLetterTopicExtended<'_> {
    pub(super) fn emit(&self) {
        let Self { topic, partitions, bytes } = self;
        tracing::info!(topic, partitions, bytes, "the dead-letter topic is extended for its larger source");
    }
}

/// The dead-letter topic is too small for one of its sources, and the brokers refuse to extend it.
pub(super) struct DeadLetterTopicNotExtended<'a> {
    pub(super) topic: &'a str,
    pub(super) code: RDKafkaErrorCode,
}

impl DeadLetterTopicNotExtended<'_> {
    pub(super) fn emit(&self) {
        let Self { topic, code } = self;
        tracing::warn!(
            topic,
            %code,
            "the dead-letter topic has fewer partitions, or accepts shorter messages, than its larger source, and cannot \
             be changed: dead letters may be truncated"
        );
    }
}
