//! Creates the dead-letter topic at start, if it is missing and the brokers allow it.
//!
//! It has as many partitions as the larger of its sources, and accepts messages as long as the larger of theirs. A
//! source that is missing does not delay that: the topic is created for the other one, and extended when the missing one
//! exists. Kafka can only add partitions, never remove them.

use std::time::Duration;

use rdkafka::{
    ClientConfig,
    admin::{
        AdminClient, AdminOptions, AlterConfig, ConfigEntry, ConfigResource, ConfigSource, NewPartitions, NewTopic,
        ResourceSpecifier, TopicReplication,
    },
    client::DefaultClientContext,
    error::{KafkaError, RDKafkaErrorCode as Code},
    metadata::MetadataTopic,
};

use super::{
    HEADERS_BYTES,
    events::{DeadLetterTopicCreated, DeadLetterTopicExtended, DeadLetterTopicNotCreated, DeadLetterTopicNotExtended},
};
use crate::{
    config,
    ingest::{
        backoff::Backoff,
        client::{client_config, is_connection_error},
        source::Sources,
    },
};

/// How long a broker may take to respond.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);
/// Selects the brokers' default.
const DEFAULT_REPLICATION: i32 = -1;
/// The setting with the size of the largest message.
const MAX_MESSAGE_BYTES: &str = "max.message.bytes";

type Admin = AdminClient<DefaultClientContext>;

/// The dead-letter topic, and the topics whose rejected messages it receives.
pub(crate) struct DeadLetterTopic {
    client: ClientConfig,
    name: String,
    sources: Vec<String>,
}

/// The numbers of partitions; 0 of a topic that does not exist.
struct Partitions {
    dead_letters: i32,
    sources: Vec<i32>,
}

impl Partitions {
    /// That of the larger source.
    fn required(&self) -> i32 {
        self.sources.iter().copied().max().unwrap_or_default()
    }

    fn all_sources_exist(&self) -> bool {
        !self.sources.contains(&0)
    }
}

impl DeadLetterTopic {
    pub(crate) fn new(kafka: &config::Kafka) -> Self {
        let mut client = client_config(kafka);
        client.set("allow.auto.create.topics", "false");
        let sources = Sources::new(kafka).topics().into_iter().map(str::to_owned).collect();
        Self { client, name: kafka.dead_letter_topic.clone(), sources }
    }

