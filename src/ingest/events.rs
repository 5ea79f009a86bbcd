//! Events of ingestion: each is a type whose `emit` writes the log line and the metric.

use std::{fmt, time::Duration};

use rdkafka::Message as _;
use strum::VariantArray as _;

use super::{
    batch::Counts,
    dead_letters::RejectedMessage,
    source::{SourcePartition, Sources},
    start_offset::{DataLoss, LossCause},
    stop_reason::StopReason,
};
use crate::{
    config,
    domain::Timestamp,
    message::{Deviations, Kind, LeftOutFields, OptionalField, Reason},
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
pub(super) const DEAD_LETTERS: &str = "dead_letters";

/// Exports the counters of ingestion with every value of their labels, for the configured topics.
pub fn start_counters(kafka: &config::Kafka) {
    let sources = Sources::new(kafka);
    let topics = || sources.iter().map(|source| source.kind.as_str());
    INGEST_MESSAGES.start_pairs_at_zero(topics(), || ["applied", "stale", "empty", "rejected"]);
    INGEST_MOVED.start_at_zero(topics());
    INGEST_LEFT_OUT_FIELDS.start_pairs_at_zero(topics(), || OptionalField::VARIANTS.iter().map(|field| field.as_str()));
    INGEST_DEAD_LETTERS.start_pairs_at_zero(topics(), || Reason::VARIANTS.iter().map(|reason| reason.as_str()));
    let classes = || store::Class::VARIANTS.iter().map(|class| class.as_str());
    INGEST_RETRIES.start_pairs_at_zero(topics(), || classes().chain([DEAD_LETTERS]));
    INGEST_DATA_LOSSES.start_pairs_at_zero(topics(), || LossCause::VARIANTS.iter().map(|cause| cause.as_str()));
}

/// A batch is committed.
pub(super) struct BatchCommitted<'a> {
    pub(super) partition: &'a SourcePartition,
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
            partition = self.partition.name,
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
            tracing::info!(
                partition = self.partition.name,
                clusters = written.moved,
                "clusters changed their organization"
            );
        }
        if counts.deviations != Deviations::default()
            && let Some(left_out) = LINES.admit()
        {
            tracing::info!(
                partition = self.partition.name,
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
        let Self { partition, counts, written, .. } = self;
        let topic = partition.kind.as_str();
        let outcomes = [
            ("applied", written.applied),
            ("stale", written.stale),
            ("empty", counts.empty),
            ("rejected", self.rejected),
        ];
        for (outcome, messages) in outcomes.into_iter().filter(|(_, messages)| *messages > 0) {
            metrics::counter!(INGEST_MESSAGES.name, "topic" => topic, "fate" => outcome).increment(messages as u64);
        }
        metrics::counter!(INGEST_MOVED.name, "topic" => topic).increment(written.moved as u64);
        for (field, times) in counts.deviations.left_out.iter() {
            let labels = [("topic", topic), ("field", field.as_str())];
            metrics::counter!(INGEST_LEFT_OUT_FIELDS.name, &labels).increment(times.into());
        }
        #[expect(clippy::cast_precision_loss, reason = "at most a batch")]
        metrics::histogram!(INGEST_BATCH_MESSAGES.name, "topic" => topic).record(counts.messages as f64);
        metrics::histogram!(INGEST_BATCH_DURATION.name, "topic" => topic).record(self.took.as_secs_f64());
    }
}

/// A message cannot be ingested.
pub(super) struct MessageRejected<'a> {
    pub(super) partition: &'a SourcePartition,
    pub(super) rejected: &'a RejectedMessage,
}

impl MessageRejected<'_> {
    pub(super) fn emit(&self) {
        static LINES: Throttle = Throttle::new();
        if let Some(left_out) = LINES.admit() {
            let Self { partition, rejected: RejectedMessage { message, rejection } } = self;
            let (offset, reason, detail) = (message.offset(), rejection.reason.as_str(), &rejection.detail);
            tracing::warn!(partition = partition.name, offset, reason, detail, left_out, "bad message");
        }
    }
}

/// Writing a batch failed; it will be retried.
pub(super) struct BatchDelayed<'a> {
    pub(super) partition: &'a SourcePartition,
    pub(super) tries: u32,
    pub(super) error: &'a store::Error,
}

