//! The settings of a session on PostgreSQL, and how they reach the server.

use std::{path::PathBuf, time::Duration};

use sea_orm::{
    ConnectOptions, ConnectionTrait as _, DatabaseTransaction, DbErr,
    sea_query::{Expr, Func, Query},
};
use sqlx::{postgres::PgConnectOptions, sqlite::SqliteConnectOptions};
use url::Url;

use super::error::Error;
use crate::config::DatabaseUrl;

/// Longest time for a read in the database.
pub(super) const READ_STATEMENT_TIMEOUT: Duration = Duration::from_secs(8);
/// Longest time for one statement of a batch in the database. After a timeout the batch is retried.
const WRITE_STATEMENT_TIMEOUT: Duration = Duration::from_secs(15);
/// Longest wait for a row that another batch has locked.
const LOCK_TIMEOUT: Duration = Duration::from_secs(5);

/// Settings of PostgreSQL, with their values.
type Settings = Vec<(&'static str, String)>;

/// Where the settings of a connection are made.
#[derive(Clone, Debug)]
pub(super) enum SessionSettings {
    /// Once, when the session begins.
    OfSession,
    /// These, at the begin of each transaction. A pooler may give each transaction another session, and loses what is set
    /// in a session. Reads have transactions for the same reason.
    OfTransaction(Settings),
}

impl SessionSettings {
    /// Those of a pool that writes. Sets the options of its connections.
    pub(super) fn of_writers(url: &DatabaseUrl, options: &mut ConnectOptions) -> Self {
        let settings = vec![
            ("statement_timeout", millis(WRITE_STATEMENT_TIMEOUT)),
            ("lock_timeout", millis(LOCK_TIMEOUT)),
            ("idle_in_transaction_session_timeout", millis(2 * WRITE_STATEMENT_TIMEOUT)),
            // A plan for the values of `id = ANY(500 ids)` is a sequential scan; the generic plan uses the index.
            ("plan_cache_mode", "force_generic_plan".to_owned()),
            // The generic plan is made once. While the table is empty it would be a sequential scan, and stay one until
            // the table is analyzed. All statements of a batch find rows by key.
            ("enable_seqscan", "off".to_owned()),
            // `enable_seqscan = off` makes unavoidable scans look so costly that PostgreSQL would compile them.
            ("jit", "off".to_owned()),
        ];
        Self::apply(url, options, settings)
    }

    /// Those of a pool that reads. Sets the options of its connections.
    pub(super) fn of_readers(url: &DatabaseUrl, options: &mut ConnectOptions) -> Self {
        let settings = vec![
            ("statement_timeout", millis(READ_STATEMENT_TIMEOUT)),
            ("default_transaction_read_only", "on".to_owned()),
            // Planning a page takes longer than reading it.
            ("plan_cache_mode", "force_generic_plan".to_owned()),
            // As for writers: without statistics, a scan looks cheap until the table is analyzed. Where a statement has to
            // read all of a table, it still does.
            ("enable_seqscan", "off".to_owned()),
            ("jit", "off".to_owned()),
        ];
        Self::apply(url, options, settings)
    }

    fn apply(url: &DatabaseUrl, options: &mut ConnectOptions, settings: Settings) -> Self {
        if keeps_session_state(url) {
            options.map_sqlx_postgres_opts(move |postgres| without_brackets(postgres).options(settings.clone()));
            return Self::OfSession;
        }
        // Unless configured otherwise, a pooler refuses the parameter extra_float_digits. No column is a float.
        options.map_sqlx_postgres_opts(|postgres| without_brackets(postgres).extra_float_digits(None));
        // A default would apply to the next transaction.
        let of_transaction = |(name, value): (&'static str, _)| (name.trim_start_matches("default_"), value);
        Self::OfTransaction(settings.into_iter().map(of_transaction).collect())
    }

    /// Whether each statement needs a transaction, so that it is prepared and executed in the same session.
    pub(super) fn needs_transactions(&self) -> bool {
        matches!(self, Self::OfTransaction(_))
    }

    /// Makes the settings at the begin of a transaction.
    pub(super) async fn begin(&self, transaction: &DatabaseTransaction) -> Result<(), DbErr> {
        let Self::OfTransaction(settings) = self else { return Ok(()) };
        // Without a cache, sqlx still names its statements, by number, and never removes them: they would collide with
        // those that another client prepared in this session. A message of its own, so that poolers recognize it.
        transaction.execute_unprepared("DEALLOCATE ALL").await?;
        let set = |(name, value): &(&str, String)| {
            Expr::from(Func::cust("set_config").args([Expr::val(*name), Expr::val(value), Expr::val(true)]))
        };
        transaction.query_one(&Query::select().exprs(settings.iter().map(set)).to_owned()).await.map(drop)
    }
}

/// Whether settings and prepared statements are kept in the session. `statement-cache-capacity=0` in the URL says that
/// they must not be, because a pooler is in between.
fn keeps_session_state(url: &DatabaseUrl) -> bool {
    let has_no_cache =
        |url: Url| url.query_pairs().any(|(name, value)| name == "statement-cache-capacity" && value == "0");
    !parsed(url).is_some_and(has_no_cache)
}

/// The options of a connection outside of the pools.
///
/// # Errors
/// When the URL cannot be parsed.
pub(super) fn postgres_options(url: &DatabaseUrl) -> Result<PgConnectOptions, sqlx::Error> {
    let options = without_brackets(url.expose().parse()?);
    Ok(if keeps_session_state(url) { options } else { options.extra_float_digits(None) })
}

/// Removes the brackets that sqlx keeps of an IPv6 address in a URL: with them it would look the address up as a name.
fn without_brackets(options: PgConnectOptions) -> PgConnectOptions {
    let host = options.get_host().trim_matches(['[', ']']).to_owned();
    options.host(&host)
}

/// The file of a SQLite database.
pub(super) fn file(url: &DatabaseUrl) -> PathBuf {
    url.expose().parse::<SqliteConnectOptions>().map(|options| options.get_filename().to_owned()).unwrap_or_default()
}

/// Checks that a URL has a user: its own, that of `PGUSER`, or that of the system, as other clients of PostgreSQL do.
pub(super) fn check_user(key: &'static str, url: &DatabaseUrl) -> Result<(), Error> {
    let has_user = url.is_sqlite()
        || std::env::var_os("PGUSER").is_some()
        || parsed(url).is_some_and(|url| !url.username().is_empty() || has_parameter(&url, "user"));
    // With its feature std, the driver takes the same name.
    if has_user || whoami::username().is_ok() { Ok(()) } else { Err(Error::NoUser { key }) }
}

/// Whether a URL has a password: its own, or that of `PGPASSWORD`.
pub(super) fn has_password(url: &DatabaseUrl) -> bool {
    std::env::var_os("PGPASSWORD").is_some()
        || parsed(url).is_some_and(|url| url.password().is_some() || has_parameter(&url, "password"))
}

fn parsed(url: &DatabaseUrl) -> Option<Url> {
    Url::parse(url.expose()).ok()
}

fn has_parameter(url: &Url, name: &str) -> bool {
    url.query_pairs().any(|(parameter, value)| parameter == name && !value.is_empty())
}

fn millis(duration: Duration) -> String {
    duration.as_millis().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> DatabaseUrl {
        DatabaseUrl::try_from(text.to_owned()).expect(text)
    }

    #[test]
    fn without_a_cache_of_statements_nothing_is_kept_in_the_session() {
        for (text, keeps) in [
            ("postgres://host/db", true),
            ("postgres://host/db?statement-cache-capacity=10", true),
            ("postgres://host/db?sslmode=require&statement-cache-capacity=0", false),
            ("sqlite://file", true),
        ] {
            assert_eq!(keeps_session_state(&url(text)), keeps, "{text}");
            let mut options = ConnectOptions::new(text);
            assert_eq!(SessionSettings::of_readers(&url(text), &mut options).needs_transactions(), !keeps, "{text}");
        }
    }

    #[test]
    fn a_user_of_the_url_is_used() {
        for text in ["postgres://user@host/db", "postgres://host/db?user=user", "postgres://host/db", "sqlite://file"] {
            check_user("database.url", &url(text)).expect(text);
        }
        let options = postgres_options(&url("postgres://host/db")).expect("options");
        assert_ne!(options.get_username(), "anonymous");
    }
}
