//! Validates what the types cannot express: ranges, and keys that depend on each other.

mod kafka;

use std::{ops::RangeInclusive, time::Duration};

use humantime_serde::re::humantime::format_duration;
use tracing_subscriber::{EnvFilter, filter::LevelFilter};
use url::Url;

use super::{Auth, AuthMode, Config, Content, Database, Http, Ingest, Limits, Log, layers::Layers};

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;
const GIB: usize = 1024 * MIB;
const MILLISECOND: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);
const DAY: Duration = Duration::from_hours(24);

/// Records an error for every value that is invalid.
pub(super) fn validate(config: &Config, layers: &mut Layers) {
    let mut checks = Checks(layers);
    checks.check_http(&config.http);
    checks.check_database(&config.database);
    checks.check_kafka(&config.kafka);
    checks.check_security(&config.kafka.security);
    checks.check_ingest(&config.ingest);
    checks.unless_duration_between("requests.keep", config.requests.keep, SECOND..=366 * DAY);
    checks.check_limits(&config.limits, &config.http);
    checks.check_content(&config.content);
    checks.check_auth(&config.auth);
    checks.check_log(&config.log);
}

struct Checks<'a>(&'a mut Layers);

impl Checks<'_> {
    fn check_http(&mut self, http: &Http) {
        self.unless_duration_between("http.request_timeout", http.request_timeout, 100 * MILLISECOND..=300 * SECOND);
        self.unless_duration_between("http.header_timeout", http.header_timeout, 100 * MILLISECOND..=300 * SECOND);
        self.unless_duration_between("http.write_timeout", http.write_timeout, 100 * MILLISECOND..=300 * SECOND);
        self.unless_between("http.max_body_bytes", http.max_body_bytes, KIB..=16 * MIB);
        self.unless_between("http.max_connections", http.max_connections, 1..=100_000);
        self.unless_between("http.max_requests", http.max_requests, 1..=10_000);
        self.unless_between("http.max_answer_bytes", http.max_answer_bytes, MIB..=64 * GIB);
        self.unless_duration_between("http.lame_duck", http.lame_duck, Duration::ZERO..=300 * SECOND);
        if http.health_address == Some(http.address) && http.address.port() != 0 {
            let text = "must differ from http.address; leave it empty to serve health and metrics there";
            self.add_beside("http.health_address", "http.address", text);
        }
        if !http.cors_origins.iter().all(|origin| is_origin(origin)) {
            let text = "must be a list of origins as browsers send them, as in https://console.example.com: scheme and \
                        host in lower case, the port unless it is the default, no path, no *";
            self.add("http.cors_origins", text);
        }
    }

    fn check_database(&mut self, database: &Database) {
        self.unless_between("database.max_connections", database.max_connections as usize, 1..=1_000);
        if database.url.is_sqlite() != database.readers_url().is_sqlite() {
            let text = "must be the same kind of database as database.url; leave it empty to read from database.url";
            self.add_beside("database.read_url", "database.url", text);
        }
    }

    fn check_ingest(&mut self, ingest: &Ingest) {
        self.unless_between("ingest.batch_messages", ingest.batch_messages, 1..=10_000);
        self.unless_between("ingest.batch_bytes", ingest.batch_bytes, KIB..=64 * MIB);
        self.unless_duration_between("ingest.batch_wait", ingest.batch_wait, MILLISECOND..=10 * SECOND);
        self.unless_between("ingest.max_message_bytes", ingest.max_message_bytes, KIB..=128 * MIB);
    }

    fn check_limits(&mut self, limits: &Limits, http: &Http) {
        self.unless_between("limits.query_bytes", limits.query_bytes, 64..=MIB);
        self.unless_between("limits.query_tokens", limits.query_tokens, 1..=100_000);
        // Depths bound recursion: up to 64, no stack overflows.
        self.unless_between("limits.query_depth", limits.query_depth, 1..=64);
        self.unless_between("limits.argument_depth", limits.argument_depth, 1..=64);
        self.unless_between("limits.query_selections", limits.query_selections, 1..=100_000);
        self.unless_between("limits.query_root_fields", limits.query_root_fields, 1..=1_000);
        self.unless_between("limits.query_cost", limits.query_cost, 1..=10_000_000);
        self.unless_between("limits.response_bytes", limits.response_bytes, 65_536..=268_435_456);
        self.unless_between("limits.text_characters", limits.text_characters, 1..=10_000);
        if limits.query_bytes > http.max_body_bytes {
            let text = "must not be above http.max_body_bytes, which would refuse the query first";
            self.add_beside("limits.query_bytes", "http.max_body_bytes", text);
        }
    }

    fn check_content(&mut self, content: &Content) {
        if content.groups.is_some() && content.path.is_none() {
            let text = "is not used without content.path: set that to the folder with content, or leave this empty";
            self.add_beside("content.groups", "content.path", text);
        }
    }

    fn check_auth(&mut self, auth: &Auth) {
        // An id with blanks around it would never equal that of a caller.
        if auth.administrators.iter().any(|id| id.is_empty() || id.trim() != id) {
            let text = "must be a list of user ids and client ids, without empty ones and blanks around them";
            self.add("auth.administrators", text);
        }
        let (organization, user) = ("auth.dev_identity.org_id", "auth.dev_identity.user_id");
        let (has_organization, has_user) = (auth.dev_identity.org_id.is_some(), auth.dev_identity.user_id.is_some());
        if auth.mode != AuthMode::None {
            let text = "is only used with auth.mode = \"none\": leave it empty, or set auth.mode to none";
            for (key, _) in [(organization, has_organization), (user, has_user)].iter().filter(|(_, is_set)| *is_set) {
                self.add_beside(key, "auth.mode", text);
            }
        } else if has_user && !has_organization {
            self.add_beside(
                user,
                organization,
                "needs an organization: set auth.dev_identity.org_id too, or leave this empty",
            );
        }
    }

    fn check_log(&mut self, log: &Log) {
        // EnvFilter takes a word that is not a level for the name of a module: `inof` would log nothing.
        let is_unambiguous =
            |directive: &str| directive.contains(['=', '[']) || directive.parse::<LevelFilter>().is_ok();
        let unambiguous = !log.level.trim().is_empty() && log.level.split(',').all(is_unambiguous);
        if !unambiguous || EnvFilter::builder().parse(&log.level).is_err() {
            let levels = "must be off, error, warn, info, debug or trace, or levels by module, as in info,sqlx=warn";
            self.add("log.level", levels);
        }
    }

    fn unless_between(&mut self, key: &str, value: usize, range: RangeInclusive<usize>) {
        if !range.contains(&value) {
            self.add(key, &format!("must be from {} to {}, not {value}", range.start(), range.end()));
        }
    }

    fn unless_duration_between(&mut self, key: &str, value: Duration, range: RangeInclusive<Duration>) {
        if !range.contains(&value) {
            let [from, to, value] = [*range.start(), *range.end(), value].map(format_duration);
            self.add(key, &format!("must be from {from} to {to}, not {value}"));
        }
    }

    /// Checks Kafka's rule for the names of topics and static members.
    fn add(&mut self, key: &str, reason: &str) {
        self.0.add_error(key, None, reason);
    }

    /// Adds an error of two keys whose values do not fit together.
    fn add_beside(&mut self, key: &str, other: &str, reason: &str) {
        self.0.add_error(key, Some(other), reason);
    }
}

