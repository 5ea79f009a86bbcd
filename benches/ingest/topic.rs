//! Topics on real Kafka, filled before a consumer starts.

use std::time::Duration;

use insights_results_aggregator::config;
use rdkafka::{
    ClientConfig,
    admin::{AdminClient, AdminOptions, NewTopic, TopicReplication},
    client::DefaultClientContext,
    producer::{BaseRecord, DefaultProducerContext, Producer as _, ThreadedProducer},
};

/// The partitions of a topic whose throughput is measured.
pub(crate) const PARTITIONS: i32 = 4;
const TIMEOUT: Duration = Duration::from_mins(1);

/// Creates a topic with this many partitions and sends messages to it, each with its key.
pub(crate) async fn fill(
    kafka: &config::Kafka,
    topic: &str,
    partitions: i32,
    messages: impl Iterator<Item = (String, String)>,
) {
    create(kafka, topic, partitions).await;
    let producer = producer(kafka, Duration::from_millis(20));
    for (key, value) in messages {
        let mut record = BaseRecord::to(topic).key(&key).payload(&value);
        while let Err((_, returned)) = producer.send(record) {
            // The queue is full.
            std::thread::sleep(Duration::from_millis(5));
            record = returned;
        }
    }
    producer.flush(TIMEOUT).expect("everything is delivered");
}

/// Creates an empty topic.
pub(crate) async fn create(kafka: &config::Kafka, topic: &str, partitions: i32) {
    let admin: AdminClient<DefaultClientContext> = client(kafka).create().expect("an admin client");
    let topic = NewTopic::new(topic, partitions, TopicReplication::Fixed(1));
    let created = admin.create_topics([&topic], &AdminOptions::new().operation_timeout(Some(TIMEOUT))).await;
    created.expect("create a topic").pop().expect("one result").expect("the topic is created");
}

/// A producer that waits up to `linger` for more messages before it sends any.
pub(crate) fn producer(kafka: &config::Kafka, linger: Duration) -> ThreadedProducer<DefaultProducerContext> {
    client(kafka).set("linger.ms", linger.as_millis().to_string()).create().expect("a producer")
}

fn client(kafka: &config::Kafka) -> ClientConfig {
    let mut client = ClientConfig::new();
    client.set("bootstrap.servers", kafka.brokers.join(","));
    client
}
