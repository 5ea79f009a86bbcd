//! The store's handle, with one pool for writers and one for readers.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use chrono::TimeDelta;
use sea_orm::{
    ConnectOptions, ConnectionTrait as _, DatabaseTransaction, DbBackend, DbErr, IsolationLevel, QueryResult,
    SqliteTransactionMode, TransactionOptions, sea_query::SelectStatement,
};
use sqlx::sqlite::{SqliteJournalMode, SqliteSynchronous};

use super::{
    error::Error,
    organizations::KnownOrganizations,
    probe::file_reason,
    recommendation_ids::RecommendationIds,
    replaceable_pool::ReplaceablePool,
    session::{READ_STATEMENT_TIMEOUT, SessionSettings, check_user, file},
    statement_count,
};
use crate::{
    config::{self, DatabaseUrl},
    fair_queue::{FairQueue, Turn},
    identity::Client,
};

/// Most batches that are written at the same time on PostgreSQL. SQLite has one writer.
pub(super) const WRITERS: u32 = 4;
/// Further connections in the writers' pool. A connection whose commit timed out stays in the pool until the server
/// answers, because sea-orm cannot close it.
const SPARE_CONNECTIONS: u32 = 2;
/// Connections that read what users' actions wrote, where other reads have a database of their own.
const READERS_OF_WRITES: u32 = 4;
/// Longest time for a read, the wait for a connection included. Beyond it, the server did not obey the time limit of its
/// statement: it cannot be reached any more.
const READ_TIMEOUT: Duration =
    Duration::from_secs(READER_ACQUIRE_TIMEOUT.as_secs() + READ_STATEMENT_TIMEOUT.as_secs() + 1);
/// Longest wait of a read for its turn. After it the client gets the error UNAVAILABLE.
const TURN_TIMEOUT: Duration = Duration::from_secs(2);
/// Longest wait of a read that has its turn for a connection, which has to be opened. After it the client gets the error
/// UNAVAILABLE.
const READER_ACQUIRE_TIMEOUT: Duration = Duration::from_secs(2);
/// Longest wait of a batch for a connection. After it the batch is retried ([`Class::Transient`](super::Class)).
const WRITER_ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);
/// Longest wait of SQLite for another process that writes.
const SQLITE_BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// A handle on the database. It is cheap to clone, and all clones share the pools.
#[derive(Clone, Debug)]
pub struct Store {
    pub(super) writer: ReplaceablePool,
    pub(super) reader: ReplaceablePool,
    /// Readers of the database that is written to: those above, or others if these have a database of their own.
    reader_of_writes: ReplaceablePool,
    /// The URL of the writer.
    pub(super) url: DatabaseUrl,
    /// The URL of the reader, if it has one of its own.
    pub(super) replica: Option<DatabaseUrl>,
    /// Wakes what waits for the database.
    recovered: Arc<tokio::sync::Notify>,
    /// How far the clock of the database is ahead of this machine's, once it is known.
    clock_ahead: Arc<Mutex<Option<TimeDelta>>>,
    pub(super) recommendation_ids: Arc<RecommendationIds>,
    pub(super) known_organizations: Arc<KnownOrganizations>,
    pub(super) writers: Arc<tokio::sync::Semaphore>,
    read_queue: Arc<FairQueue>,
}

impl Store {
    /// Creates both pools. A server is connected to with the first statement and may be down now. A SQLite file is
    /// opened.
    ///
    /// # Errors
    /// When a URL is invalid or a file cannot be opened.
    pub async fn open(database: &config::Database) -> Result<Self, Error> {
        check_user("database.url", &database.url)?;
        let replica = database.read_url.clone();
        if let Some(url) = &replica {
            check_user("database.read_url", url)?;
        }
        let writer = connect(&database.url, writer_options(&database.url)).await?;
        let readers_url = database.readers_url();
        let reader = connect(readers_url, reader_options(readers_url, database.max_connections)).await?;
        let reader_of_writes = if replica.is_some() {
            connect(&database.url, reader_options(&database.url, READERS_OF_WRITES)).await?
        } else {
            reader.clone()
        };
        let writers = if database.url.is_sqlite() { 1 } else { WRITERS as usize };
        Ok(Self {
            writer,
            reader,
            reader_of_writes,
            url: database.url.clone(),
            replica,
            recovered: Arc::default(),
            clock_ahead: Arc::default(),
            recommendation_ids: Arc::default(),
            known_organizations: Arc::default(),
            writers: Arc::new(tokio::sync::Semaphore::new(writers)),
            read_queue: FairQueue::new(database.max_connections as usize),
        })
    }

    /// Waits for running statements and closes all connections.
    pub async fn close(&self) {
        self.reader.close().await;
        self.reader_of_writes.close().await;
        self.writer.close().await;
    }

    /// The same store, whose reads see what was written: they do not go to a database of their own.
    #[must_use]
    pub fn reading_writes(&self) -> Self {
        Self { reader: self.reader_of_writes.clone(), replica: None, ..self.clone() }
    }

    /// Whether reads have a database of their own.
    pub fn has_replica(&self) -> bool {
        self.replica.is_some()
    }

    /// Wakes what waits in [`Store::recovered`]: the database accepts writes again.
    pub fn wake_writers(&self) {
        self.recovered.notify_waiters();
    }

    /// Waits until the database accepts writes again after an outage.
    pub async fn recovered(&self) {
        self.recovered.notified().await;
    }

