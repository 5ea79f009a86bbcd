//! Removes requests that are remembered no longer.

use std::time::Duration;

use sea_orm::{
    ConnectionTrait as _, DatabaseTransaction, DbBackend, DbErr,
    sea_query::{DeleteStatement, Expr, ExprTrait as _, Func, Order, Query},
};

use super::{error::Error, pools::Store};
use crate::domain::Timestamp;

/// The lock of the process that removes. The number is arbitrary, but all versions of this program must use the same one.
const KEY: i64 = 0x1256_1c47_0a9c;
/// The rows that one transaction removes: few enough that it delays no batch for long.
const ROWS: u64 = 1_000;
const TABLE: &str = "gathering_request";
const PRIMARY_KEY: [&str; 3] = ["cluster_id", "org_id", "request_key"];

impl Store {
    /// Removes some of the requests that were processed longer ago than this. Returns whether more may be left for this process:
    /// not if another one is removing.
    ///
    /// # Errors
    /// When the database is unreachable or does not accept writes.
    pub async fn remove_some_requests_older_than(&self, age: Duration) -> Result<bool, Error> {
        // The semaphore is never closed.
        let _permit = self.writers.acquire().await.ok();
        let removing = async {
            let before = Timestamp::from(Timestamp::now().utc() - age);
            let removed = Box::pin(self.remove(before)).await;
            removed.map_err(Error::during("removing requests"))
        };
        Ok(self.replacing(removing).await? == ROWS)
    }

    async fn remove(&self, before: Timestamp) -> Result<u64, DbErr> {
        let transaction = self.begin_write().await?;
        let removed = if is_only_one(&transaction).await? {
            transaction.execute(&statement(before)).await?.rows_affected()
        } else {
            0
        };
        transaction.commit().await?;
        Ok(removed)
    }
}

/// Whether no other transaction removes. SQLite has one writer.
async fn is_only_one(transaction: &DatabaseTransaction) -> Result<bool, DbErr> {
    if transaction.get_database_backend() != DbBackend::Postgres {
        return Ok(true);
    }
    let taken = Func::cust("pg_try_advisory_xact_lock").arg(KEY);
    let row = transaction.query_one(&Query::select().expr(taken).to_owned()).await?;
    row.map_or(Ok(false), |row| row.try_get_by_index(0))
}

fn statement(before: Timestamp) -> DeleteStatement {
    let mut oldest = Query::select();
    oldest.columns(PRIMARY_KEY).from(TABLE).and_where(Expr::col("processed_at").lt(before.utc()));
    oldest.order_by("processed_at", Order::Asc).limit(ROWS);
    let key = Expr::tuple(PRIMARY_KEY.map(Expr::col));
    Query::delete().from_table(TABLE).and_where(key.in_subquery(oldest)).to_owned()
}