/// Whether a text is an origin as a browser sends it. Any other spelling would never match.
fn is_origin(text: &str) -> bool {
    let origin = Url::parse(text).ok().map(|url| url.origin());
    origin.is_some_and(|origin| origin.is_tuple() && origin.ascii_serialization() == text)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::Error;
    use super::*;

    /// Returns the invalid keys with the reasons.
    fn refused(environment: &[(&str, &str)]) -> Vec<(String, String)> {
        let full = |name: &str| format!("INSIGHTS_RESULTS_AGGREGATOR__{name}");
        let environment = environment.iter().map(|(name, value)| (full(name), (*value).to_owned())).collect();
        match Config::load(None, &environment) {
            Ok(_) => Vec::new(),
            Err(Error::InvalidKeys(errors)) => errors.into_iter().map(|error| (error.key, error.reason)).collect(),
            Err(other) => panic!("{other}"),
        }
    }

    fn keys(environment: &[(&str, &str)]) -> Vec<String> {
        refused(environment).into_iter().map(|(key, _)| key).collect()
    }

    #[test]
    fn numbers_and_durations_must_not_be_zero() {
        let defaults = Config::load(None, &BTreeMap::new()).expect("the defaults load").describe();
        let counted = |line: &str| {
            let (key, rest) = line.split_once(" = ")?;
            let zero = if rest.starts_with(|c: char| c.is_ascii_digit()) {
                "0"
            } else if ["_timeout", "_wait", ".keep"].iter().any(|end| key.ends_with(end)) {
                "0s"
            } else {
                return None;
            };
            Some((key.replace('.', "__").to_uppercase(), zero, key.to_owned()))
        };
        let counted: Vec<_> = defaults.lines().filter_map(counted).collect();
        assert_eq!(counted.len(), 23);
        for (variable, zero, key) in counted {
            assert_eq!(keys(&[(&variable, zero)]), [key]);
        }
    }

    #[test]
    fn an_error_names_the_range() {
        let refused = refused(&[("KAFKA__SESSION_TIMEOUT", "6min"), ("INGEST__BATCH_BYTES", "999999999")]);
        let reasons: Vec<_> = refused.iter().map(|(_, reason)| reason.as_str()).collect();
        assert_eq!(reasons, ["must be from 1s to 5m, not 6m", "must be from 1024 to 67108864, not 999999999"]);
    }

    #[test]
    fn sasl_is_configured_completely_or_not_at_all() {
        let sasl = ["SASL_MECHANISM", "SASL_USERNAME", "SASL_PASSWORD"].map(|name| format!("KAFKA__SECURITY__{name}"));
        let all = sasl.each_ref().map(|name| (name.as_str(), "PLAIN"));
        let invalid = sasl.each_ref().map(|name| name.to_lowercase().replace("__", "."));
        assert_eq!(keys(&[("KAFKA__SECURITY__PROTOCOL", "sasl_ssl")]), invalid);
        assert_eq!(keys(&all), invalid, "unused with plaintext");
        assert_eq!(keys(&[all.as_slice(), &[("KAFKA__SECURITY__PROTOCOL", "sasl_plaintext")]].concat()), [""; 0]);
        assert_eq!(keys(&[("KAFKA__SECURITY__CA_PATH", "ca.pem")]), ["kafka.security.ca_path"]);
        let misspelled = [all.as_slice(), &[("KAFKA__SECURITY__PROTOCOL", "sasl")]].concat();
        assert_eq!(keys(&misspelled), ["kafka.security.protocol"], "what depends on it cannot be checked");
    }

    #[test]
    fn equal_topics_are_refused_with_the_other_key_and_the_fix() {
        let (workloads, dead_letters) = ("KAFKA__WORKLOAD_TOPIC", "KAFKA__DEAD_LETTER_TOPIC");
        assert_eq!(keys(&[(workloads, "ccx.dvo.results")]), [""; 0]);
        assert_eq!(keys(&[(workloads, "")]), [""; 0], "no workload results are read");
        for (environment, key, reason) in [
            (
                vec![(workloads, "ccx.ocp.results")],
                "kafka.workload_topic",
                "must not be the topic of kafka.ocp_topic, whose messages are of another kind; name the topic of \
                 workload results, or leave this empty",
            ),
            (
                vec![(workloads, "t"), (dead_letters, "t")],
                "kafka.dead_letter_topic",
                "must not be the topic of kafka.workload_topic, because dead letters would be ingested again \
                 endlessly; choose another name",
            ),
        ] {
            assert_eq!(refused(&environment), [(key.to_owned(), reason.to_owned())]);
        }
    }

    #[test]
    fn invalid_kafka_names_are_refused() {
        for bad in ["", " ", "..", "ccx/ocp", "ccx ocp"] {
            assert_eq!(keys(&[("KAFKA__OCP_TOPIC", bad)]), ["kafka.ocp_topic"], "{bad:?}");
        }
        for bad in ["", ",", "one two:9092"] {
            assert_eq!(keys(&[("KAFKA__BROKERS", bad)]), ["kafka.brokers"], "{bad:?}");
        }
        assert_eq!(keys(&[("KAFKA__GROUP", " ")]), ["kafka.group"]);
        for bad in ["", "ccx.ocp.results"] {
            assert_eq!(keys(&[("KAFKA__DEAD_LETTER_TOPIC", bad)]), ["kafka.dead_letter_topic"], "{bad:?}");
        }
        assert_eq!(keys(&[("KAFKA__WORKLOAD_TOPIC", "ccx/dvo")]), ["kafka.workload_topic"]);
        assert_eq!(keys(&[("KAFKA__GROUP_INSTANCE_ID", "replica 1")]), ["kafka.group_instance_id"]);
    }

    #[test]
    fn fixed_client_settings_are_refused() {
        let refused = refused(&[
            ("KAFKA__CLIENT__ENABLE_AUTO_OFFSET_STORE", "true"),
            ("KAFKA__CLIENT__GROUP_ID", "mine"),
            ("KAFKA__CLIENT__FETCH_WAIT_MAX_MS", "100"),
        ]);
        assert_eq!(refused.len(), 2, "{refused:?}");
        assert_eq!(refused[0].0, "kafka.client.enable.auto.offset.store");
        assert!(refused[0].1.contains("offsets would be committed before their messages are stored"));
        assert_eq!(refused[1].1, "has its own key: set kafka.group instead");
    }

    #[test]
    fn sqlite_in_memory_is_refused_with_reason_and_remedy() {
        let refused = refused(&[("DATABASE__URL", "sqlite::memory:"), ("DATABASE__READ_URL", "sqlite:x?mode=memory")]);
        assert_eq!(refused.len(), 2, "{refused:?}");
        assert!(refused.iter().all(|(_, reason)| reason.contains("would each see a different database; name a file")));
    }

    #[test]
    fn readers_and_writer_use_the_same_kind_of_database() {
        assert_eq!(keys(&[("DATABASE__READ_URL", "postgres://replica/db")]), ["database.read_url"]);
    }

    #[test]
    fn a_query_must_fit_into_a_body() {
        let bounds = [("LIMITS__QUERY_BYTES", "5000"), ("HTTP__MAX_BODY_BYTES", "4000")];
        assert_eq!(keys(&bounds), ["limits.query_bytes"]);
    }

    #[test]
    fn health_has_an_address_of_its_own_or_none() {
        assert_eq!(keys(&[("HTTP__HEALTH_ADDRESS", "127.0.0.1:8080")]), ["http.health_address"]);
        assert_eq!(keys(&[("HTTP__HEALTH_ADDRESS", "8081")]), ["http.health_address"]);
        for good in ["", "0.0.0.0:8081", "[::1]:8080"] {
            assert_eq!(keys(&[("HTTP__HEALTH_ADDRESS", good)]), [""; 0], "{good}");
        }
    }

    #[test]
    fn a_lame_duck_may_be_zero_but_not_endless() {
        assert_eq!(keys(&[("HTTP__LAME_DUCK", "5min")]), [""; 0]);
        assert_eq!(keys(&[("HTTP__LAME_DUCK", "6min")]), ["http.lame_duck"]);
    }

    #[test]
    fn origins_must_be_written_as_browsers_send_them() {
        for good in ["", "https://console.example.com", "http://10.0.0.7:3000,https://xn--bcher-kva.example"] {
            assert_eq!(keys(&[("HTTP__CORS_ORIGINS", good)]), [""; 0], "{good}");
        }
        for bad in ["*", "null", "console.example.com", "https://a.example/", "https://A.example", "https://a.b:443"] {
            assert_eq!(keys(&[("HTTP__CORS_ORIGINS", bad)]), ["http.cors_origins"], "{bad}");
        }
    }

    #[test]
    fn groups_are_used_only_with_content() {
        let path = ("CONTENT__PATH", "/content");
        let groups = ("CONTENT__GROUPS", "/groups.yaml");
        assert_eq!(keys(&[groups]), ["content.groups"]);
        assert_eq!(keys(&[path, groups]), [""; 0]);
        assert_eq!(keys(&[path]), [""; 0]);
    }

    #[test]
    fn log_levels_are_validated() {
        for good in ["info", "OFF", "warn,sqlx=debug", "info,[request]=trace"] {
            assert_eq!(keys(&[("LOG__LEVEL", good)]), [""; 0], "{good}");
        }
        for bad in ["", "inof", "info, sqlx=warn", "info,sqlx=loud"] {
            assert_eq!(keys(&[("LOG__LEVEL", bad)]), ["log.level"], "{bad:?}");
        }
    }
}
