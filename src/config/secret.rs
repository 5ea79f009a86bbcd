//! Secrets, which are never printed: passwords and keys.

use std::fmt;

use serde::{Deserialize, Serialize, Serializer};

/// The text that is printed instead of a secret.
pub(super) const MASK: &str = "***";

/// A secret text. Printed or serialized, it is `***`, or empty if it is empty.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// Returns the text.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether no secret is set.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_empty() { "" } else { MASK })
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{self}\"")
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Whether a key's name suggests that its value is a secret. Masking too much does less harm than masking too little.
pub(super) fn names_a_secret(key: &str) -> bool {
    let key = key.to_lowercase();
    // The configuration of OAUTHBEARER and the command of Kerberos may contain credentials.
    ["password", "secret", "key", "jaas", "oauthbearer.config", "kinit.cmd"].iter().any(|word| key.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_masked_unless_exposed() {
        let secret = Secret::from("s3cr3t".to_owned());
        assert_eq!(format!("{secret} {secret:?}"), "*** \"***\"");
        assert_eq!(toml::Value::try_from(&secret), Ok(toml::Value::from(MASK)));
        assert_eq!(secret.expose(), "s3cr3t");
    }

    #[test]
    fn an_empty_secret_is_printed_as_empty() {
        assert_eq!(format!("{:?}", Secret::default()), "\"\"");
    }

    #[test]
    fn names_suggest_secrets() {
        for secret in [
            "sasl.password",
            "ssl.key.pem",
            "sasl.oauthbearer.client.secret",
            "kafka.client.sasl.oauthbearer.config",
            "sasl.kerberos.kinit.cmd",
            "SASL.JAAS.CONFIG",
        ] {
            assert!(names_a_secret(secret), "{secret}");
        }
        for public in ["fetch.wait.max.ms", "sasl.oauthbearer.method"] {
            assert!(!names_a_secret(public), "{public}");
        }
    }
}
