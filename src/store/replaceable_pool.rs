//! A pool of connections that can be replaced as a whole while it is used.
//!
//! sea-orm cannot close a single connection. After a failover, pooled connections still lead to the old server; and a
//! connection whose peer is gone without a word keeps its place in the pool. In both cases the whole pool is replaced:
//! new connections resolve the server's name again.

use std::{
    fmt,
    sync::{
        Arc, PoisonError, RwLock, RwLockReadGuard,
        atomic::{AtomicUsize, Ordering},
    },
};

use sea_orm::{
    ConnectOptions, Database, DatabaseConnection, DatabaseExecutor, DatabaseTransaction, DbErr, TransactionOptions,
    TransactionTrait as _,
};

use super::{session::SessionSettings, statement_count};

/// Most replaced pools that wait for their last connections. Beyond that, a pool is kept until one of them is closed.
const MAX_CLOSING: usize = 8;

/// A pool that can be replaced. Clones share it.
#[derive(Clone)]
pub(super) struct ReplaceablePool(Arc<Shared>);

struct Shared {
    options: ConnectOptions,
    settings: SessionSettings,
    current: RwLock<Current>,
    closing: AtomicUsize,
}

struct Current {
    pool: DatabaseConnection,
    generation: Generation,
}

/// Identifies one of the pools that followed each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Generation(u64);

impl ReplaceablePool {
    pub(super) async fn open(options: ConnectOptions, settings: SessionSettings) -> Result<Self, DbErr> {
        let pool = connect(&options).await?;
        let current = RwLock::new(Current { pool, generation: Generation(0) });
        Ok(Self(Arc::new(Shared { options, settings, current, closing: AtomicUsize::new(0) })))
    }

    /// The pool to use for the next statement or transaction.
    fn current(&self) -> DatabaseConnection {
        self.read().pool.clone()
    }

    /// Runs statements, in a transaction if the session keeps nothing.
    pub(super) async fn on<T>(
        &self,
        work: impl AsyncFnOnce(DatabaseExecutor<'_>) -> Result<T, DbErr>,
    ) -> Result<T, DbErr> {
        if !self.needs_transactions() {
            return work((&self.current()).into()).await;
        }
        let transaction = self.begin(TransactionOptions::default()).await?;
        let result = work((&transaction).into()).await?;
        transaction.commit().await?;
        Ok(result)
    }

    /// Begins a transaction with the settings of the sessions.
    pub(super) async fn begin(&self, options: TransactionOptions) -> Result<DatabaseTransaction, DbErr> {
        let transaction = self.current().begin_with_options(options).await?;
        self.0.settings.begin(&transaction).await?;
        Ok(transaction)
    }

    /// Whether a session keeps nothing, so that each statement needs a transaction.
    pub(super) fn needs_transactions(&self) -> bool {
        self.0.settings.needs_transactions()
    }

    pub(super) fn generation(&self) -> Generation {
        self.read().generation
    }

    /// Replaces the pool, unless it is not that of `failed` any more. The old one closes in the background, once its
    /// statements have ended.
    pub(super) async fn replace(&self, failed: Generation, reason: &'static str) {
        if self.generation() != failed {
            return;
        }
        if self.0.closing.load(Ordering::Relaxed) >= MAX_CLOSING {
            tracing::warn!(reason, "the connections to the database are kept: {MAX_CLOSING} pools are still closing");
            return;
        }
        // The options were used before, so this fails only if a file that they name is gone.
        let pool = match connect(&self.0.options).await {
            Ok(pool) => pool,
            Err(error) => {
                tracing::warn!(reason, %error, "the connections to the database could not be replaced");
                return;
            }
        };
        let old = {
            let mut current = self.0.current.write().unwrap_or_else(PoisonError::into_inner);
            if current.generation != failed {
                return;
            }
            current.generation = Generation(failed.0 + 1);
            std::mem::replace(&mut current.pool, pool)
        };
        tracing::warn!(reason, "the connections to the database are replaced");
        self.0.closing.fetch_add(1, Ordering::Relaxed);
        let shared = self.0.clone();
        tokio::spawn(async move {
            close(old).await;
            shared.closing.fetch_sub(1, Ordering::Relaxed);
        });
    }

    /// Waits for running statements and closes all connections.
    pub(super) async fn close(&self) {
        close(self.current()).await;
    }

    fn read(&self) -> RwLockReadGuard<'_, Current> {
        self.0.current.read().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for ReplaceablePool {
    /// Leaves out the options, because they contain a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReplaceablePool").field("generation", &self.generation()).finish_non_exhaustive()
    }
}

async fn connect(options: &ConnectOptions) -> Result<DatabaseConnection, DbErr> {
    let mut pool = Database::connect(options.clone()).await?;
    statement_count::instrument(&mut pool);
    Ok(pool)
}

async fn close(pool: DatabaseConnection) {
    if let Err(error) = pool.close().await {
        tracing::debug!(%error, "a pool did not close");
    }
}
