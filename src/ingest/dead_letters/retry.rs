//! Delivers the dead letters of a batch, with retries. Until they are delivered the partition waits, and readiness
//! reports it.

use std::{pin::pin, time::Duration};

use super::{
    RejectedMessage,
    delivery::{DeadLetters, PendingDeadLetter},
    events::{DeadLetterDelivered, DeadLettersDelayed},
};
use crate::ingest::{
    backoff::Backoff,
    health::Health,
    partition_lease::{PartitionLease, Revoked},
    source::SourcePartition,
};

/// A delivery that takes longer than this is reported to readiness.
const SLOW_DELIVERY: Duration = Duration::from_secs(3);
/// How much longer a delivery may take after its partition is revoked. If it succeeds, the next owner does not repeat
/// the batch, and the topic does not get the same dead letters again.
const REVOKED_GRACE_PERIOD: Duration = Duration::from_secs(3);

impl DeadLetters {
    /// Delivers the dead letters of a partition's batch.
    pub(in crate::ingest) async fn deliver(
        &self,
        rejected: &[RejectedMessage],
        partition: &SourcePartition,
        lease: &PartitionLease,
    ) -> Result<(), Revoked> {
        let reporter = DelayReporter { health: &self.health, partition: &partition.name };
        let mut pending: Vec<_> = rejected.iter().map(PendingDeadLetter::new).collect();
        let mut backoff = Backoff::default();
        while !pending.is_empty() {
            let delivery = reporter.report_if_slow(self.try_to_deliver(&mut pending));
            let Err(error) = lease.unless_revoked(delivery, REVOKED_GRACE_PERIOD).await? else { break };
            reporter.report(error.to_string());
            let pause = backoff.next_pause();
            DeadLettersDelayed { partition, tries: backoff.tries(), error: &error }.emit();
            lease.pause(pause).await?;
        }
        for rejected in rejected {
            DeadLetterDelivered { kind: partition.kind, rejected }.emit();
        }
        Ok(())
    }
}

/// Reports to readiness, until it is dropped, that a partition waits for its dead letters.
struct DelayReporter<'a> {
    health: &'a Health,
    partition: &'a str,
}

impl DelayReporter<'_> {
    /// A delivery may take long before it fails; readiness reports it earlier.
    async fn report_if_slow<T>(&self, delivery: impl Future<Output = T>) -> T {
        let mut delivery = pin!(delivery);
        match tokio::time::timeout(SLOW_DELIVERY, &mut delivery).await {
            Ok(delivered) => delivered,
            Err(_) => {
                self.report("no broker has confirmed them yet".to_owned());
                delivery.await
            }
        }
    }

    fn report(&self, error: String) {
        self.health.dead_letters_delayed(self.partition, error);
    }
}

impl Drop for DelayReporter<'_> {
    fn drop(&mut self) {
        self.health.dead_letters_finished(self.partition);
    }
}
