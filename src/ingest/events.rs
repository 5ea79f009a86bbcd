//! What operators see of ingestion: each thing that happens is a type, emitted by one call.

use std::{
    sync::Mutex,
    time::{Duration, Instant},
};

use rdkafka::{Message as _, error::RDKafkaErrorCode, message::OwnedMessage};

use super::{
    batch::Counts,
    dead_letters::{RejectedMessage, Undelivered},
};
use crate::{
    domain::Timestamp,
    message::Oddities,
    store::{self, Written},
    telemetry::metrics::{
        INGEST_BATCH_DURATION, INGEST_BATCH_MESSAGES, INGEST_DEAD_LETTERS, INGEST_LAG, INGEST_LAST_COMMIT,
        INGEST_MESSAGES, INGEST_MOVED, INGEST_RETRIES,
    },
};

/// A batch is in the store.
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
        static ODD: Throttle = Throttle::new();
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
        if counts.odd != Oddities::default()
            && let Some(left_out) = ODD.admit()
        {
            tracing::info!(
                partition = self.partition,
                unknown_versions = counts.odd.unknown_versions,
                from_the_future = counts.odd.from_the_future,
                repeated_hits = counts.odd.repeated_hits,
                ignored_infos = counts.odd.ignored_infos,
                left_out,
                "odd messages, ingested all the same"
            );
        }
    }
}

impl BatchCommitted<'_> {
    fn count(&self) {
        let Self { counts, written, .. } = self;
        let fates = [
            ("applied", written.applied),
            ("stale", written.stale),
            ("empty", counts.empty),
            ("rejected", self.rejected),
        ];
        for (fate, messages) in fates.into_iter().filter(|(_, messages)| *messages > 0) {
            metrics::counter!(INGEST_MESSAGES.name, "fate" => fate).increment(messages as u64);
        }
        metrics::counter!(INGEST_MOVED.name).increment(written.moved as u64);
        #[expect(clippy::cast_precision_loss, reason = "at most a batch")]
        metrics::histogram!(INGEST_BATCH_MESSAGES.name).record(counts.messages as f64);
        metrics::histogram!(INGEST_BATCH_DURATION.name).record(self.took.as_secs_f64());
    }
}

/// A message cannot be ingested, now or later.
pub(super) struct MessageRejected<'a> {
    pub(super) partition: &'a str,
    pub(super) rejection: &'a RejectedMessage,
}

impl MessageRejected<'_> {
    pub(super) fn emit(&self) {
        static LINES: Throttle = Throttle::new();
        if let Some(left_out) = LINES.admit() {
            let Self { partition, rejection: RejectedMessage { message, why } } = self;
            let (offset, reason, detail) = (message.offset(), why.reason.as_str(), &why.detail);
            tracing::warn!(partition, offset, reason, detail, left_out, "bad message");
        }
    }
}

/// The store does not take a batch now; it will be offered again.
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
                tracing::error!(partition, tries, error = %self.error, left_out, "the database needs mending; the batch waits");
            } else {
                tracing::warn!(partition, tries, ?class, error = %self.error, left_out, "the batch waits");
            }
        }
    }
}

/// A dead letter is in its topic.
pub(super) struct DeadLetterDelivered<'a> {
    pub(super) rejection: &'a RejectedMessage,
}

impl DeadLetterDelivered<'_> {
    pub(super) fn emit(&self) {
        metrics::counter!(INGEST_DEAD_LETTERS.name, "reason" => self.rejection.why.reason.as_str()).increment(1);
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

/// So many messages of a partition are not finished.
pub(super) struct Lag {
    pub(super) partition: i32,
    pub(super) messages: u64,
}

impl Lag {
    pub(super) fn emit(&self) {
        #[expect(clippy::cast_precision_loss, reason = "a partition does not hold 2^52 messages")]
        metrics::gauge!(INGEST_LAG.name, "partition" => self.partition.to_string()).set(self.messages as f64);
    }
}

/// Dead letters do not arrive now; they will be sent again.
pub(super) struct DeadLettersDelayed<'a> {
    pub(super) partition: &'a str,
    pub(super) tries: u32,
    pub(super) error: &'a Undelivered,
}

impl DeadLettersDelayed<'_> {
    pub(super) fn emit(&self) {
        static LINES: Throttle = Throttle::new();
        metrics::counter!(INGEST_RETRIES.name, "class" => "dead_letters").increment(1);
        if let Some(left_out) = LINES.admit() {
            let Self { partition, tries, error } = self;
            tracing::warn!(partition, tries, %error, left_out, "the partition waits for its dead letters");
        }
    }
}

/// The brokers took but a part of a dead letter.
pub(super) struct DeadLetterCut<'a> {
    pub(super) message: &'a OwnedMessage,
}

impl DeadLetterCut<'_> {
    pub(super) fn emit(&self) {
        static LINES: Throttle = Throttle::new();
        if let Some(left_out) = LINES.admit() {
            let (topic, partition, offset) = (self.message.topic(), self.message.partition(), self.message.offset());
            tracing::warn!(
                topic,
                partition,
                offset,
                left_out,
                "a dead letter was cut: its topic takes none of its size"
            );
        }
    }
}

/// The topic of dead letters was missing and is there now.
pub(super) struct DeadLetterTopicMade<'a> {
    pub(super) topic: &'a str,
    pub(super) partitions: i32,
}

impl DeadLetterTopicMade<'_> {
    pub(super) fn emit(&self) {
        tracing::info!(topic = self.topic, partitions = self.partitions, "the topic of dead letters is created");
    }
}

/// The topic of dead letters is missing, and we may not make it.
pub(super) struct DeadLetterTopicRefused<'a> {
    pub(super) topic: &'a str,
    pub(super) code: RDKafkaErrorCode,
}

impl DeadLetterTopicRefused<'_> {
    pub(super) fn emit(&self) {
        let Self { topic, code } = self;
        tracing::warn!(topic, %code, "the topic of dead letters is missing and cannot be created: the first bad message will wait for it");
    }
}

/// Something is wrong between us and the brokers.
pub(super) struct BrokerTroubled<'a> {
    pub(super) reason: &'a str,
}

impl BrokerTroubled<'_> {
    pub(super) fn emit(&self) {
        static LINES: Throttle = Throttle::new();
        if let Some(left_out) = LINES.admit() {
            tracing::warn!(reason = self.reason, left_out, "trouble with Kafka");
        }
    }
}

/// At most one line a second and cause, and how many were left out before it.
struct Throttle(Mutex<Option<(Instant, u64)>>);

impl Throttle {
    const fn new() -> Self {
        Self(Mutex::new(None))
    }

    fn admit(&self) -> Option<u64> {
        let mut last = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let now = Instant::now();
        match &mut *last {
            Some((at, left_out)) if now.duration_since(*at) < Duration::from_secs(1) => {
                *left_out += 1;
                None
            }
            seen => Some(seen.replace((now, 0)).map_or(0, |(_, left_out)| left_out)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_beyond_one_a_second_are_counted_and_left_out() {
        let throttle = Throttle::new();
        assert_eq!(throttle.admit(), Some(0));
        assert_eq!((throttle.admit(), throttle.admit()), (None, None));
        let past = Instant::now().checked_sub(Duration::from_secs(2)).expect("the machine is up for two seconds");
        *throttle.0.lock().expect("lock") = Some((past, 2));
        assert_eq!(throttle.admit(), Some(2));
    }
}
