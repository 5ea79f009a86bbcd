//! Loads the configuration: merges the layers, reads them as typed values, and validates these.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use super::{
    CONFIG_FILE_VARIABLE, Config,
    describe::Description,
    error::{Error, Origin},
    layers::Layers,
    validate::validate,
};

/// A configuration with the origin of each of its values.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The configuration.
    pub config: Config,
    description: Description,
}

impl Loaded {
    /// Returns the effective configuration as TOML: one line per key with the origin of its value. Secrets are masked.
    pub fn describe(&self) -> String {
        self.description.to_string()
    }

    /// Returns where a key such as `http.address` was set, or `None` for an unknown key.
    pub fn origin(&self, key: &str) -> Option<&Origin> {
        self.description.origin(key)
    }
}

impl Config {
    /// Loads the configuration from the defaults, a file (`file`, or else the one that [`CONFIG_FILE_VARIABLE`] names) and
    /// the environment.
    ///
    /// # Errors
    /// If the file cannot be read or is not TOML; otherwise with all unknown keys and invalid values.
    pub fn load(file: Option<&Path>, environment: &BTreeMap<String, String>) -> Result<Loaded, Error> {
        let from_environment = environment.get(CONFIG_FILE_VARIABLE).filter(|path| !path.is_empty()).map(PathBuf::from);
        let mut layers = Layers::from_defaults()?;
        if let Some(path) = file.or(from_environment.as_deref()) {
            layers.add_file(path)?;
        }
        layers.add_environment(environment);
        layers.apply_mode();
        let config = layers.read()?;
        validate(&config, &mut layers);
        let description = Description::new(layers.finish()?);
        Ok(Loaded { config, description })
    }
}

#[cfg(test)]
mod tests {
    use std::{io::Write, time::Duration};

    use tempfile::NamedTempFile;

    use super::*;

    fn variables(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        let full = |name: &str| format!("INSIGHTS_RESULTS_AGGREGATOR__{name}");
        pairs.iter().map(|(name, value)| (full(name), (*value).to_owned())).collect()
    }

    fn load(toml: &str, environment: &[(&str, &str)]) -> Result<Loaded, Error> {
        let mut file = NamedTempFile::new().expect("a file");
        file.write_all(toml.as_bytes()).expect("a written file");
        Config::load(Some(file.path()), &variables(environment))
    }

    /// Returns the message of each error.
    fn refused(toml: &str, environment: &[(&str, &str)]) -> Vec<String> {
        match load(toml, environment) {
            Err(Error::InvalidKeys(errors)) => errors.iter().map(ToString::to_string).collect(),
            other => panic!("expected errors, not {other:?}"),
        }
    }

    #[test]
    fn the_defaults_and_the_configuration_have_the_same_keys() {
        // Sections refuse unknown keys and have no defaults in Rust, so this fails for one key more or less.
        let loaded = Config::load(None, &BTreeMap::new()).expect("the defaults load");
        assert_eq!(loaded.config.kafka.brokers, ["localhost:9092"]);
        assert_eq!(loaded.config.database.readers_url().expose(), "sqlite://insights.db?mode=rwc");
        assert_eq!(loaded.origin("http.address"), Some(&Origin::Default));
    }

    #[test]
    fn the_environment_overrides_the_file_and_the_file_the_defaults() {
        let toml = "[ingest]\nbatch_messages = 7\nbatch_bytes = 7_000\n[kafka.client]\nlinger.ms = 7";
        let environment = [("INGEST__BATCH_BYTES", "8000"), ("KAFKA__CLIENT__LINGER_MS", "8")];
        let loaded = load(toml, &environment).expect("a valid configuration");
        let ingest = &loaded.config.ingest;
        assert_eq!((ingest.batch_messages, ingest.batch_bytes, ingest.max_message_bytes), (7, 8_000, 20_971_520));
        assert_eq!(loaded.config.kafka.client.iter().collect::<Vec<_>>(), [("linger.ms", "8")]);
        assert!(matches!(loaded.origin("ingest.batch_messages"), Some(Origin::File(_))));
        let variable = "INSIGHTS_RESULTS_AGGREGATOR__INGEST__BATCH_BYTES".to_owned();
        assert_eq!(loaded.origin("ingest.batch_bytes"), Some(&Origin::Environment(variable)));
    }

