//! The consumer: a dedicated thread polls librdkafka, so that librdkafka and the runtime cannot block each other.

use std::{panic::AssertUnwindSafe, sync::Arc, thread, time::Duration};

use rdkafka::{
    consumer::Consumer as _,
    error::{KafkaError, RDKafkaErrorCode},
};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::{
    assignment::{Assignment, Channels, TaskEnded},
    callbacks::{Context, KafkaConsumer, commit_stored_offsets},
    client::consumer_config,
    dead_letters::{DeadLetterTopic, DeadLetters},
    fetch_control::Request,
    health::Health,
    source::Sources,
    subscription_check::SubscriptionCheck,
};
use crate::{config, store::Store};

/// The timeout of a poll, and so the time between two checks whether to stop.
const POLL_TIMEOUT: Duration = Duration::from_millis(100);
/// How long partitions' tasks may take to finish their batches when the process stops.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(5);
/// How long dead letters that are being sent may take after that.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(1);

/// Why ingestion ended.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// librdkafka rejected a setting.
    #[error("the Kafka client cannot be set up; see [kafka] in the configuration")]
    Setup(#[source] KafkaError),
    /// A fatal error of librdkafka: for example, another member has the same `group_instance_id`.
    #[error("the Kafka client failed permanently: {0}")]
    Fatal(RDKafkaErrorCode),
    /// A message was delivered to the main queue, which has no reader.
    #[error("a message of {topic}/{partition} arrived outside of its partition's queue")]
    Unrouted {
        /// Its topic.
        topic: String,
        /// Its partition.
        partition: i32,
    },
    /// A partition's task panicked, or ended although its partition was not revoked.
    #[error("the task of a partition ended unexpectedly; see the log for the cause")]
    TaskEnded,
    /// The polling thread panicked.
    #[error("the Kafka thread panicked; see the log for the cause")]
    ThreadPanicked,
}

/// Running ingestion.
#[derive(Debug)]
pub struct Ingester {
    stop: CancellationToken,
    ended: oneshot::Receiver<Result<(), Error>>,
}

impl Ingester {
    /// Subscribes and starts to read. Brokers may be unavailable at first; `health` reports it.
    ///
    /// # Errors
    /// When librdkafka rejects a setting.
    pub fn start(
        kafka: &config::Kafka,
        ingest: &config::Ingest,
        store: Store,
        health: Arc<Health>,
    ) -> Result<Self, Error> {
        let dead_letters = Arc::new(DeadLetters::new(kafka, health.clone()).map_err(Error::Setup)?);
        let sources = Sources::new(kafka);
        let check = SubscriptionCheck::new(kafka, health.clone());
        let context = Context::new(kafka, health.clone(), check.requested());
        let consumer = consumer_config(kafka).create_with_context(context).map_err(Error::Setup)?;
        let consumer: Arc<KafkaConsumer> = Arc::new(consumer);
        let (ended, ended_tasks) = mpsc::unbounded_channel();
        let (requests, requested) = mpsc::unbounded_channel();
        let channels = Channels { ended, requests };
        let weak = Arc::downgrade(&consumer);
        let check = check.repeat(weak.clone());
        let assignment =
            Assignment::new(weak, sources.clone(), store, dead_letters.clone(), ingest.into(), health, channels);
        let assignment = Arc::new(assignment);
        consumer.context().set_listener(assignment.clone());
        consumer.subscribe(&sources.topics()).map_err(Error::Setup)?;

        let stop = CancellationToken::new();
        tokio::spawn(stop.clone().run_until_cancelled_owned(DeadLetterTopic::new(kafka).ensure()));
        tokio::spawn(stop.clone().run_until_cancelled_owned(check));
        let (end, ended) = oneshot::channel();
        let polling = Polling { consumer, assignment, dead_letters, stop: stop.clone(), ended_tasks, requested };
        // Not joined: closing a consumer whose broker is unavailable can take longer than the caller's deadline.
        thread::spawn(move || {
            let result = std::panic::catch_unwind(AssertUnwindSafe(|| polling.run()));
            let _ = end.send(result.unwrap_or(Err(Error::ThreadPanicked)));
        });
        Ok(Self { stop, ended })
    }

    /// Waits until ingestion ends by itself.
    pub async fn ended(&mut self) -> Error {
        match (&mut self.ended).await {
            Ok(Err(error)) => error,
            Ok(Ok(())) | Err(_) => Error::ThreadPanicked,
        }
    }

    /// Finishes or drops the running batches, commits and leaves the group.
    ///
    /// # Errors
    /// When ingestion has failed in the meantime.
    pub async fn stop(self) -> Result<(), Error> {
        self.stop.cancel();
        self.ended.await.unwrap_or(Err(Error::ThreadPanicked))
    }
}

/// The state of the polling thread.
struct Polling {
    consumer: Arc<KafkaConsumer>,
    assignment: Arc<Assignment>,
    dead_letters: Arc<DeadLetters>,
    stop: CancellationToken,
    ended_tasks: mpsc::UnboundedReceiver<TaskEnded>,
    requested: mpsc::UnboundedReceiver<Request>,
}

impl Polling {
    fn run(mut self) -> Result<(), Error> {
        let result = self.poll_until_stopped();
        self.assignment.stop_all(DRAIN_TIMEOUT);
        commit_stored_offsets(&self.consumer);
        self.consumer.unsubscribe();
        self.dead_letters.flush(FLUSH_TIMEOUT);
        // Dropping the last handle leaves the group.
        drop(self.consumer);
        result
    }

    fn poll_until_stopped(&mut self) -> Result<(), Error> {
        while !self.stop.is_cancelled() {
            match self.consumer.poll(POLL_TIMEOUT) {
                None => {}
                Some(Ok(message)) => {
                    use rdkafka::Message as _;
                    let (topic, partition) = (message.topic().to_owned(), message.partition());
                    return Err(Error::Unrouted { topic, partition });
                }
                Some(Err(KafkaError::MessageConsumptionFatal(code))) => return Err(Error::Fatal(code)),
                Some(Err(error)) => self.consumer.context().report(&error),
            }
            self.serve_requests();
            if let Ok(TaskEnded) = self.ended_tasks.try_recv() {
                return Err(Error::TaskEnded);
            }
        }
        Ok(())
    }

    fn serve_requests(&mut self) {
        while let Ok(request) = self.requested.try_recv() {
            self.assignment.serve(request, &self.consumer);
        }
    }
}
