//! The store's handle: a pool for writers, a pool for readers.

use std::{sync::Arc, time::Duration};

use sea_orm::{
    ConnectOptions, Database, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, IsolationLevel,
    SqliteTransactionMode, TransactionOptions, TransactionTrait,
};
use sqlx::{
    postgres::PgConnectOptions,
    sqlite::{SqliteJournalMode, SqliteSynchronous},
};

use super::{error::Error, recommendation_ids::RecommendationIds, statement_count};
use crate::config::{self, DatabaseUrl};

/// How many batches are written at once on PostgreSQL; SQLite has one writer.
pub(super) const WRITERS: u32 = 4;
/// Connections of the writers' pool beside the writers: one whose commit timed out keeps its place until the server
/// answers, and cannot be closed through sea-orm.
const SPARE_WRITERS: u32 = 2;
/// How long a read may run in the database. Nothing else stops it: a request that is dropped does not.
const READ_STATEMENT_TIMEOUT: Duration = Duration::from_secs(8);
/// How long one statement of a batch may run in the database. Beyond it the batch is tried again.
const WRITE_STATEMENT_TIMEOUT: Duration = Duration::from_secs(15);
/// How long a statement waits for a row that another batch has locked.
const LOCK_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a read waits for a connection before the client is told to come back.
const READER_ACQUIRE_TIMEOUT: Duration = Duration::from_secs(2);
/// How long a batch waits for a connection before it counts as a bad moment.
const WRITER_ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);
/// How long SQLite waits for another process that writes.
const SQLITE_BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// The database. Cheap to clone; all clones share the pools.
#[derive(Clone, Debug)]
pub struct Store {
    pub(super) writer: DatabaseConnection,
    pub(super) reader: DatabaseConnection,
    /// The URL of the writer.
    pub(super) url: DatabaseUrl,
    pub(super) recommendation_ids: Arc<RecommendationIds>,
    pub(super) writers: Arc<tokio::sync::Semaphore>,
}

impl Store {
    /// Opens both pools. A server may be away: it is connected to with the first statement. A SQLite file is opened at once.
    ///
    /// # Errors
    /// When a URL cannot be read or a file cannot be opened.
    pub async fn open(database: &config::Database) -> Result<Self, Error> {
        let mut writer = connect(writer_options(&database.url)).await?;
        let mut reader = connect(reader_options(database.readers_url(), database.max_connections)).await?;
        statement_count::observe(&mut writer);
        statement_count::observe(&mut reader);
        let writers = if database.url.is_sqlite() { 1 } else { WRITERS as usize };
        Ok(Self {
            writer,
            reader,
            url: database.url.clone(),
            recommendation_ids: Arc::default(),
            writers: Arc::new(tokio::sync::Semaphore::new(writers)),
        })
    }

    /// Waits for what runs and closes all connections.
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

    /// Begins a transaction that will write. On SQLite it takes the write lock at once: one that has read first could
    /// not take it once another has written.
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
        .max_connections(if url.is_sqlite() { 1 } else { WRITERS + SPARE_WRITERS })
        .acquire_timeout(WRITER_ACQUIRE_TIMEOUT)
        .map_sqlx_postgres_opts(|postgres| {
            without_brackets(postgres).options([
                ("statement_timeout", millis(WRITE_STATEMENT_TIMEOUT)),
                ("lock_timeout", millis(LOCK_TIMEOUT)),
                ("idle_in_transaction_session_timeout", millis(2 * WRITE_STATEMENT_TIMEOUT)),
                // Planned for its values, `id = ANY(500 ids)` becomes a sequential scan; the generic plan takes the index.
                ("plan_cache_mode", "force_generic_plan".to_owned()),
                // A plan is made once. Made while a table is empty it would be a sequential scan, and go on as one until
                // somebody analyzes the table; all that is written goes by keys.
                ("enable_seqscan", "off".to_owned()),
                // Where a scan cannot be avoided, it now looks so costly that it would be compiled first.
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
                // To plan a page anew each time costs more than to read it.
                ("plan_cache_mode", "force_generic_plan".to_owned()),
            ])
        },
    );
    if url.is_sqlite() {
        // Through `map_sqlx_sqlite_opts` a second time: sea-orm keeps one closure, so this one says all.
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
