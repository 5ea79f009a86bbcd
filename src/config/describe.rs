//! The effective configuration for people: one line per key, with its origin and without secrets.

use std::{collections::BTreeMap, fmt};

use toml::Value;

use super::{
    DatabaseUrl,
    error::Origin,
    layers::{Setting, toml_key},
    secret::{MASK, names_a_secret},
};

/// The printable value and the origin of every key. It contains no secret: they are masked on construction.
#[derive(Clone, Debug)]
pub(super) struct Description(BTreeMap<String, (Value, Origin)>);

impl Description {
    pub(super) fn new(settings: BTreeMap<String, Setting>) -> Self {
        let masked = |(key, Setting { value, origin }): (String, _)| {
            let value = masked(&key, value);
            (key, (value, origin))
        };
        Self(settings.into_iter().map(masked).collect())
    }

    pub(super) fn origin(&self, key: &str) -> Option<&Origin> {
        self.0.get(key).map(|(_, origin)| origin)
    }
}

impl fmt::Display for Description {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (key, (value, origin)) in &self.0 {
            write!(f, "{} = {value}   # from ", toml_key(key))?;
            match origin {
                Origin::Default | Origin::DefaultWithIdentityHeader => writeln!(f, "{origin}")?,
                Origin::File(_) | Origin::Environment(_) => writeln!(f, "{}", origin.to_string().escape_debug())?,
            }
        }
        Ok(())
    }
}

fn masked(key: &str, value: Value) -> Value {
    match value {
        Value::String(text) if !text.is_empty() && names_a_secret(key) => Value::from(MASK),
        Value::String(text) if !text.is_empty() && key.ends_with("url") => {
            Value::from(DatabaseUrl::try_from(text).map_or_else(|_| MASK.to_owned(), |url| url.to_string()))
        }
        value => value,
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Config, DEFAULTS};

    fn described(environment: &[(&str, &str)]) -> (String, String) {
        let full = |name: &str| format!("INSIGHTS_RESULTS_AGGREGATOR__{name}");
        let environment = environment.iter().map(|(name, value)| (full(name), (*value).to_owned())).collect();
        let loaded = Config::load(None, &environment).expect("a valid configuration");
        (loaded.describe(), format!("{loaded:?}"))
    }

    #[test]
    fn each_key_has_one_line_with_the_origin_of_its_value() {
        let (text, _) = described(&[("KAFKA__GROUP", "mine"), ("KAFKA__CLIENT__FETCH_WAIT_MAX_MS", "9")]);
        let keys = DEFAULTS.lines().filter(|line| !line.starts_with('#') && line.contains(" = ")).count();
        assert_eq!(text.lines().count(), keys + 1, "{text}");
        for line in [
            "http.address = \"127.0.0.1:8080\"   # from default",
            "kafka.brokers = [\"localhost:9092\"]   # from default",
            "kafka.group = \"mine\"   # from environment variable INSIGHTS_RESULTS_AGGREGATOR__KAFKA__GROUP",
            "kafka.client.\"fetch.wait.max.ms\" = \"9\"   # from environment variable \
             INSIGHTS_RESULTS_AGGREGATOR__KAFKA__CLIENT__FETCH_WAIT_MAX_MS",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} in\n{text}");
        }
    }

    #[test]
    fn the_description_is_a_valid_configuration_file() {
        let (text, _) = described(&[("KAFKA__CLIENT__FETCH_WAIT_MAX_MS", "9")]);
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), &text).expect("a written file");
        let loaded = Config::load(Some(file.path()), &[].into()).expect("the description can be loaded");
        assert_eq!(loaded.config.kafka.client.iter().next(), Some(("fetch.wait.max.ms", "9")));
    }

    #[test]
    fn no_secret_is_printed() {
        let (text, debug) = described(&[
            ("DATABASE__URL", "postgres://user:s3cr3t@host/db"),
            ("DATABASE__READ_URL", "postgres://host/db?user=u&password=s3cr3t"),
            ("KAFKA__SECURITY__PROTOCOL", "sasl_ssl"),
            ("KAFKA__SECURITY__SASL_MECHANISM", "PLAIN"),
            ("KAFKA__SECURITY__SASL_USERNAME", "user"),
            ("KAFKA__SECURITY__SASL_PASSWORD", "s3cr3t"),
            ("KAFKA__CLIENT__SSL_KEY_PASSWORD", "s3cr3t"),
            ("KAFKA__CLIENT__SSL_KEY_PEM", "s3cr3t"),
            ("KAFKA__CLIENT__SASL_OAUTHBEARER_CLIENT_SECRET", "s3cr3t"),
            ("KAFKA__CLIENT__SASL_JAAS_CONFIG", "s3cr3t"),
            ("KAFKA__CLIENT__SASL_OAUTHBEARER_CONFIG", "s3cr3t"),
        ]);
        assert!(!text.contains("s3cr3t"), "{text}");
        assert!(!debug.contains("s3cr3t"), "{debug}");
        assert!(text.contains("database.url = \"postgres://user:***@host/db\""), "{text}");
        assert!(text.contains("database.read_url = \"postgres://host/db?user=u&password=***\""), "{text}");
        assert_eq!(text.matches("= \"***\"").count(), 6, "{text}");
    }
}
