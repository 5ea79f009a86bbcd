//! The time for which a partition is assigned: until it is revoked, and then until its fence.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio_util::sync::CancellationToken;

/// Shared by a partition's task and the assignment, which revokes it.
#[derive(Clone, Debug, Default)]
pub(super) struct PartitionLease {
    revoked: CancellationToken,
    fenced: CancellationToken,
    /// The number of messages that were read and are not finished: not yet stored, or their offset not yet stored.
    unfinished: Arc<AtomicU64>,
    /// The partition cannot be read, so the number of its waiting messages is unknown.
    unreadable: Arc<AtomicBool>,
    /// The statistics showed that the partition is read to its end.
    at_end: Arc<AtomicBool>,
}

/// The partition was revoked before an operation finished. Its messages will be read again, here or by another member.
#[derive(Debug)]
pub(super) struct Revoked;

impl PartitionLease {
    /// From now on, running work is finished and no new work is started.
    pub(super) fn revoke(&self) {
        self.revoked.cancel();
    }

    pub(super) fn is_revoked(&self) -> bool {
        self.revoked.is_cancelled()
    }

    /// Waits until the partition is revoked.
    pub(super) async fn revoked(&self) {
        self.revoked.cancelled().await;
    }

    /// From now on, no offset is stored.
    pub(super) fn fence(&self) {
        self.fenced.cancel();
    }

    pub(super) fn is_fenced(&self) -> bool {
        self.fenced.is_cancelled()
    }

    /// Counts messages that are read.
    pub(super) fn add_unfinished(&self, messages: usize) {
        self.unfinished.fetch_add(messages as u64, Ordering::Relaxed);
    }

    /// Counts messages that are finished.
    pub(super) fn finish(&self, messages: usize) {
        self.unfinished.fetch_sub(messages as u64, Ordering::Relaxed);
    }

    /// The number of messages that were read and are not finished.
    pub(super) fn unfinished(&self) -> u64 {
        self.unfinished.load(Ordering::Relaxed)
    }

    /// Sets whether the partition can be read.
    pub(super) fn set_readable(&self, readable: bool) {
        self.unreadable.store(!readable, Ordering::Relaxed);
    }

    /// Whether the partition can be read.
    pub(super) fn is_readable(&self) -> bool {
        !self.unreadable.load(Ordering::Relaxed)
    }

    /// The statistics show that the partition is read to its end.
    pub(super) fn set_at_end(&self) {
        self.at_end.store(true, Ordering::Relaxed);
    }

    /// Whether the statistics showed the end since the last call.
    pub(super) fn take_at_end(&self) -> bool {
        self.at_end.swap(false, Ordering::Relaxed)
    }

    /// Pauses before a retry, unless the partition is revoked.
    pub(super) async fn pause(&self, pause: Duration) -> Result<(), Revoked> {
        tokio::select! {
            () = self.revoked() => Err(Revoked),
            () = tokio::time::sleep(pause) => Ok(()),
        }
    }

    /// Waits for a future; after a revocation, for at most the grace period.
    pub(super) async fn unless_revoked<T>(
        &self,
        future: impl Future<Output = T>,
        grace_period: Duration,
    ) -> Result<T, Revoked> {
        let expired = async {
            self.revoked().await;
            tokio::time::sleep(grace_period).await;
        };
        tokio::select! {
            output = future => Ok(output),
            () = expired => Err(Revoked),
        }
    }
}
