//! Dead letters: a message that cannot be ingested goes to a topic of its own, as it came, with the reason beside it.
//!
//! It is delivered after its row in `consumer_error` is committed and before its offset is: a process that is killed in
//! between sends it once more, and none is lost. `headers` says what goes beside it, `topic` makes the topic where it is
//! missing, `reader` reads it back, and `replay` sends letters to where they came from.

mod headers;
mod reader;
mod replay;
mod topic;

use std::time::Duration;

use futures_util::future::try_join_all;
use rdkafka::{
    ClientConfig, Message as _,
    error::{KafkaError, RDKafkaErrorCode},
    message::OwnedMessage,
    producer::{FutureProducer, FutureRecord, Producer as _},
    util::Timeout,
};

pub(super) use self::topic::DeadLetterTopic;
pub use self::{
    headers::Origin,
    reader::{DeadLetter, ReadError, read},
    replay::{Replayer, SendError},
};
use super::client::client_config;
use crate::{
    config,
    domain::{Digest, Timestamp},
    message::Rejected,
    store::RejectedMessage,
};

/// Beside a message that is as large as it may be there has to be room for its headers.
pub(super) const ROOM_FOR_HEADERS: usize = 64 * 1024;
/// How long one try to deliver may take; there are as many as it needs.
const DELIVERY_TIMEOUT: Duration = Duration::from_secs(10);
/// What is kept of a letter that the broker finds too large. Beyond the second, which fits anywhere, there is nothing.
const CUTS: [usize; 2] = [512 * 1024, 0];

/// A message that cannot be ingested, as it came.
#[derive(Debug)]
pub(super) struct Rejection {
    pub(super) message: OwnedMessage,
    pub(super) why: Rejected,
}

impl Rejection {
    /// What is recorded of it. One that was sent again is the message that it was at first.
    pub(super) fn record(&self) -> RejectedMessage {
        let Self { message, why } = self;
        let value = message.payload().unwrap_or_default();
        let (origin, attempts) = headers::origin_and_attempts(message);
        RejectedMessage {
            topic: origin.topic,
            partition: origin.partition,
            offset: origin.offset,
            timestamp: origin.timestamp,
            key: message.key().map(<[u8]>::to_vec),
            value_bytes: value.len(),
            value_digest: Digest::of(value),
            reason: why.reason.as_str(),
            detail: why.detail.clone(),
            attempts,
        }
    }
}

/// A dead letter that did not arrive.
#[derive(Debug, thiserror::Error)]
#[error("dead letters do not reach the topic {topic}: {source}")]
pub struct Undelivered {
    topic: String,
    source: KafkaError,
    /// librdkafka's producer cannot go on.
    pub(super) is_fatal: bool,
}

/// The way to the topic of dead letters.
pub(super) struct DeadLetters {
    topic: String,
    producer: FutureProducer,
}

impl DeadLetters {
    /// Makes a producer; the brokers are looked for with the first letter.
    ///
    /// # Errors
    /// When a setting is not taken.
    pub(super) fn new(kafka: &config::Kafka) -> Result<Self, KafkaError> {
        let producer = producer_config(kafka).create()?;
        Ok(Self { topic: kafka.dead_letter_topic.clone(), producer })
    }

    /// Delivers letters; returns once all have arrived.
    pub(super) async fn deliver(&self, rejections: &[Rejection]) -> Result<(), Undelivered> {
        let at = Timestamp::now();
        try_join_all(rejections.iter().map(|rejection| self.deliver_one(rejection, at))).await.map(drop).map_err(
            |source| {
                let is_fatal = self.producer.client().fatal_error().is_some();
                Undelivered { topic: self.topic.clone(), source, is_fatal }
            },
        )
    }

    /// Waits for letters that are still on their way, when the process stops.
    pub(super) fn flush(&self, within: Duration) {
        if let Err(error) = self.producer.flush(within) {
            tracing::debug!(%error, "dead letters were still on their way; their messages will be read again");
        }
    }

    async fn deliver_one(&self, rejection: &Rejection, at: Timestamp) -> Result<(), KafkaError> {
        let value = rejection.message.payload();
        let mut result = self.send(rejection, value, at).await;
        for most in CUTS {
            match (&result, value) {
                (Err(KafkaError::MessageProduction(RDKafkaErrorCode::MessageSizeTooLarge)), Some(value)) => {
                    result = self.send(rejection, Some(&value[..value.len().min(most)]), at).await;
                }
                _ => break,
            }
        }
        result
    }

    async fn send(&self, rejection: &Rejection, value: Option<&[u8]>, at: Timestamp) -> Result<(), KafkaError> {
        let Rejection { message, why } = rejection;
        let mut record = FutureRecord::<[u8], [u8]>::to(&self.topic).headers(headers::beside(message, why, value, at));
        record.payload = value;
        record.key = message.key();
        record.timestamp = message.timestamp().to_millis();
        self.producer.send(record, Timeout::Never).await.map(drop).map_err(|(error, _)| error)
    }
}

/// A producer's settings. Experts have their say before what our promise needs.
fn producer_config(kafka: &config::Kafka) -> ClientConfig {
    let mut client = client_config(kafka);
    if client.get("compression.type").is_none() {
        client.set("compression.type", "zstd");
    }
    client
        .set("enable.idempotence", "true")
        .set("acks", "all")
        .set("allow.auto.create.topics", "false")
        // A topic that is missing is told after this time, and asked for again with the next try.
        .set("topic.metadata.propagation.max.ms", "1000")
        .set("message.timeout.ms", DELIVERY_TIMEOUT.as_millis().to_string())
        // The broker has the last word.
        .set("message.max.bytes", "1000000000");
    client
}
