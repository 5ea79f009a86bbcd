//! Which open hits of a cluster are shown. Every read of hits uses this condition.
//!
//! Internal recommendations are hidden from scopes that do not include them. On a managed cluster, so are those that do
//! not apply to managed clusters, unless they are requested. Recommendations without content are shown.

use sea_orm::{
    Condition,
    sea_query::{CaseStatement, Expr, ExprTrait as _, Func, Query, SelectStatement},
};

use super::{list::subquery, shown_counts::weight};
use crate::identity::Scope;

/// Which hits are shown besides those that are shown by default. Nothing shows internal ones to a scope without them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct IncludedHits {
    /// On managed clusters, the hits of recommendations that do not apply to managed clusters.
    pub not_for_managed: bool,
}

impl IncludedHits {
    /// All that any request can show.
    pub const ALL: Self = Self { not_for_managed: true };
}

/// The condition that a hit is shown. The table named `hits` has the columns `cluster_id`, `org_id` and
/// `recommendation_id`.
pub(super) fn shown(scope: Scope, included: IncludedHits, hits: &'static str) -> Condition {
    let is_for_managed = || hidden_if_managed(hits).not();
    let is_unmanaged = || Expr::from(Func::coalesce([subquery(is_managed(hits)), Expr::val(false)])).not();
    Condition::all()
        .add(not_internal(scope, hits))
        .add_option((!included.not_for_managed).then(|| is_for_managed().or(is_unmanaged())))
}

/// The condition that a hit is shown by default, for rows that have what is kept of the hit's cluster: whether it is
/// managed.
pub(super) fn shown_of_cluster(scope: Scope, hits: &'static str, is_managed: Expr) -> Condition {
    Condition::all().add(not_internal(scope, hits)).add(is_managed.not().or(hidden_if_managed(hits).not()))
}

/// The condition that a hit is hidden by default if its cluster is managed.
pub(super) fn hidden_if_managed(hits: &'static str) -> Expr {
    Expr::col((hits, "recommendation_id")).in_subquery(recommendations(Expr::col("for_managed").not()))
}

/// The counts of the hits among joined rows that are shown by default: of internal recommendations, or of the others. As
/// [`shown`], but for rows that have the recommendation and whether the cluster is managed. Rows without a hit are null.
///
/// A trigger counts for processes of the version before the kept counts. Its migration has the rule as it was then: a
/// later version that changes the rule replaces the trigger.
pub(super) fn count_of_shown(
    internal: bool,
    hits: &'static str,
    recommendations: &'static str,
    is_managed: Expr,
) -> Expr {
    let recommendation = |column| Expr::col((recommendations, column));
    let is_for_managed = Func::coalesce([recommendation("for_managed"), Expr::val(true)]);
    let is_unmanaged = Expr::from(Func::coalesce([is_managed, Expr::val(false)])).not();
    let is_shown = Expr::col((hits, "cluster_id"))
        .is_not_null()
        .and(if internal { recommendation("internal") } else { recommendation("internal").not() })
        .and(Expr::from(is_for_managed).or(is_unmanaged));
    let weight = Expr::cust(weight(&format!("{recommendations}.total_risk")));
    let weights: Expr = CaseStatement::new().case(is_shown, weight).finally(Expr::cust("0")).into();
    // A sum of bigints is numeric on PostgreSQL.
    Expr::from(Func::coalesce([Func::sum(weights).into(), Expr::cust("0")])).cast_as("bigint")
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
