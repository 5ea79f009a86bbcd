//! Pauses and restarts the fetching of a partition, on the polling thread.
//!
//! With `auto.offset.reset=error`, librdkafka 2.12.1 stops a partition whose offset does not exist, and `seek` is then
//! refused ("Erroneous state"). It fetches again only when it is unassigned and assigned with another offset. The
//! polling thread does that, so that it never coincides with a rebalance.

use rdkafka::{Offset, TopicPartitionList, consumer::Consumer as _, error::KafkaResult};
use tokio::sync::{mpsc, oneshot};

use super::callbacks::{KafkaConsumer, TopicPartition};

/// What a partition's task requests.
#[derive(Clone, Copy, Debug)]
enum Command {
    /// Stop fetching.
    Pause,
    /// Fetch from this offset; what is queued is dropped.
    Restart(Offset),
}

/// A request of a partition's task to the polling thread.
#[derive(Debug)]
pub(super) struct Request {
    partition: TopicPartition,
    command: Command,
    /// Stores this offset as the next one, so that it is committed.
    store: Option<i64>,
    done: oneshot::Sender<KafkaResult<()>>,
}

/// Requests of one partition's task.
#[derive(Clone, Debug)]
pub(super) struct FetchControl {
    pub(super) partition: TopicPartition,
    pub(super) requests: mpsc::UnboundedSender<Request>,
}

impl FetchControl {
    /// Stops fetching. Returns `None` if the partition is not assigned.
    pub(super) async fn pause(&self) -> Option<KafkaResult<()>> {
        self.request(Command::Pause, None).await
    }

    /// Fetches from an offset, and commits `store` as the next offset. Returns `None` if the partition is not assigned.
    pub(super) async fn restart(&self, offset: Offset, store: Option<i64>) -> Option<KafkaResult<()>> {
        self.request(Command::Restart(offset), store).await
    }

    async fn request(&self, command: Command, store: Option<i64>) -> Option<KafkaResult<()>> {
        let (done, result) = oneshot::channel();
        self.requests.send(Request { partition: self.partition.clone(), command, store, done }).ok()?;
        result.await.ok()
    }
}

impl Request {
    pub(super) fn partition(&self) -> &TopicPartition {
        &self.partition
    }

    /// Executes the request; returns whether the partition is paused now. Must be called on the polling thread, and only
    /// while the partition is assigned.
    pub(super) fn serve(self, consumer: &KafkaConsumer) -> bool {
        let result = self.execute(consumer);
        let is_paused = matches!(self.command, Command::Pause) || result.is_err();
        // The task ended if the receiver is dropped.
        let _ = self.done.send(result);
        is_paused
    }

    fn execute(&self, consumer: &KafkaConsumer) -> KafkaResult<()> {
        let this = list(&self.partition, Offset::Invalid)?;
        let Command::Restart(offset) = self.command else { return consumer.pause(&this) };
        // Fails if a previous request got only this far.
        let _ = consumer.incremental_unassign(&this);
        consumer.incremental_assign(&list(&self.partition, offset)?)?;
        if let Some(next) = self.store {
            consumer.store_offsets(&list(&self.partition, Offset::Offset(next))?)?;
        }
        consumer.resume(&this)
    }
}

/// Resumes a partition that is being revoked. librdkafka keeps it paused beyond that, and would not fetch it when it is
/// assigned to this member again.
pub(super) fn resume(consumer: &KafkaConsumer, partition: &TopicPartition) {
    let resumed = list(partition, Offset::Invalid).and_then(|list| consumer.resume(&list));
    if let Err(error) = resumed {
        tracing::warn!(?partition, %error, "a revoked partition stays paused");
    }
}

fn list((topic, partition): &TopicPartition, offset: Offset) -> KafkaResult<TopicPartitionList> {
    let mut list = TopicPartitionList::new();
    list.add_partition_offset(topic, *partition, offset)?;
    Ok(list)
}
