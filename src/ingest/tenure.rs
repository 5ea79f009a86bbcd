//! For how long a partition is ours: until notice is given, and then until the tenure ends.

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
pub(super) struct Tenure {
    notice: CancellationToken,
    end: CancellationToken,
    /// How many messages were read and are not finished: not yet stored, or their offset not yet moved.
    unfinished: Arc<AtomicU64>,
}

/// The partition was given up before something was done. Its messages will be read again, here or elsewhere.
#[derive(Debug)]
pub(super) struct GivenUp;

impl Tenure {
    /// From now on what runs is finished, and nothing new begun.
    pub(super) fn give_notice(&self) {
        self.notice.cancel();
    }

    /// Was notice given?
    pub(super) fn has_notice(&self) -> bool {
        self.notice.is_cancelled()
    }

    /// Waits until notice is given.
    pub(super) async fn noticed(&self) {
        self.notice.cancelled().await;
    }

    /// From now on whatever is finished moves no offset.
    pub(super) fn end(&self) {
        self.end.cancel();
    }

    /// Did it end?
    pub(super) fn has_ended(&self) -> bool {
        self.end.is_cancelled()
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
    pub(super) async fn pause(&self, pause: Duration) -> Result<(), GivenUp> {
        tokio::select! {
            () = self.noticed() => Err(GivenUp),
            () = tokio::time::sleep(pause) => Ok(()),
        }
    }

    /// Waits for an answer, and once notice is given so much longer.
    pub(super) async fn unless_given_up<T>(
        &self,
        answer: impl Future<Output = T>,
        longer: Duration,
    ) -> Result<T, GivenUp> {
        let given_up = async {
            self.noticed().await;
            tokio::time::sleep(longer).await;
        };
        tokio::select! {
            answer = answer => Ok(answer),
            () = given_up => Err(GivenUp),
        }
    }
}
