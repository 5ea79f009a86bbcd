//! The topic: four partitions on real Kafka, filled before a consumer starts.

use std::time::Duration;

use insights_results_aggregator::config;
use rdkafka::{
    ClientConfig,
    admin::{AdminClient, AdminOptions, NewTopic, TopicReplication},
    client::DefaultClientContext,
    producer::{BaseRecord, DefaultProducerContext, Producer as _, ThreadedProducer},
};

use super::data::Wave;

const PARTITIONS: i32 = 4;
const TIMEOUT: Duration = Duration::from_mins(1);

/// Creates a topic and sends one wave of reports of `clusters` clusters to it.
pub(crate) async fn fill(kafka: &config::Kafka, wave: Wave, clusters: u32) {
    create(kafka).await;
    let producer = producer(kafka, Duration::from_millis(20));
    for number in 0..clusters {
        let message = wave.message(number);
        let (key, value) = (message.cluster.to_string(), message.json());
        let mut record = BaseRecord::to(&kafka.ocp_topic).key(&key).payload(&value);
        while let Err((_, returned)) = producer.send(record) {
            // The queue is full.
            std::thread::sleep(Duration::from_millis(5));
            record = returned;
        }
    }
    producer.flush(TIMEOUT).expect("everything is delivered");
}

/// Creates an empty topic.
pub(crate) async fn create(kafka: &config::Kafka) {
    let admin: AdminClient<DefaultClientContext> = client(kafka).create().expect("an admin client");
    let topic = NewTopic::new(&kafka.ocp_topic, PARTITIONS, TopicReplication::Fixed(1));
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
