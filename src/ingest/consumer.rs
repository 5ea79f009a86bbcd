//! The consumer: a thread of its own drives librdkafka, so that neither hangs the other.

mod callbacks;

use std::{
    panic::AssertUnwindSafe,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak},
    thread,
    time::Duration,
};

use rdkafka::{
    TopicPartitionList,
    consumer::{BaseConsumer, CommitMode, Consumer as _, ConsumerContext, Rebalance},
    error::{KafkaError, KafkaResult, RDKafkaErrorCode},
};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

pub(super) use self::callbacks::is_about_the_connection;
use super::{
    assignment::{Assignment, TopicPartition},
    client::consumer_config,
    dead_letters::{DeadLetterTopic, DeadLetters},
    events::{BrokerTroubled, OffsetsCommitted},
    health::Health,
};
use crate::{config, fault_point::FaultPoint, store::Store};

/// How often librdkafka's callbacks are served.
const POLL: Duration = Duration::from_millis(100);
/// How long partitions' tasks may finish their batches when the process stops.
const DRAIN: Duration = Duration::from_secs(5);
/// How long dead letters that are under way then may take to arrive.
const FLUSH: Duration = Duration::from_secs(1);

/// Why ingestion ended.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A setting that librdkafka does not take.
    #[error("the Kafka client cannot be set up; see [kafka] in the configuration")]
    Setup(#[source] KafkaError),
    /// librdkafka cannot go on: another member has our `group_instance_id`, or the like.
    #[error("the Kafka client cannot go on: {0}")]
    Fatal(RDKafkaErrorCode),
    /// A message came where nobody reads it.
    #[error("a message of {topic}/{partition} arrived outside of its partition's queue")]
    Unrouted {
        /// Its topic.
        topic: String,
        /// Its partition.
        partition: i32,
    },
    /// A partition's task panicked or ended by itself.
    #[error("the task of a partition ended unasked; the log tells why")]
    TaskEnded,
    /// The polling thread panicked.
    #[error("the Kafka thread panicked; the log tells why")]
    ThreadPanicked,
}

/// Ingestion as it runs.
#[derive(Debug)]
pub struct Ingester {
    stop: CancellationToken,
    ended: oneshot::Receiver<Result<(), Error>>,
}

impl Ingester {
    /// Subscribes and begins to read. Brokers need not be there yet; `health` tells.
    ///
    /// # Errors
    /// When a setting is not taken.
    pub fn start(
        kafka: &config::Kafka,
        ingest: &config::Ingest,
        store: Store,
        health: Arc<Health>,
    ) -> Result<Self, Error> {
        let (failed, failures) = mpsc::unbounded_channel();
        let dead_letters = Arc::new(DeadLetters::new(kafka, health.clone()).map_err(Error::Setup)?);
        let assignment = Assignment::new(store, dead_letters.clone(), ingest.into(), failed);
        let context = Context {
            me: OnceLock::new(),
            assignment: Mutex::new(assignment),
            health,
            topic: kafka.ocp_topic.clone(),
            // The broker must not give the partitions away while we still wait for a batch.
            revoke_within: kafka.session_timeout / 2,
        };
        let consumer = consumer_config(kafka).create_with_context(context).map_err(Error::Setup)?;
        let consumer: Arc<BaseConsumer<Context>> = Arc::new(consumer);
        // Set once, here, before the first callback can ask for it.
        let _ = consumer.context().me.set(Arc::downgrade(&consumer));
        consumer.subscribe(&[&kafka.ocp_topic]).map_err(Error::Setup)?;

        let stop = CancellationToken::new();
        let made = stop.clone().run_until_cancelled_owned(DeadLetterTopic::of(kafka).ensure());
        tokio::spawn(made);
        let (end, ended) = oneshot::channel();
        let polling = Polling { consumer, dead_letters, stop: stop.clone(), failures };
        // Not joined: a consumer whose broker is away can take long to close, and whoever stops us has a deadline.
        thread::spawn(move || {
            let result = std::panic::catch_unwind(AssertUnwindSafe(|| polling.run()));
            let _ = end.send(result.unwrap_or(Err(Error::ThreadPanicked)));
        });
        Ok(Self { stop, ended })
    }

    /// Waits for the end that nobody asked for.
    pub async fn ended(&mut self) -> Error {
        match (&mut self.ended).await {
            Ok(Err(error)) => error,
            Ok(Ok(())) | Err(_) => Error::ThreadPanicked,
        }
    }

