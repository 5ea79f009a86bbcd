//! Checks whether the topics and the group can be used. librdkafka reports that they cannot only once and without the
//! topic's name, a failing heartbeat not at all, and never that they can again.

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
use tokio::{sync::Notify, task::spawn_blocking};

use super::{
    callbacks::{KafkaConsumer, group_refused},
    events::KafkaErrorReported,
    health::Health,
    source::Sources,
};
use crate::config;

/// Pause between two checks.
const INTERVAL: Duration = Duration::from_secs(3);
/// Longest wait for each answer.
const TIMEOUT: Duration = Duration::from_secs(2);

/// Checks the topics and a group.
pub(super) struct SubscriptionCheck {
    sources: Sources,
    group: String,
    health: Arc<Health>,
    requested: Arc<Notify>,
}

/// The answer about a topic or the group. Without an answer, what is known stays.
type Answer = Option<Result<(), String>>;

impl SubscriptionCheck {
    pub(super) fn new(kafka: &config::Kafka, health: Arc<Health>) -> Self {
        let requested = Arc::default();
        Self { sources: Sources::new(kafka), group: kafka.group.clone(), health, requested }
    }

    /// Requests a check at once.
    pub(super) fn requested(&self) -> Arc<Notify> {
        self.requested.clone()
    }

    /// Checks repeatedly, and updates health.
    pub(super) async fn repeat(self, consumer: Weak<KafkaConsumer>) -> Infallible {
        let check = Arc::new(self);
        loop {
            // Ends early if librdkafka reports an error of a topic.
            let _ = tokio::time::timeout(INTERVAL, check.requested.notified()).await;
            let (this, consumer) = (check.clone(), consumer.clone());
            // The answers are waited for on a thread for blocking work.
            let _ = spawn_blocking(move || consumer.upgrade().map(|consumer| this.check(&consumer))).await;
        }
    }

    fn check(&self, consumer: &KafkaConsumer) {
        for topic in self.sources.topics() {
            if let Some(answer) = check_topic(topic, consumer) {
                report_new(answer, |error| self.health.set_topic_error(topic, error));
            }
        }
        if let Some(answer) = self.check_group(consumer) {
            report_new(answer, |error| self.health.set_group_error(error));
        }
    }

    /// Any of the group's offsets shows whether it can be used.
    fn check_group(&self, consumer: &KafkaConsumer) -> Answer {
        let mut list = TopicPartitionList::new();
        list.add_partition(self.sources.topics().first()?, 0);
        match consumer.committed_offsets(list, TIMEOUT) {
            Ok(_) => Some(Ok(())),
            Err(KafkaError::MetadataFetch(RDKafkaErrorCode::GroupAuthorizationFailed)) => {
                Some(Err(group_refused(&self.group)))
            }
            Err(_) => None,
        }
    }
}

fn check_topic(topic: &str, consumer: &KafkaConsumer) -> Answer {
    let metadata = consumer.fetch_metadata(Some(topic), TIMEOUT).ok()?;
    let Some(error) = metadata.topics().first()?.error() else { return Some(Ok(())) };
    match RDKafkaErrorCode::from(error) {
        RDKafkaErrorCode::UnknownTopicOrPartition => Some(Err(format!("the topic {topic} does not exist"))),
        RDKafkaErrorCode::TopicAuthorizationFailed => {
            Some(Err(format!("the brokers refuse access to the topic {topic}: grant this user Describe and Read")))
        }
        _ => None,
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
