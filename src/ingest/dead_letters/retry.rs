//! Delivering the dead letters of a batch, as often as it takes: until they have arrived the partition waits, and
//! readiness tells.

use std::{pin::pin, time::Duration};

use super::{
    RejectedMessage,
    delivery::{DeadLetters, Letter},
};
use crate::ingest::{
    backoff::Backoff,
    events::{DeadLetterDelivered, DeadLettersDelayed},
    health::Health,
    partition_lease::{PartitionLease, Revoked},
};

/// Letters that are on their way for so long are told to readiness.
const SLOW: Duration = Duration::from_secs(3);
/// So much longer they may be on their way when their partition is to be given up: an answer that is about to come
/// spares the next owner the batch, and the topic a letter that is there already.
const LAST_CHANCE: Duration = Duration::from_secs(3);

impl DeadLetters {
    /// Delivers the letters of a partition's batch; `partition` is its name for operators.
    pub(in crate::ingest) async fn deliver(
        &self,
        rejections: &[RejectedMessage],
        partition: &str,
        lease: &PartitionLease,
    ) -> Result<(), Revoked> {
        let waiting = Waiting { health: &self.health, partition };
        let mut letters: Vec<_> = rejections.iter().map(Letter::of).collect();
        let mut backoff = Backoff::default();
        while !letters.is_empty() {
            let delivery = waiting.told_when_slow(self.try_to_deliver(&mut letters));
            let Err(error) = lease.unless_revoked(delivery, LAST_CHANCE).await? else { break };
            waiting.tell(error.to_string());
            let pause = backoff.next_pause();
            DeadLettersDelayed { partition, tries: backoff.tries(), error: &error }.emit();
            lease.pause(pause).await?;
        }
        for rejection in rejections {
            DeadLetterDelivered { rejection }.emit();
        }
        Ok(())
    }
}

/// A partition whose dead letters do not arrive, told to readiness for as long as it waits.
struct Waiting<'a> {
    health: &'a Health,
    partition: &'a str,
}

impl Waiting<'_> {
    /// A delivery may take long before it fails; who asks how we are shall not wait as long.
    async fn told_when_slow<T>(&self, delivery: impl Future<Output = T>) -> T {
        let mut delivery = pin!(delivery);
        match tokio::time::timeout(SLOW, &mut delivery).await {
            Ok(delivered) => delivered,
            Err(_) => {
                self.tell("no broker has taken them yet".to_owned());
                delivery.await
            }
        }
    }

    fn tell(&self, why: String) {
        self.health.dead_letters_wait(self.partition, why);
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.health.dead_letters_go_on(self.partition);
    }
}
