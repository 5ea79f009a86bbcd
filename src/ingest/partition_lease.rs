//! For how long a partition is ours: until notice is given, and then until the lease ends.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio_util::sync::CancellationToken;

/// Shared by a partition's task and by whoever gives the partition up.
#[derive(Clone, Debug, Default)]
pub(super) struct PartitionLease {
    revoked: CancellationToken,
    fenced: CancellationToken,
    /// How many messages were read and are not finished: not yet stored, or their offset not yet moved.
    unfinished: Arc<AtomicU64>,
}

/// The partition was given up before something was done. Its messages will be read again, here or elsewhere.
#[derive(Debug)]
pub(super) struct Revoked;

impl PartitionLease {
    /// From now on what runs is finished, and nothing new begun.
    pub(super) fn revoke(&self) {
        self.revoked.cancel();
    }

    /// Was notice given?
    pub(super) fn is_revoked(&self) -> bool {
        self.revoked.is_cancelled()
    }

    /// Waits until notice is given.
    pub(super) async fn revoked(&self) {
        self.revoked.cancelled().await;
    }

    /// From now on whatever is finished moves no offset.
    pub(super) fn fence(&self) {
        self.fenced.cancel();
    }

    /// Did it end?
    pub(super) fn is_fenced(&self) -> bool {
        self.fenced.is_cancelled()
    }

    /// So many more messages are read.
    pub(super) fn begin(&self, messages: usize) {
        self.unfinished.fetch_add(messages as u64, Ordering::Relaxed);
    }

    /// So many of them are finished.
    pub(super) fn finish(&self, messages: usize) {
        self.unfinished.fetch_sub(messages as u64, Ordering::Relaxed);
    }

    /// How many messages were read and are not finished.
    pub(super) fn unfinished(&self) -> u64 {
        self.unfinished.load(Ordering::Relaxed)
    }

    /// Waits between two tries, unless notice is given.
    pub(super) async fn pause(&self, pause: Duration) -> Result<(), Revoked> {
        tokio::select! {
            () = self.revoked() => Err(Revoked),
            () = tokio::time::sleep(pause) => Ok(()),
        }
    }

    /// Waits for an answer, and once notice is given so much longer.
    pub(super) async fn unless_revoked<T>(
        &self,
        answer: impl Future<Output = T>,
        longer: Duration,
    ) -> Result<T, Revoked> {
        let given_up = async {
            self.revoked().await;
            tokio::time::sleep(longer).await;
        };
        tokio::select! {
            answer = answer => Ok(answer),
            () = given_up => Err(Revoked),
        }
    }
}
