//! How librdkafka is set up: the way in, what keeps memory small, and what holds our promise.

use std::time::Duration;

use rdkafka::ClientConfig;

use crate::config;

/// What brokers may send at once, and what zstd may unpack to, in bytes: all that librdkafka can count. A message must arrive
/// to be refused: beyond librdkafka's own 100 MB it would be fetched again and again, and nothing behind it be read.
const RECEIVED_AT_ONCE: &str = "2147483647";

/// What every client of the brokers needs: where they are and how to get in. Experts' settings come last.
pub fn client_config(kafka: &config::Kafka) -> ClientConfig {
    let mut client = ClientConfig::new();
    client
        .set("bootstrap.servers", kafka.brokers.join(","))
        .set("client.id", "insights-results-aggregator")
        .set("security.protocol", kafka.security.protocol.as_str())
        .set("receive.message.max.bytes", RECEIVED_AT_ONCE)
        .set("reconnect.backoff.max.ms", "1000")
        .set("socket.keepalive.enable", "true");
    if let Some(path) = &kafka.security.ca_path {
        client.set("ssl.ca.location", path.display().to_string());
    }
    if let Some(mechanism) = kafka.security.sasl_mechanism {
        client
            .set("sasl.mechanism", mechanism.as_str())
            .set("sasl.username", &kafka.security.sasl_username)
            .set("sasl.password", kafka.security.sasl_password.expose());
    }
    for (key, value) in kafka.client.iter() {
        client.set(key, value);
    }
    client
}

/// What we think best for a consumer, unless experts said otherwise.
const CONSUMER_DEFAULTS: [(&str, &str); 7] = [
    ("check.crcs", "true"),
    // A partition's queue: 8 MB each once they are split, and refilled without a second's pause.
    ("queued.min.messages", "1000"),
    ("queued.max.messages.kbytes", "8192"),
    ("fetch.queue.backoff.ms", "20"),
    ("fetch.message.max.bytes", "1048576"),
    // A broker that has nothing new of some partitions holds back its answer for so long, and all others wait with it. At
    // librdkafka's own 500 ms a partition full of messages is starved by its idle neighbours.
    ("fetch.wait.max.ms", "50"),
    ("topic.metadata.refresh.interval.ms", "60000"),
];

/// What nobody may change. An offset is committed only after we stored it, and we store it only after the batch; the
/// statistics tell health when a broker answers again.
const CONSUMER_PROMISE: [(&str, &str); 8] = [
    ("enable.auto.offset.store", "false"),
    ("enable.auto.commit", "true"),
    ("auto.commit.interval.ms", "1000"),
    ("auto.offset.reset", "earliest"),
    ("enable.partition.eof", "false"),
    ("allow.auto.create.topics", "false"),
    ("partition.assignment.strategy", "cooperative-sticky"),
    ("statistics.interval.ms", "5000"),
];

/// A consumer's settings.
pub(super) fn consumer_config(kafka: &config::Kafka) -> ClientConfig {
    let mut client = client_config(kafka);
    for (key, value) in CONSUMER_DEFAULTS {
        if client.get(key).is_none() {
            client.set(key, value);
        }
    }
    for (key, value) in CONSUMER_PROMISE {
        client.set(key, value);
    }
    client.set("group.id", &kafka.group).set("session.timeout.ms", kafka.session_timeout.as_millis().to_string());
    if client.get("heartbeat.interval.ms").is_none() {
        client.set("heartbeat.interval.ms", heartbeat(kafka.session_timeout).as_millis().to_string());
    }
    if let Some(instance) = &kafka.group_instance_id {
        client.set("group.instance.id", instance);
    }
    client
}

/// What nobody may change: a letter has arrived only when all replicas have it, and it arrives where it was sent, in a
/// topic that was made for it.
const PRODUCER_PROMISE: [(&str, &str); 3] =
    [("enable.idempotence", "true"), ("acks", "all"), ("allow.auto.create.topics", "false")];

/// How long the brokers may take to confirm a message before it is tried again. Long enough for the largest one on a slow
/// way: one that needs longer would be sent again and again.
const DELIVERY_TIMEOUT: Duration = Duration::from_mins(1);

/// The settings of a producer whose messages must not be lost: of dead letters, and of those that are sent again.
pub(super) fn producer_config(kafka: &config::Kafka) -> ClientConfig {
    let mut client = client_config(kafka);
    if client.get("compression.type").is_none() {
        client.set("compression.type", "zstd");
    }
    for (key, value) in PRODUCER_PROMISE {
        client.set(key, value);
    }
    client
        // A topic that is missing is told after this time, and looked for again with the next try.
        .set("topic.metadata.propagation.max.ms", "1000")
        .set("message.timeout.ms", DELIVERY_TIMEOUT.as_millis().to_string())
        // What came from a topic may be as large as that one allows: the broker has the last word.
        .set("message.max.bytes", "1000000000");
    client
}

/// Three within a session: with librdkafka's own 3 s a short session would be over before the first.
fn heartbeat(session_timeout: Duration) -> Duration {
    (session_timeout / 3).min(Duration::from_secs(3))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::config::Config;

    fn kafka(setting: (&str, &str)) -> config::Kafka {
        let variable = format!("INSIGHTS_RESULTS_AGGREGATOR__KAFKA__CLIENT__{}", setting.0);
        let environment = BTreeMap::from([(variable, setting.1.to_owned())]);
        Config::load(None, &environment).expect("the setting is taken").config.kafka
    }

    #[test]
    fn experts_have_the_last_word_on_all_but_the_promise() {
        let kafka = kafka(("FETCH_QUEUE_BACKOFF_MS", "7"));
        assert_eq!(client_config(&kafka).get("fetch.queue.backoff.ms"), Some("7"));
        let consumer = consumer_config(&kafka);
        assert_eq!(consumer.get("fetch.queue.backoff.ms"), Some("7"));
        assert_eq!(consumer.get("queued.min.messages"), Some("1000"));
        assert_eq!(consumer.get("enable.auto.offset.store"), Some("false"));
        let producer = producer_config(&kafka);
        assert_eq!(producer.get("fetch.queue.backoff.ms"), Some("7"));
        assert_eq!((producer.get("acks"), producer.get("enable.idempotence")), (Some("all"), Some("true")));
    }

    #[test]
    fn what_can_be_sent_at_all_can_be_received() {
        // A consumer that is told this fetches as much at once, and must be able to receive it.
        let kafka = kafka(("MESSAGE_MAX_BYTES", "1000000000"));
        let consumer = consumer_config(&kafka).create::<rdkafka::consumer::BaseConsumer>();
        assert!(consumer.is_ok(), "{:?}", consumer.err());
    }

    #[test]
    fn a_session_has_room_for_three_heartbeats() {
        for (session, expected) in [(1_000, 333), (6_000, 2_000), (10_000, 3_000), (300_000, 3_000)] {
            assert_eq!(heartbeat(Duration::from_millis(session)).as_millis(), expected, "{session}");
        }
    }
}
