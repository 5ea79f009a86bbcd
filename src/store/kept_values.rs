//! What `cluster` keeps for filters and orders: the numbers of shown hits, the name in lower case, and whether the cluster
//! is managed.
//!
//! They are read after the hits are written, in the same transaction, and written with the cluster's row. Who changes
//! what they depend on, facts, imported values or toggles, reads and writes them again under the lock of the cluster's
//! row. Acknowledgements, which may change very many, only add or subtract: see `acknowledged_counts`.

use std::collections::{HashMap, HashSet};

use sea_orm::{
    ConnectionTrait as _, DatabaseTransaction, DbBackend, DbErr, FromQueryResult, QueryResult,
    sea_query::{Expr, LockType, Order, Query, SelectStatement, UnionType},
};

use super::{
    batch_lock,
    columns::Column,
    imported_clusters::{ImportKey, ImportedValues, stored},
    list::Row,
    shown_counts::weight,
    statement,
};
use crate::domain::{ClusterId, OrgId, TotalRisk, lower_case};

/// What is kept of a cluster.
#[derive(Clone, Debug)]
pub(super) struct KeptValues {
    /// The counts of the shown hits of external recommendations, see `shown_counts`.
    pub(super) external_counts: i64,
    /// Those of internal recommendations.
    pub(super) internal_counts: i64,
    /// The text by which the cluster is ordered among names: the imported one in lower case, or the UUID.
    pub(super) sort_name: String,
    /// Whether the cluster is managed under its owner.
    pub(super) managed: bool,
}

/// A cluster and its owner.
#[derive(Clone, Copy, Debug, FromQueryResult)]
pub(super) struct Owned {
    id: ClusterId,
    org_id: OrgId,
}

impl Owned {
    /// A cluster with the owner that it will have when the transaction commits.
    pub(super) fn new(cluster: ClusterId, organization: OrgId) -> Self {
        Self { id: cluster, org_id: organization }
    }

    /// The cluster.
    pub(super) fn cluster(self) -> ClusterId {
        self.id
    }

    fn key(self) -> ImportKey {
        (self.org_id, self.id)
    }
}

/// The ids of the recommendations that hit clusters, by cluster.
pub(super) type HitsByCluster = HashMap<ClusterId, Vec<i32>>;

/// What decides whether hits are counted, and as what.
struct Counted {
    facts: HashMap<i32, Facts>,
    /// The recommendations that an organization acknowledged, or turned off for a cluster.
    hidden: HashSet<(OrgId, Option<ClusterId>, i32)>,
}

/// The facts of a recommendation.
#[derive(Clone, Copy, Debug, Default)]
struct Facts {
    is_internal: bool,
    total_risk: Option<TotalRisk>,
    is_hidden_if_managed: bool,
}

/// Computes what is to be kept of some locked clusters, from their hits, the facts, what users did, and the imported
/// values. In a few statements for any number of clusters, and in none for no cluster.
pub(super) async fn read(
    transaction: &DatabaseTransaction,
    clusters: &[Owned],
    hits: &HitsByCluster,
) -> Result<HashMap<ClusterId, KeptValues>, DbErr> {
    if clusters.is_empty() {
        return Ok(HashMap::new());
    }
    batch_lock::share_with_actions(transaction, clusters.iter().map(|owned| owned.org_id)).await?;
    let imported = stored(transaction, &clusters.iter().map(|owned| owned.key()).collect::<Vec<_>>()).await?;
    let counted = Counted::read(transaction, clusters, hits).await?;
    let kept = |owned: &Owned| {
        let hits = hits.get(&owned.id).map_or(&[][..], Vec::as_slice);
        (owned.id, counted.kept(*owned, imported.get(&owned.key()), hits))
    };
    Ok(clusters.iter().map(kept).collect())
}

impl Counted {
    async fn read(transaction: &DatabaseTransaction, clusters: &[Owned], hits: &HitsByCluster) -> Result<Self, DbErr> {
        let ids: HashSet<_> = hits.values().flatten().copied().collect();
        if ids.is_empty() {
            return Ok(Self { facts: HashMap::new(), hidden: HashSet::new() });
        }
        let backend = transaction.get_database_backend();
        let owners: HashSet<_> = clusters.iter().map(|owned| owned.org_id.as_i64()).collect();
        let keys = Column::clusters(clusters.iter().map(|owned| owned.id));
        let mut facts = Query::select();
        facts.columns(["id", "internal", "total_risk", "for_managed"]).from("recommendation");
        facts.and_where(Column::Int(ids.into_iter().collect()).contains(Expr::col("id"), backend));
        let mut disabled = Query::select();
        disabled.columns(["org_id", "cluster_id", "recommendation_id"]).from("cluster_toggle");
        disabled.and_where(keys.contains(Expr::col("cluster_id"), backend)).and_where(Expr::col("disabled"));
        let mut acknowledged = Query::select();
        acknowledged.column("org_id").expr(Expr::cust("NULL")).column("recommendation_id").from("acknowledgement");
        acknowledged.and_where(Column::BigInt(owners.into_iter().collect()).contains(Expr::col("org_id"), backend));
        let hidden = disabled.union(UnionType::All, acknowledged);
        Ok(Self {
            facts: rows(transaction, &facts, facts_of).await?,
            hidden: rows(transaction, hidden, |row| Ok((row.next()?, row.next()?, row.next()?))).await?,
        })
    }