impl BatchDelayed<'_> {
    pub(super) fn emit(&self) {
        static LINES: Throttle = Throttle::new();
        let (topic, class) = (self.partition.kind.as_str(), self.error.class());
        metrics::counter!(INGEST_RETRIES.name, "topic" => topic, "class" => class.as_str()).increment(1);
        if let Some(left_out) = LINES.admit() {
            let (partition, tries) = (&self.partition.name, self.tries);
            if class == store::Class::Setup {
                tracing::error!(partition, tries, error = %self.error, left_out, "the database must be fixed; the batch waits");
            } else {
                tracing::warn!(partition, tries, ?class, error = %self.error, left_out, "the batch waits");
            }
        }
    }
}

/// Offsets of a topic are committed.
pub(super) struct OffsetsCommitted {
    pub(super) kind: Kind,
}

impl OffsetsCommitted {
    pub(super) fn emit(&self) {
        let now = Timestamp::now().utc().timestamp();
        #[expect(clippy::cast_precision_loss, reason = "seconds since 1970")]
        metrics::gauge!(INGEST_LAST_COMMIT.name, "topic" => self.kind.as_str()).set(now as f64);
    }
}

/// The number of messages of a partition that are not finished.
pub(super) struct Lag {
    /// The kind of messages of its topic.
    pub(super) kind: Kind,
    pub(super) partition: i32,
    /// `None` if it is unknown: the partition cannot be read, or is not assigned.
    pub(super) messages: Option<u64>,
}

impl Lag {
    pub(super) fn emit(&self) {
        #[expect(clippy::cast_precision_loss, reason = "a partition does not hold 2^52 messages")]
        let value = self.messages.map_or(UNKNOWN, |messages| messages as f64);
        let labels = [("topic", self.kind.as_str().to_owned()), ("partition", self.partition.to_string())];
        metrics::gauge!(INGEST_LAG.name, &labels).set(value);
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
    pub(super) fn emit(&self, partition: &SourcePartition) {
        for &reason in StopReason::VARIANTS {
            let value = match self {
                Self::Stopped(stopped) if *stopped == reason => 1.0,
                Self::Stopped(_) | Self::Read => 0.0,
                Self::Revoked => UNKNOWN,
            };
            let labels = [
                ("topic", partition.kind.as_str().to_owned()),
                ("partition", partition.number.to_string()),
                ("reason", reason.as_str().to_owned()),
            ];
            metrics::gauge!(INGEST_STOPPED_PARTITIONS.name, &labels).set(value);
        }
    }
}

/// A partition cannot be read.
pub(super) struct PartitionStopped<'a> {
    pub(super) partition: &'a SourcePartition,
    pub(super) reason: StopReason,
    pub(super) text: &'a str,
    /// Whether it was read until now. Its further attempts are only logged at debug; readiness reminds of them.
    pub(super) is_first: bool,
}

impl PartitionStopped<'_> {
    pub(super) fn emit(&self) {
        static LINES: Throttle = Throttle::new();
        let Self { partition, reason, text, is_first } = *self;
        PartitionState::Stopped(reason).emit(partition);
        if reason != StopReason::Clock {
            Lag { kind: partition.kind, partition: partition.number, messages: None }.emit();
        }
        if !is_first {
            tracing::debug!(partition = partition.name, ?reason, text, "the partition still cannot be read");
        } else if let Some(left_out) = LINES.admit() {
            tracing::error!(partition = partition.name, ?reason, text, left_out, "the partition cannot be read");
        }
    }
}

/// A partition is read again after it was stopped.
pub(super) struct PartitionReadAgain<'a> {
    pub(super) partition: &'a SourcePartition,
    pub(super) reason: StopReason,
}

impl PartitionReadAgain<'_> {
    pub(super) fn emit(&self) {
        PartitionState::Read.emit(self.partition);
        tracing::info!(partition = self.partition.name, reason = ?self.reason, "the partition is read again");
    }
}

/// Messages are gone before they were read.
pub(super) struct DataLost<'a> {
    pub(super) partition: &'a SourcePartition,
    pub(super) loss: DataLoss,
}

impl DataLost<'_> {
    pub(super) fn emit(&self) {
        let Self { partition, loss: DataLoss { cause, from, to } } = *self;
        let labels = [("topic", partition.kind.as_str()), ("cause", cause.as_str())];
        metrics::counter!(INGEST_DATA_LOSSES.name, &labels).increment(1);
        tracing::error!(
            topic = partition.topic,
            partition = partition.number,
            from,
            to,
            cause = cause.as_str(),
            "data loss: the brokers do not have the next offset; reading continues at the first one that is left"
        );
    }
}
