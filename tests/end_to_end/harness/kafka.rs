//! A topic for each test, on a real Kafka broker.

use std::{collections::BTreeMap, env, time::Duration};

use insights_results_aggregator::config;
use rdkafka::{
    ClientConfig, Message as _, Offset, TopicPartitionList,
    admin::{AdminClient, AdminOptions, NewTopic, ResourceSpecifier, TopicReplication},
    client::DefaultClientContext,
    consumer::{BaseConsumer, CommitMode, Consumer as _},
    error::RDKafkaErrorCode,
    message::OwnedMessage,
    producer::{BaseProducer, BaseRecord, FutureProducer, FutureRecord, Producer as _},
};
use uuid::Uuid;

use super::{service::default_config, wait::until};

const TIMEOUT: Duration = Duration::from_secs(30);

/// A topic, and the consumer group that reads it.
pub(crate) struct Topic {
    pub(crate) name: String,
    pub(crate) group: String,
    pub(crate) partitions: i32,
    pub(crate) session_timeout: Duration,
    /// The workload topic that the same group reads, if it reads one.
    workloads: Option<Box<Topic>>,
    producer: FutureProducer,
}

impl Topic {
    /// Creates a topic.
    pub(crate) async fn create(partitions: i32) -> Self {
        Self::create_with(partitions, &[]).await
    }

    /// Creates a topic with these settings.
    pub(crate) async fn create_with(partitions: i32, settings: &[(&str, &str)]) -> Self {
        let topic = Self::missing(partitions);
        topic.make_with(settings).await;
        topic
    }

    /// Chooses the name of a topic that does not exist yet.
    pub(crate) fn missing(partitions: i32) -> Self {
        let name = format!("test-{}", Uuid::new_v4().simple());
        let producer = client().set("message.max.bytes", "60000000").create().expect("a producer");
        // Short, so that the group notices soon when a member was killed.
        let session_timeout = Duration::from_secs(6);
        let group = format!("group-of-{name}");
        Self { name, group, partitions, session_timeout, workloads: None, producer }
    }

    /// Creates a topic, and a workload topic with as many partitions that the same group reads.
    pub(crate) async fn create_with_workloads(partitions: i32) -> Self {
        let topic = Self::create(partitions).await.with_missing_workloads(partitions);
        topic.workloads().make().await;
        topic
    }

    /// The same topic, beside which the group reads a workload topic that does not exist yet.
    pub(crate) fn with_missing_workloads(self, partitions: i32) -> Self {
        let workloads = Self { partitions, ..self.renamed(format!("{}-workloads", self.name)) };
        Self { workloads: Some(Box::new(workloads)), ..self }
    }

    /// The workload topic. Its messages and committed offsets are read as those of this topic.
    pub(crate) fn workloads(&self) -> &Self {
        self.workloads.as_ref().expect("a topic with workloads")
    }

    pub(crate) fn has_workloads(&self) -> bool {
        self.workloads.is_some()
    }

    /// Creates the topic on the broker.
    pub(crate) async fn make(&self) {
        self.make_with(&[]).await;
    }

    /// Creates the topic on the broker with these settings.
    pub(crate) async fn make_with(&self, settings: &[(&str, &str)]) {
        self.try_make_with(settings).await.expect("the topic is created");
    }

    /// Creates the topic on the broker, or returns the broker's error code.
    pub(crate) async fn try_make_with(&self, settings: &[(&str, &str)]) -> Result<(), RDKafkaErrorCode> {
        let mut new = NewTopic::new(&self.name, self.partitions, TopicReplication::Fixed(1));
        // Messages in tests have timestamps of any year, and retention would remove old ones during a test.
        new.config.push(("retention.ms", "-1"));
        new.config.extend_from_slice(settings);
        let created = admin().create_topics([&new], &AdminOptions::new().operation_timeout(Some(TIMEOUT))).await;
        created.expect("create a topic").pop().expect("one result").map(drop).map_err(|(_, code)| code)
    }

    /// The configuration of a consumer of this topic, and of its workload topic.
    pub(crate) fn settings(&self) -> config::Kafka {
        let mut kafka = default_config().kafka;
        kafka.brokers = brokers().split(',').map(str::to_owned).collect();
        kafka.ocp_topic.clone_from(&self.name);
        kafka.workload_topic = self.workloads.as_ref().map(|workloads| workloads.name.clone());
        kafka.dead_letter_topic.clone_from(&self.dead_letter_topic().name);
        kafka.group.clone_from(&self.group);
        kafka.session_timeout = self.session_timeout;
        kafka
    }

    /// Sends a message to partition 0, waits until it is delivered, and returns its offset.
    pub(crate) async fn send(&self, value: &[u8]) -> i64 {
        self.send_to(0, Some(value)).await
    }

    /// Sends a message, or a tombstone, to a partition and returns its offset.
    pub(crate) async fn send_to(&self, partition: i32, value: Option<&[u8]>) -> i64 {
        let mut record = FutureRecord::<(), [u8]>::to(&self.name).partition(partition);
        record.payload = value;
        self.producer.send(record, TIMEOUT).await.map_err(|(error, _)| error).expect("delivered").offset
    }

