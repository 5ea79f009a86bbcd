//! Errors of the database, and how to proceed with a batch after each.

use sea_orm::{DbErr, RuntimeErr};
use sqlx::postgres::{PgDatabaseError, PgSeverity};
use strum::{IntoStaticStr, VariantArray};

use crate::fair_queue::QueueFull;

/// The SQLSTATE of a write that the server does not accept, because it is a replica or read-only.
const READ_ONLY_TRANSACTION: &str = "25006";

/// Why a statement or transaction failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database or the connection to it returned an error.
    #[error("{during}: {}", loggable(source))]
    Database {
        /// What was being done.
        during: &'static str,
        /// Must not be shown to clients. A data error must not be logged either, because it may quote a value.
        source: DbErr,
    },
    /// The server cannot be reached or rejects the connection.
    #[error("the database at {server} cannot be reached: {reason}; start it, or correct its URL under [database]")]
    Unreachable {
        /// The server's `host:port` or socket; nothing else of its URL.
        server: String,
        /// Why it cannot be reached.
        reason: String,
    },
    /// The server answers, but only reads.
    #[error(
        "the database at {server} does not accept writes: it is a replica, or read-only; have its name lead to the \
         primary, or allow writes"
    )]
    ReadOnly {
        /// The server's `host:port` or socket.
        server: String,
    },
    /// A file of SQLite cannot be opened.
    #[error(
        "the file {path} cannot be opened: {reason}; correct the path in database.url, or the rights of its folder"
    )]
    File {
        /// The file.
        path: String,
        /// Why it cannot be opened.
        reason: String,
    },
    /// The database cannot store every text.
    #[error(
        "the database has the encoding {encoding}, which lacks characters of reports; create another one with CREATE \
         DATABASE name ENCODING 'UTF8' TEMPLATE template0, and name it in database.url"
    )]
    Encoding {
        /// The server's name of the encoding.
        encoding: String,
    },
    /// The URL has no user, and the system does not know that of the process.
    #[error("{key} names no user, and the user of this process has no name; write postgres://USER@HOST/NAME")]
    NoUser {
        /// The key of the URL.
        key: &'static str,
    },
    /// No answer in time. Whether the statement or commit was executed is not known.
    #[error("{during}: no answer from the database within {seconds} s")]
    TimedOut {
        /// What was being done.
        during: &'static str,
        /// The time limit.
        seconds: u64,
    },
    /// Too many reads, or requests, of the client wait for their turn.
    #[error(transparent)]
    QueueFull(#[from] QueueFull),
    /// A stored value is not one that this program writes.
    #[error("{what} in the database is not what this version writes; was it changed manually?")]
    Corrupt {
        /// Which value.
        what: &'static str,
    },
    /// A statement would send more bytes than a database accepts.
    #[error("a statement of {bytes} bytes exceeds its limit of {allowed}")]
    TooLarge {
        /// The bytes that it would send.
        bytes: usize,
        /// The limit.
        allowed: usize,
    },
    /// A read would return more bytes than its request allows.
    #[error("a read of {bytes} bytes exceeds its limit of {allowed}")]
    TooManyBytes {
        /// The bytes that it would return.
        bytes: u64,
        /// The limit.
        allowed: usize,
    },
    /// The database has migrations that this program does not know.
    #[error("the database is newer than this program: {unknown}; start the version that migrated it, or a later one")]
    TooNew {
        /// The names of these migrations.
        unknown: String,
    },
}

/// How to proceed with a batch after an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum Class {
    /// The database is unreachable, busy or full. Retry the batch until it is written.
    #[strum(serialize = "moment")]
    Transient,
    /// A statement exceeded its time limit or was cancelled. Split the batch in half, and retry a single report.
    #[strum(serialize = "moment")]
    StatementTimeout,
    /// A cached statement is out of date, or a transaction was left in a failed state. Retry the batch.
    StaleStatement,
    /// The batch is too large for a statement. Split it in half.
    TooLarge,
    /// Wrong credentials, missing tables or missing privileges. Retry the batch; an operator has to fix the cause.
    Setup,
    /// The database rejects a value, and always will. Split the batch in half until the message is found.
    Data,
    /// None of the above.
    Unknown,
}

impl Class {
    /// Returns the class as a metric label.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

impl Error {
    pub(super) fn during(during: &'static str) -> impl FnOnce(DbErr) -> Self {
        move |source| Self::Database { during, source }
    }

