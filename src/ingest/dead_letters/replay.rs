//! Sending dead letters to where they came from.

use rdkafka::{
    Message as _,
    error::KafkaError,
    producer::{FutureProducer, FutureRecord},
    util::Timeout,
};

use super::{DeadLetter, headers::Told, reader::Position};
use crate::{config, ingest::client::producer_config};

/// Why a letter was not sent.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// It has no headers of ours.
    #[error("{place} does not say where it came from: it is no dead letter of this service")]
    NoOrigin {
        /// Where it stands.
        place: Position,
    },
    /// It came from a topic that is none of ours.
    #[error(
        "{place} came from the topic {topic}, which kafka.ocp_topic does not name: set it for this command, if it should"
    )]
    Foreign {
        /// Where it stands.
        place: Position,
        /// Where it says that it came from.
        topic: String,
    },
    /// It is but a part of the message.
    #[error("{place} is cut: the brokers did not take the whole message. Have its sender send it again")]
    Cut {
        /// Where it stands.
        place: Position,
    },
    /// The broker did not take it.
    #[error("{place} was not delivered to where it came from")]
    Undelivered {
        /// Where it stands.
        place: Position,
        /// What the broker said.
        #[source]
        source: KafkaError,
    },
}

/// Sends letters to the topic and the partitions that they came from.
pub struct Replayer {
    producer: FutureProducer,
    topic: String,
}

impl Replayer {
    /// Makes a producer.
    ///
    /// # Errors
    /// When a setting is not taken.
    pub fn new(kafka: &config::Kafka) -> Result<Self, KafkaError> {
        Ok(Self { producer: producer_config(kafka).create()?, topic: kafka.ocp_topic.clone() })
    }

    /// Can this letter be sent at all? Only to a topic that is ingested: headers are anybody's word.
    ///
    /// # Errors
    /// When it cannot; no broker is asked.
    pub fn check(&self, letter: &DeadLetter) -> Result<(), SendError> {
        self.told(letter).map(drop)
    }

    /// Sends a letter as the message that it was, our headers beside it, so that it is known again should it die again.
    /// Returns once it has arrived.
    ///
    /// # Errors
    /// When it cannot be sent, or did not arrive.
    pub async fn send(&self, letter: &DeadLetter) -> Result<(), SendError> {
        let told = self.told(letter)?;
        let mut record = FutureRecord::<[u8], [u8]>::to(&self.topic).partition(told.origin.partition);
        record.payload = letter.value();
        record.key = letter.key();
        record.timestamp = told.origin.timestamp;
        record.headers = letter.message.headers().cloned();
        let sent = self.producer.send(record, Timeout::Never).await;
        sent.map(drop).map_err(|(source, _)| SendError::Undelivered { place: letter.place(), source })
    }

    fn told<'a>(&self, letter: &'a DeadLetter) -> Result<&'a Told, SendError> {
        let place = letter.place();
        let told = letter.told.as_ref().ok_or(SendError::NoOrigin { place })?;
        if told.origin.topic != self.topic {
            return Err(SendError::Foreign { place, topic: told.origin.topic.clone() });
        }
        if letter.is_cut() { Err(SendError::Cut { place }) } else { Ok(told) }
    }
}