    #[test]
    fn variables_are_read_as_the_type_of_the_default() {
        let environment = [
            ("KAFKA__BROKERS", "one:9092, two:9092,"),
            ("KAFKA__GROUP", "00123"),
            ("KAFKA__SECURITY__PROTOCOL", "sasl_ssl"),
            ("KAFKA__SECURITY__SASL_MECHANISM", "SCRAM-SHA-512"),
            ("KAFKA__SECURITY__SASL_USERNAME", "true"),
            ("KAFKA__SECURITY__SASL_PASSWORD", "42"),
            ("INGEST__BATCH_WAIT", "2s"),
            ("HTTP__GRAPHIQL", "false"),
        ];
        let config = load("", &environment).expect("a valid configuration").config;
        assert_eq!(config.kafka.brokers, ["one:9092", "two:9092"]);
        assert_eq!((config.kafka.group.as_str(), config.kafka.security.sasl_username.as_str()), ("00123", "true"));
        assert_eq!(config.kafka.security.sasl_password.expose(), "42");
        assert_eq!((config.ingest.batch_wait, config.http.graphiql), (Duration::from_secs(2), false));
    }

    #[test]
    fn the_editor_and_introspection_are_off_by_default_with_the_identity_header() {
        let header = ("AUTH__MODE", "identity-header");
        let flags = |loaded: &Loaded| (loaded.config.http.graphiql, loaded.config.limits.introspection);
        let loaded = load("", &[header]).expect("a valid configuration");
        assert_eq!(flags(&loaded), (false, false));
        let text = loaded.describe();
        for line in [
            "http.graphiql = false   # from default for auth.mode = \"identity-header\"",
            "limits.introspection = false   # from default for auth.mode = \"identity-header\"",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} in\n{text}");
        }
        assert_eq!(flags(&load("[auth]\nmode = \"identity-header\"", &[]).expect("valid")), (false, false));
        assert_eq!(flags(&load("", &[("AUTH__MODE", "none")]).expect("valid")), (true, true));
        let set = load("[http]\ngraphiql = true", &[header, ("LIMITS__INTROSPECTION", "true")]).expect("valid");
        assert_eq!(flags(&set), (true, true), "what is set counts");
        assert!(matches!(set.origin("http.graphiql"), Some(Origin::File(_))));
    }

    #[test]
    fn other_variables_are_ignored() {
        let others = ["INSIGHTS_RESULTS_AGGREGATOR_SERVICE_HOST", "INSIGHTS_RESULTS_AGGREGATOR_PORT", "HTTP__ADDRESS"];
        let environment = others.map(|name| (name.to_owned(), "10.0.0.7".to_owned())).into();
        assert!(Config::load(None, &environment).is_ok());
    }

    #[test]
    fn a_variable_may_name_the_file_and_a_missing_file_is_an_error() {
        let environment = [(CONFIG_FILE_VARIABLE.to_owned(), "/nowhere/insights.toml".to_owned())].into();
        let error = Config::load(None, &environment).expect_err("no such file");
        assert!(error.to_string().starts_with("cannot read the configuration file /nowhere/insights.toml"), "{error}");
        let mut file = NamedTempFile::new().expect("a file");
        file.write_all(b"[log]\nlevel = \"debug\"").expect("a written file");
        assert!(Config::load(Some(file.path()), &environment).is_ok(), "the command line has precedence");
    }

    #[test]
    fn all_errors_are_reported_at_once() {
        let toml = "[ingest]\nbatch_mesages = 1\nbatch_bytes = 0\n[http]\naddress = \"localhost\"\n\
                    max_body_bytes = -1\n[limits]\nquery_depth = \"16\"\n[htpp]\n";
        let environment = [("LOG__FORMAT", "xml"), ("INGEST__BATCH_WAIT", "50"), ("KAFKA", "x"), ("AUTH__MODE", "")];
        let errors = refused(toml, &environment);
        for part in [
            "`ingest.batch_mesages` (from file /",
            ") is not a known key; did you mean `ingest.batch_messages`?",
            "`htpp` (from file /",
            ") must be a whole number; the default is 16",
            "`kafka` (from environment variable INSIGHTS_RESULTS_AGGREGATOR__KAFKA) is a section",
            ") must be an IP address and a port, as in 127.0.0.1:8080",
            "`http.max_body_bytes` (from file /",
            ") must be a whole number, not negative",
            "INSIGHTS_RESULTS_AGGREGATOR__LOG__FORMAT) must be one of text, json; the default is \"text\"",
            "__INGEST__BATCH_WAIT) must be a duration, as in 50ms, 10s or 2min; the default is \"50ms\"",
            "`auth.mode` (from environment variable INSIGHTS_RESULTS_AGGREGATOR__AUTH__MODE) must be one of none, identity-header",
            ") must be from 1024 to 67108864, not 0",
        ] {
            assert!(errors.iter().any(|error| error.contains(part)), "{part} in {errors:#?}");
        }
        assert_eq!(errors.len(), 10, "{errors:#?}");
    }

    #[test]
    fn wrong_types_are_refused_in_every_section() {
        for (toml, key) in [
            ("kafka.brokers = \"one:9092\"", "kafka.brokers"),
            ("kafka.brokers = [1]", "kafka.brokers"),
            ("kafka.client.linger.ms = [1]", "kafka.client.linger.ms"),
            ("kafka.client = 1", "kafka.client"),
            ("kafka.security.protocol = 1", "kafka.security.protocol"),
            ("[[http]]", "http"),
            ("[http.address]\nport = 1", "http.address"),
            ("log.level = 2024-05-02", "log.level"),
        ] {
            let errors = refused(toml, &[]);
            let start = format!("`{key}` (from file /");
            assert!(errors.len() == 1 && errors[0].starts_with(&start), "{errors:?}");
        }
    }

    #[test]
    fn invalid_toml_is_reported_with_line_and_column() {
        let error = load("[http]\naddress = \"127.0.0.1:80\"\nmax_body_bytes = = 1\n", &[]).expect_err("not TOML");
        assert!(error.to_string().contains(", line 3, column 18: "), "{error}");
    }

    #[test]
    fn texts_are_not_changed() {
        let group = "a\"b\\'''c\r\n\td\u{1}\u{7f}é\"\"\" # e";
        let config = load("", &[("KAFKA__GROUP", group)]).expect("a valid configuration").config;
        assert_eq!(config.kafka.group, group);
    }

    #[test]
    fn no_key_repeats_an_invalid_value() {
        let defaults = Config::load(None, &BTreeMap::new()).expect("the defaults load").describe();
        for key in defaults.lines().filter_map(|line| line.split(" = ").next()) {
            let variable = key.to_uppercase().replace('.', "__");
            let message = load("", &[(&variable, "s3cr3t")]).map_or_else(|error| error.to_string(), |_| String::new());
            assert!(!message.contains("s3cr3t"), "{key}: {message}");
        }
    }

    #[test]
    fn no_error_repeats_a_secret() {
        for toml in [
            "kafka.security.sasl_password = s3cr3t",
            "kafka.security.sasl_password = \"s3cr3t",
            "kafka.security.sasl_password = 's3cr3t'\nkafka.security.sasl_password = 's3cr3t'",
            "kafka.security.sasl_password = 's3cr3t' s3cr3t",
            "kafka.security.sasl_password = ['s3cr3t']",
            "kafka.security.sasl_password = { a = 's3cr3t' }",
            "kafka.security = 's3cr3t'",
            "kafka.security.sasl_pasword = 's3cr3t'",
            "kafka.security.protocol = 's3cr3t'",
            "kafka.client.sasl.password = 's3cr3t'",
            "kafka.brokers = 's3cr3t'",
            "database.url = 'postgres://user:12?s3cr3t@host/db'",
            "database.url = 's3cr3t'",
            "database.max_connections = 's3cr3t'",
            "http.address = 's3cr3t'",
            "http.request_timeout = 's3cr3t'",
            "log.level = 's3cr3t'",
        ] {
            let error = load(toml, &[]).expect_err(toml);
            assert!(!format!("{error} {error:?}").contains("s3cr3t"), "{toml}: {error:?}");
        }
    }
}
