//! Sends dead letters back to the partitions that they were read from.

use rdkafka::{
    Message as _,
    error::KafkaError,
    producer::{FutureProducer, FutureRecord},
    util::Timeout,
};

use super::{DeadLetter, headers::DeadLetterHeaders, reader::Position};
use crate::{
    config,
    ingest::{client::producer_config, source::Sources},
};

/// Why a dead letter was not sent.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// It does not have this service's headers.
    #[error("{position} has no origin in its headers: it is not a dead letter of this service")]
    NoOrigin {
        /// Its position.
        position: Position,
    },
    /// Its origin is a topic that is not ingested.
    #[error(
        "{position} is from the topic {topic}, which is neither kafka.ocp_topic nor kafka.workload_topic: set one of these \
         keys for this command to send it there"
    )]
    OtherTopic {
        /// Its position.
        position: Position,
        /// The topic in its headers.
        topic: String,
    },
    /// It contains only a part of the message.
    #[error("{position} is truncated: the brokers did not accept the whole message. Have its sender send it again")]
    Truncated {
        /// Its position.
        position: Position,
    },
    /// The broker did not accept it.
    #[error("{position} was not delivered to its origin")]
    Undelivered {
        /// Its position.
        position: Position,
        /// The broker's error.
        #[source]
        source: KafkaError,
    },
}

/// Sends dead letters to the topic and the partitions that they were read from.
pub struct Replayer {
    producer: FutureProducer,
    sources: Sources,
}

impl Replayer {
    /// Creates a producer.
    ///
    /// # Errors
    /// When librdkafka rejects a setting.
    pub fn new(kafka: &config::Kafka) -> Result<Self, KafkaError> {
        Ok(Self { producer: producer_config(kafka).create()?, sources: Sources::new(kafka) })
    }

    /// Checks whether a dead letter can be sent: only to a topic that is ingested, since anyone can write
    /// headers.
    ///
    /// # Errors
    /// When it cannot; no request is sent.
    pub fn check(&self, dead_letter: &DeadLetter) -> Result<(), SendError> {
        self.checked_headers(dead_letter).map(drop)
    }

    /// Sends a dead letter as the original message, with this service's headers, which identify it if it is rejected
    /// again. Returns when it is delivered.
    ///
    /// # Errors
    /// When it cannot be sent, or was not delivered.
    pub async fn send(&self, dead_letter: &DeadLetter) -> Result<(), SendError> {
        let headers = self.checked_headers(dead_letter)?;
        let mut record = FutureRecord::<[u8], [u8]>::to(&headers.origin.topic).partition(headers.origin.partition);
        record.payload = dead_letter.value();
        record.key = dead_letter.key();
        record.timestamp = headers.origin.timestamp;
        record.headers = dead_letter.message.headers().cloned();
        let sent = self.producer.send(record, Timeout::Never).await;
        sent.map(drop).map_err(|(source, _)| SendError::Undelivered { position: dead_letter.position(), source })
    }

    fn checked_headers<'a>(&self, dead_letter: &'a DeadLetter) -> Result<&'a DeadLetterHeaders, SendError> {
        let position = dead_letter.position();
        let headers = dead_letter.own_headers.as_ref().ok_or(SendError::NoOrigin { position })?;
        if self.sources.kind(&headers.origin.topic).is_none() {
            return Err(SendError::OtherTopic { position, topic: headers.origin.topic.clone() });
        }
        if dead_letter.is_truncated() { Err(SendError::Truncated { position }) } else { Ok(headers) }
    }
}
