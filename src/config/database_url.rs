//! Where a database is: checked once, and printed without its password.

use std::fmt;

use serde::Deserialize;
use url::{Url, form_urlencoded};

use super::secret::MASK;

/// The URL of an SQLite file or a PostgreSQL database. Printed, its passwords are `***`.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct DatabaseUrl(String);

/// A text that is no URL of a database, or of one that cannot serve. No message repeats it: it may hold a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotADatabaseUrl {
    /// Another kind of database, or no URL.
    #[error("must begin with sqlite:, postgres:// or postgresql://")]
    Scheme,
    /// SQLite in memory.
    #[error(
        "must not be SQLite in memory: readers and writer have pools of their own and would each see another database; \
         name a file, as in sqlite://insights.db?mode=rwc"
    )]
    InMemory,
    /// SQLite without a file (each connection would have a temporary one), or with parameters in the file's name.
    #[error("must name a plain file, as in sqlite://insights.db?mode=rwc")]
    NoFile,
    /// PostgreSQL without a host, or with characters that make its parts uncertain.
    #[error(
        "must be written postgres://USER:PASSWORD@HOST:PORT/NAME, with :, /, ?, # and @ in user, password, name and \
         parameters percent-encoded (@ is %40, / is %2F)"
    )]
    Parts,
}

impl DatabaseUrl {
    /// The URL itself, password and all, for the one place that connects.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether it names an SQLite file.
    pub fn is_sqlite(&self) -> bool {
        self.0.starts_with("sqlite:")
    }

    /// Whether it names a PostgreSQL database.
    pub fn is_postgres(&self) -> bool {
        !self.is_sqlite()
    }
}

impl TryFrom<String> for DatabaseUrl {
    type Error = NotADatabaseUrl;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        match text.split_once(':') {
            Some(("sqlite", rest)) => check_sqlite(rest)?,
            Some(("postgres" | "postgresql", rest)) if rest.starts_with("//") => check_postgres(&text)?,
            _ => return Err(NotADatabaseUrl::Scheme),
        }
        Ok(Self(text))
    }
}

fn check_sqlite(rest: &str) -> Result<(), NotADatabaseUrl> {
    let (file, query) = rest.split_once('?').unwrap_or((rest, ""));
    let file = decoded(file.strip_prefix("//").unwrap_or(file));
    let in_memory = |(name, value): (_, _)| name == "mode" && value == "memory";
    if file.contains(":memory:") || form_urlencoded::parse(query.as_bytes()).any(in_memory) {
        return Err(NotADatabaseUrl::InMemory);
    }
    // SQLite reads a name that begins with file: as a URI of its own, whose parameters can mean memory again.
    if file.is_empty() || file.starts_with("file:") { Err(NotADatabaseUrl::NoFile) } else { Ok(()) }
}

fn check_postgres(text: &str) -> Result<(), NotADatabaseUrl> {
    let url = Url::parse(text).map_err(|_| NotADatabaseUrl::Parts)?;
    // An unencoded / ? or # in a password ends the host early, and the password's rest would pass for a name or a
    // parameter: what follows the real host then still holds the @.
    let misread = url.path().contains('@') || url.query().is_some_and(|query| query.contains('@'));
    let hosted = url.has_host() || url.query_pairs().any(|(name, _)| name == "host");
    if misread || !hosted || url.fragment().is_some() { Err(NotADatabaseUrl::Parts) } else { Ok(()) }
}

/// The URL's text with the passwords masked: that of the user, and those among the parameters.
fn masked(url: &str) -> String {
    let (place, query) = url.split_once('?').map_or((url, None), |(place, query)| (place, Some(query)));
    let place = mask_user(place).unwrap_or_else(|| place.to_owned());
    match query {
        Some(query) => format!("{place}?{}", query.split('&').map(mask_parameter).collect::<Vec<_>>().join("&")),
        None => place,
    }
}

fn mask_user(place: &str) -> Option<String> {
    let (scheme, rest) = place.split_once("://")?;
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

/// A text as it is meant, so that `%3Amemory%3A` and `pass%77ord` hide nothing.
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

    fn parse(text: &str) -> Result<DatabaseUrl, NotADatabaseUrl> {
        DatabaseUrl::try_from(text.to_owned())
    }

    #[test]
    fn files_and_postgres_are_taken_as_written() {
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
    fn sqlite_in_memory_is_refused_however_it_is_spelled() {
        for text in [
            "sqlite::memory:",
            "sqlite://:memory:",
            "sqlite://%3Amemory%3A",
            "sqlite://file::memory:?cache=shared",
            "sqlite://insights.db?mode=memory",
            "sqlite:insights.db?cache=shared&mode=mem%6Fry",
        ] {
            assert_eq!(parse(text), Err(NotADatabaseUrl::InMemory), "{text}");
        }
        for text in ["sqlite:", "sqlite://", "sqlite://?mode=rwc", "sqlite://file:insights.db%3Fmode=memory"] {
            assert_eq!(parse(text), Err(NotADatabaseUrl::NoFile), "{text}");
        }
    }

    #[test]
    fn other_databases_are_refused() {
        for text in ["", "insights.db", "mysql://host/db", "postgres:host", "SQLite://insights.db"] {
            assert_eq!(parse(text), Err(NotADatabaseUrl::Scheme), "{text}");
        }
    }

    #[test]
    fn a_password_that_would_be_misread_is_refused() {
        for text in [
            "postgres://user:s3/cr3t@host/db",
            "postgres://user:12/s3cr3t@host/db",
            "postgres://user:12?s3cr3t@host/db",
            "postgres://user:12#s3cr3t@host/db",
            "postgres:///db",
        ] {
            assert_eq!(parse(text), Err(NotADatabaseUrl::Parts), "{text}");
        }
    }

    #[test]
    fn passwords_are_masked_wherever_they_stand() {
        for (text, shown) in [
            ("postgres://user:s3cr3t@host/db", "postgres://user:***@host/db"),
            ("postgres://user:s3@cr3t@host:5432/db", "postgres://user:***@host:5432/db"),
            ("postgres://:s3cr3t@host/db", "postgres://:***@host/db"),
            (
                "postgres://host/db?user=u&password=s3cr3t&sslmode=require",
                "postgres://host/db?user=u&password=***&sslmode=require",
            ),
            ("postgres://host/db?pass%77ord=s3cr3t", "postgres://host/db?pass%77ord=***"),
            ("sqlite://user:s3cr3t@insights.db?PASSWORD=s3cr3t", "sqlite://user:***@insights.db?PASSWORD=***"),
        ] {
            let url = parse(text).expect(text);
            assert_eq!((url.to_string(), format!("{url:?}")), (shown.to_owned(), format!("{shown:?}")));
        }
    }
}
