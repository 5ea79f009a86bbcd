//! `[kafka]`: the Kafka cluster, its topics, and settings of librdkafka.

use std::{collections::BTreeMap, fmt, path::PathBuf, time::Duration};

use serde::Deserialize;
use strum::{EnumString, IntoStaticStr, VariantNames};

use super::{
    parse,
    secret::{MASK, Secret, names_a_secret},
};

/// `[kafka]`: the Kafka cluster and its topics.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kafka {
    /// Bootstrap servers, as `host:port`.
    pub brokers: Vec<String>,
    /// Consumer group.
    pub group: String,
    /// Topic of the OCP results.
    pub ocp_topic: String,
    /// Topic of the workload results. `None` means that none are read.
    #[serde(deserialize_with = "parse::optional")]
    pub workload_topic: Option<String>,
    /// Topic of the messages that cannot be ingested.
    pub dead_letter_topic: String,
    /// Name of this replica as a static member. `None` means dynamic membership.
    #[serde(deserialize_with = "parse::optional")]
    pub group_instance_id: Option<String>,
    /// Time without a heartbeat after which the broker assigns this member's partitions to others.
    #[serde(deserialize_with = "parse::duration")]
    pub session_timeout: Duration,
    /// Encryption and authentication.
    pub security: KafkaSecurity,
    /// Settings that are passed to librdkafka.
    #[serde(default)]
    pub client: ClientSettings,
}

/// `[kafka.security]`: encryption and authentication.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KafkaSecurity {
    /// Protocol of the connections.
    #[serde(deserialize_with = "parse::one_of")]
    pub protocol: SecurityProtocol,
    /// File with trusted certificate authorities, PEM. `None` means those of the system.
    #[serde(deserialize_with = "parse::optional")]
    pub ca_path: Option<PathBuf>,
    /// SASL mechanism.
    #[serde(deserialize_with = "parse::optional_one_of")]
    pub sasl_mechanism: Option<SaslMechanism>,
    /// SASL user.
    pub sasl_username: String,
    /// SASL password.
    pub sasl_password: Secret,
}

/// Protocol of a connection to a broker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumString, IntoStaticStr, VariantNames)]
#[strum(serialize_all = "snake_case")]
pub enum SecurityProtocol {
    /// Neither encryption nor authentication.
    Plaintext,
    /// TLS.
    Ssl,
    /// SASL without encryption.
    SaslPlaintext,
    /// SASL over TLS.
    SaslSsl,
}

impl SecurityProtocol {
    /// Returns librdkafka's name of the protocol.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// Whether the client authenticates with SASL.
    pub fn has_sasl(self) -> bool {
        matches!(self, Self::SaslPlaintext | Self::SaslSsl)
    }

    /// Whether connections are encrypted with TLS.
    pub fn has_tls(self) -> bool {
        matches!(self, Self::Ssl | Self::SaslSsl)
    }
}

/// SASL mechanism.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumString, IntoStaticStr, VariantNames)]
pub enum SaslMechanism {
    /// The password is sent in clear text.
    #[strum(serialize = "PLAIN")]
    Plain,
    /// Challenge and response with SHA-256.
    #[strum(serialize = "SCRAM-SHA-256")]
    ScramSha256,
    /// Challenge and response with SHA-512.
    #[strum(serialize = "SCRAM-SHA-512")]
    ScramSha512,
}

impl SaslMechanism {
    /// Returns librdkafka's name of the mechanism.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// `[kafka.client]`: settings that are passed to librdkafka unchanged. Their `Debug` output masks secrets.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct ClientSettings(BTreeMap<String, String>);

impl ClientSettings {
    /// Returns each setting's name and value.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

impl fmt::Debug for ClientSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter().map(|(k, v)| (k, if names_a_secret(k) { MASK } else { v }))).finish()
    }
}

/// Returns why a setting of librdkafka must not be set under `[kafka.client]`, if it must not.
pub(super) fn forbidden_setting(name: &str) -> Option<String> {
    if let Some((_, key)) = SETTINGS_WITH_KEYS.iter().find(|(setting, _)| *setting == name) {
        return Some(format!("has its own key: set {key} instead"));
    }
    let (_, reason) = FIXED_SETTINGS.iter().find(|(setting, _)| *setting == name)?;
    Some(format!("cannot be changed: {reason}; remove it"))
}

/// Settings of librdkafka that have a key of their own.
const SETTINGS_WITH_KEYS: [(&str, &str); 11] = [
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

/// Settings that guarantee that every message is stored or becomes a dead letter before its offset is committed.
const FIXED_SETTINGS: [(&str, &str); 13] = [
    ("enable.auto.offset.store", OFFSET_STORE),
    ("enable.auto.commit", AUTO_COMMIT),
    ("auto.commit.enable", AUTO_COMMIT),
    ("offset.store.method", "offsets are stored by the broker, where every replica finds them"),
    ("auto.offset.reset", "a group without offsets starts at the earliest message, so that none is skipped"),
    ("enable.partition.eof", "the end of a partition would be delivered like a message"),
    ("partition.assignment.strategy", REBALANCING),
    ("group.protocol", REBALANCING),
    ("allow.auto.create.topics", "the source topic must not be created by reading it"),
    ("acks", DEAD_LETTERS_FIRST),
    ("request.required.acks", DEAD_LETTERS_FIRST),
    ("enable.idempotence", DEAD_LETTERS_FIRST),
    ("transactional.id", "dead letters are sent without transactions"),
];

const OFFSET_STORE: &str = "offsets would be committed before their messages are stored";
const AUTO_COMMIT: &str = "only librdkafka commits the stored offsets";
const DEAD_LETTERS_FIRST: &str = "offsets are committed only after all replicas have the dead letters";
const REBALANCING: &str = "partitions are assigned by the cooperative-sticky strategy";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn protocols_and_mechanisms_are_spelled_as_librdkafka_does() {
        for name in ["plaintext", "ssl", "sasl_plaintext", "sasl_ssl"] {
            assert_eq!(name.parse().map(SecurityProtocol::as_str), Ok(name));
        }
        for name in ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] {
            assert_eq!(name.parse().map(SaslMechanism::as_str), Ok(name));
        }
    }

    #[test]
    fn fixed_settings_are_refused_with_the_reason() {
        let reason = |setting| forbidden_setting(setting).unwrap_or_default();
        assert!(reason("enable.auto.offset.store").contains("before their messages are stored"));
        assert_eq!(reason("bootstrap.servers"), "has its own key: set kafka.brokers instead");
        assert_eq!(forbidden_setting("fetch.wait.max.ms"), None);
    }
}