    /// What is to be kept of a cluster with these hits.
    fn kept(&self, owned: Owned, imported: Option<&ImportedValues>, hits: &[i32]) -> KeptValues {
        let managed = imported.is_some_and(|imported| imported.is_managed);
        let (mut external_counts, mut internal_counts) = (0, 0);
        for &id in hits {
            let facts = self.facts.get(&id).copied().unwrap_or_default();
            let is_hidden = managed && facts.is_hidden_if_managed
                || self.hidden.contains(&(owned.org_id, None, id))
                || self.hidden.contains(&(owned.org_id, Some(owned.id), id));
            if !is_hidden {
                let counts = if facts.is_internal { &mut internal_counts } else { &mut external_counts };
                *counts += weight(facts.total_risk);
            }
        }
        let name = imported.and_then(|imported| imported.display_name.as_deref());
        let sort_name = name.map_or_else(|| owned.id.to_string(), lower_case);
        KeptValues { external_counts, internal_counts, sort_name, managed }
    }
}

fn facts_of(row: &mut Row<'_>) -> Result<(i32, Facts), DbErr> {
    let (id, is_internal) = (row.next()?, row.next()?);
    let total_risk = total_risk(row.next()?);
    let is_hidden_if_managed = row.next::<Option<bool>>()? == Some(false);
    Ok((id, Facts { is_internal, total_risk, is_hidden_if_managed }))
}

/// The risk that a column has.
pub(super) fn total_risk(column: Option<i16>) -> Option<TotalRisk> {
    column.and_then(|risk| u8::try_from(risk).ok()).and_then(TotalRisk::from_repr)
}

async fn rows<T, C: FromIterator<T>>(
    transaction: &DatabaseTransaction,
    select: &SelectStatement,
    read: impl Fn(&mut Row<'_>) -> Result<T, DbErr>,
) -> Result<C, DbErr> {
    let rows = transaction.query_all(select).await?;
    rows.iter().map(|row: &QueryResult| read(&mut Row::new(row))).collect()
}

/// Locks those of the clusters that exist and meet the condition, in the order of batches, and returns them.
pub(super) async fn lock(
    transaction: &DatabaseTransaction,
    clusters: &[ClusterId],
    condition: Option<Expr>,
) -> Result<Vec<Owned>, DbErr> {
    let backend = transaction.get_database_backend();
    let is_one = Column::clusters(clusters.iter().copied()).contains(Expr::col(("cluster", "id")), backend);
    let mut select = Query::select();
    select.columns([("cluster", "id"), ("cluster", "org_id")]).from("cluster").and_where(is_one);
    select.and_where_option(condition).order_by(("cluster", "id"), Order::Asc);
    if backend == DbBackend::Postgres {
        select.lock(LockType::Update);
    }
    let rows = transaction.query_all(&select).await?;
    rows.iter().map(|row| Owned::from_query_result(row, "")).collect()
}

/// Reads and writes what is kept of clusters that the transaction has locked.
pub(super) async fn refresh(transaction: &DatabaseTransaction, locked: &[Owned]) -> Result<(), DbErr> {
    if locked.is_empty() {
        return Ok(());
    }
    let clusters = Column::clusters(locked.iter().map(|owned| owned.id));
    let mut select = Query::select();
    select.columns(["cluster_id", "recommendation_id"]).from("rule_hit");
    select.and_where(clusters.contains(Expr::col("cluster_id"), transaction.get_database_backend()));
    let mut hits = HitsByCluster::new();
    let found: Vec<(ClusterId, i32)> = rows(transaction, &select, |row| Ok((row.next()?, row.next()?))).await?;
    for (cluster, id) in found {
        hits.entry(cluster).or_default().push(id);
    }
    let kept: Vec<_> = read(transaction, locked, &hits).await?.into_iter().collect();
    let rows = vec![
        Column::clusters(kept.iter().map(|(cluster, _)| *cluster)),
        Column::BigInt(kept.iter().map(|(_, kept)| kept.external_counts).collect()),
        Column::BigInt(kept.iter().map(|(_, kept)| kept.internal_counts).collect()),
        Column::Text(kept.iter().map(|(_, kept)| kept.sort_name.clone()).collect()),
        Column::Int(kept.iter().map(|(_, kept)| kept.managed.into()).collect()),
    ];
    statement::CLUSTERS_COUNT.execute(transaction, rows, []).await
}
