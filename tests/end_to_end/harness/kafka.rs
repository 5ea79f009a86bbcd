//! A topic for each test, on real Kafka.

use std::{collections::BTreeMap, env, time::Duration};

use insights_results_aggregator::config;
use rdkafka::{
    ClientConfig, Message as _, Offset, TopicPartitionList,
    admin::{AdminClient, AdminOptions, NewTopic, ResourceSpecifier, TopicReplication},
    client::DefaultClientContext,
    consumer::{BaseConsumer, Consumer as _},
    error::RDKafkaErrorCode,
    message::OwnedMessage,
    producer::{BaseProducer, BaseRecord, FutureProducer, FutureRecord, Producer as _},
};
use uuid::Uuid;

use super::{service::default_config, wait::until};

const PATIENCE: Duration = Duration::from_secs(30);

/// A topic of its own, and the group that reads it.
pub(crate) struct Topic {
    pub(crate) name: String,
    pub(crate) group: String,
    pub(crate) partitions: i32,
    pub(crate) session_timeout: Duration,
    producer: FutureProducer,
}

impl Topic {
    /// Makes a topic.
    pub(crate) async fn create(partitions: i32) -> Self {
        Self::create_with(partitions, &[]).await
    }

    /// Makes a topic with settings of its own.
    pub(crate) async fn create_with(partitions: i32, settings: &[(&str, &str)]) -> Self {
        let topic = Self::missing(partitions);
        topic.make_with(settings).await;
        topic
    }

    /// Names a topic that is not there yet.
    pub(crate) fn missing(partitions: i32) -> Self {
        let name = format!("test-{}", Uuid::new_v4().simple());
        let producer = client().set("message.max.bytes", "60000000").create().expect("a producer");
        // So that a member that was killed is missed soon.
        let session_timeout = Duration::from_secs(6);
        Self { group: format!("group-of-{name}"), name, partitions, session_timeout, producer }
    }

    /// Makes the topic that was named.
    pub(crate) async fn make(&self) {
        self.make_with(&[]).await;
    }

    /// Makes the topic that was named, with settings of its own.
    pub(crate) async fn make_with(&self, settings: &[(&str, &str)]) {
        self.try_make_with(settings).await.expect("the topic is created");
    }

    /// Makes the topic, unless the brokers refuse.
    pub(crate) async fn try_make_with(&self, settings: &[(&str, &str)]) -> Result<(), RDKafkaErrorCode> {
        let mut new = NewTopic::new(&self.name, self.partitions, TopicReplication::Fixed(1));
        // Messages of tests are from any year, and the broker is not to tidy up in the middle of one.
        new.config.push(("retention.ms", "-1"));
        new.config.extend_from_slice(settings);
        let made = admin().create_topics([&new], &AdminOptions::new().operation_timeout(Some(PATIENCE))).await;
        made.expect("create a topic").pop().expect("one answer").map(drop).map_err(|(_, code)| code)
    }

    /// The configuration of a consumer of this topic.
    pub(crate) fn settings(&self) -> config::Kafka {
        let mut kafka = default_config().kafka;
        kafka.brokers = brokers().split(',').map(str::to_owned).collect();
        kafka.ocp_topic.clone_from(&self.name);
        kafka.dead_letter_topic.clone_from(&self.of_dead_letters().name);
        kafka.group.clone_from(&self.group);
        kafka.session_timeout = self.session_timeout;
        kafka
    }

    /// Puts a message on partition 0, and waits until the broker has it.
    pub(crate) async fn send(&self, value: &[u8]) -> i64 {
        self.send_to(0, Some(value)).await
    }

    /// Puts a message, or a tombstone, on a partition; gives its offset.
    pub(crate) async fn send_to(&self, partition: i32, value: Option<&[u8]>) -> i64 {
        let mut record = FutureRecord::<(), [u8]>::to(&self.name).partition(partition);
        record.payload = value;
        self.producer.send(record, PATIENCE).await.map_err(|(error, _)| error).expect("delivered").offset
    }

