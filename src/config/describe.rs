//! The configuration in force, for people: a line a key, with where it came from and without secrets.

use std::{collections::BTreeMap, fmt};

use toml::Value;

use super::{
    DatabaseUrl,
    error::Origin,
    layers::{Setting, is_client_setting},
    secret::{MASK, names_a_secret},
};

/// Every key's value as it may be shown, and its origin. Secrets are masked when it is made, so it holds none.
#[derive(Clone, Debug)]
pub(super) struct Description(BTreeMap<String, (Value, Origin)>);

impl Description {
    pub(super) fn of(settings: BTreeMap<String, Setting>) -> Self {
        let shown = |(key, Setting { value, origin }): (String, _)| {
            let value = without_secret(&key, value);
            (key, (value, origin))
        };
        Self(settings.into_iter().map(shown).collect())
    }

    pub(super) fn origin(&self, key: &str) -> Option<&Origin> {
        self.0.get(key).map(|(_, origin)| origin)
    }
}

impl fmt::Display for Description {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (key, (value, origin)) in &self.0 {
            writeln!(f, "{} = {value}   # from {}", as_toml_key(key), origin.to_string().escape_debug())?;
        }
        Ok(())
    }
}

fn without_secret(key: &str, value: Value) -> Value {
    match value {
        Value::String(text) if !text.is_empty() && names_a_secret(key) => Value::from(MASK),
        Value::String(text) if !text.is_empty() && key.ends_with("url") => {
            Value::from(DatabaseUrl::try_from(text).map_or_else(|_| MASK.to_owned(), |url| url.to_string()))
        }
        value => value,
    }
}

/// librdkafka's names are one key each, dots and all.
fn as_toml_key(key: &str) -> String {
    match key.match_indices('.').nth(1) {
        Some((dot, _)) if is_client_setting(key) => {
            format!("{}.{}", &key[..dot], Value::from(&key[dot + 1..]))
        }
        _ => key.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Config, DEFAULTS};

    fn described(environment: &[(&str, &str)]) -> (String, String) {
        let full = |name: &str| format!("INSIGHTS_RESULTS_AGGREGATOR__{name}");
        let environment = environment.iter().map(|(name, value)| (full(name), (*value).to_owned())).collect();
        let loaded = Config::load(None, &environment).expect("a sound configuration");
        (loaded.describe(), format!("{loaded:?}"))
    }

    #[test]
    fn each_key_has_one_line_that_says_where_its_value_is_from() {
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
    fn what_is_printed_is_a_configuration_file() {
        let (text, _) = described(&[("KAFKA__CLIENT__FETCH_WAIT_MAX_MS", "9")]);
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), &text).expect("a written file");
        let loaded = Config::load(Some(file.path()), &[].into()).expect("what was printed can be loaded");
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
        ]);
        assert!(!text.contains("s3cr3t"), "{text}");
        assert!(!debug.contains("s3cr3t"), "{debug}");
        assert!(text.contains("database.url = \"postgres://user:***@host/db\""), "{text}");
        assert!(text.contains("database.read_url = \"postgres://host/db?user=u&password=***\""), "{text}");
        assert_eq!(text.matches("= \"***\"").count(), 5, "{text}");
    }
}
