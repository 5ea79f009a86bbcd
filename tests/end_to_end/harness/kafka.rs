//! A topic for each test, on real Kafka.

use std::{env, time::Duration};

use insights_results_aggregator::config;
use rdkafka::{
    ClientConfig, Offset, TopicPartitionList,
    admin::{AdminClient, AdminOptions, NewTopic, TopicReplication},
    client::DefaultClientContext,
    consumer::{BaseConsumer, Consumer as _},
    producer::{FutureProducer, FutureRecord},
};
use uuid::Uuid;

use super::{service::default_config, wait::until};

const PATIENCE: Duration = Duration::from_secs(30);

/// A topic of its own, and the group that reads it.
pub(crate) struct Topic {
    pub(crate) name: String,
    pub(crate) group: String,
    pub(crate) partitions: i32,
    producer: FutureProducer,
}

impl Topic {
    /// Makes a topic.
    pub(crate) async fn create(partitions: i32) -> Self {
        let topic = Self::missing(partitions);
        topic.make().await;
        topic
    }

    /// Names a topic that is not there yet.
    pub(crate) fn missing(partitions: i32) -> Self {
        let name = format!("test-{}", Uuid::new_v4().simple());
        let producer = client().set("message.max.bytes", "60000000").create().expect("a producer");
        Self { group: format!("group-of-{name}"), name, partitions, producer }
    }

    /// Makes the topic that was named.
    pub(crate) async fn make(&self) {
        let admin: AdminClient<DefaultClientContext> = client().create().expect("an admin client");
        let new = NewTopic::new(&self.name, self.partitions, TopicReplication::Fixed(1));
        let made = admin.create_topics([&new], &AdminOptions::new().operation_timeout(Some(PATIENCE))).await;
        made.expect("create a topic").pop().expect("one answer").expect("the topic is created");
    }

    /// The configuration of a consumer of this topic.
    pub(crate) fn settings(&self) -> config::Kafka {
        let mut kafka = default_config().kafka;
        kafka.brokers = brokers().split(',').map(str::to_owned).collect();
        kafka.ocp_topic.clone_from(&self.name);
        kafka.group.clone_from(&self.group);
        // So that a member that was killed is missed soon.
        kafka.session_timeout = Duration::from_secs(6);
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

    /// The offset that the group has committed: the next to be read; 0 while there is none.
    pub(crate) fn committed(&self, partition: i32) -> i64 {
        let consumer: BaseConsumer = client().set("group.id", &self.group).create().expect("a consumer");
        let mut list = TopicPartitionList::new();
        list.add_partition(&self.name, partition);
        let committed = consumer.committed_offsets(list, PATIENCE).expect("committed offsets");
        match committed.find_partition(&self.name, partition).expect("the partition").offset() {
            Offset::Offset(offset) => offset,
            _ => 0,
        }
    }

    /// Waits until the group has committed this offset.
    pub(crate) async fn until_committed(&self, partition: i32, next: i64) {
        until("the offset is committed", async || (self.committed(partition) >= next).then_some(())).await;
    }
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
