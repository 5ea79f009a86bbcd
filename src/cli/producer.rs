//! Sends messages to a topic and waits for their delivery.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use rdkafka::{
    ClientConfig, ClientContext, Message as _,
    config::RDKafkaLogLevel,
    error::{KafkaError, RDKafkaErrorCode},
    producer::{BaseRecord, DeliveryResult, Producer as _, ProducerContext, ThreadedProducer},
};

use super::Error;

/// Longest time until a message is delivered.
const DELIVERY_TIMEOUT: Duration = Duration::from_secs(30);
/// Time between two attempts to enqueue while librdkafka's queue is full.
const QUEUE_FULL_RETRY: Duration = Duration::from_millis(5);

/// Sends messages to one topic.
pub(super) struct Producer {
    topic: String,
    client: ThreadedProducer<Deliveries>,
}

impl Producer {
    /// Creates a producer. It connects to the brokers in the background.
    pub(super) fn new(mut config: ClientConfig, topic: &str) -> Result<Self, Error> {
        config
            .set("message.timeout.ms", DELIVERY_TIMEOUT.as_millis().to_string())
            .set("enable.idempotence", "true")
            .set("linger.ms", "5")
            // Files may be larger than the default allows. The broker checks the size against its own limit.
            .set("message.max.bytes", "100000000");
        let client = config.create_with_context(Deliveries::default()).map_err(|source| Error::Kafka {
            context: "cannot create the Kafka client; check [kafka] in the configuration".to_owned(),
            source,
        })?;
        Ok(Self { topic: topic.to_owned(), client })
    }

    /// Enqueues a message. Waits while the queue is full.
    pub(super) fn send(&self, key: &str, value: &[u8]) -> Result<(), Error> {
        let mut record = BaseRecord::to(&self.topic).key(key).payload(value);
        loop {
            match self.client.send(record) {
                Ok(()) => return self.client.context().error_of(&self.topic).map_or(Ok(()), Err),
                Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), returned)) => {
                    record = returned;
                    std::thread::sleep(QUEUE_FULL_RETRY);
                }
                Err((error, _)) => return Err(not_delivered(&self.topic, error)),
            }
        }
    }

    /// Waits until every message is delivered.
    pub(super) fn finish(&self) -> Result<(), Error> {
        let flushed = self.client.flush(DELIVERY_TIMEOUT + Duration::from_secs(5));
        if let Some(error) = self.client.context().error_of(&self.topic) {
            return Err(error);
        }
        flushed.map_err(|error| not_delivered(&self.topic, error))
    }
}

fn not_delivered(topic: &str, source: KafkaError) -> Error {
    Error::Kafka { context: format!("messages were not delivered to the topic {topic}"), source }
}

/// Receives delivery reports and keeps the first error.
#[derive(Default)]
struct Deliveries(Mutex<Option<KafkaError>>);

impl Deliveries {
    fn error_of(&self, topic: &str) -> Option<Error> {
        let first = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        first.map(|error| not_delivered(topic, error))
    }
}

impl ClientContext for Deliveries {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        tracing::debug!(target: "librdkafka", ?level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        tracing::warn!(%error, reason, "the Kafka client reported an error");
    }
}

impl ProducerContext for Deliveries {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        if let Err((error, message)) = result {
            tracing::debug!(%error, topic = message.topic(), "a message was not delivered");
            self.0.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_with(|| error.clone());
        }
    }
}
