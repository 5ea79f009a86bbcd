//! What `cluster` keeps for filters and orders: the numbers of shown hits, the name in lower case, and whether the cluster
//! is managed.
//!
//! They are read after the hits are written, in the same transaction, and written with the cluster's row. Who changes
//! what they depend on, facts or imported values, reads and writes them again under the lock of the cluster's row.

use std::collections::HashMap;

use sea_orm::{
    ConnectionTrait as _, DatabaseTransaction, DbBackend, DbErr, FromQueryResult,
    sea_query::{CommonTableExpression, Expr, ExprTrait as _, Func, JoinType, LockType, Order, Query, SelectStatement},
};

use super::{columns::Column, statement, visibility::count_of_shown};
use crate::domain::{ClusterId, OrgId};

/// The clusters and their owners, as a table.
const OWNED: &str = "o";
/// What was imported for these owners.
const IMPORTED: &str = "m";
/// Their open hits.
const HITS: &str = "h";
/// The recommendations of these hits.
const RECOMMENDATIONS: &str = "r";
/// The counts of these hits.
const COUNTS: &str = "c";

/// What is kept of a cluster.
#[derive(Clone, Debug, FromQueryResult)]
pub(super) struct KeptValues {
    cluster_id: ClusterId,
    /// The counts of the shown hits of external recommendations, see `shown_counts`.
    pub(super) external_counts: i64,
    /// Those of internal recommendations.
    pub(super) internal_counts: i64,
    /// The imported name in lower case; `None` if the cluster has none.
    sort_name: Option<String>,
    /// Whether the cluster is managed under its owner.
    pub(super) managed: bool,
}

impl KeptValues {
    /// The text by which the cluster is ordered among names.
    pub(super) fn sort_name(&self) -> String {
        self.sort_name.clone().unwrap_or_else(|| self.cluster_id.to_string())
    }
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
}

/// Reads what is to be kept of some clusters, from their hits, the facts and the imported values. In one statement, and
/// in none for no cluster.
pub(super) async fn read(
    transaction: &DatabaseTransaction,
    clusters: &[Owned],
) -> Result<HashMap<ClusterId, KeptValues>, DbErr> {
    if clusters.is_empty() {
        return Ok(HashMap::new());
    }
    let rows = transaction.query_all(&select(clusters, transaction.get_database_backend())).await?;
    let read = |row| KeptValues::from_query_result(row, "").map(|kept| (kept.cluster_id, kept));
    rows.iter().map(read).collect()
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
    let kept = read(transaction, locked).await?;
    if kept.is_empty() {
        return Ok(());
    }
    let kept: Vec<_> = kept.into_values().collect();
    let rows = vec![
        Column::clusters(kept.iter().map(|kept| kept.cluster_id)),
        Column::BigInt(kept.iter().map(|kept| kept.external_counts).collect()),
        Column::BigInt(kept.iter().map(|kept| kept.internal_counts).collect()),
        Column::Text(kept.iter().map(KeptValues::sort_name).collect()),
        Column::Int(kept.iter().map(|kept| kept.managed.into()).collect()),
    ];
    statement::CLUSTERS_COUNT.execute(transaction, rows, []).await
}

fn select(clusters: &[Owned], backend: DbBackend) -> SelectStatement {
    let columns = [
        Column::clusters(clusters.iter().map(|owned| owned.id)),
        Column::BigInt(clusters.iter().map(|owned| owned.org_id.as_i64()).collect()),
    ];
    let owned = CommonTableExpression::new()
        .query(Column::into_table(columns, backend))
        .table_name(OWNED)
        .columns(["cluster_id", "org_id"])
        .to_owned();
    let column = |table: &'static str, name: &'static str| Expr::col((table, name));
    let is_imported = column(IMPORTED, "org_id")
        .equals((OWNED, "org_id"))
        .and(column(IMPORTED, "cluster_id").equals((OWNED, "cluster_id")));
    let is_hit = column(HITS, "cluster_id").equals((OWNED, "cluster_id"));
    let is_recommendation = column(RECOMMENDATIONS, "id").equals((HITS, "recommendation_id"));
    let count = |internal| count_of_shown(internal, HITS, RECOMMENDATIONS, column(IMPORTED, "managed"));

    let mut kept = Query::select();
    kept.with_cte(Query::with().cte(owned).to_owned())
        .column((OWNED, "cluster_id"))
        .column((IMPORTED, "sort_name"))
        .expr_as(Func::coalesce([column(IMPORTED, "managed"), Expr::val(false)]), "managed")
        .from(OWNED);
    if backend == DbBackend::Sqlite {
        return kept
            .expr_as(count(false), "external_counts")
            .expr_as(count(true), "internal_counts")
            .join_as(JoinType::LeftJoin, "imported_cluster", IMPORTED, is_imported)
            .join_as(JoinType::LeftJoin, "rule_hit", HITS, is_hit)
            .join_as(JoinType::LeftJoin, "recommendation", RECOMMENDATIONS, is_recommendation)
            .group_by_columns([(OWNED, "cluster_id"), (IMPORTED, "sort_name"), (IMPORTED, "managed")])
            .to_owned();
    }
    // PostgreSQL keeps its plan. One that is made while a table is empty would read the whole table later; with a limit
    // or a sum, it cannot.
    let one = |table, alias, columns: &[&'static str], is_one| {
        Query::select().columns(columns.iter().copied()).from_as(table, alias).and_where(is_one).limit(1).to_owned()
    };
    let imported = one("imported_cluster", IMPORTED, &["sort_name", "managed"], is_imported);
    let facts = one("recommendation", RECOMMENDATIONS, &["internal", "total_risk", "for_managed"], is_recommendation);
    let counts = Query::select()
        .expr_as(count(false), "external_counts")
        .expr_as(count(true), "internal_counts")
        .from_as("rule_hit", HITS)
        .join_lateral(JoinType::LeftJoin, facts, RECOMMENDATIONS, Expr::val(true))
        .and_where(is_hit)
        .to_owned();
    kept.columns([(COUNTS, "external_counts"), (COUNTS, "internal_counts")])
        .join_lateral(JoinType::LeftJoin, imported, IMPORTED, Expr::val(true))
        .join_lateral(JoinType::LeftJoin, counts, COUNTS, Expr::val(true));
    kept
}
