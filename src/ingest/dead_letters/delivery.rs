//! Sending dead letters, and knowing which have arrived.

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
    form::{Extent, Form, Time},
    headers,
};
use crate::{
    config,
    domain::Timestamp,
    ingest::{client::producer_config, events::DeadLetterCut, health::Health},
};

/// A dead letter on its way.
pub(super) struct Letter<'a> {
    rejection: &'a RejectedMessage,
    form: Form,
}

impl<'a> Letter<'a> {
    /// The letter of a message, all of it.
    pub(super) fn of(rejection: &'a RejectedMessage) -> Self {
        Self { rejection, form: Form::AS_IT_CAME }
    }

    fn form_after(&self, error: &KafkaError) -> Option<Form> {
        self.form.after(error, self.rejection.message.payload().unwrap_or_default().len())
    }
}

/// Dead letters that did not arrive.
#[derive(Debug, thiserror::Error)]
#[error("the dead letters do not reach the topic {topic}: {source}{}", mend(source))]
pub(in crate::ingest) struct Undelivered {
    topic: String,
    source: KafkaError,
}

fn mend(error: &KafkaError) -> &'static str {
    match error {
        KafkaError::MessageProduction(Code::UnknownTopic | Code::UnknownTopicOrPartition) => {
            " (it does not exist: create it, or let the service do so at its next start)"
        }
        _ => "",
    }
}

/// The way to the topic of dead letters.
pub(in crate::ingest) struct DeadLetters {
    topic: String,
    client: ClientConfig,
    producer: Mutex<FutureProducer>,
    /// Told for as long as letters do not arrive.
    pub(super) health: Arc<Health>,
}

impl DeadLetters {
    /// Makes a producer; the brokers are looked for with the first letter.
    ///
    /// # Errors
    /// When a setting is not taken.
    pub(in crate::ingest) fn new(kafka: &config::Kafka, health: Arc<Health>) -> Result<Self, KafkaError> {
        let client = producer_config(kafka);
        let producer = Mutex::new(client.create()?);
        Ok(Self { topic: kafka.dead_letter_topic.clone(), client, producer, health })
    }

    /// Sends letters, all at once, and waits for the brokers' answers. Those that have not arrived are left, to be sent
    /// again: only they, so that one that has no luck does not multiply the others.
    pub(super) async fn try_to_deliver(&self, letters: &mut Vec<Letter<'_>>) -> Result<(), Undelivered> {
        let answers = join_all(letters.iter().map(|letter| self.send(letter))).await;
        let mut failure = None;
        let mut left = Vec::new();
        for (mut letter, mut answer) in std::mem::take(letters).into_iter().zip(answers) {
            if answer.as_ref().is_err_and(|error| letter.form_after(error).is_some()) {
                answer = self.send_as_it_fits(&mut letter).await;
            }
            if let Err(source) = answer {
                failure = Some(Undelivered { topic: self.topic.clone(), source });
                left.push(letter);
            }
        }
        *letters = left;
        failure.map_or(Ok(()), Err)
    }

    /// Waits for letters that are still on their way, when the process stops.
    pub(in crate::ingest) fn flush(&self, within: Duration) {
        if let Err(error) = self.producer().flush(within) {
            tracing::debug!(%error, "dead letters were still on their way; their messages will be read again");
        }
    }

    /// Alone, and first in the form that was refused: brokers judge letters by the batch, and another letter may have
    /// spoilt it.
    async fn send_as_it_fits(&self, letter: &mut Letter<'_>) -> Result<(), KafkaError> {
        while let Err(error) = self.send(letter).await {
            letter.form = letter.form_after(&error).ok_or(error)?;
        }
        if letter.form.extent != Extent::Whole {
            DeadLetterCut { message: &letter.rejection.message }.emit();
        }
        Ok(())
    }

    async fn send(&self, letter: &Letter<'_>) -> Result<(), KafkaError> {
        let Letter { rejection: RejectedMessage { message, why }, form } = letter;
        let headers = headers::beside(message, why, form.extent, Timestamp::now());
        let mut record = FutureRecord::<[u8], [u8]>::to(&self.topic).headers(headers);
        (record.key, record.payload) = match form.extent {
            Extent::Whole => (message.key(), message.payload()),
            Extent::Beginning(bytes) => {
                (message.key(), message.payload().map(|value| &value[..value.len().min(bytes)]))
            }
            Extent::Nothing => (None, None),
        };
        record.timestamp = match form.time {
            Time::Own => message.timestamp().to_millis(),
            Time::Sending => None,
        };
        self.producer().send(record, Timeout::Never).await.map(drop).map_err(|(error, _)| error)
    }

    /// The producer; a new one where librdkafka says that the old one cannot go on. That it could not may have been the
    /// brokers' doing (a right to produce that was missing), so it is no reason to end the process.
    fn producer(&self) -> FutureProducer {
        let mut producer = self.producer.lock().unwrap_or_else(PoisonError::into_inner);
        if producer.client().fatal_error().is_some()
            && let Ok(new) = self.client.create()
        {
            let old = std::mem::replace(&mut *producer, new);
            // It waits for its threads, which is nothing to do here.
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

    fn rejection() -> RejectedMessage {
        let value = Some(b"no JSON".to_vec());
        let message = OwnedMessage::new(value, None, "t".to_owned(), rdkafka::Timestamp::CreateTime(7), 0, 0, None);
        RejectedMessage { message, why: Rejection { reason: Reason::NotJson, detail: "value: wanted JSON".to_owned() } }
    }

    #[tokio::test]
    async fn a_producer_that_cannot_go_on_is_replaced_and_what_it_did_not_deliver_is_left() {
        let brokers = MockCluster::new(1).expect("brokers");
        let mut kafka = Config::load(None, &[].into()).expect("the defaults load").config.kafka;
        kafka.brokers = vec![brokers.bootstrap_servers()];
        brokers.create_topic(&kafka.dead_letter_topic, 1, 1).expect("a topic");
        let refused = RDKafkaRespErr::RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED;
        brokers.request_errors(RDKafkaApiKey::InitProducerId, &[refused]);

        let dead_letters = DeadLetters::new(&kafka, Arc::default()).expect("a producer");
        let rejection = rejection();
        let mut letters = vec![Letter::of(&rejection), Letter::of(&rejection)];
        assert!(dead_letters.try_to_deliver(&mut letters).await.is_err());
        assert_eq!(letters.len(), 2);
        dead_letters.try_to_deliver(&mut letters).await.expect("delivered by another producer");
        assert!(letters.is_empty());
    }
}
