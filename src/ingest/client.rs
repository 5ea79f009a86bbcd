//! How librdkafka is set up: what holds our promise, what keeps memory small, and the way in.

use rdkafka::ClientConfig;

use crate::config;

/// What every client of the brokers needs: where they are and how to get in. Experts' settings come last.
pub fn client_config(kafka: &config::Kafka) -> ClientConfig {
    let mut client = ClientConfig::new();
    client
        .set("bootstrap.servers", kafka.brokers.join(","))
        .set("client.id", "insights-results-aggregator")
        .set("security.protocol", kafka.security.protocol.as_str())
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
    client
}

/// A consumer's settings.
pub(super) fn consumer_config(kafka: &config::Kafka) -> ClientConfig {
    let mut client = client_config(kafka);
    client
        .set("partition.assignment.strategy", "cooperative-sticky")
        .set("session.timeout.ms", kafka.session_timeout.as_millis().to_string())
        .set("check.crcs", "true")
        .set("allow.auto.create.topics", "false")
        .set("statistics.interval.ms", "5000")
        // A partition's queue: 8 MB each once they are split, and refilled without a second's pause.
        .set("queued.min.messages", "1000")
        .set("queued.max.messages.kbytes", "8192")
        .set("fetch.queue.backoff.ms", "20")
        .set("fetch.message.max.bytes", "1048576")
        .set("topic.metadata.refresh.interval.ms", "60000");
    if let Some(instance) = &kafka.group_instance_id {
        client.set("group.instance.id", instance);
    }
    for (key, value) in kafka.client.iter() {
        client.set(key, value);
    }
    // These hold the promise: an offset is committed only after we stored it, and we store it only after the batch.
    client
        .set("group.id", &kafka.group)
        .set("enable.auto.offset.store", "false")
        .set("enable.auto.commit", "true")
        .set("auto.commit.interval.ms", "1000")
        .set("auto.offset.reset", "earliest")
        .set("enable.partition.eof", "false");
    client
}
