//! The configuration of librdkafka: connection, memory bounds, and the settings that delivery guarantees depend on.

use std::time::Duration;

use rdkafka::{ClientConfig, error::RDKafkaErrorCode};

use crate::config;

/// The largest response of a broker, and the largest result of zstd, in bytes: the maximum that librdkafka supports. A
/// message must be received before it can be rejected. With librdkafka's default of 100 MB, a larger message would be
/// fetched repeatedly, and no later message of its partition would be read.
const MAX_RECEIVE_BYTES: &str = "2147483647";

/// The settings of every client: addresses and authentication. The `kafka.client` settings override the defaults.
pub fn client_config(kafka: &config::Kafka) -> ClientConfig {
    let mut client = ClientConfig::new();
    client
        .set("bootstrap.servers", kafka.brokers.join(","))
        .set("client.id", "insights-results-aggregator")
        .set("security.protocol", kafka.security.protocol.as_str())
        .set("receive.message.max.bytes", MAX_RECEIVE_BYTES)
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

/// Defaults of a consumer, which `kafka.client` settings override.
const CONSUMER_DEFAULTS: [(&str, &str); 7] = [
    ("check.crcs", "true"),
    // A partition's queue holds up to 2 MB, and is refilled without librdkafka's default pause of a second.
    ("queued.min.messages", "1000"),
    ("queued.max.messages.kbytes", "2048"),
    ("fetch.queue.backoff.ms", "20"),
    ("fetch.message.max.bytes", "1048576"),
    // A broker delays its response by up to this time if some partitions have no new messages. With librdkafka's
    // default of 500 ms, a partition full of messages is starved by idle ones.
    ("fetch.wait.max.ms", "50"),
    // A topic that is created later is read after this time at the latest.
    ("topic.metadata.refresh.interval.ms", "30000"),
];

/// Settings of a consumer that cannot be overridden. An offset is committed only after it was stored, which is after
/// its batch was committed; the statistics report to health when a broker answers again.
const CONSUMER_REQUIRED: [(&str, &str); 8] = [
    ("enable.auto.offset.store", "false"),
    ("enable.auto.commit", "true"),
    ("auto.commit.interval.ms", "1000"),
    // An offset that does not exist is handled by `recovery`, which reports what is lost.
    ("auto.offset.reset", "error"),
    // Events would be counted as waiting messages; the statistics report the end of a partition, too.
    ("enable.partition.eof", "false"),
    ("allow.auto.create.topics", "false"),
    ("partition.assignment.strategy", "cooperative-sticky"),
    ("statistics.interval.ms", "5000"),
];

/// The settings of the consumer.
pub(super) fn consumer_config(kafka: &config::Kafka) -> ClientConfig {
    let mut client = client_config(kafka);
    for (key, value) in CONSUMER_DEFAULTS {
        if client.get(key).is_none() {
            client.set(key, value);
        }
    }
    for (key, value) in CONSUMER_REQUIRED {
        client.set(key, value);
    }
    client.set("group.id", &kafka.group).set("session.timeout.ms", kafka.session_timeout.as_millis().to_string());
    if client.get("heartbeat.interval.ms").is_none() {
        client.set("heartbeat.interval.ms", heartbeat_interval(kafka.session_timeout).as_millis().to_string());
    }
    if let Some(instance) = &kafka.group_instance_id {
        client.set("group.instance.id", instance);
    }
    client
}

/// Settings of a producer that cannot be overridden: a message is delivered only when all replicas have it, and only to
/// an existing topic.
const PRODUCER_REQUIRED: [(&str, &str); 3] =
    [("enable.idempotence", "true"), ("acks", "all"), ("allow.auto.create.topics", "false")];

/// How long the brokers may take to confirm a message before it is sent again. Long enough for the largest message on a
/// slow connection: one that takes longer would be sent repeatedly.
const DELIVERY_TIMEOUT: Duration = Duration::from_mins(1);

/// The settings of a producer whose messages must not be lost: dead letters and replayed messages.
pub(super) fn producer_config(kafka: &config::Kafka) -> ClientConfig {
    let mut client = client_config(kafka);
    if client.get("compression.type").is_none() {
        client.set("compression.type", "zstd");
    }
    for (key, value) in PRODUCER_REQUIRED {
        client.set(key, value);
    }
    client
        // A missing topic is reported after this time, and looked up again with the next try.
        .set("topic.metadata.propagation.max.ms", "1000")
        .set("message.timeout.ms", DELIVERY_TIMEOUT.as_millis().to_string())
        // A message may be as large as its topic allows: the broker decides.
        .set("message.max.bytes", "1000000000");
    client
}

/// Whether an error is about the connection to the brokers.
pub(super) fn is_connection_error(code: RDKafkaErrorCode) -> bool {
    use RDKafkaErrorCode as Code;
    matches!(
        code,
        Code::AllBrokersDown | Code::BrokerTransportFailure | Code::Resolve | Code::Authentication | Code::SSL
    )
}

/// Three heartbeats per session: with librdkafka's default of 3 s, a short session would expire before the first.
fn heartbeat_interval(session_timeout: Duration) -> Duration {
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
        Config::load(None, &environment).expect("the setting is accepted").config.kafka
    }

    #[test]
    fn client_settings_override_all_but_the_required_ones() {
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
    fn the_largest_message_that_can_be_sent_can_be_received() {
        // With this setting a consumer fetches that many bytes at once, and must be able to receive them.
        let kafka = kafka(("MESSAGE_MAX_BYTES", "1000000000"));
        let consumer = consumer_config(&kafka).create::<rdkafka::consumer::BaseConsumer>();
        assert!(consumer.is_ok(), "{:?}", consumer.err());
    }

    #[test]
    fn a_session_has_room_for_three_heartbeats() {
        for (session, expected) in [(1_000, 333), (6_000, 2_000), (10_000, 3_000), (300_000, 3_000)] {
            assert_eq!(heartbeat_interval(Duration::from_millis(session)).as_millis(), expected, "{session}");
        }
    }
}