    /// Sends a message to partition 0 compressed, with a size limit far above the service's own.
    pub(crate) async fn send_compressed(&self, value: &[u8]) {
        let mut config = client();
        config.set("compression.type", "zstd").set("message.max.bytes", "1000000000");
        let producer: FutureProducer = config.create().expect("a producer");
        let record = FutureRecord::<(), [u8]>::to(&self.name).partition(0).payload(value);
        producer.send(record, TIMEOUT).await.map_err(|(error, _)| error).expect("delivered");
    }

    /// Sends messages to partitions, in order per partition, and returns their offsets.
    pub(crate) async fn send_all(&self, messages: impl IntoIterator<Item = (i32, &[u8])>) -> Vec<i64> {
        let enqueue = |(partition, value)| {
            let record = FutureRecord::<(), [u8]>::to(&self.name).partition(partition).payload(value);
            self.producer.send_result(record).map_err(|(error, _)| error).expect("room in the queue")
        };
        let enqueued: Vec<_> = messages.into_iter().map(enqueue).collect();
        let mut offsets = Vec::with_capacity(enqueued.len());
        for delivery in enqueued {
            offsets.push(
                delivery.await.expect("a delivery report").map_err(|(error, _)| error).expect("delivered").offset,
            );
        }
        offsets
    }

    /// Sends messages to partition 0 in a transaction, which is then committed or aborted.
    pub(crate) fn send_in_transaction(&self, values: &[&[u8]], end: TransactionEnd) {
        let mut config = client();
        config.set("transactional.id", Uuid::new_v4().simple().to_string());
        let producer: BaseProducer = config.create().expect("a producer");
        producer.init_transactions(TIMEOUT).expect("the broker registers the producer");
        producer.begin_transaction().expect("begun");
        for value in values {
            let record = BaseRecord::<(), [u8]>::to(&self.name).partition(0).payload(value);
            producer.send(record).map_err(|(error, _)| error).expect("room in the queue");
        }
        // Delivered in either case, so that messages of an aborted transaction take up offsets too.
        producer.flush(TIMEOUT).expect("delivered");
        match end {
            TransactionEnd::Commit => producer.commit_transaction(TIMEOUT).expect("committed"),
            TransactionEnd::Abort => producer.abort_transaction(TIMEOUT).expect("aborted"),
        }
    }

    /// The end offset of partition 0, which is after its last record of any kind.
    pub(crate) fn end_offset(&self) -> i64 {
        let consumer: BaseConsumer = client().create().expect("a consumer");
        consumer.fetch_watermarks(&self.name, 0, TIMEOUT).expect("the partition's watermarks").1
    }

    /// The same topic, read by a new consumer group from its beginning.
    pub(crate) fn with_another_group(&self) -> Self {
        let group = format!("group-{}", Uuid::new_v4().simple());
        let workloads = self.workloads.as_ref();
        let workloads =
            workloads.map(|topic| Box::new(Self { group: group.clone(), ..topic.renamed(topic.name.clone()) }));
        Self { group, workloads, ..self.renamed(self.name.clone()) }
    }

    /// The dead-letter topic of this topic.
    pub(crate) fn dead_letter_topic(&self) -> Self {
        self.renamed(format!("{}.dead-letter", self.name))
    }

    /// A topic like this one, with another name and without a workload topic.
    fn renamed(&self, name: String) -> Self {
        let (group, producer) = (self.group.clone(), self.producer.clone());
        Self { name, group, workloads: None, producer, ..*self }
    }

    /// Deletes the topic from the broker.
    pub(crate) async fn delete(&self) {
        let options = AdminOptions::new().operation_timeout(Some(TIMEOUT));
        let deleted = admin().delete_topics(&[&self.name], &options).await;
        deleted.expect("delete a topic").pop().expect("one result").expect("the topic is deleted");
    }

    /// Waits until the topic exists.
    pub(crate) async fn until_exists(&self) {
        let consumer: BaseConsumer = client().create().expect("a consumer");
        until("the topic exists", async || {
            let metadata = consumer.fetch_metadata(Some(&self.name), TIMEOUT).ok()?;
            (!metadata.topics().first()?.partitions().is_empty()).then_some(())
        })
        .await;
    }

    /// The number of the topic's partitions, and one of its settings.
    pub(crate) async fn partitions_and_setting(&self, setting: &str) -> (usize, Option<String>) {
        let described = admin().describe_configs([&ResourceSpecifier::Topic(&self.name)], &AdminOptions::new()).await;
        let described = described.expect("describe a topic").pop().expect("one result").expect("the topic exists");
        let consumer: BaseConsumer = client().create().expect("a consumer");
        let metadata = consumer.fetch_metadata(Some(&self.name), TIMEOUT).expect("metadata");
        let partitions = metadata.topics().first().expect("the topic").partitions().len();
        (partitions, described.get(setting).and_then(|entry| entry.value.clone()))
    }

