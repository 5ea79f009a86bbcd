//! White space around texts of the configuration. It is refused, because it is not visible: `echo secret | base64` adds
//! a line feed to a password, and a group with a line feed is another group, which reads everything again.

use toml::Value;

/// Returns why a value must not be used, if it is a text with white space around it, or a list with such an item.
pub(super) fn problem(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => around(text).map(|(place, space)| format!("must not {place} with {space}")),
        Value::Array(items) => items.iter().zip(1..).find_map(|(item, number)| {
            let (place, space) = around(item.as_str()?)?;
            Some(format!(
                "must be a list of texts without white space around them: item {number} must not {place} with {space}"
            ))
        }),
        _ => None,
    }
}

/// Returns where a text has white space, and names it with the remedy. Nothing of the text, which may be a secret.
fn around(text: &str) -> Option<(&'static str, &'static str)> {
    let after = text.strip_prefix(text.trim_end()).unwrap_or_default();
    let before = text.strip_suffix(text.trim_start()).unwrap_or_default();
    let (place, space) = match (after, before) {
        ("", "") => return None,
        ("", before) => ("begin", before),
        (after, _) => ("end", after),
    };
    let named = match space {
        "\n" => "a line feed, which `echo` adds and `printf %s` does not: remove it",
        "\r\n" => "a carriage return and a line feed: remove them",
        " " => "a blank: remove it",
        _ => "white space: remove it",
    };
    Some((place, named))
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, fs};

    use tempfile::NamedTempFile;

    use super::super::{Config, Error};
    use super::*;

    const SPACES: [(&str, &str); 5] = [
        ("\n", "a line feed"),
        ("\r\n", "a carriage return and a line feed"),
        (" ", "a blank"),
        ("\t", "white space"),
        ("\u{a0}", "white space"),
    ];

    /// The errors with key and reason, of values that must be refused.
    fn refused(toml: &str, environment: &BTreeMap<String, String>) -> Vec<(String, String)> {
        let file = NamedTempFile::new().expect("a file");
        fs::write(file.path(), toml).expect("a written file");
        match Config::load(Some(file.path()), environment) {
            Err(Error::InvalidKeys(errors)) => errors.into_iter().map(|error| (error.key, error.reason)).collect(),
            other => panic!("expected errors, not {other:?}"),
        }
    }

    /// Every key whose values are texts, with its default, and a setting of librdkafka.
    fn texts() -> Vec<(String, String)> {
        let defaults = Config::load(None, &BTreeMap::new()).expect("the defaults load").describe();
        let text = |line: &str| {
            let (key, value) = line.split_once("   # from ")?.0.split_once(" = ")?;
            Some((key.to_owned(), value.strip_prefix('"')?.strip_suffix('"')?.to_owned()))
        };
        let mut texts: Vec<_> = defaults.lines().filter_map(text).collect();
        assert!(texts.len() > 20, "{texts:?}");
        texts.push(("kafka.client.ssl.key.password".to_owned(), String::new()));
        texts
    }

    fn variable(key: &str) -> String {
        let key = match key.strip_prefix("kafka.client.") {
            Some(setting) => format!("KAFKA__CLIENT__{}", setting.replace('.', "_")),
            None => key.replace('.', "__"),
        };
        format!("INSIGHTS_RESULTS_AGGREGATOR__{}", key.to_uppercase())
    }

    #[test]
    fn no_text_may_have_white_space_around_it() {
        for (key, default) in texts() {
            let value = if default.is_empty() { "s3cr3t".to_owned() } else { default };
            for (space, name) in SPACES {
                for (place, text) in [("end", format!("{value}{space}")), ("begin", format!("{space}{value}"))] {
                    let toml_key = key.replace("client.ssl.key.password", "client.\"ssl.key.password\"");
                    let toml = format!("{toml_key} = {}", Value::from(text.as_str()));
                    let environment = [(variable(&key), text)].into();
                    for errors in [refused(&toml, &BTreeMap::new()), refused("", &environment)] {
                        let expected = format!("must not {place} with {name}");
                        assert!(
                            errors.len() == 1 && errors[0].0 == key && errors[0].1.starts_with(&expected),
                            "{key} {space:?}: {errors:?}"
                        );
                        assert!(!errors[0].1.contains("s3cr3t"), "{errors:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_value_of_only_white_space_is_refused() {
        for (space, name) in SPACES {
            let environment = [(variable("kafka.security.ca_path"), space.to_owned())].into();
            let expected = ("kafka.security.ca_path".to_owned(), format!("must not end with {name}"));
            let errors = refused("", &environment);
            assert!(
                errors.len() == 1 && errors[0].0 == expected.0 && errors[0].1.starts_with(&expected.1),
                "{errors:?}"
            );
        }
    }

    #[test]
    fn no_item_of_a_list_may_have_white_space_around_it() {
        for key in ["kafka.brokers", "auth.administrators", "auth.trusted_proxies", "http.cors_origins"] {
            let errors = refused(&format!("{key} = [\"10.0.0.7\", \"10.0.0.8\\n\"]"), &BTreeMap::new());
            assert_eq!((errors.len(), errors[0].0.as_str()), (1, key), "{errors:?}");
            assert!(errors[0].1.contains("item 2 must not end with a line feed"), "{errors:?}");
        }
    }

    #[test]
    fn separators_of_lists_and_numbers_in_variables_may_have_white_space_around_them() {
        let environment = [("kafka.brokers", "one:9092 ,\ntwo:9092\n"), ("ingest.batch_messages", "7\n")];
        let environment = environment.map(|(key, text)| (variable(key), text.to_owned())).into();
        let config = Config::load(None, &environment).expect("a valid configuration").config;
        assert_eq!(
            (config.kafka.brokers, config.ingest.batch_messages),
            (vec!["one:9092".into(), "two:9092".into()], 7)
        );
    }
}
