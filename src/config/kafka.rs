//! `[kafka]`: where results come from, how to get in, and what experts may tell librdkafka.

use std::{collections::BTreeMap, fmt, path::PathBuf, time::Duration};

use serde::Deserialize;

use super::{
    empty_is_none,
    secret::{MASK, Secret, names_a_secret},
};

/// `[kafka]`: where results come from.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kafka {
    /// Where to begin looking for the cluster: `host:port` each.
    pub brokers: Vec<String>,
    /// Consumer group, whose committed offsets say where to go on.
    pub group: String,
    /// Topic of the OCP results.
    pub ocp_topic: String,
    /// Topic of the messages that cannot be ingested.
    pub dead_letter_topic: String,
    /// Name of this replica as a static member; none means dynamic membership.
    #[serde(deserialize_with = "empty_is_none")]
    pub group_instance_id: Option<String>,
    /// Silence after which the broker gives this member's partitions to others.
    #[serde(with = "humantime_serde")]
    pub session_timeout: Duration,
    /// How to get in.
    pub security: KafkaSecurity,
    /// What experts tell librdkafka besides.
    pub client: ClientSettings,
}

/// `[kafka.security]`: how to get in.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KafkaSecurity {
    /// What the connection is wrapped in.
    pub protocol: SecurityProtocol,
    /// Certificate authorities to trust, PEM; none means those of the system.
    #[serde(deserialize_with = "empty_is_none")]
    pub ca_path: Option<PathBuf>,
    /// How user and password are proved.
    #[serde(deserialize_with = "empty_is_none")]
    pub sasl_mechanism: Option<SaslMechanism>,
    /// User of the mechanism.
    pub sasl_username: String,
    /// Password of the mechanism.
    pub sasl_password: Secret,
}

/// What a connection to a broker is wrapped in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SecurityProtocol {
    /// Nothing.
    Plaintext,
    /// TLS.
    Ssl,
    /// User and password.
    SaslPlaintext,
    /// User and password within TLS.
    SaslSsl,
}

impl SecurityProtocol {
    /// As librdkafka spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Plaintext => "plaintext",
            Self::Ssl => "ssl",
            Self::SaslPlaintext => "sasl_plaintext",
            Self::SaslSsl => "sasl_ssl",
        }
    }

    /// Whether user and password are asked for.
    pub fn has_sasl(self) -> bool {
        matches!(self, Self::SaslPlaintext | Self::SaslSsl)
    }

    /// Whether there is TLS.
    pub fn has_tls(self) -> bool {
        matches!(self, Self::Ssl | Self::SaslSsl)
    }
}

/// How user and password are proved to a broker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub enum SaslMechanism {
    /// Sent as they are.
    #[serde(rename = "PLAIN")]
    Plain,
    /// By challenge, SHA-256.
    #[serde(rename = "SCRAM-SHA-256")]
    ScramSha256,
    /// By challenge, SHA-512.
    #[serde(rename = "SCRAM-SHA-512")]
    ScramSha512,
}

impl SaslMechanism {
    /// As librdkafka spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Plain => "PLAIN",
            Self::ScramSha256 => "SCRAM-SHA-256",
            Self::ScramSha512 => "SCRAM-SHA-512",
        }
    }
}

/// `[kafka.client]`: settings that go to librdkafka as they are. Their `Debug` masks what sounds like a secret.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct ClientSettings(BTreeMap<String, String>);

impl ClientSettings {
    /// Each setting: librdkafka's name and the value.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

impl fmt::Debug for ClientSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter().map(|(k, v)| (k, if names_a_secret(k) { MASK } else { v }))).finish()
    }
}

/// Why a setting of librdkafka may not be set under `[kafka.client]`, if so.
pub(super) fn refusal(setting: &str) -> Option<String> {
    if let Some((_, key)) = HAS_ITS_OWN_KEY.iter().find(|(name, _)| *name == setting) {
        return Some(format!("has a key of its own: set {key} instead"));
    }
    let (_, reason) = HOLDS_THE_PROMISE.iter().find(|(name, _)| *name == setting)?;
    Some(format!("is not for setting: {reason}; leave it out"))
}

/// Settings of librdkafka that are keys of ours.
const HAS_ITS_OWN_KEY: [(&str, &str); 11] = [
    ("bootstrap.servers", "kafka.brokers"),
    ("metadata.broker.list", "kafka.brokers"),
    ("group.id", "kafka.group"),
    ("group.instance.id", "kafka.group_instance_id"),
    ("session.timeout.ms", "kafka.session_timeout"),
    ("security.protocol", "kafka.security.protocol"),
    ("ssl.ca.location", "kafka.security.ca_path"),
    ("sasl.mechanism", "kafka.security.sasl_mechanism"),
    ("sasl.mechanisms", "kafka.security.sasl_mechanism"),
    ("sasl.username", "kafka.security.sasl_username"),
    ("sasl.password", "kafka.security.sasl_password"),
];

/// Settings on which it rests that every message is stored or becomes a dead letter before its offset moves.
const HOLDS_THE_PROMISE: [(&str, &str); 13] = [
    ("enable.auto.offset.store", OFFSETS_MOVE_BEFORE),
    ("enable.auto.commit", OFFSETS_STAND),
    ("auto.commit.enable", OFFSETS_STAND),
    ("offset.store.method", "offsets are kept by the broker, where every replica finds them"),
    ("auto.offset.reset", "a group without offsets begins at the earliest message, so that none is passed over"),
    ("enable.partition.eof", "the end of a partition would arrive as if it were a message"),
    ("partition.assignment.strategy", REBALANCE),
    ("group.protocol", REBALANCE),
    ("allow.auto.create.topics", "a source topic is never created by reading it"),
    ("acks", LETTERS_ARRIVE),
    ("request.required.acks", LETTERS_ARRIVE),
    ("enable.idempotence", LETTERS_ARRIVE),
    ("transactional.id", "dead letters are sent outside of transactions"),
];

const OFFSETS_MOVE_BEFORE: &str = "offsets would move before their messages are stored";
const OFFSETS_STAND: &str = "stored offsets are what librdkafka commits, and nothing else commits them";
const LETTERS_ARRIVE: &str = "offsets move only once dead letters are safe in all replicas";
const REBALANCE: &str = "partitions are handed over in the cooperative-sticky way";

#[cfg(test)]
mod tests {
    use serde::de::{IntoDeserializer, value::Error};

    use super::*;

    #[test]
    fn protocols_and_mechanisms_are_spelled_as_librdkafka_does() {
        for name in ["plaintext", "ssl", "sasl_plaintext", "sasl_ssl"] {
            let protocol = SecurityProtocol::deserialize(IntoDeserializer::<Error>::into_deserializer(name));
            assert_eq!(protocol.map(SecurityProtocol::as_str), Ok(name));
        }
        for name in ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] {
            let mechanism = SaslMechanism::deserialize(IntoDeserializer::<Error>::into_deserializer(name));
            assert_eq!(mechanism.map(SaslMechanism::as_str), Ok(name));
        }
    }

    #[test]
    fn what_holds_the_promise_is_refused_with_the_reason() {
        let refused = |setting| refusal(setting).unwrap_or_default();
        assert!(refused("enable.auto.offset.store").contains("before their messages are stored"));
        assert_eq!(refused("bootstrap.servers"), "has a key of its own: set kafka.brokers instead");
        assert_eq!(refusal("fetch.wait.max.ms"), None);
    }
}
