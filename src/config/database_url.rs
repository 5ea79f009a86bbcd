//! The URL of a database: validated once, and printed without its password.

mod parameters;

use std::fmt;

use serde::Deserialize;
use url::{Url, form_urlencoded};

use self::parameters::{ParameterName, listed};
use super::secret::MASK;

/// The URL of an SQLite file or a PostgreSQL database. Printed, its passwords are `***`.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct DatabaseUrl(String);

/// Why a text is not the URL of a usable database. No message repeats the text, which may contain a password.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidDatabaseUrl {
    /// Another kind of database, or not a URL.
    #[error("must begin with sqlite:, postgres:// or postgresql://")]
    Scheme,
    /// SQLite in memory.
    #[error(
        "must not be SQLite in memory: readers and writer use separate connection pools and would each see a different \
         database; name a file, as in sqlite://insights.db?mode=rwc"
    )]
    InMemory,
    /// SQLite without a file (each connection would open a temporary one), or with parameters in the file's name.
    #[error("must name a plain file, as in sqlite://insights.db?mode=rwc")]
    NoFile,
    /// Parameters that the driver does not read, or that are repeated.
    #[error("must have only parameters that are obeyed, each once, but has {}: remove them, or correct their names", listed(.0))]
    Parameters(Vec<ParameterName>),
    /// PostgreSQL without a host, or with characters that make its parts ambiguous.
    #[error(
        "must be written postgres://USER:PASSWORD@HOST:PORT/NAME, with :, /, ?, # and @ in user, password, name and \
         parameters percent-encoded (@ is %40, / is %2F)"
    )]
    Parts,
}

impl DatabaseUrl {
    /// Returns the URL with its passwords.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether the database is an SQLite file.
    pub fn is_sqlite(&self) -> bool {
        self.0.starts_with("sqlite:")
    }

    /// Whether the database is PostgreSQL.
    pub fn is_postgres(&self) -> bool {
        !self.is_sqlite()
    }
}

impl TryFrom<String> for DatabaseUrl {
    type Error = InvalidDatabaseUrl;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        match text.split_once(':') {
            Some(("sqlite", rest)) => check_sqlite(rest)?,
            Some(("postgres" | "postgresql", rest)) if rest.starts_with("//") => check_postgres(&text)?,
            _ => return Err(InvalidDatabaseUrl::Scheme),
        }
        let ignored = parameters::not_obeyed(&text);
        if ignored.is_empty() { Ok(Self(text)) } else { Err(InvalidDatabaseUrl::Parameters(ignored)) }
    }
}

fn check_sqlite(rest: &str) -> Result<(), InvalidDatabaseUrl> {
    let (file, query) = rest.split_once('?').unwrap_or((rest, ""));
    let file = decoded(file.strip_prefix("//").unwrap_or(file));
    let in_memory = |(name, value): (_, _)| name == "mode" && value == "memory";
    if file.contains(":memory:") || form_urlencoded::parse(query.as_bytes()).any(in_memory) {
        return Err(InvalidDatabaseUrl::InMemory);
    }
    // SQLite reads a name that begins with file: as a URI, whose parameters can select memory.
    if file.is_empty() || file.starts_with("file:") { Err(InvalidDatabaseUrl::NoFile) } else { Ok(()) }
}

fn check_postgres(text: &str) -> Result<(), InvalidDatabaseUrl> {
    let url = Url::parse(text).map_err(|_| InvalidDatabaseUrl::Parts)?;
    // An unencoded / ? or # in a password ends the host early, and the rest of the password is parsed as a name or a
    // parameter, which then contains the @.
    let misread = url.path().contains('@') || url.query().is_some_and(|query| query.contains('@'));
    let hosted = url.has_host() || url.query_pairs().any(|(name, _)| name == "host");
    if misread || !hosted || url.fragment().is_some() { Err(InvalidDatabaseUrl::Parts) } else { Ok(()) }
}

/// Returns the URL with masked passwords: the user's, and those in the parameters.
fn masked(url: &str) -> String {
    let (location, query) = url.split_once('?').map_or((url, None), |(location, query)| (location, Some(query)));
    let location = mask_user(location).unwrap_or_else(|| location.to_owned());
    match query {
        Some(query) => format!("{location}?{}", query.split('&').map(mask_parameter).collect::<Vec<_>>().join("&")),
        None => location,
    }
}

