//! Counting hits again after facts changed.
//!
//! `recommendation` has the facts with which hits were counted last. Those that differ are what is left to do, also after
//! a crash, and after a process of an earlier version wrote facts.

use std::{collections::BTreeMap, time::Duration};

use sea_orm::{
    Condition, ConnectionTrait, DbErr, FromQueryResult,
    prelude::Uuid,
    sea_query::{Expr, ExprTrait as _, Order, Query},
};

use super::{
    batch_lock::wait_for_batches,
    columns::Column,
    error::Error,
    kept_values::{lock, refresh},
    pools::Store,
    recommendation_facts::commit,
};
use crate::domain::ClusterId;

/// Longest time for counting the hits of all clusters, with the wait for another process that does: 100,000 clusters
/// take some seconds.
const TIMEOUT: Duration = Duration::from_mins(10);
/// Clusters per transaction: ingestion waits for those of one at most.
const CLUSTERS_PER_TRANSACTION: u64 = 1_000;

/// The facts of a recommendation that decide what counts.
#[derive(Clone, Copy, Debug, FromQueryResult, PartialEq, Eq, PartialOrd, Ord)]
struct Facts {
    total_risk: Option<i16>,
    for_managed: Option<bool>,
}

/// The condition that hits were not counted with the facts that a recommendation has now.
pub(super) fn is_one() -> Condition {
    let differs = |facts: &str, counted: &str| Expr::cust(format!("{facts} IS DISTINCT FROM {counted}"));
    Condition::any().add(differs("total_risk", "counted_risk")).add(differs("for_managed", "counted_for_managed"))
}

impl Store {
    /// Counts the hits of all clusters that recommendations with new facts hit.
    pub(super) async fn count_with_new_facts(&self) -> Result<(), Error> {
        let during = "counting hits with new facts";
        let timed_out = |_| Error::TimedOut { during, seconds: TIMEOUT.as_secs() };
        let counted = tokio::time::timeout(TIMEOUT, self.count_under_lock()).await.map_err(timed_out)?;
        counted.map_err(Error::during(during))
    }

    async fn count_under_lock(&self) -> Result<(), DbErr> {
        // No facts change meanwhile.
        let held = self.begin_facts(TIMEOUT).await?;
        let changed = to_count(&held).await?;
        if changed.is_empty() {
            return held.commit().await;
        }
        // Batches that began before may have counted with the earlier facts, and hits of theirs may not be visible yet.
        if let Some(transaction) = self.begin_part().await? {
            wait_for_batches(&transaction).await?;
            transaction.commit().await?;
        }
        let mut after = None;
        loop {
            let part = self.begin_part().await?;
            let transaction = part.as_ref().unwrap_or(&held);
            let clusters = next_clusters(transaction, after).await?;
            let is_hit = is_hit_by(changed.values().flatten().copied().collect(), self);
            let locked = lock(transaction, &clusters, Some(is_hit)).await?;
            refresh(transaction, &locked).await?;
            commit(part).await?;
            after = clusters.last().copied();
            if after.is_none() {
                break;
            }
        }
        for (facts, ids) in changed {
            mark(&held, facts, ids, self).await?;
        }
        held.commit().await
    }
}

/// The ids of the recommendations with new facts, by these.
async fn to_count(connection: &impl ConnectionTrait) -> Result<BTreeMap<Facts, Vec<i32>>, DbErr> {
    let select = Query::select()
        .columns(["id", "total_risk", "for_managed"])
        .from("recommendation")
        .cond_where(is_one())
        .to_owned();
    let mut changed: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for row in connection.query_all(&select).await? {
        changed.entry(Facts::from_query_result(&row, "")?).or_default().push(row.try_get("", "id")?);
    }
    Ok(changed)
}

/// The keys of the next clusters, in their order.
async fn next_clusters(connection: &impl ConnectionTrait, after: Option<ClusterId>) -> Result<Vec<ClusterId>, DbErr> {
    let mut select = Query::select();
    select.column("id").from("cluster").order_by("id", Order::Asc).limit(CLUSTERS_PER_TRANSACTION);
    let id = || Expr::col("id");
    select.and_where(after.map_or_else(|| id().gte(Uuid::nil()), |after| id().gt(after.uuid())));
    connection.query_all(&select).await?.iter().map(|row| row.try_get_by_index(0)).collect()
}

/// The condition that one of the recommendations hits a cluster.
fn is_hit_by(ids: Vec<i32>, store: &Store) -> Expr {
    let hits = Query::select()
        .expr(Expr::val(1))
        .from("rule_hit")
        .and_where(Expr::col(("rule_hit", "cluster_id")).equals(("cluster", "id")))
        .and_where(Column::Int(ids).contains(Expr::col(("rule_hit", "recommendation_id")), store.backend()))
        .to_owned();
    Expr::exists(hits)
}

/// Remembers the facts with which hits were counted.
async fn mark(connection: &impl ConnectionTrait, facts: Facts, ids: Vec<i32>, store: &Store) -> Result<(), DbErr> {
    let update = Query::update()
        .table("recommendation")
        .value("counted_risk", facts.total_risk)
        .value("counted_for_managed", facts.for_managed)
        .and_where(Column::Int(ids).contains(Expr::col("id"), store.backend()))
        .to_owned();
    connection.execute(&update).await.map(drop)
}