    /// Puts a message on partition 0 that is packed on its way, and may be as long as none of ours.
    pub(crate) async fn send_packed(&self, value: &[u8]) {
        let mut config = client();
        config.set("compression.type", "zstd").set("message.max.bytes", "1000000000");
        let producer: FutureProducer = config.create().expect("a producer");
        let record = FutureRecord::<(), [u8]>::to(&self.name).partition(0).payload(value);
        producer.send(record, PATIENCE).await.map_err(|(error, _)| error).expect("delivered");
    }

    /// Puts messages on partitions, those of a partition in this order; gives their offsets.
    pub(crate) async fn send_all(&self, messages: impl IntoIterator<Item = (i32, &[u8])>) -> Vec<i64> {
        let enqueue = |(partition, value)| {
            let record = FutureRecord::<(), [u8]>::to(&self.name).partition(partition).payload(value);
            self.producer.send_result(record).map_err(|(error, _)| error).expect("room in the queue")
        };
        let enqueued: Vec<_> = messages.into_iter().map(enqueue).collect();
        let mut offsets = Vec::with_capacity(enqueued.len());
        for delivery in enqueued {
            offsets.push(delivery.await.expect("an answer").map_err(|(error, _)| error).expect("delivered").offset);
        }
        offsets
    }

    /// Puts messages on partition 0 in a transaction, which is committed or given up.
    pub(crate) fn send_in_transaction(&self, values: &[&[u8]], end: TransactionEnd) {
        let mut config = client();
        config.set("transactional.id", Uuid::new_v4().simple().to_string());
        let producer: BaseProducer = config.create().expect("a producer");
        producer.init_transactions(PATIENCE).expect("the broker knows the producer");
        producer.begin_transaction().expect("begun");
        for value in values {
            let record = BaseRecord::<(), [u8]>::to(&self.name).partition(0).payload(value);
            producer.send(record).map_err(|(error, _)| error).expect("room in the queue");
        }
        // Sent in either case, so that what is given up takes offsets too.
        producer.flush(PATIENCE).expect("delivered");
        match end {
            TransactionEnd::Commit => producer.commit_transaction(PATIENCE).expect("committed"),
            TransactionEnd::Abort => producer.abort_transaction(PATIENCE).expect("given up"),
        }
    }

    /// The offset after the last one that partition 0 has, whatever stands there.
    pub(crate) fn end(&self) -> i64 {
        let consumer: BaseConsumer = client().create().expect("a consumer");
        consumer.fetch_watermarks(&self.name, 0, PATIENCE).expect("the partition's ends").1
    }

    /// The same topic, read by another group from its beginning.
    pub(crate) fn of_another_group(&self) -> Self {
        let group = format!("group-{}", Uuid::new_v4().simple());
        let Self { name, producer, .. } = self;
        Self { group, name: name.clone(), producer: producer.clone(), ..*self }
    }

    /// The topic where this one's bad messages go.
    pub(crate) fn of_dead_letters(&self) -> Self {
        let Self { name, group, producer, .. } = self;
        Self { name: format!("{name}.dead-letter"), group: group.clone(), producer: producer.clone(), ..*self }
    }

    /// Removes the topic from the brokers.
    pub(crate) async fn delete(&self) {
        let options = AdminOptions::new().operation_timeout(Some(PATIENCE));
        let deleted = admin().delete_topics(&[&self.name], &options).await;
        deleted.expect("delete a topic").pop().expect("one answer").expect("the topic is deleted");
    }

    /// Waits until the brokers have the topic.
    pub(crate) async fn until_made(&self) {
        let consumer: BaseConsumer = client().create().expect("a consumer");
        until("the topic is made", async || {
            let metadata = consumer.fetch_metadata(Some(&self.name), PATIENCE).ok()?;
            (!metadata.topics().first()?.partitions().is_empty()).then_some(())
        })
        .await;
    }

    /// How many partitions the brokers have of it, and a setting of it.
    pub(crate) async fn made_with(&self, setting: &str) -> (usize, Option<String>) {
        let described = admin().describe_configs([&ResourceSpecifier::Topic(&self.name)], &AdminOptions::new()).await;
        let described = described.expect("describe a topic").pop().expect("one answer").expect("the topic is there");
        let consumer: BaseConsumer = client().create().expect("a consumer");
        let metadata = consumer.fetch_metadata(Some(&self.name), PATIENCE).expect("metadata");
        let partitions = metadata.topics().first().expect("the topic").partitions().len();
        (partitions, described.get(setting).and_then(|entry| entry.value.clone()))
    }

