//! The topic of dead letters: made where it is missing and the broker lets us, once, at start.

use std::time::Duration;

use rdkafka::{
    ClientConfig,
    admin::{AdminClient, AdminOptions, NewTopic, ResourceSpecifier, TopicReplication},
    client::DefaultClientContext,
    error::{KafkaError, RDKafkaErrorCode as Code},
    metadata::MetadataTopic,
};

use super::ROOM_FOR_HEADERS;
use crate::{
    config,
    ingest::{
        backoff::Backoff,
        client::client_config,
        consumer::is_about_the_connection,
        events::{DeadLetterTopicMade, DeadLetterTopicRefused},
    },
};

/// How long a broker may take for one answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// The broker's own choice.
const DEFAULT_REPLICATION: i32 = -1;

type Admin = AdminClient<DefaultClientContext>;

/// The topic, and the one whose bad messages it takes.
pub(crate) struct DeadLetterTopic {
    client: ClientConfig,
    name: String,
    source: String,
}

/// What there is of both topics.
enum Found {
    Both,
    /// The source alone, with so many partitions.
    Source(i32),
    /// No source, and so no bad messages yet.
    NoSource,
}

impl DeadLetterTopic {
    pub(crate) fn of(kafka: &config::Kafka) -> Self {
        let mut client = client_config(kafka);
        client.set("allow.auto.create.topics", "false");
        Self { client, name: kafka.dead_letter_topic.clone(), source: kafka.ocp_topic.clone() }
    }

    /// Makes the topic unless it is there. Waits for a source that is missing and for brokers that are away, for as long as
    /// it takes; brokers that do not let us are told of and left alone: only a bad message needs the topic.
    pub(crate) async fn ensure(self) {
        let mut backoff = Backoff::default();
        loop {
            match self.made_or_found().await {
                Ok(true) => return,
                Ok(false) => {}
                Err(KafkaError::AdminOp(code)) if !is_of_the_moment(code) => {
                    return DeadLetterTopicRefused { topic: &self.name, code }.emit();
                }
                Err(error) => tracing::debug!(%error, "the topic of dead letters cannot be looked for now"),
            }
            tokio::time::sleep(backoff.next_pause()).await;
        }
    }

    /// Whether the topic is there now.
    async fn made_or_found(&self) -> Result<bool, KafkaError> {
        let (admin, found) = self.look(self.client.create()?).await?;
        match found {
            Found::Both => Ok(true),
            Found::Source(partitions) => self.make(&admin, partitions).await.map(|()| true),
            Found::NoSource => Ok(false),
        }
    }

    async fn look(&self, admin: Admin) -> Result<(Admin, Found), KafkaError> {
        let (name, source) = (self.name.clone(), self.source.clone());
        // librdkafka waits for the answer where it is asked.
        let asked = tokio::task::spawn_blocking(move || {
            let found = match (partitions(&admin, &name)?, partitions(&admin, &source)?) {
                (1.., _) => Found::Both,
                (_, 0) => Found::NoSource,
                (_, partitions) => Found::Source(partitions),
            };
            Ok((admin, found))
        });
        asked.await.unwrap_or(Err(KafkaError::Canceled))
    }

    /// As many partitions as the source has, and as long messages, with their headers.
    async fn make(&self, admin: &Admin, partitions: i32) -> Result<(), KafkaError> {
        let options = AdminOptions::new().request_timeout(Some(PATIENCE)).operation_timeout(Some(PATIENCE));
        let largest = self.largest_message(admin, &options).await.map(|bytes| bytes.to_string());
        let mut topic = NewTopic::new(&self.name, partitions, TopicReplication::Fixed(DEFAULT_REPLICATION))
            // Letters have the time of their messages: retention by time would take one that is old with its next look.
            .set("retention.ms", "-1");
        if let Some(largest) = &largest {
            topic = topic.set("max.message.bytes", largest);
        }
        match admin.create_topics([&topic], &options).await?.pop() {
            // Another member was faster.
            Some(Err((_, Code::TopicAlreadyExists))) => Ok(()),
            Some(Err((_, code))) => Err(KafkaError::AdminOp(code)),
            Some(Ok(_)) | None => {
                DeadLetterTopicMade { topic: &self.name, partitions }.emit();
                Ok(())
            }
        }
    }

    /// The longest message that the topic shall take; `None` where the broker does not tell the source's.
    async fn largest_message(&self, admin: &Admin, options: &AdminOptions) -> Option<usize> {
        let source = ResourceSpecifier::Topic(&self.source);
        let described = admin.describe_configs([&source], options).await.ok()?.pop()?.ok()?;
        let largest: usize = described.get("max.message.bytes")?.value.as_ref()?.parse().ok()?;
        Some((largest + ROOM_FOR_HEADERS).min(i32::MAX as usize))
    }
}

/// How many partitions a topic has; none where it is missing.
fn partitions(admin: &Admin, topic: &str) -> Result<i32, KafkaError> {
    let metadata = admin.inner().fetch_metadata(Some(topic), PATIENCE)?;
    let partitions = metadata.topics().iter().map(MetadataTopic::partitions).map(<[_]>::len).sum::<usize>();
    Ok(i32::try_from(partitions).unwrap_or(i32::MAX))
}

/// Whether a refusal has to do with the brokers' present state, and not with what was asked for.
fn is_of_the_moment(code: Code) -> bool {
    let timed_out = matches!(code, Code::OperationTimedOut | Code::RequestTimedOut | Code::WaitingForCoordinator);
    timed_out || matches!(code, Code::NotController | Code::BrokerNotAvailable) || is_about_the_connection(code)
}
