//! Putting messages on a topic, and knowing which arrived.

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

use super::Failure;

/// How long a message may wait for its broker.
const DELIVERY_TIMEOUT: Duration = Duration::from_secs(30);
/// Pause while librdkafka's queue is full.
const QUEUE_FULL_PAUSE: Duration = Duration::from_millis(5);

/// Puts messages on one topic.
pub(super) struct Producer {
    topic: String,
    client: ThreadedProducer<Deliveries>,
}

impl Producer {
    /// Makes a producer; the brokers are looked for with the first message.
    pub(super) fn new(mut config: ClientConfig, topic: &str) -> Result<Self, Failure> {
        config
            .set("message.timeout.ms", DELIVERY_TIMEOUT.as_millis().to_string())
            .set("enable.idempotence", "true")
            .set("linger.ms", "5")
            // Files may be larger than the default allows; the broker has the last word.
            .set("message.max.bytes", "100000000");
        let client = config.create_with_context(Deliveries::default()).map_err(|source| Failure::Kafka {
            doing: "the Kafka client cannot be set up; see [kafka] in the configuration".to_owned(),
            source,
        })?;
        Ok(Self { topic: topic.to_owned(), client })
    }

    /// Hands a message over; waits while too many are under way.
    pub(super) fn send(&self, key: &str, value: &[u8]) -> Result<(), Failure> {
        let mut record = BaseRecord::to(&self.topic).key(key).payload(value);
        loop {
            match self.client.send(record) {
                Ok(()) => return self.client.context().failure(&self.topic).map_or(Ok(()), Err),
                Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), returned)) => {
                    record = returned;
                    std::thread::sleep(QUEUE_FULL_PAUSE);
                }
                Err((error, _)) => return Err(not_taken(&self.topic, error)),
            }
        }
    }

    /// Waits until every message has arrived.
    pub(super) fn finish(&self) -> Result<(), Failure> {
        let flushed = self.client.flush(DELIVERY_TIMEOUT + Duration::from_secs(5));
        if let Some(failure) = self.client.context().failure(&self.topic) {
            return Err(failure);
        }
        flushed.map_err(|error| not_taken(&self.topic, error))
    }
}

fn not_taken(topic: &str, source: KafkaError) -> Failure {
    Failure::Kafka { doing: format!("messages were not delivered to the topic {topic}"), source }
}

/// What became of messages: the first failure counts.
#[derive(Default)]
struct Deliveries(Mutex<Option<KafkaError>>);

impl Deliveries {
    fn failure(&self, topic: &str) -> Option<Failure> {
        let failed = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        failed.map(|error| not_taken(topic, error))
    }
}

impl ClientContext for Deliveries {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        tracing::debug!(target: "librdkafka", ?level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        tracing::warn!(%error, reason, "trouble with Kafka");
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
