//! The partitions that are ours, each with its task.

use std::{
    collections::HashMap,
    panic::AssertUnwindSafe,
    sync::{Arc, Weak},
    time::{Duration, Instant},
};

use futures_util::FutureExt as _;
use rdkafka::consumer::{BaseConsumer, base_consumer::PartitionQueue};
use tokio::{runtime::Handle, sync::mpsc::UnboundedSender, task::JoinHandle};

use super::{
    batch::Bounds,
    consumer::{Context, Error},
    dead_letters::DeadLetters,
    events::Lag,
    partition::{self, Reader},
    partition_lease::PartitionLease,
    writer::Writer,
};
use crate::store::Store;

/// A topic and one of its partitions.
pub(super) type TopicPartition = (String, i32);

/// What a partition's task is made of, and the tasks that run.
pub(super) struct Assignment {
    runtime: Handle,
    store: Store,
    dead_letters: Arc<DeadLetters>,
    bounds: Bounds,
    failed: UnboundedSender<Error>,
    running: HashMap<TopicPartition, Running>,
}

struct Running {
    task: JoinHandle<()>,
    lease: PartitionLease,
}

impl Assignment {
    /// Nothing is assigned yet. To be called on the runtime that the tasks shall run on.
    pub(super) fn new(
        store: Store,
        dead_letters: Arc<DeadLetters>,
        bounds: Bounds,
        failed: UnboundedSender<Error>,
    ) -> Self {
        Self { runtime: Handle::current(), store, dead_letters, bounds, failed, running: HashMap::new() }
    }

    /// Begins to read a partition.
    pub(super) fn start(
        &mut self,
        (topic, partition): TopicPartition,
        queue: PartitionQueue<Context>,
        consumer: Weak<BaseConsumer<Context>>,
    ) {
        let lease = PartitionLease::default();
        let reader = Reader::new(queue, self.bounds, lease.clone());
        let writer = Writer {
            name: format!("{topic}/{partition}"),
            topic: topic.clone(),
            partition,
            store: self.store.clone(),
            dead_letters: self.dead_letters.clone(),
            consumer,
            lease: lease.clone(),
        };
        let watched = watch(partition::run(reader, writer), lease.clone(), self.failed.clone());
        let task = self.runtime.spawn(watched);
        self.running.insert((topic, partition), Running { task, lease });
    }

    /// Gives partitions up: their tasks read no more at once, and have until the deadline to finish the batch that is
    /// being written. One that needs longer goes on and harms nothing (newest wins), but moves no offset.
    ///
    /// To be called on a thread that is not the runtime's.
    pub(super) fn stop(&mut self, places: impl IntoIterator<Item = TopicPartition>, within: Duration) {
        let stopped = places.into_iter().filter_map(|place| Some((place.1, self.running.remove(&place)?)));
        let stopped: Vec<_> = stopped.collect();
        for (partition, running) in &stopped {
            running.lease.revoke();
            Lag { partition: *partition, messages: 0 }.emit();
        }
        let deadline = Instant::now() + within;
        for (_, Running { task, lease }) in stopped {
            let left = deadline.saturating_duration_since(Instant::now());
            let ended = self.runtime.block_on(async { tokio::time::timeout(left, task).await });
            lease.fence();
            if ended.is_err() {
                tracing::warn!("a batch was still being written when its partition had to be given up");
            }
        }
    }

    /// How many messages of a partition were read and are not finished; `None` where it is not ours.
    pub(super) fn unfinished(&self, place: &TopicPartition) -> Option<u64> {
        Some(self.running.get(place)?.lease.unfinished())
    }

    /// Gives all partitions up.
    pub(super) fn stop_all(&mut self, within: Duration) {
        let all: Vec<_> = self.running.keys().cloned().collect();
        self.stop(all, within);
    }
}

/// A task that panics, or ends although nobody stopped it, would leave its partition unread for ever: the process
/// has to end, so that it can be started again.
async fn watch(task: impl Future<Output = ()>, lease: PartitionLease, failed: UnboundedSender<Error>) {
    let panicked = AssertUnwindSafe(task).catch_unwind().await.is_err();
    if panicked || !lease.is_revoked() {
        // Nobody listens any more when the process is already ending.
        let _ = failed.send(Error::TaskEnded);
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::mpsc;

    use super::*;

    async fn told(task: impl Future<Output = ()>, stopped: bool) -> bool {
        let (failed, mut failures) = mpsc::unbounded_channel();
        let lease = PartitionLease::default();
        if stopped {
            lease.revoke();
        }
        watch(task, lease, failed).await;
        failures.try_recv().is_ok()
    }

    #[tokio::test]
    async fn a_task_that_panics_or_ends_unasked_is_told() {
        assert!(told(async { panic!("on purpose") }, false).await);
        assert!(told(async { panic!("on purpose") }, true).await);
        assert!(told(async {}, false).await);
        assert!(!told(async {}, true).await);
    }
}
