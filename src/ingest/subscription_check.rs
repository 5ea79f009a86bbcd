//! Checks whether the topic and the group can be used. librdkafka reports that they cannot only once, a failing
//! heartbeat not at all, and never that they can again.

use std::{
    convert::Infallible,
    sync::{Arc, Weak},
    time::Duration,
};

use rdkafka::{
    TopicPartitionList,
    consumer::Consumer as _,
    error::{KafkaError, RDKafkaErrorCode},
};
use tokio::task::spawn_blocking;

use super::{
    callbacks::{KafkaConsumer, group_refused, topic_missing, topic_refused},
    events::KafkaErrorReported,
    health::Health,
};
use crate::config;

/// Pause between two checks.
const INTERVAL: Duration = Duration::from_secs(3);
/// Longest wait for each of the two answers.
const TIMEOUT: Duration = Duration::from_secs(2);

/// Checks a topic and a group.
pub(super) struct SubscriptionCheck {
    topic: String,
    group: String,
    consumer: Weak<KafkaConsumer>,
    health: Arc<Health>,
}

/// The answer about the topic or the group. Without an answer, what is known stays.
type Answer = Option<Result<(), String>>;

impl SubscriptionCheck {
    pub(super) fn new(kafka: &config::Kafka, consumer: Weak<KafkaConsumer>, health: Arc<Health>) -> Self {
        Self { topic: kafka.ocp_topic.clone(), group: kafka.group.clone(), consumer, health }
    }

    /// Checks repeatedly, and updates health.
    pub(super) async fn repeat(self) -> Infallible {
        let check = Arc::new(self);
        loop {
            tokio::time::sleep(INTERVAL).await;
            let this = check.clone();
            // The answers are waited for on a thread for blocking work.
            let checked = spawn_blocking(move || Some(this.check(&*this.consumer.upgrade()?))).await;
            let Ok(Some((topic, group))) = checked else { continue };
            if let Some(topic) = topic {
                report_new(topic, |error| check.health.set_topic_error(error));
            }
            if let Some(group) = group {
                report_new(group, |error| check.health.set_group_error(error));
            }
        }
    }

    fn check(&self, consumer: &KafkaConsumer) -> (Answer, Answer) {
        (self.check_topic(consumer), self.check_group(consumer))
    }

    fn check_topic(&self, consumer: &KafkaConsumer) -> Answer {
        let metadata = consumer.fetch_metadata(Some(&self.topic), TIMEOUT).ok()?;
        let Some(error) = metadata.topics().first()?.error() else { return Some(Ok(())) };
        match RDKafkaErrorCode::from(error) {
            RDKafkaErrorCode::UnknownTopicOrPartition => Some(Err(topic_missing(&self.topic))),
            RDKafkaErrorCode::TopicAuthorizationFailed => Some(Err(topic_refused(&self.topic))),
            _ => None,
        }
    }

    /// Any of the group's offsets shows whether it can be used.
    fn check_group(&self, consumer: &KafkaConsumer) -> Answer {
        let mut list = TopicPartitionList::new();
        list.add_partition(&self.topic, 0);
        match consumer.committed_offsets(list, TIMEOUT) {
            Ok(_) => Some(Ok(())),
            Err(KafkaError::MetadataFetch(RDKafkaErrorCode::GroupAuthorizationFailed)) => {
                Some(Err(group_refused(&self.group)))
            }
            Err(_) => None,
        }
    }
}

/// Updates health, and logs an error that is new.
fn report_new(answer: Result<(), String>, set: impl Fn(Option<String>) -> bool) {
    let error = answer.err();
    if set(error.clone())
        && let Some(reason) = error
    {
        KafkaErrorReported { reason: &reason }.emit();
    }
}
