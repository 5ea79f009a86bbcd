//! Events of ingestion: each is a type whose `emit` writes the log line and the metric.

use std::{fmt, time::Duration};

use rdkafka::{Message as _, error::RDKafkaErrorCode, message::OwnedMessage};
use strum::VariantArray as _;

use super::{
    batch::Counts,
    dead_letters::{RejectedMessage, Undelivered},
    start_offset::{DataLoss, LossCause},
    stop_reason::StopReason,
};
use crate::{
    domain::Timestamp,
    message::{Deviations, LeftOutFields, OptionalField, Reason},
    store::{self, Written},
    telemetry::{
        Throttle,
        metrics::{
            INGEST_BATCH_DURATION, INGEST_BATCH_MESSAGES, INGEST_DATA_LOSSES, INGEST_DEAD_LETTERS, INGEST_LAG,
            INGEST_LAST_COMMIT, INGEST_LEFT_OUT_FIELDS, INGEST_MESSAGES, INGEST_MOVED, INGEST_RETRIES,
            INGEST_STOPPED_PARTITIONS, UNKNOWN,
        },
    },
};

/// The class of the tries to deliver dead letters.
const DEAD_LETTERS: &str = "dead_letters";

/// Exports the counters of ingestion with every value of their labels.
pub fn start_counters() {
    INGEST_MESSAGES.start_at_zero(["applied", "stale", "empty", "rejected"]);
    INGEST_MOVED.start_at_zero([]);
    INGEST_LEFT_OUT_FIELDS.start_at_zero(OptionalField::VARIANTS.iter().map(|field| field.as_str()));
    INGEST_DEAD_LETTERS.start_at_zero(Reason::VARIANTS.iter().map(|reason| reason.as_str()));
    let classes = store::Class::VARIANTS.iter().map(|class| class.as_str());
    INGEST_RETRIES.start_at_zero(classes.chain([DEAD_LETTERS]));
    INGEST_DATA_LOSSES.start_at_zero(LossCause::VARIANTS.iter().map(|cause| cause.as_str()));
}

/// A batch is committed.
pub(super) struct BatchCommitted<'a> {
    pub(super) partition: &'a str,
    pub(super) last_offset: i64,
    pub(super) counts: Counts,
    pub(super) written: Written,
    pub(super) rejected: usize,
    pub(super) took: Duration,
}

impl BatchCommitted<'_> {
    pub(super) fn emit(&self) {
        static LINES: Throttle = Throttle::new();
        let (counts, written) = (self.counts, self.written);
        self.count();
        tracing::debug!(
            partition = self.partition,
            last_offset = self.last_offset,
            messages = counts.messages,
            applied = written.applied,
            unchanged = written.unchanged,
            moved = written.moved,
            stale = written.stale,
            rejected = self.rejected,
            empty = counts.empty,
            milliseconds = self.took.as_millis(),
            "batch committed"
        );
        if written.moved > 0 {
            tracing::info!(partition = self.partition, clusters = written.moved, "clusters changed their organization");
        }
        if counts.deviations != Deviations::default()
            && let Some(left_out) = LINES.admit()
        {
            tracing::info!(
                partition = self.partition,
                unknown_versions = counts.deviations.unknown_versions,
                from_the_future = counts.deviations.from_the_future,
                repeated_hits = counts.deviations.repeated_hits,
                ignored_infos = counts.deviations.ignored_infos,
                fields_left_out = %Listed(counts.deviations.left_out),
                left_out,
                "messages with tolerated deviations"
            );
        }
    }
}

/// Fields with their counts, as in `AccountNumber=2 Version=1`.
struct Listed(LeftOutFields);

impl fmt::Display for Listed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fields: Vec<_> = self.0.iter().map(|(field, times)| format!("{}={times}", field.as_str())).collect();
        f.write_str(&fields.join(" "))
    }
}

impl BatchCommitted<'_> {
    fn count(&self) {
        let Self { counts, written, .. } = self;
        let outcomes = [
            ("applied", written.applied),
            ("stale", written.stale),
            ("empty", counts.empty),
            ("rejected", self.rejected),
        ];
        for (outcome, messages) in outcomes.into_iter().filter(|(_, messages)| *messages > 0) {
            metrics::counter!(INGEST_MESSAGES.name, "fate" => outcome).increment(messages as u64);
        }
        metrics::counter!(INGEST_MOVED.name).increment(written.moved as u64);
        for (field, times) in counts.deviations.left_out.iter() {
            metrics::counter!(INGEST_LEFT_OUT_FIELDS.name, "field" => field.as_str()).increment(times.into());
        }
        #[expect(clippy::cast_precision_loss, reason = "at most a batch")]
        metrics::histogram!(INGEST_BATCH_MESSAGES.name).record(counts.messages as f64);
        metrics::histogram!(INGEST_BATCH_DURATION.name).record(self.took.as_secs_f64());
    }
}

/// A message cannot be ingested.
pub(super) struct MessageRejected<'a> {
    pub(super) partition: &'a str,
    pub(super) rejected: &'a RejectedMessage,
}

impl MessageRejected<'_> {
    pub(super) fn emit(&self) {
        static LINES: Throttle = Throttle::new();
        if let Some(left_out) = LINES.admit() {
            let Self { partition, rejected: RejectedMessage { message, rejection } } = self;
            let (offset, reason, detail) = (message.offset(), rejection.reason.as_str(), &rejection.detail);
            tracing::warn!(partition, offset, reason, detail, left_out, "bad message");
        }
    }
}

/// Writing a batch failed; it will be retried.
pub(super) struct BatchDelayed<'a> {
    pub(super) partition: &'a str,
    pub(super) tries: u32,
    pub(super) error: &'a store::Error,
}