    /// Returns how to proceed with a batch after this error.
    pub fn class(&self) -> Class {
        match self {
            Self::Unreachable { .. } | Self::ReadOnly { .. } | Self::TimedOut { .. } | Self::QueueFull(_) => {
                Class::Transient
            }
            Self::TooLarge { .. } | Self::TooManyBytes { .. } => Class::TooLarge,
            Self::File { .. }
            | Self::Encoding { .. }
            | Self::NoUser { .. }
            | Self::Corrupt { .. }
            | Self::TooNew { .. } => Class::Setup,
            Self::Database { source, .. } => class_of(source),
        }
    }

    /// Returns whether the database cannot be used at present, so that a client may retry.
    pub fn is_unavailable(&self) -> bool {
        match self.class() {
            Class::Transient | Class::StatementTimeout | Class::Setup | Class::StaleStatement => true,
            Class::TooLarge | Class::Data | Class::Unknown => false,
        }
    }

    /// Returns why the pool has to be replaced: its connections lead to a server that no longer accepts writes, or one
    /// did not answer in time, so that its peer may be gone.
    pub(super) fn replaces_pool(&self) -> Option<&'static str> {
        match self {
            Self::TimedOut { .. } => Some("a statement was not answered in time"),
            Self::Database { source, .. } if database_code(source).as_deref() == Some(READ_ONLY_TRANSACTION) => {
                Some("the server does not accept writes")
            }
            _ => None,
        }
    }

    /// Returns whether another transaction was in the way, so that this one may succeed when it is repeated.
    pub(super) fn is_conflict(&self) -> bool {
        let is_conflict = |code: String| match code.as_str() {
            "40001" | "40P01" | "55P03" => true,
            code => code.len() < 5 && code.parse().is_ok_and(|code: u32| matches!(code & 0xff, 5 | 6)),
        };
        matches!(self, Self::Database { source: DbErr::RecordNotUpdated, .. }) || self.code().is_some_and(is_conflict)
    }

    /// Returns whether the process cannot use the database until an operator replaces one of both.
    pub fn is_unsuitable(&self) -> bool {
        matches!(self, Self::TooNew { .. } | Self::Encoding { .. })
    }

    /// Returns the database's error code: an SQLSTATE, or SQLite's extended result code in decimal.
    pub fn code(&self) -> Option<String> {
        match self {
            Self::Database { source, .. } => database_code(source),
            _ => None,
        }
    }
}

/// Describes an error for the log. Leaves out the text of a data error, because it quotes values of messages.
fn loggable(error: &DbErr) -> String {
    match (class_of(error), database_code(error)) {
        (Class::Data | Class::Unknown, Some(code)) => format!("rejected with code {code}"),
        _ => error.to_string(),
    }
}

pub(super) fn sqlx_error(error: &DbErr) -> Option<&sqlx::Error> {
    match error {
        DbErr::Exec(RuntimeErr::SqlxError(error))
        | DbErr::Query(RuntimeErr::SqlxError(error))
        | DbErr::Conn(RuntimeErr::SqlxError(error)) => Some(error),
        _ => None,
    }
}

/// Whether the server ended the session with this error. Poolers report an outage of the server behind them in this
/// way, with codes that have other meanings elsewhere.
fn is_fatal(error: &DbErr) -> bool {
    let severity = sqlx_error(error)
        .and_then(sqlx::Error::as_database_error)
        .and_then(|error| error.try_downcast_ref::<PgDatabaseError>())
        .map(PgDatabaseError::severity);
    matches!(severity, Some(PgSeverity::Fatal | PgSeverity::Panic))
}

fn database_code(error: &DbErr) -> Option<String> {
    Some(sqlx_error(error)?.as_database_error()?.code()?.into_owned())
}

fn class_of(error: &DbErr) -> Class {
    // Of the latter kind are only locks that were not free, see `acknowledged_counts`.
    if matches!(error, DbErr::ConnectionAcquire(_) | DbErr::RecordNotUpdated) {
        return Class::Transient;
    }
    if let Some(code) = database_code(error) {
        return if is_fatal(error) { class_of_fatal_code(&code) } else { class_of_code(&code) };
    }
    match sqlx_error(error) {
        Some(
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed
            | sqlx::Error::BeginFailed
            | sqlx::Error::Protocol(_),
        ) => Class::Transient,
        Some(sqlx::Error::Configuration(_)) => Class::Setup,
        // A stored value that cannot be read. No message of the batch caused it.
        _ if matches!(error, DbErr::Type(_)) => Class::Setup,
        _ if matches!(error, DbErr::Conn(_)) => Class::Transient,
        _ => Class::Unknown,
    }
}

