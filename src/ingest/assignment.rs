//! The assigned partitions, each with its task.

use std::{
    collections::HashMap,
    panic::AssertUnwindSafe,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::{Duration, Instant},
};

use futures_util::FutureExt as _;
use rdkafka::consumer::Consumer as _;
use tokio::{runtime::Handle, sync::mpsc::UnboundedSender, task::JoinHandle};

use super::{
    batch::Bounds,
    callbacks::{KafkaConsumer, MessageQueue, RebalanceListener, TopicPartition},
    dead_letters::DeadLetters,
    events::{Lag, PartitionState},
    fetch_control::{self, FetchControl, Request},
    health::Health,
    intake::Intake,
    partition::{self, Reader},
    partition_lease::PartitionLease,
    recovery::Recovery,
    source::{SourcePartition, Sources},
    writer::Writer,
};
use crate::{message::Kind, store::Store};

/// What a partition's task needs, and the running tasks.
pub(super) struct Assignment {
    runtime: Handle,
    /// Weak, because the consumer owns this, as its listener.
    consumer: Weak<KafkaConsumer>,
    sources: Sources,
    store: Store,
    dead_letters: Arc<DeadLetters>,
    bounds: Bounds,
    health: Arc<Health>,
    channels: Channels,
    running: Mutex<HashMap<TopicPartition, Running>>,
}

/// What partitions' tasks send to the polling thread.
pub(super) struct Channels {
    pub(super) ended: UnboundedSender<TaskEnded>,
    pub(super) requests: UnboundedSender<Request>,
}

struct Running {
    partition: Arc<SourcePartition>,
    task: JoinHandle<()>,
    lease: PartitionLease,
    /// Whether librdkafka does not fetch it at present.
    is_paused: bool,
}

/// A partition's task panicked, or ended although its partition was not revoked.
#[derive(Debug)]
pub(super) struct TaskEnded;

impl Assignment {
    /// An empty assignment. Must be called on the runtime on which the tasks are to run.
    pub(super) fn new(
        consumer: Weak<KafkaConsumer>,
        sources: Sources,
        store: Store,
        dead_letters: Arc<DeadLetters>,
        bounds: Bounds,
        health: Arc<Health>,
        channels: Channels,
    ) -> Self {
        let runtime = Handle::current();
        Self { runtime, consumer, sources, store, dead_letters, bounds, health, channels, running: Mutex::default() }
    }

    fn start(&self, kind: Kind, key: TopicPartition, queue: MessageQueue) {
        let lease = PartitionLease::default();
        let partition = Arc::new(SourcePartition::new(kind, &key.0, key.1));
        let control = FetchControl { partition: key.clone(), requests: self.channels.requests.clone() };
        let recovery =
            Recovery::new(partition.clone(), self.consumer.clone(), control, self.health.clone(), lease.clone());
        let intake = Intake::new(kind, self.bounds, lease.clone(), recovery, self.store.clone());
        let reader = Reader::new(queue, intake);
        let writer = Writer {
            partition: partition.clone(),
            store: self.store.clone(),
            dead_letters: self.dead_letters.clone(),
            consumer: self.consumer.clone(),
            lease: lease.clone(),
        };
        PartitionState::Read.emit(&partition);
        let watched = watch(partition::run(reader, writer), lease.clone(), self.channels.ended.clone());
        let task = self.runtime.spawn(watched);
        self.running().insert(key, Running { partition, task, lease, is_paused: false });
    }

    /// Stops all partitions.
    pub(super) fn stop_all(&self, timeout: Duration) {
        let all: Vec<_> = self.running().keys().cloned().collect();
        self.on_revoked(all, timeout);
    }

    /// Executes the request of a task. If its partition is no longer assigned, drops the request, and the task ends.
    pub(super) fn serve(&self, request: Request, consumer: &KafkaConsumer) {
        let partition = request.partition().clone();
        if consumer.assignment_lost() || !self.running().contains_key(&partition) {
            return;
        }
        let is_paused = request.serve(consumer);
        if let Some(running) = self.running().get_mut(&partition) {
            running.is_paused = is_paused;
        }
    }

    fn running(&self) -> MutexGuard<'_, HashMap<TopicPartition, Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl RebalanceListener for Assignment {
    fn on_assigned(&self, partitions: Vec<TopicPartition>) {
        let Some(consumer) = self.consumer.upgrade() else { return };
        for (topic, partition) in partitions {
            match (self.sources.kind(&topic), consumer.split_partition_queue(&topic, partition)) {
                (Some(kind), Some(queue)) => self.start(kind, (topic, partition), queue),
                // Its messages would be delivered to the main queue, which ends ingestion.
                _ => tracing::error!(topic, partition, "a partition without a queue, or of another topic"),
            }
        }
    }

    /// The tasks stop reading at once. A batch that takes longer than the timeout is still written, which is harmless
    /// (the newest report wins), but its offset is not stored.
    ///
    /// Must not be called on a thread of the runtime.
    fn on_revoked(&self, partitions: Vec<TopicPartition>, timeout: Duration) {
        let stopped: Vec<_> = {
            let mut running = self.running();
            partitions.into_iter().filter_map(|key| running.remove(&key).map(|running| (key, running))).collect()
        };
        for (_, running) in &stopped {
            running.lease.revoke();
        }
        let deadline = Instant::now() + timeout;
        for (key, Running { partition, task, lease, is_paused }) in stopped {
            let remaining = deadline.saturating_duration_since(Instant::now());
            let ended = self.runtime.block_on(async { tokio::time::timeout(remaining, task).await });
            lease.fence();
            // Without a time to wait, a task that only reads has not ended either.
            if ended.is_err() && !timeout.is_zero() {
                tracing::warn!("a batch was still being written when its partition was revoked");
            }
            if is_paused && let Some(consumer) = self.consumer.upgrade() {
                fetch_control::resume(&consumer, &key);
            }
            self.health.started(&partition.name);
            PartitionState::Revoked.emit(&partition);
            Lag { kind: partition.kind, partition: partition.number, messages: None }.emit();
        }
    }

    fn unfinished(&self, partition: &TopicPartition) -> Option<u64> {
        let running = self.running();
        let lease = &running.get(partition)?.lease;
        lease.is_readable().then(|| lease.unfinished())
    }

    fn on_end(&self, partition: &TopicPartition) {
        if let Some(running) = self.running().get(partition) {
            running.lease.set_at_end();
        }
    }
}

/// Reports a task that panics, or that ends although its partition was not revoked. Its partition would never be read
/// again, so the process must end and be restarted.
async fn watch(task: impl Future<Output = ()>, lease: PartitionLease, ended: UnboundedSender<TaskEnded>) {
    let panicked = AssertUnwindSafe(task).catch_unwind().await.is_err();
    if panicked || !lease.is_revoked() {
        // The receiver is dropped if the process is already ending.
        let _ = ended.send(TaskEnded);
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::mpsc;

    use super::*;

    async fn is_reported(task: impl Future<Output = ()>, revoked: bool) -> bool {
        let (sender, mut ended) = mpsc::unbounded_channel();
        let lease = PartitionLease::default();
        if revoked {
            lease.revoke();
        }
        watch(task, lease, sender).await;
        ended.try_recv().is_ok()
    }

    #[tokio::test]
    async fn a_task_that_panics_or_ends_unexpectedly_is_reported() {
        assert!(is_reported(async { panic!("on purpose") }, false).await);
        assert!(is_reported(async { panic!("on purpose") }, true).await);
        assert!(is_reported(async {}, false).await);
        assert!(!is_reported(async {}, true).await);
    }
}