    /// Sends a message with its key, headers and timestamp to partition 0 and returns its offset.
    pub(crate) async fn send_message(&self, message: &OwnedMessage) -> i64 {
        let mut record = FutureRecord::<[u8], [u8]>::to(&self.name).partition(0);
        (record.payload, record.key) = (message.payload(), message.key());
        (record.timestamp, record.headers) = (message.timestamp().to_millis(), message.headers().cloned());
        self.producer.send(record, TIMEOUT).await.map_err(|(error, _)| error).expect("delivered").offset
    }

    /// Reads all records of a partition.
    pub(crate) fn records(&self, partition: i32) -> Vec<Record> {
        self.messages(partition).iter().map(Record::new).collect()
    }

    /// Reads all messages of a partition, with their headers.
    pub(crate) fn messages(&self, partition: i32) -> Vec<OwnedMessage> {
        let consumer: BaseConsumer = client().set("group.id", "unused").create().expect("a consumer");
        let mut list = TopicPartitionList::new();
        list.add_partition_offset(&self.name, partition, Offset::Beginning).expect("an offset");
        consumer.assign(&list).expect("assigned");
        let (_, end) = consumer.fetch_watermarks(&self.name, partition, TIMEOUT).expect("the partition's watermarks");
        let read = || consumer.poll(TIMEOUT).expect("a message in time").expect("a message").detach();
        (0..end).map(|_| read()).collect()
    }

    /// The group's committed offset, which is the next to be read; 0 before the first commit.
    pub(crate) async fn committed(&self, partition: i32) -> i64 {
        self.all_committed().await[&partition]
    }

    /// The committed offset of each partition.
    pub(crate) async fn all_committed(&self) -> BTreeMap<i32, i64> {
        let consumer: BaseConsumer = client().set("group.id", &self.group).create().expect("a consumer");
        let mut list = TopicPartitionList::new();
        list.add_partition_range(&self.name, 0, self.partitions - 1);
        // While the broker sets up its first groups it reports that it is not the coordinator.
        let fetch = async || consumer.committed_offsets(list.clone(), TIMEOUT).ok();
        let committed = until("the broker returns the committed offsets", fetch).await;
        let next = |offset| if let Offset::Offset(offset) = offset { offset } else { 0 };
        committed.elements().iter().map(|element| (element.partition(), next(element.offset()))).collect()
    }

    /// Commits an offset of the group, which must have no members.
    pub(crate) fn commit(&self, partition: i32, next: i64) {
        let consumer: BaseConsumer = client().set("group.id", &self.group).create().expect("a consumer");
        let mut list = TopicPartitionList::new();
        list.add_partition_offset(&self.name, partition, Offset::Offset(next)).expect("an offset");
        consumer.commit(&list, CommitMode::Sync).expect("committed");
    }

    /// Waits until the group has committed past all messages of the topic, and of its workload topic.
    pub(crate) async fn until_all_committed(&self) {
        for topic in std::iter::once(self).chain(self.workloads.as_deref()) {
            topic.until_its_messages_are_committed().await;
        }
    }

    async fn until_its_messages_are_committed(&self) {
        let consumer: BaseConsumer = client().create().expect("a consumer");
        let end = |partition| {
            consumer.fetch_watermarks(&self.name, partition, TIMEOUT).expect("the partition's watermarks").1
        };
        let ends: BTreeMap<_, _> = (0..self.partitions).map(|partition| (partition, end(partition))).collect();
        until("all offsets are committed", async || {
            let committed = self.all_committed().await;
            ends.iter().all(|(partition, end)| committed[partition] >= *end).then_some(())
        })
        .await;
    }

    /// Waits until the group has committed this offset or a later one.
    pub(crate) async fn until_committed(&self, partition: i32, next: i64) {
        until("the offset is committed", async || (self.committed(partition).await >= next).then_some(())).await;
    }
}

/// How a transaction ends.
#[derive(Clone, Copy, Debug)]
pub(crate) enum TransactionEnd {
    Commit,
    Abort,
}

/// A message as the broker stores it.
#[derive(Debug)]
pub(crate) struct Record {
    pub(crate) key: String,
    pub(crate) value: Vec<u8>,
    /// Milliseconds.
    pub(crate) timestamp: i64,
}

impl Record {
    fn new(message: &OwnedMessage) -> Self {
        Self {
            key: String::from_utf8_lossy(message.key().unwrap_or_default()).into_owned(),
            value: message.payload().unwrap_or_default().to_vec(),
            timestamp: message.timestamp().to_millis().unwrap_or_default(),
        }
    }
}

pub(super) fn admin() -> AdminClient<DefaultClientContext> {
    client().create().expect("an admin client")
}

fn client() -> ClientConfig {
    let mut client = ClientConfig::new();
    client.set("bootstrap.servers", brokers());
    client
}

fn brokers() -> String {
    env::var("TEST_KAFKA_BROKERS").expect(
        "TEST_KAFKA_BROKERS is not set: run `make test`, which starts Kafka, or set it to the address of a broker",
    )
}
