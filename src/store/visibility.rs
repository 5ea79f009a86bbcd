//! Which open hits of a cluster, or of its workloads, are shown. Every read of hits uses this condition.
//!
//! Internal recommendations are hidden from scopes that do not include them. Those that the organization has acknowledged
//! are hidden unless they are requested, and so are those that it has turned off for the cluster; on a managed cluster, so
//! are those that do not apply to managed clusters. Recommendations without content are shown. What is turned off for a
//! cluster concerns its report, not its workloads.

use sea_orm::{
    Condition,
    sea_query::{Expr, ExprTrait as _, Func, Query, SelectStatement},
};

use super::{list::subquery, shown_counts};
use crate::identity::Scope;

/// Which hits are shown besides those that are shown by default. Nothing shows internal ones to a scope without them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct IncludedHits {
    /// On managed clusters, the hits of recommendations that do not apply to managed clusters.
    pub not_for_managed: bool,
    /// The hits of recommendations that the organization has turned off for the cluster.
    pub disabled: bool,
    /// The hits of recommendations that the organization has acknowledged.
    pub acknowledged: bool,
}

impl IncludedHits {
    /// All that any request can show.
    pub const ALL: Self = Self { not_for_managed: true, disabled: true, acknowledged: true };
    /// Those of recommendations that are disabled, in either way.
    pub(super) const OF_DISABLED: Self = Self { not_for_managed: false, ..Self::ALL };
    /// Those of workloads: a toggle does not concern them.
    const OF_WORKLOADS: Self = Self { not_for_managed: false, disabled: true, acknowledged: false };
}

/// The condition that a hit is shown. The table named `hits` has the columns `cluster_id`, `org_id` and
/// `recommendation_id`. It has no parameters: PostgreSQL computes equal expressions of a statement once.
pub(super) fn shown(scope: Scope, included: IncludedHits, hits: &'static str) -> Condition {
    let is_for_managed = || hidden_if_managed(hits).not();
    let is_unmanaged = || Expr::from(Func::coalesce([subquery(is_managed(hits)), Expr::cust("FALSE")])).not();
    Condition::all()
        .add(not_internal(scope, hits))
        .add_option((!included.not_for_managed).then(|| is_for_managed().or(is_unmanaged())))
        .add_option((!included.acknowledged).then(|| is_acknowledged(hits).not()))
        .add_option((!included.disabled).then(|| is_disabled(hits).not()))
}

/// The condition that a hit of workloads is shown, for the same columns.
pub(super) fn shown_of_workloads(scope: Scope, hits: &'static str) -> Condition {
    shown(scope, IncludedHits::OF_WORKLOADS, hits)
}

/// The condition that a hit is shown by default, for rows that have the row of the hit's cluster, named `clusters`.
pub(super) fn shown_of_cluster(scope: Scope, hits: &'static str, clusters: &'static str) -> Condition {
    let nothing_is_hidden = Expr::cust(shown_counts::nothing_is_hidden(clusters));
    let is_shown =
        not_for_managed_is_shown(hits, clusters).add(is_acknowledged(hits).not()).add(is_disabled(hits).not());
    not_internal(scope, hits).add(Condition::any().add(nothing_is_hidden).add(is_shown))
}

/// The condition that a hit is not hidden because its cluster is managed, for the same rows.
pub(super) fn not_for_managed_is_shown(hits: &'static str, clusters: &'static str) -> Condition {
    Condition::all().add(Expr::col((clusters, "managed")).not().or(hidden_if_managed(hits).not()))
}

/// The condition that a hit is hidden by default if its cluster is managed.
pub(super) fn hidden_if_managed(hits: &'static str) -> Expr {
    Expr::col((hits, "recommendation_id")).in_subquery(recommendations(Expr::col("for_managed").not()))
}

/// Whether the recommendation is turned off for the cluster that it hits.
pub(super) fn is_disabled(hits: &'static str) -> Expr {
    let column = |name| Expr::col(("cluster_toggle", name));
    let disabled = Query::select()
        .expr(column("disabled"))
        .from("cluster_toggle")
        .and_where(column("cluster_id").eq(Expr::col((hits, "cluster_id"))))
        .and_where(column("org_id").eq(Expr::col((hits, "org_id"))))
        .and_where(column("recommendation_id").eq(Expr::col((hits, "recommendation_id"))))
        .to_owned();
    Expr::from(Func::coalesce([subquery(disabled), Expr::cust("FALSE")]))
}

/// Whether the cluster's owner has acknowledged the recommendation that hits it.
pub(super) fn is_acknowledged(hits: &'static str) -> Expr {
    let of_hit = |name| Expr::col((hits, name));
    acknowledged(of_hit("org_id"), of_hit("recommendation_id"))
}

/// Whether an organization has acknowledged a recommendation. A value, as `is_managed`.
pub(super) fn acknowledged(organization: Expr, recommendation_id: Expr) -> Expr {
    let column = |name| Expr::col(("acknowledgement", name));
    let acknowledged = Query::select()
        .expr(Expr::cust("TRUE"))
        .from("acknowledgement")
        .and_where(column("org_id").eq(organization))
        .and_where(column("recommendation_id").eq(recommendation_id))
        .to_owned();
    Expr::from(Func::coalesce([subquery(acknowledged), Expr::cust("FALSE")]))
}

/// The condition that a hit or an event is not one of an internal recommendation, unless the scope includes these. The
/// table named `hits` has the column `recommendation_id`.
pub(super) fn not_internal(scope: Scope, hits: &'static str) -> Condition {
    let internal = || recommendations(Expr::col("internal"));
    let is_external = || Expr::col((hits, "recommendation_id")).not_in_subquery(internal());
    Condition::all().add_option((!scope.includes_internal()).then(is_external))
}

/// The ids of recommendations: few, read once per statement.
fn recommendations(which: Expr) -> SelectStatement {
    Query::select().column("id").from("recommendation").and_where(which).to_owned()
}

/// Whether the cluster of a hit is managed under its owner; no row where nothing was imported. A value, because of EXISTS
/// PostgreSQL may make a hash of the whole table.
fn is_managed(hits: &'static str) -> SelectStatement {
    let column = |name| Expr::col(("imported_cluster", name));
    Query::select()
        .expr(column("managed"))
        .from("imported_cluster")
        .and_where(column("org_id").eq(Expr::col((hits, "org_id"))))
        .and_where(column("cluster_id").eq(Expr::col((hits, "cluster_id"))))
        .to_owned()
}
