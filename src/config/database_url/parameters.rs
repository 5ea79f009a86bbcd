//! The parameters of a database's URL. One that would not be obeyed is an error: the driver ignores what it does not
//! know, and logs it with its value, which may be a secret.

use std::{collections::BTreeSet, fmt};

use url::form_urlencoded;

use super::super::similar_key::similar_key;

/// The parameters that the driver for PostgreSQL reads, beside `options[NAME]`. Without `application_name`, which the
/// store sets.
const POSTGRES: [&str; 17] = [
    "sslmode",
    "ssl-mode",
    "sslrootcert",
    "ssl-root-cert",
    "ssl-ca",
    "sslcert",
    "ssl-cert",
    "sslkey",
    "ssl-key",
    "statement-cache-capacity",
    "host",
    "hostaddr",
    "port",
    "dbname",
    "user",
    "password",
    "options",
];

/// The settings of PostgreSQL that the store sets for its own connections, so that those in a URL have no effect.
const SET_BY_STORE: [&str; 7] = [
    "default_transaction_read_only",
    "enable_seqscan",
    "idle_in_transaction_session_timeout",
    "jit",
    "lock_timeout",
    "plan_cache_mode",
    "statement_timeout",
];

/// The parameters that the driver for SQLite reads.
const SQLITE: [&str; 4] = ["mode", "cache", "immutable", "vfs"];

/// Parameters of other clients of PostgreSQL, which users copy. They are named in an error wherever they are.
const OTHER_CLIENTS: [&str; 25] = [
    "application_name",
    "channel_binding",
    "client_encoding",
    "connect_timeout",
    "connection_limit",
    "currentSchema",
    "fallback_application_name",
    "gssencmode",
    "keepalives",
    "keepalives_idle",
    "krbsrvname",
    "load_balance_hosts",
    "passfile",
    "pgbouncer",
    "require_auth",
    "requirepeer",
    "schema",
    "search_path",
    "service",
    "ssl",
    "sslcompression",
    "sslcrl",
    "sslpassword",
    "target_session_attrs",
    "tcp_user_timeout",
];

/// The longest name that is repeated in an error.
const MAX_NAME: usize = 40;

/// A parameter in an error: never its value, and its name only if it cannot be a part of a password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParameterName {
    /// From 1.
    position: usize,
    name: Option<String>,
    note: Note,
}

/// What an error adds to a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Note {
    /// Nothing.
    None,
    /// It is repeated.
    Repeated,
    /// The known parameter that is probably meant.
    Similar(&'static str),
}

impl fmt::Display for ParameterName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.name, self.note) {
            (None, _) => write!(f, "number {}", self.position),
            (Some(name), Note::None) => write!(f, "`{name}`"),
            (Some(name), Note::Repeated) => write!(f, "`{name}` twice"),
            (Some(name), Note::Similar(similar)) => write!(f, "`{name}` (did you mean `{similar}`?)"),
        }
    }
}

/// The names in a sentence.
pub(super) fn listed(names: &[ParameterName]) -> String {
    names.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// Returns the parameters of a URL that are not obeyed: unknown ones, and those that are repeated.
pub(super) fn not_obeyed(url: &str) -> Vec<ParameterName> {
    let (location, query) = url.split_once('?').unwrap_or((url, ""));
    let known: &'static [&'static str] = if location.starts_with("sqlite:") { &SQLITE } else { &POSTGRES };
    let mut found = Vec::new();
    let mut seen = BTreeSet::new();
    let mut follows_password = false;
    for ((name, value), position) in form_urlencoded::parse(query.as_bytes()).zip(1..) {
        let is_option = known == POSTGRES && name.starts_with("options");
        let is_known = known.contains(&&*name) || is_option && name.starts_with("options[");
        let is_overridden = |setting: &&str| name.contains(setting) || value.contains(setting);
        let is_obeyed = is_known && !(is_option && SET_BY_STORE.iter().any(is_overridden));
        if is_obeyed && seen.insert(name.clone().into_owned()) {
            follows_password |= name == "password";
            continue;
        }
        let is_of_other_client = OTHER_CLIENTS.contains(&&*name) || POSTGRES.contains(&&*name);
        let similar = similar_key(&name, known.iter().copied()).filter(|_| !is_known && !is_of_other_client);
        let note = if is_obeyed { Note::Repeated } else { similar.map_or(Note::None, Note::Similar) };
        // An unencoded & in a password makes the rest of it look like a parameter.
        let is_public = is_known || is_of_other_client || !follows_password;
        let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '[' | ']');
        let is_printed = is_public && (1..=MAX_NAME).contains(&name.len()) && name.chars().all(is_name);
        follows_password |= name.to_lowercase().contains("pass") || similar == Some("password");
        found.push(ParameterName { position, name: is_printed.then(|| name.into_owned()), note });
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(url: &str) -> String {
        listed(&not_obeyed(url))
    }

    #[test]
    fn every_parameter_that_the_drivers_read_is_accepted() {
        let all = |names: &[&str]| names.iter().map(|name| format!("{name}=1")).collect::<Vec<_>>().join("&");
        assert_eq!(named(&format!("postgres://host/db?{}&options[work_mem]=8MB&options[a]=b", all(&POSTGRES))), "");
        assert_eq!(named(&format!("sqlite://insights.db?{}", all(&SQLITE))), "");
        for url in ["postgres://host/db", "postgres://host/db?", "sqlite:insights.db?mode=rwc"] {
            assert_eq!(named(url), "", "{url}");
        }
    }

    #[test]
    fn unknown_misspelled_and_repeated_parameters_are_named_without_their_values() {
        for (query, expected) in [
            ("sslpassword=s3cr3t", "`sslpassword`"),
            ("target_session_attrs=read-write&sslmode=require", "`target_session_attrs`"),
            ("connect_timeout=10&ssl=true", "`connect_timeout`, `ssl`"),
            ("pasword=s3cr3t", "`pasword` (did you mean `password`?)"),
            ("Password=s3cr3t", "`Password` (did you mean `password`?)"),
            ("ssl_mode=require&user=u", "`ssl_mode` (did you mean `ssl-mode`?)"),
            ("sslmode=require&sslmode=disable", "`sslmode` twice"),
            ("application_name=a&options[a]=1&options[a]=2", "`application_name`, `options[a]` twice"),
            ("options[statement_timeout]=0&options=-c%20lock_timeout%3D0", "`options[statement_timeout]`, `options`"),
            ("passphrase=s3cr3t", "`passphrase`"),
            // These may be the rest of a password with an unencoded &.
            ("password=a&s3cr3t", "number 2"),
            ("password=a&s3cr3t=b&sslpassword=c", "number 2, `sslpassword`"),
            ("passwd=a&s3cr3t&=b", "`passwd` (did you mean `password`?), number 2, number 3"),
            ("%0as3cr3t=1", "number 1"),
        ] {
            assert_eq!(named(&format!("postgres://user:s3cr3t@host/db?{query}")), expected, "{query}");
        }
        assert_eq!(named("sqlite://insights.db?mode=rwc&chache=shared"), "`chache` (did you mean `cache`?)");
        assert_eq!(named("sqlite://insights.db?sslmode=require"), "`sslmode`");
    }
}