fn mask_user(location: &str) -> Option<String> {
    let (scheme, rest) = location.split_once("://")?;
    let (user_info, host) = rest.rsplit_once('@')?;
    let (user, _) = user_info.split_once(':')?;
    Some(format!("{scheme}://{user}:{MASK}@{host}"))
}

fn mask_parameter(pair: &str) -> String {
    match pair.split_once('=') {
        Some((name, _)) if decoded(name).to_lowercase().contains("password") => format!("{name}={MASK}"),
        _ => pair.to_owned(),
    }
}

/// Returns the percent-decoded text, so that `%3Amemory%3A` and `pass%77ord` are recognized.
fn decoded(text: &str) -> String {
    form_urlencoded::parse(text.as_bytes()).flat_map(|(name, value)| [name, value]).collect()
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&masked(&self.0))
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", masked(&self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<DatabaseUrl, InvalidDatabaseUrl> {
        DatabaseUrl::try_from(text.to_owned())
    }

    #[test]
    fn urls_of_files_and_postgres_are_not_changed() {
        for text in ["sqlite://insights.db?mode=rwc", "sqlite:insights.db", "sqlite:///var/lib/insights.db"] {
            let url = parse(text).expect(text);
            assert!(url.is_sqlite() && !url.is_postgres());
            assert_eq!((url.expose(), url.to_string().as_str()), (text, text));
        }
        for text in ["postgres://host/db", "postgresql://user@[::1]:5432/db", "postgres:///db?host=/run/postgresql"] {
            let url = parse(text).expect(text);
            assert!(url.is_postgres() && !url.is_sqlite());
            assert_eq!(url.to_string(), text);
        }
    }

    #[test]
    fn every_spelling_of_sqlite_in_memory_is_refused() {
        for text in [
            "sqlite::memory:",
            "sqlite://:memory:",
            "sqlite://%3Amemory%3A",
            "sqlite://file::memory:?cache=shared",
            "sqlite://insights.db?mode=memory",
            "sqlite:insights.db?cache=shared&mode=mem%6Fry",
        ] {
            assert_eq!(parse(text), Err(InvalidDatabaseUrl::InMemory), "{text}");
        }
        for text in ["sqlite:", "sqlite://", "sqlite://?mode=rwc", "sqlite://file:insights.db%3Fmode=memory"] {
            assert_eq!(parse(text), Err(InvalidDatabaseUrl::NoFile), "{text}");
        }
    }

    #[test]
    fn other_databases_are_refused() {
        for text in ["", "insights.db", "mysql://host/db", "postgres:host", "SQLite://insights.db"] {
            assert_eq!(parse(text), Err(InvalidDatabaseUrl::Scheme), "{text}");
        }
    }

    #[test]
    fn a_password_that_makes_the_url_ambiguous_is_refused() {
        for text in [
            "postgres://user:s3/cr3t@host/db",
            "postgres://user:12/s3cr3t@host/db",
            "postgres://user:12?s3cr3t@host/db",
            "postgres://user:12#s3cr3t@host/db",
            "postgres:///db",
        ] {
            assert_eq!(parse(text), Err(InvalidDatabaseUrl::Parts), "{text}");
        }
    }

    #[test]
    fn passwords_are_masked_in_every_part() {
        for (text, shown) in [
            ("postgres://user:s3cr3t@host/db", "postgres://user:***@host/db"),
            ("postgres://user:s3@cr3t@host:5432/db", "postgres://user:***@host:5432/db"),
            ("postgres://:s3cr3t@host/db", "postgres://:***@host/db"),
            (
                "postgres://host/db?user=u&password=s3cr3t&sslmode=require",
                "postgres://host/db?user=u&password=***&sslmode=require",
            ),
            ("postgres://host/db?pass%77ord=s3cr3t", "postgres://host/db?pass%77ord=***"),
            ("sqlite://user:s3cr3t@insights.db?mode=rwc", "sqlite://user:***@insights.db?mode=rwc"),
        ] {
            let url = parse(text).expect(text);
            assert_eq!((url.to_string(), format!("{url:?}")), (shown.to_owned(), format!("{shown:?}")));
        }
    }
}
