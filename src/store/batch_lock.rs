//! The locks that batches of reports hold on PostgreSQL. SQLite has one writer and needs none.
//!
//! A batch counts hits with the facts and imported values that it sees, which may change before it commits. Who changes
//! them waits for the batches that began before, and counts again then.
//!
//! Acknowledgements may not wait as long, nor keep batches waiting. So there is a second lock for each organization, or
//! some of them, which is held only from counting hits to the commit.

use std::{collections::BTreeSet, time::Duration};

use sea_orm::{
    ConnectionTrait as _, DatabaseTransaction, DbBackend, DbErr, Value,
    sea_query::{Expr, Func, Query},
};

use super::columns::Column;
use crate::domain::OrgId;

/// The key. The number is arbitrary, but all versions of this program must use the same one, and so must the trigger
/// that counts for those before it.
const KEY: i64 = 0x1256_1c47_0a9b;
/// The first key of the locks of organizations, the same as in the trigger.
const ACTIONS_KEY: i32 = 307_633_308;
/// The number of these locks, the same as in the trigger. The server has memory for some thousands of locks in all.
const ACTIONS_LOCKS: i64 = 64;
/// The longest wait for the batches under way, whose transactions take as long at most.
const TIMEOUT: Duration = Duration::from_secs(30);

/// The further parameter of the statement with which a batch begins: it takes the lock, shared, before all other locks.
pub(super) fn parameter(transaction: &DatabaseTransaction) -> Option<Value> {
    (transaction.get_database_backend() == DbBackend::Postgres).then(|| KEY.into())
}

/// Waits for the batches under way, and keeps others from beginning until the transaction ends. It must not hold a lock
/// that a batch may wait for.
pub(super) async fn wait_for_batches(transaction: &DatabaseTransaction) -> Result<(), DbErr> {
    if transaction.get_database_backend() == DbBackend::Postgres {
        set_timeouts(transaction, TIMEOUT).await?;
        take(transaction, KEY).await?;
    }
    Ok(())
}

/// Keeps acknowledgements of these organizations from being counted until the transaction ends. It must hold the locks of
/// the clusters that it counts.
pub(super) async fn share_with_actions(
    transaction: &DatabaseTransaction,
    organizations: impl IntoIterator<Item = OrgId>,
) -> Result<(), DbErr> {
    if transaction.get_database_backend() != DbBackend::Postgres {
        return Ok(());
    }
    let keys: BTreeSet<_> = organizations.into_iter().map(actions_key).collect();
    let (keys, key) = Column::Int(keys.into_iter().collect()).into_rows(DbBackend::Postgres);
    let taken = Func::cust("pg_advisory_xact_lock_shared").arg(ACTIONS_KEY).arg(key);
    transaction.query_all(&Query::select().expr(taken).from_function(keys, "p").to_owned()).await.map(drop)
}

/// Waits until no other transaction counts hits with the acknowledgements of an organization, and keeps others from
/// doing so until the transaction ends.
pub(super) async fn take_from_batches(transaction: &DatabaseTransaction, organization: OrgId) -> Result<(), DbErr> {
    let taken = Func::cust("pg_advisory_xact_lock").arg(ACTIONS_KEY).arg(actions_key(organization));
    transaction.query_one(&Query::select().expr(taken).to_owned()).await.map(drop)
}

fn actions_key(organization: OrgId) -> i32 {
    i32::try_from(organization.as_i64() % ACTIONS_LOCKS).unwrap_or_default()
}

/// Takes an advisory lock until the transaction ends.
pub(super) async fn take(transaction: &DatabaseTransaction, key: i64) -> Result<(), DbErr> {
    let taken = Func::cust("pg_advisory_xact_lock").arg(key);
    transaction.query_one(&Query::select().expr(taken).to_owned()).await.map(drop)
}

/// Sets how long a transaction on PostgreSQL may wait, be idle, and run one statement.
pub(super) async fn set_timeouts(transaction: &DatabaseTransaction, timeout: Duration) -> Result<(), DbErr> {
    let limit = || Expr::val(timeout.as_millis().to_string());
    let setting =
        |name: &'static str| Expr::from(Func::cust("set_config").args([Expr::val(name), limit(), Expr::val(true)]));
    let settings = ["statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"].map(setting);
    transaction.query_one(&Query::select().exprs(settings).to_owned()).await.map(drop)
}
