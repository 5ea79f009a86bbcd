//! Takes a partition's messages into a batch, in offset order, each parsed when it arrives.
//!
//! A message from the future is rejected only if this machine's clock can be trusted: if it is about the same as the
//! database's. Otherwise the message waits, and its partition with it, because an offset cannot move past it.

use chrono::TimeDelta;
use rdkafka::{
    Message,
    message::{BorrowedMessage, OwnedMessage},
};

use super::{
    batch::{Batch, Bounds},
    partition_lease::{PartitionLease, Revoked},
    recovery::Recovery,
};
use crate::{
    domain::Timestamp,
    fault_point::FaultPoint,
    message::{self, Content, Kind, Reason, Rejection},
    store::Store,
};

/// Largest difference between the clocks of this machine and of the database with which messages are rejected for being
/// from the future.
const MAX_CLOCK_DIFFERENCE: TimeDelta = TimeDelta::hours(1);
/// Pause before a message that waits is looked at again: the database's clock is read each second.
const CLOCK_PAUSE: std::time::Duration = std::time::Duration::from_secs(1);

/// The state of reading a partition's messages.
pub(super) struct Intake {
    /// The kind of the partition's messages.
    pub(super) kind: Kind,
    pub(super) bounds: Bounds,
    pub(super) lease: PartitionLease,
    pub(super) recovery: Recovery,
    store: Store,
    /// The next unread offset; `None` until a message is read in this assignment.
    pub(super) next_offset: Option<i64>,
    /// A message from the future that waits for the clocks to agree. It was read, and is in no batch yet.
    held: Option<OwnedMessage>,
}

impl Intake {
    /// Nothing is read yet.
    pub(super) fn new(kind: Kind, bounds: Bounds, lease: PartitionLease, recovery: Recovery, store: Store) -> Self {
        Self { kind, bounds, lease, recovery, store, next_offset: None, held: None }
    }

    /// Whether no further message can be taken into this batch.
    pub(super) fn is_interrupted(&self) -> bool {
        self.held.is_some() || self.recovery.is_stopped()
    }

    /// Takes a message into the batch, or holds it.
    pub(super) fn take(&mut self, message: &BorrowedMessage<'_>, batch: &mut Batch) {
        self.recovery.succeeded();
        // A gap is normal (compaction, transaction markers). A step back within one assignment would be a bug in this
        // service or in librdkafka. Applying a message twice is harmless; moving the offset back is not.
        if self.next_offset.is_some_and(|next| message.offset() < next) {
            tracing::error!(
                topic = message.topic(),
                partition = message.partition(),
                offset = message.offset(),
                "a message was delivered twice within one assignment; it is ignored"
            );
            return;
        }
        FaultPoint::MessageTaken.pass();
        self.next_offset = Some(message.offset() + 1);
        self.lease.add_unfinished(1);
        match self.parse(message) {
            Ok(parsed) => batch.add(message, || message.detach(), parsed),
            Err(distrust) => {
                self.held = Some(message.detach());
                self.recovery.waits_for_clock(message.offset(), &distrust);
            }
        }
        FaultPoint::MessageParsed.pass();
    }

    /// Takes the message that is held, once the clocks agree or it is no longer from the future.
    pub(super) async fn take_held(&mut self, batch: &mut Batch) -> Result<(), Revoked> {
        while let Some(message) = self.held.take() {
            match self.parse(&message) {
                Ok(parsed) => {
                    self.recovery.succeeded();
                    batch.add(&message, || message.clone(), parsed);
                }
                Err(distrust) => {
                    self.recovery.waits_for_clock(message.offset(), &distrust);
                    self.held = Some(message);
                    self.lease.pause(CLOCK_PAUSE).await?;
                }
            }
        }
        Ok(())
    }

    /// Parses a message; or returns why it must not be rejected for being from the future.
    fn parse(&self, message: &impl Message) -> Result<Result<Content, Rejection>, String> {
        let parsed = message::parse(self.kind, message.payload(), Timestamp::now(), &self.bounds.limits);
        match parsed {
            Err(rejection) if rejection.reason == Reason::FutureTime => {
                distrust(self.store.clock_ahead()).map_or(Ok(Err(rejection)), Err)
            }
            parsed => Ok(parsed),
        }
    }
}

/// Why this machine's clock cannot be trusted; `ahead` is how far the database's clock is ahead of it.
fn distrust(ahead: Option<TimeDelta>) -> Option<String> {
    let Some(ahead) = ahead else { return Some("the database's clock is not known yet".to_owned()) };
    if ahead.abs() <= MAX_CLOCK_DIFFERENCE {
        return None;
    }
    let side = if ahead > TimeDelta::zero() { "behind" } else { "ahead of" };
    Some(format!("the clock of this machine is {} seconds {side} the database's", ahead.abs().num_seconds()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_is_trusted_that_differs_by_at_most_an_hour() {
        assert_eq!(distrust(Some(TimeDelta::seconds(3_600))), None);
        assert_eq!(distrust(Some(TimeDelta::seconds(-3_600))), None);
        let reason = |seconds| distrust(Some(TimeDelta::seconds(seconds))).expect("a reason");
        assert_eq!(reason(3_601), "the clock of this machine is 3601 seconds behind the database's");
        assert_eq!(reason(-3_601), "the clock of this machine is 3601 seconds ahead of the database's");
        assert!(distrust(None).is_some());
    }
}
