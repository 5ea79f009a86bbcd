//! A locked table, which holds up a request or a batch in the middle of its work.

use sea_orm::{ConnectionTrait, DatabaseTransaction, Statement, TransactionTrait as _};

use super::{databases::Database, wait::until};

/// A table of a PostgreSQL database that other sessions cannot read or write. SQLite's readers never wait for locks.
pub(crate) struct LockedTable {
    transaction: DatabaseTransaction,
    table: &'static str,
}

impl LockedTable {
    /// Locks the table exclusively, also against readers.
    pub(crate) async fn lock(database: &Database, table: &'static str) -> Self {
        let transaction = database.connect().await.begin().await.expect("begin");
        let lock = format!("LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE");
        transaction.execute_unprepared(&lock).await.expect("lock");
        Self { transaction, table }
    }

    /// Waits until at least this many statements wait for the table.
    pub(crate) async fn until_waiters(&self, statements: i64) {
        until("statements wait for the table", async || (self.waiting().await >= statements).then_some(())).await;
    }

    async fn waiting(&self) -> i64 {
        let count =
            format!("SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = '{}'::regclass", self.table);
        let statement = Statement::from_string(self.transaction.get_database_backend(), count);
        let row = self.transaction.query_one_raw(statement).await.expect("pg_locks").expect("a row");
        row.try_get_by_index(0).expect("a number")
    }

    /// Releases the lock.
    pub(crate) async fn unlock(self) {
        self.transaction.rollback().await.expect("rollback");
    }
}
