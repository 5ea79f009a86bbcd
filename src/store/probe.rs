//! Checks whether a database can be reached, and finds out why not.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{
    DbErr, RuntimeErr,
    sea_query::{Expr, Func, PostgresQueryBuilder, Query},
};
use sqlx::{Connection, PgConnection, Row as _, SqliteConnection, postgres::PgConnectOptions};
use tokio::time::timeout;

use super::{
    error::{Error, sqlx_error},
    session::{file, has_password, postgres_options},
};
use crate::config::DatabaseUrl;

/// Longest time for one check, connecting included.
const PROBE_TIMEOUT: Duration = Duration::from_millis(1500);

/// What a process needs from a database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// It only reads.
    Read,
    /// It also writes.
    Write,
}

/// Checks whether a database can be used, on a connection outside the pools.
///
/// In a pool the check would wait while all connections are in use. A pool also retries until it times out and then
/// reports only the timeout, not that the server refuses connections or is starting.
#[derive(Debug)]
pub struct Probe {
    target: Target,
    access: Access,
}

#[derive(Debug)]
enum Target {
    Postgres(Link<PgConnection>),
    Sqlite(Link<SqliteConnection>, PathBuf),
}

impl Probe {
    /// Creates a probe, which connects with its first check.
    ///
    /// # Errors
    /// When the URL is invalid.
    pub fn new(url: &DatabaseUrl, access: Access) -> Result<Self, Error> {
        let target = || {
            Ok(if url.is_sqlite() {
                Target::Sqlite(Link::new(url.expose().parse()?, true), file(url))
            } else {
                Target::Postgres(Link::new(postgres_options(url)?, has_password(url)))
            })
        };
        Ok(Self { target: target().map_err(failed)?, access })
    }

    /// Sends a statement and waits for the answer, on the connection of the previous check or on a new one. Returns how
    /// far the clock of the database is ahead of this machine's, to about a second.
    ///
    /// # Errors
    /// When the database cannot be reached, with the reason, or does not accept writes where these are needed.
    pub async fn check(&mut self) -> Result<TimeDelta, Error> {
        let access = self.access;
        let link = match &mut self.target {
            Target::Sqlite(link, path) => {
                let opened = link.check(async |connection| connection.ping().await).await;
                let unreachable = |error: sqlx::Error| Error::File {
                    path: path.display().to_string(),
                    reason: file_reason(&DbErr::Conn(RuntimeErr::SqlxError(Arc::new(error)))),
                };
                // SQLite is a part of this process.
                return opened.map(|()| TimeDelta::zero()).map_err(unreachable);
            }
            Target::Postgres(link) => link,
        };
        match link.check(async |connection| value(connection, state_statement()).await).await {
            Ok(state) if access == Access::Write && state.starts_with("on") => {
                // The name may lead to another server by the next check.
                link.connection = None;
                Err(Error::ReadOnly { server: address(&link.options) })
            }
            Ok(state) => Ok(clock_ahead(&state, Utc::now())),
            Err(error) => Err(unreachable(link, &error)),
        }
    }

    /// Returns the encoding of a database on PostgreSQL.
    ///
    /// # Errors
    /// When the database cannot be reached, with the reason.
    pub(super) async fn encoding(&mut self) -> Result<Option<String>, Error> {
        let Target::Postgres(link) = &mut self.target else { return Ok(None) };
        let encoding = link.check(async |connection| value(connection, "SHOW server_encoding".to_owned()).await).await;
        encoding.map(Some).map_err(|error| unreachable(link, &error))
    }
}

/// A statement whose only value is whether transactions are read-only, and the time in seconds since 1970, as in
/// `off 1714608000`.
fn state_statement() -> String {
    let read_only = Func::cust("current_setting").arg("transaction_read_only");
    let seconds = Func::cust("date_part").args([Expr::val("epoch"), Func::cust("clock_timestamp").into()]);
    let seconds = Func::cust("floor").arg(seconds);
    let state = Func::cust("concat").args([read_only.into(), Expr::val(" "), seconds.into()]);
    Query::select().expr(state).to_string(PostgresQueryBuilder)
}