    /// Puts a whole message on partition 0: key, headers, time and all; gives its offset.
    pub(crate) async fn send_whole(&self, message: &OwnedMessage) -> i64 {
        let mut record = FutureRecord::<[u8], [u8]>::to(&self.name).partition(0);
        (record.payload, record.key) = (message.payload(), message.key());
        (record.timestamp, record.headers) = (message.timestamp().to_millis(), message.headers().cloned());
        self.producer.send(record, PATIENCE).await.map_err(|(error, _)| error).expect("delivered").offset
    }

    /// All that a partition holds.
    pub(crate) fn records(&self, partition: i32) -> Vec<Record> {
        self.messages(partition).iter().map(Record::of).collect()
    }

    /// All that a partition holds, with all that belongs to it.
    pub(crate) fn messages(&self, partition: i32) -> Vec<OwnedMessage> {
        let consumer: BaseConsumer = client().set("group.id", "unused").create().expect("a consumer");
        let mut list = TopicPartitionList::new();
        list.add_partition_offset(&self.name, partition, Offset::Beginning).expect("a place");
        consumer.assign(&list).expect("assigned");
        let (_, end) = consumer.fetch_watermarks(&self.name, partition, PATIENCE).expect("the partition's ends");
        let read = || consumer.poll(PATIENCE).expect("a message in time").expect("a message").detach();
        (0..end).map(|_| read()).collect()
    }

    /// The offset that the group has committed: the next to be read; 0 while there is none.
    pub(crate) async fn committed(&self, partition: i32) -> i64 {
        self.all_committed().await[&partition]
    }

    /// The same of all partitions.
    pub(crate) async fn all_committed(&self) -> BTreeMap<i32, i64> {
        let consumer: BaseConsumer = client().set("group.id", &self.group).create().expect("a consumer");
        let mut list = TopicPartitionList::new();
        list.add_partition_range(&self.name, 0, self.partitions - 1);
        // While the broker sets up its first groups it says that it is not the one to be asked.
        let ask = async || consumer.committed_offsets(list.clone(), PATIENCE).ok();
        let committed = until("the broker tells what is committed", ask).await;
        let next = |offset| if let Offset::Offset(offset) = offset { offset } else { 0 };
        committed.elements().iter().map(|element| (element.partition(), next(element.offset()))).collect()
    }

    /// Waits until the group has committed past all messages that the topic has.
    pub(crate) async fn until_all_committed(&self) {
        let consumer: BaseConsumer = client().create().expect("a consumer");
        let end =
            |partition| consumer.fetch_watermarks(&self.name, partition, PATIENCE).expect("the partition's ends").1;
        let ends: BTreeMap<_, _> = (0..self.partitions).map(|partition| (partition, end(partition))).collect();
        until("all is committed", async || {
            let committed = self.all_committed().await;
            ends.iter().all(|(partition, end)| committed[partition] >= *end).then_some(())
        })
        .await;
    }

    /// Waits until the group has committed this offset.
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

/// A message as the broker has it.
#[derive(Debug)]
pub(crate) struct Record {
    pub(crate) key: String,
    pub(crate) value: Vec<u8>,
    /// Milliseconds.
    pub(crate) timestamp: i64,
}

impl Record {
    fn of(message: &OwnedMessage) -> Self {
        Self {
            key: String::from_utf8_lossy(message.key().unwrap_or_default()).into_owned(),
            value: message.payload().unwrap_or_default().to_vec(),
            timestamp: message.timestamp().to_millis().unwrap_or_default(),
        }
    }
}

fn admin() -> AdminClient<DefaultClientContext> {
    client().create().expect("an admin client")
}

fn client() -> ClientConfig {
    let mut client = ClientConfig::new();
    client.set("bootstrap.servers", brokers());
    client
}

fn brokers() -> String {
    env::var("TEST_KAFKA_BROKERS")
        .expect("TEST_KAFKA_BROKERS is not set: run `make test`, which starts Kafka, or name brokers of yours")
}