    /// Creates the topic if it is missing, once one of its sources exists, and extends it once all do. Waits for missing
    /// sources and for unavailable brokers, for as long as it takes. If the brokers refuse, logs a warning and returns:
    /// the topic is needed only for rejected messages.
    pub(crate) async fn ensure(self) {
        let mut backoff = Backoff::default();
        loop {
            match self.create_or_extend().await {
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

    /// Returns whether nothing is left to do.
    async fn create_or_extend(&self) -> Result<bool, KafkaError> {
        let (admin, partitions) = self.look_up(self.client.create()?).await?;
        let options =
            AdminOptions::new().request_timeout(Some(REQUEST_TIMEOUT)).operation_timeout(Some(REQUEST_TIMEOUT));
        if partitions.dead_letters == 0 && partitions.required() > 0 {
            self.create(&admin, &options, partitions.required()).await?;
        } else if partitions.dead_letters > 0 && partitions.all_sources_exist() && self.sources.len() > 1 {
            match self.extend(&admin, &options, &partitions).await {
                Err(KafkaError::AdminOp(code)) if !is_transient(code) => {
                    DeadLetterTopicNotExtended { topic: &self.name, code }.emit();
                }
                extended => extended?,
            }
        }
        Ok(partitions.all_sources_exist())
    }

    async fn look_up(&self, admin: Admin) -> Result<(Admin, Partitions), KafkaError> {
        let (name, sources) = (self.name.clone(), self.sources.clone());
        // librdkafka blocks the calling thread until the response.
        let lookup = tokio::task::spawn_blocking(move || {
            let dead_letters = partitions(&admin, &name)?;
            let sources = sources.iter().map(|source| partitions(&admin, source)).collect::<Result<_, _>>()?;
            Ok((admin, Partitions { dead_letters, sources }))
        });
        lookup.await.unwrap_or(Err(KafkaError::Canceled))
    }

    /// Creates the topic with this many partitions, for messages as long as those of the sources that exist.
    async fn create(&self, admin: &Admin, options: &AdminOptions, partitions: i32) -> Result<(), KafkaError> {
        let max_message_bytes = self.sizes_for_sources(admin, options).await.into_iter().max();
        let max_message_bytes = max_message_bytes.map(|bytes| bytes.to_string());
        let mut topic = NewTopic::new(&self.name, partitions, TopicReplication::Fixed(DEFAULT_REPLICATION))
            // Dead letters keep their messages' timestamps, so retention by time would soon remove old messages.
            .set("retention.ms", "-1")
            // Compaction would remove those whose messages have the same key, or none.
            .set("cleanup.policy", "delete");
        if let Some(bytes) = &max_message_bytes {
            topic = topic.set(MAX_MESSAGE_BYTES, bytes);
        }
        match admin.create_topics([&topic], options).await?.pop() {
            // Another member has created it.
            Some(Err((_, Code::TopicAlreadyExists))) => Ok(()),
            Some(Err((_, code))) => Err(KafkaError::AdminOp(code)),
            Some(Ok(_)) | None => {
                DeadLetterTopicCreated { topic: &self.name, partitions }.emit();
                Ok(())
            }
        }
    }

    /// Extends a topic that was created before all sources existed: it accepts messages exactly as long as this service
    /// chooses for one of them. Another size is the choice of an operator, and such a topic stays as it is.
    async fn extend(&self, admin: &Admin, options: &AdminOptions, partitions: &Partitions) -> Result<(), KafkaError> {
        let Some(current) = describe(admin, options, &self.name).await else { return Ok(()) };
        let sizes = self.sizes_for_sources(admin, options).await;
        let (Some(bytes), Some(required)) = (max_message_bytes(&current), sizes.iter().max().copied()) else {
            return Ok(());
        };
        if !sizes.contains(&bytes) || (bytes == required && partitions.dead_letters >= partitions.required()) {
            return Ok(());
        }
        if bytes < required {
            self.set_max_message_bytes(admin, options, &current, required).await?;
        }
        if partitions.dead_letters < partitions.required() {
            let count = usize::try_from(partitions.required()).unwrap_or_default();
            match admin.create_partitions([&NewPartitions::new(&self.name, count)], options).await?.pop() {
                // Another member has added them.
                Some(Err((_, Code::InvalidPartitions)) | Ok(_)) | None => {}
                Some(Err((_, code))) => return Err(KafkaError::AdminOp(code)),
            }
        }
        DeadLetterTopicExtended { topic: &self.name, partitions: partitions.required(), bytes: required }.emit();
        Ok(())
    }

    /// Sets the size of the largest message. The request replaces all settings of the topic, so it repeats the others.
    async fn set_max_message_bytes(
        &self,
        admin: &Admin,
        options: &AdminOptions,
        current: &ConfigResource,
        bytes: usize,
    ) -> Result<(), KafkaError> {
        let bytes = bytes.to_string();
        let is_set = |entry: &&ConfigEntry| entry.source == ConfigSource::DynamicTopic;
        let others = current.entries.iter().filter(is_set).filter(|entry| entry.name != MAX_MESSAGE_BYTES);
        let settings = others.filter_map(|entry| Some((entry.name.as_str(), entry.value.as_deref()?)));
        let altered = AlterConfig::new(ResourceSpecifier::Topic(&self.name)).set(MAX_MESSAGE_BYTES, &bytes);
        let altered = settings.fold(altered, |altered, (name, value)| altered.set(name, value));
        match admin.alter_configs([&altered], options).await?.pop() {
            Some(Err((_, code))) => Err(KafkaError::AdminOp(code)),
            Some(Ok(_)) | None => Ok(()),
        }
    }

    /// For each source whose settings the brokers return: the size of the largest message that the topic must accept.
    async fn sizes_for_sources(&self, admin: &Admin, options: &AdminOptions) -> Vec<usize> {
        let mut sizes = Vec::new();
        for source in &self.sources {
            let bytes = describe(admin, options, source).await.as_ref().and_then(max_message_bytes);
            sizes.extend(bytes.map(|bytes| (bytes + HEADERS_BYTES).min(i32::MAX as usize)));
        }
        sizes
    }
}

/// The settings of a topic; `None` if the brokers do not return them.
async fn describe(admin: &Admin, options: &AdminOptions, topic: &str) -> Option<ConfigResource> {
    admin.describe_configs([&ResourceSpecifier::Topic(topic)], options).await.ok()?.pop()?.ok()
}

fn max_message_bytes(topic: &ConfigResource) -> Option<usize> {
    topic.get(MAX_MESSAGE_BYTES)?.value.as_ref()?.parse().ok()
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