/// How far the clock in the value of [`state_statement`] is ahead of this machine's. The answer arrives within [`PROBE_TIMEOUT`].
fn clock_ahead(state: &str, now: DateTime<Utc>) -> TimeDelta {
    let seconds = state.split_once(' ').and_then(|(_, seconds)| seconds.parse().ok());
    let time = seconds.and_then(|seconds| DateTime::from_timestamp(seconds, 0));
    // A server always returns a time. Without one, messages are judged by this machine's clock alone.
    time.map_or(TimeDelta::zero(), |time| time - now)
}

/// Returns the only value of a statement. Sends one message, which has one answer also behind a pooler.
async fn value(connection: &mut PgConnection, statement: String) -> Result<String, sqlx::Error> {
    // Both are made of constants.
    sqlx::Executor::fetch_one(connection, sqlx::AssertSqlSafe(statement)).await?.try_get_unchecked(0)
}

fn unreachable(link: &Link<PgConnection>, error: &sqlx::Error) -> Error {
    Error::Unreachable { server: address(&link.options), reason: reason(error, link.has_password) }
}

fn failed(error: sqlx::Error) -> Error {
    Error::during("connecting to the database")(DbErr::Conn(RuntimeErr::SqlxError(Arc::new(error))))
}

/// Describes why a file of SQLite cannot be opened.
pub(super) fn file_reason(error: &DbErr) -> String {
    let message = sqlx_error(error).and_then(sqlx::Error::as_database_error).map(|error| error.message().to_owned());
    message.unwrap_or_else(|| error.to_string())
}

/// How to connect, and the connection while it is usable.
#[derive(Debug)]
struct Link<C: Connection> {
    options: C::Options,
    /// Whether the URL or the environment has a password.
    has_password: bool,
    connection: Option<C>,
}

impl<C: Connection> Link<C> {
    fn new(options: C::Options, has_password: bool) -> Self {
        Self { options, has_password, connection: None }
    }

    async fn check<T>(&mut self, ask: impl AsyncFn(&mut C) -> Result<T, sqlx::Error>) -> Result<T, sqlx::Error> {
        let too_late = |_| io::Error::new(io::ErrorKind::TimedOut, format!("no answer within {PROBE_TIMEOUT:?}"));
        timeout(PROBE_TIMEOUT, self.answer(ask)).await.map_err(too_late)?
    }

    /// A connection that fails, or is waiting when the check times out, is dropped. A new one then gives the reason.
    async fn answer<T>(&mut self, ask: impl AsyncFn(&mut C) -> Result<T, sqlx::Error>) -> Result<T, sqlx::Error> {
        if let Some(mut connection) = self.connection.take()
            && let Ok(answer) = ask(&mut connection).await
        {
            self.connection = Some(connection);
            return Ok(answer);
        }
        let mut connection = C::connect_with(&self.options).await?;
        let answer = ask(&mut connection).await?;
        self.connection = Some(connection);
        Ok(answer)
    }
}

/// Returns `host:port` or the path of the socket. Contains nothing else of the URL, because it is logged.
fn address(options: &PgConnectOptions) -> String {
    let (host, port) = (options.get_host(), options.get_port());
    // As in `PGHOST`, a host that begins with a slash is the folder of the socket.
    let folder = options.get_socket().map_or_else(|| Path::new(host), |folder| folder.as_path());
    if folder.has_root() {
        folder.join(format!(".s.PGSQL.{port}")).display().to_string()
    } else if host.contains(':') {
        format!("[{host}]:{port}")
    } else {
        format!("{host}:{port}")
    }
}