    /// Sets how far the clock of the database is ahead of this machine's.
    pub fn set_clock_ahead(&self, ahead: TimeDelta) {
        *self.clock_ahead.lock().unwrap_or_else(PoisonError::into_inner) = Some(ahead);
    }

    /// How far the clock of the database is ahead of this machine's; `None` until it was read.
    pub fn clock_ahead(&self) -> Option<TimeDelta> {
        *self.clock_ahead.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn backend(&self) -> DbBackend {
        if self.url.is_sqlite() { DbBackend::Sqlite } else { DbBackend::Postgres }
    }

    /// Returns the result of work that writes. Replaces the pools if the error requires it, so that the next attempt
    /// resolves the server's name again.
    pub(super) async fn replacing<T>(&self, work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        let (writer, reader) = (self.writer.generation(), self.reader.generation());
        let result = work.await;
        if let Err(error) = &result
            && let Some(reason) = error.replaces_pool()
            && !self.url.is_sqlite()
        {
            self.writer.replace(writer, reason).await;
            // They read from the same server.
            if self.replica.is_none() {
                self.reader.replace(reader, reason).await;
            }
        }
        result
    }

    /// Returns the rows of a read, once it is the client's turn.
    pub(super) async fn query(
        &self,
        client: Client,
        statement: SelectStatement,
        during: &'static str,
    ) -> Result<Vec<QueryResult>, Error> {
        let turn = self.turn(client).await?;
        let (pool, is_replaceable) = (self.reader.clone(), self.backend() == DbBackend::Postgres);
        // In a task of its own, because a statement continues after its request is dropped, and must keep its turn.
        let read = tokio::spawn(statement_count::inherit_count(async move {
            let generation = pool.generation();
            let rows = pool.on(async |reader| reader.query_all(&statement).await);
            let rows = tokio::time::timeout(READ_TIMEOUT, rows).await;
            if rows.is_err() && is_replaceable {
                pool.replace(generation, "a read was not answered in time").await;
            }
            drop(turn);
            rows
        }));
        let rows = read.await.map_err(|error| Error::during(during)(DbErr::Custom(error.to_string())))?;
        let timed_out = |_| Error::TimedOut { during, seconds: READ_TIMEOUT.as_secs() };
        rows.map_err(timed_out)?.map_err(Error::during(during))
    }

    /// Waits until the client may use a connection.
    async fn turn(&self, client: Client) -> Result<Turn, Error> {
        let timed_out = |_| Error::TimedOut { during: "waiting for a connection", seconds: TURN_TIMEOUT.as_secs() };
        Ok(tokio::time::timeout(TURN_TIMEOUT, self.read_queue.acquire(client)).await.map_err(timed_out)??)
    }

    /// Begins a transaction that writes. On SQLite it takes the write lock at once: a transaction that reads first
    /// cannot get the lock after another one has written.
    pub(super) async fn begin_write(&self) -> Result<DatabaseTransaction, DbErr> {
        let options = match self.backend() {
            DbBackend::Sqlite => TransactionOptions {
                sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
                ..TransactionOptions::default()
            },
            // sea-orm prepares a statement for the level, before what is left in the session is removed.
            _ if self.writer.needs_transactions() => TransactionOptions::default(),
            _ => TransactionOptions {
                isolation_level: Some(IsolationLevel::ReadCommitted),
                ..TransactionOptions::default()
            },
        };
        self.writer.begin(options).await
    }
}

async fn connect(
    url: &DatabaseUrl,
    (options, settings): (ConnectOptions, SessionSettings),
) -> Result<ReplaceablePool, Error> {
    ReplaceablePool::open(options, settings).await.map_err(|error| {
        if url.is_sqlite() {
            Error::File { path: file(url).display().to_string(), reason: file_reason(&error) }
        } else {
            Error::during("opening the database")(error)
        }
    })
}

fn options(url: &DatabaseUrl) -> ConnectOptions {
    let mut options = ConnectOptions::new(url.expose());
    options
        .connect_lazy(true)
        .sqlx_logging(false)
        .set_application_name("insights-results-aggregator")
        .test_before_acquire_if_idle_for(Duration::from_secs(10))
        .map_sqlx_sqlite_opts(|sqlite| {
            sqlite
                .journal_mode(SqliteJournalMode::Wal)
                .synchronous(SqliteSynchronous::Normal)
                .busy_timeout(SQLITE_BUSY_TIMEOUT)
        });
    options
}

fn writer_options(url: &DatabaseUrl) -> (ConnectOptions, SessionSettings) {
    let mut options = options(url);
    options
        .max_connections(if url.is_sqlite() { 1 } else { WRITERS + SPARE_CONNECTIONS })
        .acquire_timeout(WRITER_ACQUIRE_TIMEOUT);
    let settings = SessionSettings::of_writers(url, &mut options);
    (options, settings)
}

fn reader_options(url: &DatabaseUrl, max_connections: u32) -> (ConnectOptions, SessionSettings) {
    let mut options = options(url);
    options.max_connections(max_connections).acquire_timeout(READER_ACQUIRE_TIMEOUT);
    let settings = SessionSettings::of_readers(url, &mut options);
    if url.is_sqlite() {
        // sea-orm keeps only the last closure, so this one repeats the options that it needs.
        options.map_sqlx_sqlite_opts(|sqlite| sqlite.busy_timeout(SQLITE_BUSY_TIMEOUT).read_only(true));
    }
    (options, settings)
}
