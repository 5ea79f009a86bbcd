//! Keeping the counts of clusters right when a recommendation is acknowledged, or no longer.
//!
//! It may hit very many clusters, so their counts are not computed again: what its hits count is subtracted or added.

use sea_orm::{
    Condition, ConnectionTrait as _, DatabaseTransaction, DbBackend, DbErr,
    sea_query::{Asterisk, Expr, ExprTrait as _, Func, LockBehavior, LockType, Order, Query, SelectStatement},
};

use super::{
    batch_lock::take_from_batches,
    facts_to_count,
    kept_values::{self, lock, refresh, total_risk},
    list::Row,
    shown_counts::weight,
    visibility::is_disabled,
};
use crate::{
    domain::{ClusterId, OrgId},
    fault_point::FaultPoint,
};

/// Clusters per statement where their counts are computed again.
const CLUSTERS_PER_STATEMENT: usize = 1_000;
const HITS: &str = "rule_hit";
const CLUSTERS: &str = "cluster";

/// What happens to the hits of the recommendation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// They are hidden.
    Hide,
    /// They are shown.
    Show,
}

/// The facts of a recommendation that decide what its hits count.
struct Facts {
    is_internal: bool,
    weight: i64,
    is_hidden_if_managed: bool,
    /// Whether some clusters may be counted with other facts.
    is_being_counted: bool,
}

/// Changes the counts of the clusters that a recommendation hits, after its acknowledgement was written or deleted in the
/// same transaction.
///
/// Clusters are locked in the order of batches, and only then the lock that batches take before they count. A transaction that holds
/// a cluster's lock and waits for that one will see the acknowledgement. So a cluster that was hit in the meantime, and
/// that someone else has locked, cannot be waited for.
///
/// # Errors
/// [`DbErr::RecordNotUpdated`] if there is such a cluster. The transaction has to be repeated.
pub(super) async fn count(
    transaction: &DatabaseTransaction,
    organization: OrgId,
    recommendation_id: i32,
    change: Change,
) -> Result<(), DbErr> {
    FaultPoint::ActionWritten.pass();
    let hits = Hits { organization, recommendation_id };
    let Some(facts) = read_facts(transaction, recommendation_id).await? else { return Ok(()) };
    if transaction.get_database_backend() != DbBackend::Postgres {
        return hits.update(transaction, &facts, change).await.map(drop);
    }
    hits.lock_clusters(transaction).await?;
    take_from_batches(transaction, organization).await?;
    let updated = hits.update(transaction, &facts, change).await?;
    let is_complete = updated == hits.count(transaction, &facts).await?;
    if is_complete { Ok(()) } else { Err(DbErr::RecordNotUpdated) }
}

async fn read_facts(transaction: &DatabaseTransaction, recommendation_id: i32) -> Result<Option<Facts>, DbErr> {
    let is_being_counted = Expr::from(facts_to_count::is_one());
    let select = Query::select()
        .columns(["internal", "total_risk", "for_managed"])
        .expr(is_being_counted)
        .from("recommendation")
        .and_where(Expr::col("id").eq(recommendation_id))
        .to_owned();
    let Some(row) = transaction.query_one(&select).await? else { return Ok(None) };
    let mut row = Row::new(&row);
    Ok(Some(Facts {
        is_internal: row.next()?,
        weight: weight(total_risk(row.next()?)),
        is_hidden_if_managed: row.next::<Option<bool>>()? == Some(false),
        is_being_counted: row.next()?,
    }))
}

/// The hits of a recommendation on an organization's clusters.
struct Hits {
    organization: OrgId,
    recommendation_id: i32,
}

impl Hits {
    /// Selects from the clusters that are hit, where the hit is not hidden for another reason.
    fn clusters(&self, is_hidden_if_managed: bool) -> SelectStatement {
        let is_cluster = Expr::col((CLUSTERS, "id"))
            .equals((HITS, "cluster_id"))
            .and(Expr::col((CLUSTERS, "org_id")).equals((HITS, "org_id")));
        let mut clusters = Query::select();
        clusters
            .from(HITS)
            .inner_join(CLUSTERS, is_cluster)
            .and_where(Expr::col((HITS, "recommendation_id")).eq(self.recommendation_id))
            .and_where(Expr::col((HITS, "org_id")).eq(self.organization.as_i64()))
            .and_where(is_disabled(HITS).not());
        if is_hidden_if_managed {
            clusters.and_where(Expr::col((CLUSTERS, "managed")).not());
        }
        clusters
    }

    async fn lock_clusters(&self, transaction: &DatabaseTransaction) -> Result<(), DbErr> {
        let mut locked = self.clusters(false);
        locked.column((CLUSTERS, "id")).order_by((CLUSTERS, "id"), Order::Asc);
        locked.lock_with_tables(LockType::Update, [CLUSTERS]);
        let count = Query::select().expr(Func::count(Expr::col(Asterisk))).from_subquery(locked, "locked").to_owned();
        transaction.query_one(&count).await.map(drop)
    }

    async fn count(&self, transaction: &DatabaseTransaction, facts: &Facts) -> Result<u64, DbErr> {
        let count = self.clusters(facts.is_hidden_if_managed).expr(Func::count(Expr::col(Asterisk))).to_owned();
        let row = transaction.query_one(&count).await?;
        row.map_or(Ok(0), |row| Row::new(&row).next::<i64>()).map(i64::unsigned_abs)
    }

    /// Updates the clusters that no other transaction has locked; returns their number.
    async fn update(&self, transaction: &DatabaseTransaction, facts: &Facts, change: Change) -> Result<u64, DbErr> {
        let mut hit = self.clusters(facts.is_hidden_if_managed);
        hit.column((CLUSTERS, "id"));
        if transaction.get_database_backend() == DbBackend::Postgres {
            hit.lock_with_tables_behavior(LockType::Update, [CLUSTERS], LockBehavior::SkipLocked);
        }
        if facts.is_being_counted {
            return recount(transaction, &hit).await;
        }
        let counts = if facts.is_internal { "internal_counts" } else { "external_counts" };
        let changed = match change {
            Change::Hide => Expr::col(counts).sub(facts.weight),
            Change::Show => Expr::col(counts).add(facts.weight),
        };
        let update = Query::update()
            .table(CLUSTERS)
            .value(counts, changed)
            .cond_where(Condition::all().add(Expr::col("id").in_subquery(hit)))
            .to_owned();
        Ok(transaction.execute(&update).await?.rows_affected())
    }
}

/// Counts the hits of these clusters again. Used only while facts are being counted.
async fn recount(transaction: &DatabaseTransaction, clusters: &SelectStatement) -> Result<u64, DbErr> {
    let rows = transaction.query_all(clusters).await?;
    let clusters: Vec<ClusterId> = rows.iter().map(|row| Row::new(row).next()).collect::<Result<_, _>>()?;
    for part in clusters.chunks(CLUSTERS_PER_STATEMENT) {
        let locked: Vec<kept_values::Owned> = lock(transaction, part, None).await?;
        refresh(transaction, &locked).await?;
    }
    Ok(clusters.len() as u64)
}
