//! What must never be printed: passwords and keys.

use std::fmt;

use serde::{Deserialize, Serialize, Serializer};

/// What stands in a secret's place wherever it would be printed.
pub(super) const MASK: &str = "***";

/// A text that shows itself only when asked to: printed or serialised, it is `***` (or nothing, when it is empty).
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// The text itself, for the one place that has to send it.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether none was given.
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

/// Whether a key's name says that its value is a secret. A mask too many harms less than one too few.
pub(super) fn names_a_secret(key: &str) -> bool {
    let key = key.to_lowercase();
    ["password", "secret", "key", "jaas"].iter().any(|word| key.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_shows_itself_only_when_asked_to() {
        let secret = Secret::from("s3cr3t".to_owned());
        assert_eq!(format!("{secret} {secret:?}"), "*** \"***\"");
        assert_eq!(toml::Value::try_from(&secret), Ok(toml::Value::from(MASK)));
        assert_eq!(secret.expose(), "s3cr3t");
    }

    #[test]
    fn that_no_secret_was_given_may_be_seen() {
        assert_eq!(format!("{:?}", Secret::default()), "\"\"");
    }

    #[test]
    fn names_tell_secrets() {
        for secret in ["sasl.password", "ssl.key.pem", "sasl.oauthbearer.client.secret", "SASL.JAAS.CONFIG"] {
            assert!(names_a_secret(secret), "{secret}");
        }
        assert!(!names_a_secret("fetch.wait.max.ms"));
    }
}
