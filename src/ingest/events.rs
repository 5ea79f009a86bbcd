//! What operators see of ingestion: each thing that happens is a type, emitted by one call.

use std::{
    sync::Mutex,
    time::{Duration, Instant},
};

use rdkafka::Message as _;

use super::{
    batch::Counts,
    dead_letters::{Rejection, Undelivered},
};
use crate::store::{self, Written};

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
        if counts.oddities() > 0
            && let Some(left_out) = ODD.admit()
        {
            tracing::info!(
                partition = self.partition,
                unknown_versions = counts.unknown_versions,
                from_the_future = counts.from_the_future,
                repeated_hits = counts.repeated_hits,
                ignored_infos = counts.ignored_infos,
                left_out,
                "odd messages, ingested all the same"
            );
        }
    }
}

/// A message cannot be ingested, now or later.
pub(super) struct MessageRejected<'a> {
    pub(super) partition: &'a str,
    pub(super) rejection: &'a Rejection,
}

impl MessageRejected<'_> {
    pub(super) fn emit(&self) {
        static LINES: Throttle = Throttle::new();
        if let Some(left_out) = LINES.admit() {
            let Self { partition, rejection: Rejection { message, why } } = self;
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

/// Dead letters do not arrive now; they will be sent again.
pub(super) struct DeadLettersDelayed<'a> {
    pub(super) partition: &'a str,
    pub(super) tries: u32,
    pub(super) error: &'a Undelivered,
}

impl DeadLettersDelayed<'_> {
    pub(super) fn emit(&self) {
        static LINES: Throttle = Throttle::new();
        if let Some(left_out) = LINES.admit() {
            let Self { partition, tries, error } = self;
            tracing::warn!(partition, tries, %error, left_out, "the partition waits for its dead letters");
        }
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