/// Describes an error without the server's own text, which quotes the user and the database.
fn reason(error: &sqlx::Error, has_password: bool) -> String {
    match error {
        sqlx::Error::Io(error) => error.to_string(),
        sqlx::Error::Database(error) => {
            let code = error.code().unwrap_or_default();
            let meaning = match &*code {
                "28000" | "28P01" if !has_password => {
                    "authentication failed, and the URL has no password: add it, set PGPASSWORD, or let this process \
                     alone read ~/.pgpass"
                }
                "28000" | "28P01" => "authentication failed",
                "08P01" => {
                    "a pooler in between does not reach the server, or does not accept a parameter of the session: see \
                     its log, and docs/operations.md for the settings of PgBouncer"
                }
                "3D000" => "it has no database of the URL's name",
                "53300" => "too many connections",
                "57P03" => "it is starting or stopping",
                _ => "it refused the connection",
            };
            format!("{meaning} (code {code})")
        }
        error => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    fn url(text: &str) -> DatabaseUrl {
        DatabaseUrl::try_from(text.to_owned()).expect(text)
    }

    #[test]
    fn the_address_of_a_server_contains_nothing_else_of_its_url() {
        for (text, expected) in [
            ("postgres://user:s3cr3t@db.example/name", "db.example:5432"),
            ("postgres://user:s3cr3t@db.example:6432/name?sslmode=require", "db.example:6432"),
            ("postgresql://[::1]/name", "[::1]:5432"),
            ("postgres:///name?host=db.example&port=6432&password=s3cr3t", "db.example:6432"),
            ("postgres:///name?host=/run/postgresql", "/run/postgresql/.s.PGSQL.5432"),
            ("postgres://%2Frun%2Fpostgresql/name", "/run/postgresql/.s.PGSQL.5432"),
        ] {
            assert_eq!(address(&postgres_options(&url(text)).expect(text)), expected, "{text}");
        }
    }

    async fn reason_at(host: &str) -> String {
        let mut probe =
            Probe::new(&url(&format!("postgres://user:s3cr3t@{host}/name")), Access::Read).expect("a probe");
        match probe.check().await {
            Err(Error::Unreachable { reason, .. }) => reason,
            other => panic!("{host}: {other:?}"),
        }
    }

    #[tokio::test]
    async fn the_reason_is_the_error_of_the_connection() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("its address");
        assert_eq!(reason_at(&address.to_string()).await, "no answer within 1.5s");
        drop(listener);
        assert!(reason_at(&address.to_string()).await.contains("refused"));
        assert!(!reason_at(&format!("[::1]:{}", address.port())).await.contains("lookup"), "an address is not a name");
        assert!(reason_at("%2Fnowhere").await.contains("No such file"));
        assert!(reason_at("db.invalid").await.contains("lookup"));
    }

    #[test]
    fn the_state_of_a_server_is_one_text() {
        let statement = state_statement();
        assert!(statement.contains("current_setting('transaction_read_only')"), "{statement}");
        assert!(statement.contains("clock_timestamp()"), "{statement}");
    }

    #[test]
    fn the_clock_of_the_database_is_compared_with_ours() {
        let now = DateTime::from_timestamp(1_714_608_000, 0).expect("a time");
        assert_eq!(clock_ahead("off 1714608000", now), TimeDelta::zero());
        assert_eq!(clock_ahead("on 1714611601", now), TimeDelta::seconds(3601));
        assert_eq!(clock_ahead("off 1714604399", now), TimeDelta::seconds(-3601));
    }

    #[tokio::test]
    async fn a_file_is_reached_and_a_folder_is_not() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().display();
        let mut probe =
            Probe::new(&url(&format!("sqlite://{path}/insights.db?mode=rwc")), Access::Write).expect("a probe");
        for _ in 0..2 {
            probe.check().await.expect("a file");
        }
        let folder = Probe::new(&url(&format!("sqlite://{path}")), Access::Read).expect("a probe").check().await;
        assert!(folder.expect_err("a folder").to_string().contains(&path.to_string()));
    }
}