/// Classifies the code of an error that ended the session. No value of a batch causes one: it is about the server, or
/// about how to connect to it.
fn class_of_fatal_code(code: &str) -> Class {
    match class_of_code(code) {
        Class::Setup => Class::Setup,
        _ => Class::Transient,
    }
}

/// Classifies an SQLSTATE (five characters) or SQLite's result code (a number).
fn class_of_code(code: &str) -> Class {
    if code.len() != 5 {
        return code.parse().map_or(Class::Unknown, class_of_sqlite_code);
    }
    match code {
        "0A000" | "26000" | "42P05" | "25P02" => Class::StaleStatement,
        "57014" => Class::StatementTimeout,
        "40001" | "40P01" | "55P03" | "57P01" | "57P02" | "57P03" | READ_ONLY_TRANSACTION => Class::Transient,
        "3D000" | "3F000" => Class::Setup,
        "54000" | "54001" => Class::Data,
        _ => match &code[..2] {
            "08" | "53" | "58" => Class::Transient,
            "42" | "28" => Class::Setup,
            "22" | "23" => Class::Data,
            _ => Class::Unknown,
        },
    }
}

fn class_of_sqlite_code(code: u32) -> Class {
    // The low byte is the primary code: https://www.sqlite.org/rescode.html
    match code & 0xff {
        5 | 6 | 10 | 13 => Class::Transient,  // BUSY, LOCKED, IOERR, FULL
        1 | 8 | 14 | 23 | 26 => Class::Setup, // ERROR (above all: no such table), READONLY, CANTOPEN, AUTH, NOTADB
        17 => Class::StaleStatement,          // SCHEMA
        18 => Class::TooLarge,                // TOOBIG
        19 | 20 | 25 => Class::Data,          // CONSTRAINT, MISMATCH, RANGE
        _ => Class::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_listed_code_has_its_class() {
        for (class, codes) in [
            (Class::Transient, "08006 40001 40P01 55P03 57P01 57P03 53100 53300 58030 25006 08P01 5 261 517 6 13 10"),
            (Class::StatementTimeout, "57014"),
            (Class::StaleStatement, "0A000 26000 42P05 25P02"),
            (Class::TooLarge, "18"),
            (Class::Setup, "42P01 42501 28P01 3D000 3F000 1 8 14"),
            (Class::Data, "22021 23505 23502 54000 54001 787 1555 2067"),
            (Class::Unknown, "XX000 P0001 21"),
        ] {
            for code in codes.split(' ') {
                assert_eq!(class_of_code(code), class, "{code}");
            }
        }
    }

    #[test]
    fn an_error_that_ends_the_session_is_transient_or_one_of_the_setup() {
        for code in ["08P01", "57014", "57P05", "25P03", "XX000", "22021", "54000", "0A000", "P0001"] {
            assert_eq!(class_of_fatal_code(code), Class::Transient, "{code}");
        }
        for code in ["28P01", "3D000", "42501"] {
            assert_eq!(class_of_fatal_code(code), Class::Setup, "{code}");
        }
    }

    #[test]
    fn the_metrics_label_of_transient_errors_is_the_documented_one() {
        assert_eq!((Class::Transient.as_str(), Class::StatementTimeout.as_str()), ("moment", "moment"));
        assert_eq!(Class::StaleStatement.as_str(), "stale_statement");
    }

    #[test]
    fn a_stored_value_that_cannot_be_read_is_an_error_of_the_setup() {
        let error = Error::during("writing")(DbErr::Type("a digest".to_owned()));
        assert_eq!(error.class(), Class::Setup);
    }

    #[test]
    fn a_pool_without_a_free_connection_is_a_transient_error() {
        let error = Error::during("reading")(DbErr::ConnectionAcquire(sea_orm::ConnAcquireErr::Timeout));
        assert_eq!(error.class(), Class::Transient);
        assert!(error.is_unavailable());
    }
}
