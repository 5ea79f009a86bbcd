//! The topic of dead letters: made where it is missing and the broker lets us, once, at start.

use std::time::Duration;

use rdkafka::{
    ClientConfig,
    admin::{AdminClient, AdminOptions, NewTopic, ResourceSpecifier, TopicReplication},
    client::DefaultClientContext,
    error::{KafkaError, RDKafkaErrorCode},
};

use super::{
    super::{backoff::Backoff, client::client_config},
    ROOM_FOR_HEADERS,
};
use crate::config;

/// How long a broker may take for one answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// The broker's own choice.
const DEFAULT_REPLICATION: i32 = -1;

/// The topic, and the one whose bad messages it takes.
pub(crate) struct DeadLetterTopic {
    client: ClientConfig,
    name: String,
    source: String,
}

impl DeadLetterTopic {
    pub(crate) fn of(kafka: &config::Kafka) -> Self {
        let mut client = client_config(kafka);
        client.set("allow.auto.create.topics", "false");
        Self { client, name: kafka.dead_letter_topic.clone(), source: kafka.ocp_topic.clone() }
    }

    /// Makes the topic unless it is there. Waits for brokers that are away, for as long as it takes; one that does not
    /// let us is told and left alone: only a bad message needs the topic.
    pub(crate) async fn ensure(self) {
        let mut backoff = Backoff::default();
        loop {
            match self.create_if_missing().await {
                Ok(true) => return tracing::info!(topic = self.name, "the topic of dead letters is created"),
                Ok(false) => return,
                Err(KafkaError::AdminOp(code)) => {
                    let topic = &self.name;
                    return tracing::warn!(topic, %code, "the topic of dead letters is missing and may not be created");
                }
                Err(error) => {
                    tracing::debug!(%error, "the topic of dead letters cannot be looked for now");
                    tokio::time::sleep(backoff.next_pause()).await;
                }
            }
        }
    }

    /// Whether it had to be made.
    async fn create_if_missing(&self) -> Result<bool, KafkaError> {
        let admin: AdminClient<DefaultClientContext> = self.client.create()?;
        let (admin, partitions) = self.partitions_to_make(admin).await?;
        let Some(partitions) = partitions else { return Ok(false) };
        let options = AdminOptions::new().request_timeout(Some(PATIENCE)).operation_timeout(Some(PATIENCE));
        let largest = self.largest_message(&admin, &options).await.map(|bytes| (bytes + ROOM_FOR_HEADERS).to_string());
        let mut topic = NewTopic::new(&self.name, partitions, TopicReplication::Fixed(DEFAULT_REPLICATION));
        if let Some(largest) = &largest {
            topic = topic.set("max.message.bytes", largest);
        }
        match admin.create_topics([&topic], &options).await?.pop() {
            // Another member was faster.
            Some(Err((_, RDKafkaErrorCode::TopicAlreadyExists))) => Ok(false),
            Some(Err((_, code))) => Err(KafkaError::AdminOp(code)),
            Some(Ok(_)) | None => Ok(true),
        }
    }

    /// As many as the source has; `None` where the topic is there.
    async fn partitions_to_make(
        &self,
        admin: AdminClient<DefaultClientContext>,
    ) -> Result<(AdminClient<DefaultClientContext>, Option<i32>), KafkaError> {
        let (name, source) = (self.name.clone(), self.source.clone());
        // librdkafka waits for the answer where it is asked.
        let asked = tokio::task::spawn_blocking(move || {
            let client = admin.inner();
            let of_topic = |topic: &str| {
                let metadata = client.fetch_metadata(Some(topic), PATIENCE)?;
                Ok::<_, KafkaError>(metadata.topics().first().map_or(0, |topic| topic.partitions().len()))
            };
            let is_there = of_topic(&name)? > 0;
            let partitions = if is_there { None } else { i32::try_from(of_topic(&source)?.max(1)).ok() };
            Ok((admin, partitions))
        });
        asked.await.unwrap_or(Err(KafkaError::Canceled))
    }

    /// The longest message that the source takes, where the broker tells.
    async fn largest_message(
        &self,
        admin: &AdminClient<DefaultClientContext>,
        options: &AdminOptions,
    ) -> Option<usize> {
        let source = ResourceSpecifier::Topic(&self.source);
        let described = admin.describe_configs([&source], options).await.ok()?.pop()?.ok()?;
        described.get("max.message.bytes")?.value.as_ref()?.parse().ok()
    }
}
