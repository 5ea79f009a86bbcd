//! Creates the dead-letter topic once, at start, if it is missing and the brokers allow it.

use std::time::Duration;

use rdkafka::{
    ClientConfig,
    admin::{AdminClient, AdminOptions, NewTopic, ResourceSpecifier, TopicReplication},
    client::DefaultClientContext,
    error::{KafkaError, RDKafkaErrorCode as Code},
    metadata::MetadataTopic,
};

use super::HEADERS_BYTES;
use crate::{
    config,
    ingest::{
        backoff::Backoff,
        client::{client_config, is_connection_error},
        events::{DeadLetterTopicCreated, DeadLetterTopicNotCreated},
    },
};

/// How long a broker may take to respond.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);
/// Selects the brokers' default.
const DEFAULT_REPLICATION: i32 = -1;

type Admin = AdminClient<DefaultClientContext>;

/// The dead-letter topic, and the topic whose rejected messages it receives.
pub(crate) struct DeadLetterTopic {
    client: ClientConfig,
    name: String,
    source: String,
}

/// Which of the two topics exist.
enum ExistingTopics {
    Both,
    /// Only the source, with this many partitions.
    Source(i32),
    /// No source, so there are no rejected messages yet.
    NoSource,
}

impl DeadLetterTopic {
    pub(crate) fn new(kafka: &config::Kafka) -> Self {
        let mut client = client_config(kafka);
        client.set("allow.auto.create.topics", "false");
        Self { client, name: kafka.dead_letter_topic.clone(), source: kafka.ocp_topic.clone() }
    }

    /// Creates the topic if it is missing. Waits for a missing source and for unavailable brokers, for as long as it
    /// takes. If the brokers refuse, logs a warning and returns: the topic is needed only for rejected messages.
    pub(crate) async fn ensure(self) {
        let mut backoff = Backoff::default();
        loop {
            match self.find_or_create().await {
                Ok(true) => return,
                Ok(false) => {}
                Err(KafkaError::AdminOp(code)) if !is_transient(code) => {
                    return DeadLetterTopicNotCreated { topic: &self.name, code }.emit();
                }
                Err(error) => tracing::debug!(%error, "the dead-letter topic cannot be looked up now"),
            }
            tokio::time::sleep(backoff.next_pause()).await;
        }
    }

    /// Returns whether the topic exists now.
    async fn find_or_create(&self) -> Result<bool, KafkaError> {
        let (admin, existing) = self.look_up(self.client.create()?).await?;
        match existing {
            ExistingTopics::Both => Ok(true),
            ExistingTopics::Source(partitions) => self.create(&admin, partitions).await.map(|()| true),
            ExistingTopics::NoSource => Ok(false),
        }
    }

    async fn look_up(&self, admin: Admin) -> Result<(Admin, ExistingTopics), KafkaError> {
        let (name, source) = (self.name.clone(), self.source.clone());
        // librdkafka blocks the calling thread until the response.
        let lookup = tokio::task::spawn_blocking(move || {
            let existing = match (partitions(&admin, &name)?, partitions(&admin, &source)?) {
                (1.., _) => ExistingTopics::Both,
                (_, 0) => ExistingTopics::NoSource,
                (_, partitions) => ExistingTopics::Source(partitions),
            };
            Ok((admin, existing))
        });
        lookup.await.unwrap_or(Err(KafkaError::Canceled))
    }

    /// Creates the topic with as many partitions as the source, and the same message size with space for headers.
    async fn create(&self, admin: &Admin, partitions: i32) -> Result<(), KafkaError> {
        let options =
            AdminOptions::new().request_timeout(Some(REQUEST_TIMEOUT)).operation_timeout(Some(REQUEST_TIMEOUT));
        let max_message_bytes = self.max_message_bytes(admin, &options).await.map(|bytes| bytes.to_string());
        let mut topic = NewTopic::new(&self.name, partitions, TopicReplication::Fixed(DEFAULT_REPLICATION))
            // Dead letters keep their messages' timestamps, so retention by time would soon remove old messages.
            .set("retention.ms", "-1")
            // Compaction would remove those whose messages have the same key, or none.
            .set("cleanup.policy", "delete");
        if let Some(bytes) = &max_message_bytes {
            topic = topic.set("max.message.bytes", bytes);
        }
        match admin.create_topics([&topic], &options).await?.pop() {
            // Another member has created it.
            Some(Err((_, Code::TopicAlreadyExists))) => Ok(()),
            Some(Err((_, code))) => Err(KafkaError::AdminOp(code)),
            Some(Ok(_)) | None => {
                DeadLetterTopicCreated { topic: &self.name, partitions }.emit();
                Ok(())
            }
        }
    }

    /// The size of the largest message that the topic must accept; `None` if the brokers do not return the source's.
    async fn max_message_bytes(&self, admin: &Admin, options: &AdminOptions) -> Option<usize> {
        let source = ResourceSpecifier::Topic(&self.source);
        let described = admin.describe_configs([&source], options).await.ok()?.pop()?.ok()?;
        let bytes: usize = described.get("max.message.bytes")?.value.as_ref()?.parse().ok()?;
        Some((bytes + HEADERS_BYTES).min(i32::MAX as usize))
    }
}

/// The number of partitions of a topic; 0 if it does not exist.
fn partitions(admin: &Admin, topic: &str) -> Result<i32, KafkaError> {
    let metadata = admin.inner().fetch_metadata(Some(topic), REQUEST_TIMEOUT)?;
    let partitions = metadata.topics().iter().map(MetadataTopic::partitions).map(<[_]>::len).sum::<usize>();
    Ok(i32::try_from(partitions).unwrap_or(i32::MAX))
}

/// Whether an error is about the current state of the brokers, so that a retry may succeed.
fn is_transient(code: Code) -> bool {
    let timed_out = matches!(code, Code::OperationTimedOut | Code::RequestTimedOut | Code::WaitingForCoordinator);
    timed_out || matches!(code, Code::NotController | Code::BrokerNotAvailable) || is_connection_error(code)
}
