//! What can go wrong between us and the database, and what that means for a batch.

use sea_orm::{DbErr, RuntimeErr};
use strum::IntoStaticStr;

/// A statement or transaction that failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database, or the way to it, said no.
    #[error("{during}: {}", told(source))]
    Database {
        /// What was being done.
        during: &'static str,
        /// What came back. Not to be shown to clients, and of a data error not to be logged: it may quote a value.
        source: DbErr,
    },
    /// The server cannot be reached, or says nothing.
    #[error("the database at {server} does not answer: {why}; start it, or mend its URL under [database]")]
    Unreachable {
        /// Where it should be: nothing else of its URL.
        server: String,
        /// What the way to it is like.
        why: String,
    },
    /// No answer in time; whether it happened is not known.
    #[error("{during}: no answer from the database within {seconds} s")]
    TimedOut {
        /// What was being done.
        during: &'static str,
        /// How long we waited.
        seconds: u64,
    },
    /// A stored value that we could not have written.
    #[error("{what} in the database is not what this version writes; was it changed by hand?")]
    Corrupt {
        /// The value's place.
        what: &'static str,
    },
    /// The database holds steps that this program does not know.
    #[error("the database is newer than this program: {unknown}; start the version that migrated it, or a later one")]
    TooNew {
        /// What the database has more.
        unknown: String,
    },
}

/// What a failure means for the batch that met it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum Class {
    /// The database is unavailable, busy or full: the batch is retried for as long as it takes.
    #[strum(serialize = "moment")]
    Transient,
    /// A statement exceeded its time limit, or was cancelled: the batch is halved, and a single report is retried.
    #[strum(serialize = "moment")]
    StatementTimeout,
    /// A cached statement no longer fits, or a transaction was left broken: the same batch again.
    StaleStatement,
    /// More than one statement can carry: in halves.
    TooLarge,
    /// Wrong credentials, missing tables or rights: as a moment, and someone has to mend it.
    Setup,
    /// The database will never take this: in halves, until the one message is found.
    Data,
    /// None of the above.
    Unknown,
}

impl Class {
    /// The class in one word, for metrics.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

impl Error {
    pub(super) fn during(during: &'static str) -> impl FnOnce(DbErr) -> Self {
        move |source| Self::Database { during, source }
    }

    /// What this means for the batch that met it.
    pub fn class(&self) -> Class {
        match self {
            Self::Unreachable { .. } | Self::TimedOut { .. } => Class::Transient,
            Self::Corrupt { .. } | Self::TooNew { .. } => Class::Setup,
            Self::Database { source, .. } => class_of(source),
        }
    }

    /// Is the database, or the way to it, away? Then a client may try again.
    pub fn is_unavailable(&self) -> bool {
        match self.class() {
            Class::Transient | Class::StatementTimeout | Class::Setup | Class::StaleStatement => true,
            Class::TooLarge | Class::Data | Class::Unknown => false,
        }
    }

    /// The database's own code (SQLSTATE, or SQLite's extended code in decimal), where it gave one.
    pub fn code(&self) -> Option<String> {
        match self {
            Self::Database { source, .. } => database_code(source),
            Self::Unreachable { .. } | Self::TimedOut { .. } | Self::Corrupt { .. } | Self::TooNew { .. } => None,
        }
    }
}

/// What may be logged of an error: a data error quotes values, and those are a message's bytes.
fn told(error: &DbErr) -> String {
    match (class_of(error), database_code(error)) {
        (Class::Data | Class::Unknown, Some(code)) => format!("refused with code {code}"),
        _ => error.to_string(),
    }
}

fn sqlx_error(error: &DbErr) -> Option<&sqlx::Error> {
    match error {
        DbErr::Exec(RuntimeErr::SqlxError(error))
        | DbErr::Query(RuntimeErr::SqlxError(error))
        | DbErr::Conn(RuntimeErr::SqlxError(error)) => Some(error),
        _ => None,
    }
}

/// Did no answer come back? Of a server that is starting or full the pool tells no more than of one that is away.
pub(super) fn is_unreachable(error: &DbErr) -> bool {
    matches!(error, DbErr::ConnectionAcquire(_)) || matches!(sqlx_error(error), Some(sqlx::Error::Io(_)))
}

fn database_code(error: &DbErr) -> Option<String> {
    Some(sqlx_error(error)?.as_database_error()?.code()?.into_owned())
}

fn class_of(error: &DbErr) -> Class {
    if matches!(error, DbErr::ConnectionAcquire(_)) {
        return Class::Transient;
    }
    if let Some(code) = database_code(error) {
        return class_of_code(&code);
    }
    match sqlx_error(error) {
        Some(
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed
            | sqlx::Error::Protocol(_),
        ) => Class::Transient,
        Some(sqlx::Error::Configuration(_)) => Class::Setup,
        // A stored value that we could not have written: no message is to blame for it.
        _ if matches!(error, DbErr::Type(_)) => Class::Setup,
        _ if matches!(error, DbErr::Conn(_)) => Class::Transient,
        _ => Class::Unknown,
    }
}

/// By SQLSTATE (five characters) or by SQLite's result code (a number).
fn class_of_code(code: &str) -> Class {
    if code.len() != 5 {
        return code.parse().map_or(Class::Unknown, class_of_sqlite_code);
    }
    match code {
        "0A000" | "26000" | "42P05" | "25P02" => Class::StaleStatement,
        "08P01" => Class::TooLarge,
        "57014" => Class::StatementTimeout,
        "40001" | "40P01" | "55P03" | "57P01" | "57P02" | "57P03" | "25006" => Class::Transient,
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
    fn every_code_of_the_table_has_its_class() {
        for (class, codes) in [
            (Class::Transient, "08006 40001 40P01 55P03 57P01 57P03 53100 53300 58030 25006 5 261 517 6 13 10"),
            (Class::StatementTimeout, "57014"),
            (Class::StaleStatement, "0A000 26000 42P05 25P02"),
            (Class::TooLarge, "08P01"),
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
    fn the_metrics_label_of_transient_errors_is_the_documented_one() {
        assert_eq!((Class::Transient.as_str(), Class::StatementTimeout.as_str()), ("moment", "moment"));
        assert_eq!(Class::StaleStatement.as_str(), "stale_statement");
    }

    #[test]
    fn a_stored_value_that_is_not_ours_is_for_somebody_to_mend() {
        let error = Error::during("writing")(DbErr::Type("a digest".to_owned()));
        assert_eq!(error.class(), Class::Setup);
    }

    #[test]
    fn a_pool_that_gives_no_connection_is_a_bad_moment() {
        let error = Error::during("reading")(DbErr::ConnectionAcquire(sea_orm::ConnAcquireErr::Timeout));
        assert_eq!(error.class(), Class::Transient);
        assert!(error.is_unavailable());
    }
}
