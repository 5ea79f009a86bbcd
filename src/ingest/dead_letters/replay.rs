//! Sending dead letters to where they came from.

use rdkafka::{
    Message as _,
    error::KafkaError,
    producer::{FutureProducer, FutureRecord},
    util::Timeout,
};

use super::{DeadLetter, producer_config};
use crate::config;

/// Why a letter was not sent.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// It has no headers of ours.
    #[error("the dead letter {place} does not say where it came from: it is none of ours")]
    NoOrigin {
        /// Where it stands.
        place: String,
    },
    /// It is but the beginning of the message.
    #[error(
        "the dead letter {place} is cut off: the broker did not take the whole message. Have its sender send it again"
    )]
    Truncated {
        /// Where it stands.
        place: String,
    },
    /// The broker did not take it.
    #[error("the dead letter {place} was not delivered to where it came from")]
    Undelivered {
        /// Where it stands.
        place: String,
        /// What the broker said.
        #[source]
        source: KafkaError,
    },
}

/// Sends letters to the topics and partitions that they came from.
pub struct Replayer(FutureProducer);

impl Replayer {
    /// Makes a producer.
    ///
    /// # Errors
    /// When a setting is not taken.
    pub fn new(kafka: &config::Kafka) -> Result<Self, KafkaError> {
        producer_config(kafka).create().map(Self)
    }

    /// Sends a letter as the message that it was, our headers beside it, so that it is known again should it die again.
    /// Returns once it has arrived.
    ///
    /// # Errors
    /// When it cannot be sent, or did not arrive.
    pub async fn send(&self, letter: &DeadLetter) -> Result<(), SendError> {
        let place = letter.place();
        let Some(told) = &letter.told else { return Err(SendError::NoOrigin { place }) };
        if told.is_truncated {
            return Err(SendError::Truncated { place });
        }
        let mut record = FutureRecord::<[u8], [u8]>::to(&told.origin.topic).partition(told.origin.partition);
        record.payload = letter.value();
        record.key = letter.key();
        record.timestamp = told.origin.timestamp;
        record.headers = letter.message.headers().cloned();
        let sent = self.0.send(record, Timeout::Never).await;
        sent.map(drop).map_err(|(source, _)| SendError::Undelivered { place, source })
    }
}