impl BatchDelayed<'_> {
    pub(super) fn emit(&self) {
        static LINES: Throttle = Throttle::new();
        metrics::counter!(INGEST_RETRIES.name, "class" => self.error.class().as_str()).increment(1);
        if let Some(left_out) = LINES.admit() {
            let (partition, tries, class) = (self.partition, self.tries, self.error.class());
            if class == store::Class::Setup {
                tracing::error!(partition, tries, error = %self.error, left_out, "the database must be fixed; the batch waits");
            } else {
                tracing::warn!(partition, tries, ?class, error = %self.error, left_out, "the batch waits");
            }
        }
    }
}

/// A dead letter is delivered.
pub(super) struct DeadLetterDelivered<'a> {
    pub(super) rejected: &'a RejectedMessage,
}

impl DeadLetterDelivered<'_> {
    pub(super) fn emit(&self) {
        metrics::counter!(INGEST_DEAD_LETTERS.name, "reason" => self.rejected.rejection.reason.as_str()).increment(1);
    }
}

/// Offsets are committed.
pub(super) struct OffsetsCommitted;

impl OffsetsCommitted {
    pub(super) fn emit() {
        let now = Timestamp::now().utc().timestamp();
        #[expect(clippy::cast_precision_loss, reason = "seconds since 1970")]
        metrics::gauge!(INGEST_LAST_COMMIT.name).set(now as f64);
    }
}

/// The number of messages of a partition that are not finished.
pub(super) struct Lag {
    pub(super) partition: i32,
    /// `None` if it is unknown: the partition cannot be read, or is not assigned.
    pub(super) messages: Option<u64>,
}

impl Lag {
    pub(super) fn emit(&self) {
        #[expect(clippy::cast_precision_loss, reason = "a partition does not hold 2^52 messages")]
        let value = self.messages.map_or(UNKNOWN, |messages| messages as f64);
        metrics::gauge!(INGEST_LAG.name, "partition" => self.partition.to_string()).set(value);
    }
}

/// Dead letters were not delivered; they will be sent again.
pub(super) struct DeadLettersDelayed<'a> {
    pub(super) partition: &'a str,
    pub(super) tries: u32,
    pub(super) error: &'a Undelivered,
}

impl DeadLettersDelayed<'_> {
    pub(super) fn emit(&self) {
        static LINES: Throttle = Throttle::new();
        metrics::counter!(INGEST_RETRIES.name, "class" => DEAD_LETTERS).increment(1);
        if let Some(left_out) = LINES.admit() {
            let Self { partition, tries, error } = self;
            tracing::warn!(partition, tries, %error, left_out, "the partition waits for its dead letters");
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

/// librdkafka reported an error.
pub(super) struct KafkaErrorReported<'a> {
    pub(super) reason: &'a str,
}

impl KafkaErrorReported<'_> {
    pub(super) fn emit(&self) {
        static LINES: Throttle = Throttle::new();
        if let Some(left_out) = LINES.admit() {
            tracing::warn!(reason = self.reason, left_out, "Kafka client error");
        }
    }
}

/// Whether an assigned partition is stopped, by reason; unknown when it is revoked.
pub(super) enum PartitionState {
    Read,
    Stopped(StopReason),
    Revoked,
}

impl PartitionState {
    pub(super) fn emit(&self, partition: i32) {
        for &reason in StopReason::VARIANTS {
            let value = match self {
                Self::Stopped(stopped) if *stopped == reason => 1.0,
                Self::Stopped(_) | Self::Read => 0.0,
                Self::Revoked => UNKNOWN,
            };
            let labels = [("partition", partition.to_string()), ("reason", reason.as_str().to_owned())];
            metrics::gauge!(INGEST_STOPPED_PARTITIONS.name, &labels).set(value);
        }
    }
}

/// A partition cannot be read.
pub(super) struct PartitionStopped<'a> {
    pub(super) partition: &'a str,
    pub(super) number: i32,
    pub(super) reason: StopReason,
    pub(super) text: &'a str,
    /// Whether it was read until now. Its further attempts are only logged at debug; readiness reminds of them.
    pub(super) is_first: bool,
}

impl PartitionStopped<'_> {
    pub(super) fn emit(&self) {
        static LINES: Throttle = Throttle::new();
        let Self { partition, number, reason, text, is_first } = *self;
        PartitionState::Stopped(reason).emit(number);
        if reason != StopReason::Clock {
            Lag { partition: number, messages: None }.emit();
        }
        if !is_first {
            tracing::debug!(partition, ?reason, text, "the partition still cannot be read");
        } else if let Some(left_out) = LINES.admit() {
            tracing::error!(partition, ?reason, text, left_out, "the partition cannot be read");
        }
    }
}

/// A partition is read again after it was stopped.
pub(super) struct PartitionReadAgain<'a> {
    pub(super) partition: &'a str,
    pub(super) number: i32,
    pub(super) reason: StopReason,
}

impl PartitionReadAgain<'_> {
    pub(super) fn emit(&self) {
        PartitionState::Read.emit(self.number);
        tracing::info!(partition = self.partition, reason = ?self.reason, "the partition is read again");
    }
}

/// Messages are gone before they were read.
pub(super) struct DataLost<'a> {
    pub(super) topic: &'a str,
    pub(super) partition: i32,
    pub(super) loss: DataLoss,
}

impl DataLost<'_> {
    pub(super) fn emit(&self) {
        let Self { topic, partition, loss: DataLoss { cause, from, to } } = *self;
        metrics::counter!(INGEST_DATA_LOSSES.name, "cause" => cause.as_str()).increment(1);
        tracing::error!(
            topic,
            partition,
            from,
            to,
            cause = cause.as_str(),
            "data loss: the brokers do not have the next offset; reading continues at the first one that is left"
        );
    }
}
