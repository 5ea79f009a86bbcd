//! Validates `[kafka]`: brokers, names, and the keys of encryption and authentication.

use super::{Checks, SECOND};
use crate::config::{
    Kafka, KafkaSecurity,
    kafka::{SecurityProtocol, forbidden_setting},
};

const PROTOCOL: &str = "kafka.security.protocol";

impl Checks<'_> {
    pub(super) fn check_kafka(&mut self, kafka: &Kafka) {
        let named = |broker: &String| !broker.is_empty() && !broker.contains(|c: char| c == ',' || c.is_whitespace());
        if kafka.brokers.is_empty() || !kafka.brokers.iter().all(named) {
            self.add("kafka.brokers", "must be a list of host:port with at least one item and no blank ones");
        }
        if kafka.group.trim().is_empty() {
            self.add("kafka.group", "must not be blank: offsets are committed under this name");
        }
        self.check_topics(kafka);
        if let Some(name) = &kafka.group_instance_id {
            self.unless_kafka_name("kafka.group_instance_id", name);
        }
        self.unless_duration_between("kafka.session_timeout", kafka.session_timeout, SECOND..=300 * SECOND);
        for (setting, _) in kafka.client.iter() {
            if let Some(reason) = forbidden_setting(setting) {
                self.add(&format!("kafka.client.{setting}"), &reason);
            }
        }
    }

    fn check_topics(&mut self, kafka: &Kafka) {
        let other_kind = "whose messages are of another kind; name the topic of workload results, or leave this empty";
        let endless = "because dead letters would be ingested again endlessly; choose another name";
        let topics = [
            ("kafka.ocp_topic", Some(&kafka.ocp_topic), ""),
            ("kafka.workload_topic", kafka.workload_topic.as_ref(), other_kind),
            ("kafka.dead_letter_topic", Some(&kafka.dead_letter_topic), endless),
        ];
        for (index, &(key, topic, reason)) in topics.iter().enumerate() {
            let Some(name) = topic else { continue };
            self.unless_kafka_name(key, name);
            if let Some((other, ..)) = topics.iter().take(index).find(|(_, earlier, _)| *earlier == topic) {
                self.add_beside(key, other, &format!("must not be the topic of {other}, {reason}"));
            }
        }
    }

    pub(super) fn check_security(&mut self, security: &KafkaSecurity) {
        let protocol = security.protocol;
        self.check_sasl_key("sasl_mechanism", security.sasl_mechanism.is_some(), protocol);
        self.check_sasl_key("sasl_username", !security.sasl_username.is_empty(), protocol);
        self.check_sasl_key("sasl_password", !security.sasl_password.is_empty(), protocol);
        if security.ca_path.is_some() && !protocol.has_tls() {
            self.add_beside("kafka.security.ca_path", PROTOCOL, &unused(protocol, "ssl or sasl_ssl"));
        }
    }

    fn unless_kafka_name(&mut self, key: &str, name: &str) {
        let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        if !(1..=249).contains(&name.len()) || !name.chars().all(legal) || matches!(name, "." | "..") {
            self.add(
                key,
                "must be a valid Kafka name: 1 to 249 characters of A-Z, a-z, 0-9, dot, underscore and hyphen",
            );
        }
    }

    /// Checks that a key of SASL is set if the protocol uses SASL, and only then.
    fn check_sasl_key(&mut self, name: &str, is_set: bool, protocol: SecurityProtocol) {
        let key = format!("kafka.security.{name}");
        match (is_set, protocol.has_sasl()) {
            (false, true) => {
                self.add_beside(&key, PROTOCOL, &format!("must be set because {PROTOCOL} is {}", protocol.as_str()));
            }
            (true, false) => self.add_beside(&key, PROTOCOL, &unused(protocol, "sasl_plaintext or sasl_ssl")),
            _ => {}
        }
    }
}

fn unused(protocol: SecurityProtocol, required: &str) -> String {
    let protocol = protocol.as_str();
    format!("is not used with {PROTOCOL} = \"{protocol}\": set that to {required}, or leave this empty")
}
