//! A table that nobody else can use for a while, so that a request or a batch is caught in the middle.

use sea_orm::{ConnectionTrait, DatabaseTransaction, Statement, TransactionTrait as _};

use super::{databases::Database, wait::until};

/// A table of a PostgreSQL database, locked until it is let go. SQLite's readers wait for nobody.
pub(crate) struct HeldTable {
    transaction: DatabaseTransaction,
    table: &'static str,
}

impl HeldTable {
    /// Locks the table, for readers too.
    pub(crate) async fn hold(database: &Database, table: &'static str) -> Self {
        let transaction = database.connect().await.begin().await.expect("begin");
        let lock = format!("LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE");
        transaction.execute_unprepared(&lock).await.expect("lock");
        Self { transaction, table }
    }

    /// Waits until so many statements wait for the table.
    pub(crate) async fn until_wanted_by(&self, statements: i64) {
        until("the table is waited for", async || (self.waiting().await >= statements).then_some(())).await;
    }

    async fn waiting(&self) -> i64 {
        let count =
            format!("SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = '{}'::regclass", self.table);
        let statement = Statement::from_string(self.transaction.get_database_backend(), count);
        let row = self.transaction.query_one_raw(statement).await.expect("pg_locks").expect("a row");
        row.try_get_by_index(0).expect("a number")
    }

    /// Lets the table be read again.
    pub(crate) async fn let_go(self) {
        self.transaction.rollback().await.expect("rollback");
    }
}
