//! The store's handle, with one pool for writers and one for readers.

use std::{sync::Arc, time::Duration};

use sea_orm::{
    ConnectOptions, ConnectionTrait as _, Database, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr,
    IsolationLevel, QueryResult, SqliteTransactionMode, TransactionOptions, TransactionTrait,
    sea_query::SelectStatement,
};
use sqlx::{
    postgres::PgConnectOptions,
    sqlite::{SqliteJournalMode, SqliteSynchronous},
};

use super::{error::Error, organizations::KnownOrganizations, recommendation_ids::RecommendationIds, statement_count};
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
/// Longest time for a read in the database. Nothing else stops a read, not even the end of its request.
const READ_STATEMENT_TIMEOUT: Duration = Duration::from_secs(8);
/// Longest time for one statement of a batch in the database. After a timeout the batch is retried.
const WRITE_STATEMENT_TIMEOUT: Duration = Duration::from_secs(15);
/// Longest wait for a row that another batch has locked.
const LOCK_TIMEOUT: Duration = Duration::from_secs(5);
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
    pub(super) writer: DatabaseConnection,
    pub(super) reader: DatabaseConnection,
    /// The URL of the writer.
    pub(super) url: DatabaseUrl,
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
        let mut writer = connect(writer_options(&database.url)).await?;
        let mut reader = connect(reader_options(database.readers_url(), database.max_connections)).await?;
        statement_count::instrument(&mut writer);
        statement_count::instrument(&mut reader);
        let writers = if database.url.is_sqlite() { 1 } else { WRITERS as usize };
        Ok(Self {
            writer,
            reader,
            url: database.url.clone(),
            recommendation_ids: Arc::default(),
            known_organizations: Arc::default(),
            writers: Arc::new(tokio::sync::Semaphore::new(writers)),
            read_queue: FairQueue::new(database.max_connections as usize),
        })
    }

    /// Waits for running statements and closes all connections.
    pub async fn close(&self) {
        for pool in [&self.reader, &self.writer] {
            if let Err(error) = pool.clone().close().await {
                tracing::debug!(%error, "a pool did not close");
            }
        }
    }

    pub(super) fn backend(&self) -> DbBackend {
        self.writer.get_database_backend()
    }

    /// Returns the rows of a read, once it is the client's turn.
    pub(super) async fn query(
        &self,
        client: Client,
        statement: SelectStatement,
        during: &'static str,
    ) -> Result<Vec<QueryResult>, Error> {
        let turn = self.turn(client).await?;
        let reader = self.reader.clone();
        // In a task of its own, because a statement continues after its request is dropped, and must keep its turn.
        let read = tokio::spawn(statement_count::inherit_count(async move {
            let rows = reader.query_all(&statement).await;
            drop(turn);
            rows
        }));
        let stopped = |error: tokio::task::JoinError| DbErr::Custom(error.to_string());
        read.await.map_err(stopped).flatten().map_err(Error::during(during))
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
            _ => TransactionOptions {
                isolation_level: Some(IsolationLevel::ReadCommitted),
                ..TransactionOptions::default()
            },
        };
        self.writer.begin_with_options(options).await
    }
}

async fn connect(options: ConnectOptions) -> Result<DatabaseConnection, Error> {
    Database::connect(options).await.map_err(Error::during("opening the database"))
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

fn writer_options(url: &DatabaseUrl) -> ConnectOptions {
    let mut options = options(url);
    options
        .max_connections(if url.is_sqlite() { 1 } else { WRITERS + SPARE_CONNECTIONS })
        .acquire_timeout(WRITER_ACQUIRE_TIMEOUT)
        .map_sqlx_postgres_opts(|postgres| {
            without_brackets(postgres).options([
                ("statement_timeout", millis(WRITE_STATEMENT_TIMEOUT)),
                ("lock_timeout", millis(LOCK_TIMEOUT)),
                ("idle_in_transaction_session_timeout", millis(2 * WRITE_STATEMENT_TIMEOUT)),
                // A plan for the values of `id = ANY(500 ids)` is a sequential scan; the generic plan uses the index.
                ("plan_cache_mode", "force_generic_plan".to_owned()),
                // The generic plan is made once. While the table is empty it would be a sequential scan, and stay one
                // until the table is analyzed. All statements of a batch find rows by key.
                ("enable_seqscan", "off".to_owned()),
                // `enable_seqscan = off` makes unavoidable scans look so costly that PostgreSQL would compile them.
                ("jit", "off".to_owned()),
            ])
        });
    options
}

fn reader_options(url: &DatabaseUrl, max_connections: u32) -> ConnectOptions {
    let mut options = options(url);
    options.max_connections(max_connections).acquire_timeout(READER_ACQUIRE_TIMEOUT).map_sqlx_postgres_opts(
        |postgres| {
            without_brackets(postgres).options([
                ("statement_timeout", millis(READ_STATEMENT_TIMEOUT)),
                ("default_transaction_read_only", "on".to_owned()),
                // Planning a page takes longer than reading it.
                ("plan_cache_mode", "force_generic_plan".to_owned()),
                // As for writers: without statistics, a scan looks cheap until the table is analyzed. Where a statement
                // has to read all of a table, it still does.
                ("enable_seqscan", "off".to_owned()),
                ("jit", "off".to_owned()),
            ])
        },
    );
    if url.is_sqlite() {
        // sea-orm keeps only the last closure, so this one repeats the options that it needs.
        options.map_sqlx_sqlite_opts(|sqlite| sqlite.busy_timeout(SQLITE_BUSY_TIMEOUT).read_only(true));
    }
    options
}

/// Removes the brackets that sqlx keeps of an IPv6 address in a URL: with them it would look the address up as a name.
pub(super) fn without_brackets(options: PgConnectOptions) -> PgConnectOptions {
    let host = options.get_host().trim_matches(['[', ']']).to_owned();
    options.host(&host)
}

fn millis(duration: Duration) -> String {
    duration.as_millis().to_string()
}