    /// Finishes or drops the running batches, commits and leaves the group.
    ///
    /// # Errors
    /// When it ended in another way meanwhile.
    pub async fn stop(self) -> Result<(), Error> {
        self.stop.cancel();
        self.ended.await.unwrap_or(Err(Error::ThreadPanicked))
    }
}

/// The thread's own.
struct Polling {
    consumer: Arc<BaseConsumer<Context>>,
    dead_letters: Arc<DeadLetters>,
    stop: CancellationToken,
    failures: mpsc::UnboundedReceiver<Error>,
}

impl Polling {
    fn run(mut self) -> Result<(), Error> {
        let result = self.poll_until_stopped();
        self.consumer.context().assignment().stop_all(DRAIN);
        commit_stored(&self.consumer);
        self.consumer.unsubscribe();
        self.dead_letters.flush(FLUSH);
        // The last handle: dropping it leaves the group.
        drop(self.consumer);
        result
    }

    fn poll_until_stopped(&mut self) -> Result<(), Error> {
        while !self.stop.is_cancelled() {
            match self.consumer.poll(POLL) {
                None => {}
                Some(Ok(message)) => {
                    use rdkafka::Message as _;
                    let (topic, partition) = (message.topic().to_owned(), message.partition());
                    return Err(Error::Unrouted { topic, partition });
                }
                Some(Err(KafkaError::MessageConsumptionFatal(code))) => return Err(Error::Fatal(code)),
                Some(Err(error)) => self.consumer.context().troubled_by(&error),
            }
            if let Ok(failure) = self.failures.try_recv() {
                return Err(failure);
            }
        }
        Ok(())
    }
}

/// Commits what was stored. Nothing new to commit is no failure.
fn commit_stored(consumer: &BaseConsumer<Context>) {
    match consumer.commit_consumer_state(CommitMode::Sync) {
        Ok(()) | Err(KafkaError::ConsumerCommit(RDKafkaErrorCode::NoOffset)) => {}
        Err(error) => tracing::warn!(%error, "offsets were not committed; their messages will be read again"),
    }
}

/// What librdkafka calls back, all of it on the polling thread.
pub(super) struct Context {
    me: OnceLock<Weak<BaseConsumer<Context>>>,
    assignment: Mutex<Assignment>,
    health: Arc<Health>,
    topic: String,
    revoke_within: Duration,
}

impl Context {
    fn assignment(&self) -> MutexGuard<'_, Assignment> {
        self.assignment.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn assign(&self, partitions: &TopicPartitionList) {
        let Some(weak) = self.me.get() else { return };
        let Some(consumer) = weak.upgrade() else { return };
        for (topic, partition) in places(partitions) {
            match consumer.split_partition_queue(&topic, partition) {
                Some(queue) => self.assignment().start((topic, partition), queue, weak.clone()),
                // Its messages would come to the main queue, which ends ingestion.
                None => tracing::error!(topic, partition, "a partition without a queue"),
            }
        }
    }

    fn revoke(&self, consumer: &BaseConsumer<Self>, partitions: &TopicPartitionList) {
        if consumer.assignment_lost() {
            // Others have them already: nothing that still runs may move an offset.
            self.assignment().stop(places(partitions), Duration::ZERO);
        } else {
            self.assignment().stop(places(partitions), self.revoke_within);
            commit_stored(consumer);
        }
    }
}

fn places(partitions: &TopicPartitionList) -> Vec<TopicPartition> {
    partitions.elements().iter().map(|element| (element.topic().to_owned(), element.partition())).collect()
}

impl ConsumerContext for Context {
    fn pre_rebalance(&self, consumer: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        match rebalance {
            Rebalance::Assign(partitions) => self.assign(partitions),
            Rebalance::Revoke(partitions) => self.revoke(consumer, partitions),
            Rebalance::Error(error) => self.troubled_by(error),
        }
    }

    fn post_rebalance(&self, _: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        match rebalance {
            Rebalance::Assign(partitions) => {
                tracing::info!(partitions = ?places(partitions), "partitions assigned");
                self.health.assigned();
            }
            Rebalance::Revoke(partitions) => tracing::info!(partitions = ?places(partitions), "partitions revoked"),
            Rebalance::Error(_) => {}
        }
    }

    fn commit_callback(&self, result: KafkaResult<()>, _: &TopicPartitionList) {
        match result {
            Ok(()) => {
                FaultPoint::OffsetCommitted.pass();
                OffsetsCommitted::emit();
            }
            Err(KafkaError::ConsumerCommit(RDKafkaErrorCode::NoOffset)) => {}
            Err(error) => BrokerTroubled { reason: &format!("offsets were not committed: {error}") }.emit(),
        }
    }
}
