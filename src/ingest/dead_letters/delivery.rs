//! Sends dead letters and returns which were not delivered.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures_util::future::join_all;
use rdkafka::{
    ClientConfig, Message as _,
    error::{KafkaError, RDKafkaErrorCode as Code},
    producer::{FutureProducer, FutureRecord, Producer as _},
    util::Timeout,
};

use super::{
    RejectedMessage,
    events::{DeadLetterKeyAdded, DeadLetterTruncated},
    headers,
    send_options::{RecordKey, RecordTimestamp, SendOptions, Truncation},
};
use crate::{
    config,
    domain::Timestamp,
    ingest::{client::producer_config, health::Health},
};

/// A dead letter that is not delivered yet.
pub(super) struct PendingDeadLetter<'a> {
    rejected: &'a RejectedMessage,
    options: SendOptions,
}

impl<'a> PendingDeadLetter<'a> {
    /// The dead letter of a message, untruncated.
    pub(super) fn new(rejected: &'a RejectedMessage) -> Self {
        Self { rejected, options: SendOptions::UNCHANGED }
    }

    fn options_after(&self, error: &KafkaError) -> Option<SendOptions> {
        self.options.after(error, self.rejected.message.payload().unwrap_or_default().len())
    }
}

/// Dead letters were not delivered.
#[derive(Debug, thiserror::Error)]
#[error("dead letters cannot be delivered to the topic {topic}: {source}{}", remedy(source))]
pub(in crate::ingest) struct Undelivered {
    topic: String,
    source: KafkaError,
}

fn remedy(error: &KafkaError) -> &'static str {
    match error {
        KafkaError::MessageProduction(Code::UnknownTopic | Code::UnknownTopicOrPartition) => {
            " (it does not exist: create it, or let the service do so at its next start)"
        }
        // Policies of the topic that have no further form.
        KafkaError::MessageProduction(Code::MessageSizeTooLarge | Code::MessageBatchTooLarge) => {
            " (its max.message.bytes is too small even for the headers: raise it)"
        }
        KafkaError::MessageProduction(Code::InvalidTimestamp) => {
            " (its message.timestamp.before.max.ms or after.max.ms refuses the time of sending: raise it, or set the clock)"
        }
        KafkaError::MessageProduction(Code::InvalidRecord) => {
            " (its cleanup.policy or another check of the brokers refuses the record, even with a key)"
        }
        KafkaError::MessageProduction(Code::PolicyViolation) => " (a policy of the brokers refuses the record)",
        _ => "",
    }
}

/// Sends messages to the dead-letter topic.
pub(in crate::ingest) struct DeadLetters {
    topic: String,
    client: ClientConfig,
    producer: Mutex<FutureProducer>,
    /// Reports delayed dead letters.
    pub(super) health: Arc<Health>,
}

impl DeadLetters {
    /// Creates a producer, which connects with the first dead letter.
    ///
    /// # Errors
    /// When librdkafka rejects a setting.
    pub(in crate::ingest) fn new(kafka: &config::Kafka, health: Arc<Health>) -> Result<Self, KafkaError> {
        let client = producer_config(kafka);
        let producer = Mutex::new(client.create()?);
        Ok(Self { topic: kafka.dead_letter_topic.clone(), client, producer, health })
    }

    /// Sends all pending dead letters and waits for the brokers' responses. Keeps in `pending` those that were not
    /// delivered, so that a retry does not duplicate the others.
    pub(super) async fn try_to_deliver(&self, pending: &mut Vec<PendingDeadLetter<'_>>) -> Result<(), Undelivered> {
        let results = join_all(pending.iter().map(|dead_letter| self.send(dead_letter))).await;
        let mut error = None;
        let mut undelivered = Vec::new();
        for (mut dead_letter, mut result) in std::mem::take(pending).into_iter().zip(results) {
            if result.as_ref().is_err_and(|error| dead_letter.options_after(error).is_some()) {
                result = self.send_changed(&mut dead_letter).await;
            }
            if let Err(source) = result {
                error = Some(Undelivered { topic: self.topic.clone(), source });
                undelivered.push(dead_letter);
            }
        }
        *pending = undelivered;
        error.map_or(Ok(()), Err)
    }

    /// Waits for dead letters that are being sent when the process stops.
    pub(in crate::ingest) fn flush(&self, timeout: Duration) {
        if let Err(error) = self.producer().flush(timeout) {
            tracing::debug!(%error, "dead letters were still being sent; their messages will be read again");
        }
    }

    /// Sends one dead letter alone, at first with the options that were rejected: brokers accept or reject a whole
    /// batch, so another dead letter may have been the cause. Then with other options, as long as there are any.
    async fn send_changed(&self, dead_letter: &mut PendingDeadLetter<'_>) -> Result<(), KafkaError> {
        while let Err(error) = self.send(dead_letter).await {
            dead_letter.options = dead_letter.options_after(&error).ok_or(error)?;
        }
        if dead_letter.options.key == RecordKey::Origin {
            DeadLetterKeyAdded { topic: &self.topic }.emit();
        }
        if dead_letter.options.truncation != Truncation::None {
            DeadLetterTruncated { message: &dead_letter.rejected.message }.emit();
        }
        Ok(())
    }

    async fn send(&self, dead_letter: &PendingDeadLetter<'_>) -> Result<(), KafkaError> {
        let PendingDeadLetter { rejected: RejectedMessage { message, rejection }, options } = dead_letter;
        let headers = headers::of_dead_letter(message, rejection, options.truncation, Timestamp::now());
        let mut record = FutureRecord::<[u8], [u8]>::to(&self.topic).headers(headers);
        (record.key, record.payload) = match options.truncation {
            Truncation::None => (message.key(), message.payload()),
            Truncation::ValueTo(bytes) => {
                (message.key(), message.payload().map(|value| &value[..value.len().min(bytes)]))
            }
            Truncation::Everything => (None, None),
        };
        let origin = headers::origin_and_attempts(message).0.to_string();
        if options.key == RecordKey::Origin {
            record.key = Some(origin.as_bytes());
            // With a key but without a value, compaction would remove it.
            record.payload = record.payload.or(Some(&[]));
        }
        record.timestamp = match options.timestamp {
            RecordTimestamp::Original => message.timestamp().to_millis(),
            RecordTimestamp::SendTime => None,
        };
        self.producer().send(record, Timeout::Never).await.map(drop).map_err(|(error, _)| error)
    }

    /// The producer, replaced after a fatal error. Its cause may be in the brokers, such as a missing permission to
    /// produce, so it does not end the process.
    fn producer(&self) -> FutureProducer {
        let mut producer = self.producer.lock().unwrap_or_else(PoisonError::into_inner);
        if producer.client().fatal_error().is_some()
            && let Ok(new) = self.client.create()
        {
            let old = std::mem::replace(&mut *producer, new);
            // Dropping a producer blocks until its threads end.
            std::thread::spawn(move || drop(old));
        }
        producer.clone()
    }
}

#[cfg(test)]
mod tests {
    use rdkafka::{
        message::OwnedMessage,
        mocking::MockCluster,
        types::{RDKafkaApiKey, RDKafkaRespErr},
    };

    use super::*;
    use crate::{
        config::Config,
        message::{Reason, Rejection},
    };

    fn rejected() -> RejectedMessage {
        let value = Some(b"no JSON".to_vec());
        let message = OwnedMessage::new(value, None, "t".to_owned(), rdkafka::Timestamp::CreateTime(7), 0, 0, None);
        let rejection = Rejection { reason: Reason::NotJson, detail: "value: expected JSON".to_owned() };
        RejectedMessage { message, rejection }
    }

    #[tokio::test]
    async fn a_producer_with_a_fatal_error_is_replaced_and_undelivered_dead_letters_stay_pending() {
        let brokers = MockCluster::new(1).expect("brokers");
        let mut kafka = Config::load(None, &[].into()).expect("the defaults load").config.kafka;
        kafka.brokers = vec![brokers.bootstrap_servers()];
        brokers.create_topic(&kafka.dead_letter_topic, 1, 1).expect("a topic");
        let unauthorized = RDKafkaRespErr::RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED;
        brokers.request_errors(RDKafkaApiKey::InitProducerId, &[unauthorized]);

        let dead_letters = DeadLetters::new(&kafka, Arc::default()).expect("a producer");
        let rejected = rejected();
        let mut pending = vec![PendingDeadLetter::new(&rejected), PendingDeadLetter::new(&rejected)];
        assert!(dead_letters.try_to_deliver(&mut pending).await.is_err());
        assert_eq!(pending.len(), 2);
        dead_letters.try_to_deliver(&mut pending).await.expect("delivered by another producer");
        assert!(pending.is_empty());
    }
}
