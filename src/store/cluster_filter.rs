//! The filter of lists of clusters.

use sea_orm::{
    Condition, DbBackend,
    sea_query::{Expr, ExprTrait as _, Func, Query, SelectStatement, extension::postgres::PgFunc},
};

use super::{
    columns::Column,
    contains::contains,
    list::{Filter, ITEM, item, subquery},
    shown_counts,
    visibility::shown_of_cluster,
};
use crate::{
    domain::{ClusterId, Selector, Timestamp, TotalRisk, VersionKey, lower_case},
    identity::Scope,
};

/// What restricts a list of clusters: a cluster meets every condition that is given.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct ClusterFilter {
    /// Part of the UUID or of the name, in any case.
    pub text: Option<String>,
    /// One of these.
    pub ids: Option<Vec<ClusterId>>,
    /// The version is this one or a later one.
    pub version_from: Option<VersionKey>,
    /// The version is an earlier one.
    pub version_before: Option<VersionKey>,
    /// The version is written exactly as one of these.
    pub versions: Option<Vec<String>>,
    /// Whether there are hits that are shown by default.
    pub has_hits: Option<bool>,
    /// A recommendation of one of these risks hits the cluster, and the hit is shown by default.
    pub total_risk: Option<Vec<TotalRisk>>,
    /// Whether the cluster is managed.
    pub managed: Option<bool>,
    /// Any of these recommendations hits the cluster, and the hit is shown by default.
    pub hit_by: Option<Vec<Selector>>,
    /// Rules last ran at this time or later.
    pub seen_since: Option<Timestamp>,
}

impl Filter for ClusterFilter {
    fn condition(&self, scope: Scope, backend: DbBackend) -> Condition {
        Condition::all()
            .add_option(self.text.as_deref().map(|text| {
                let text = lower_case(text);
                contains(item("sort_name"), &text).or(contains(uuid_text(backend), &text))
            }))
            .add_option(
                self.ids.as_ref().map(|ids| Column::clusters(ids.iter().copied()).contains(item("id"), backend)),
            )
            .add_option(self.version_from.as_ref().map(|from| item("version_key").gte(from.as_str())))
            .add_option(self.version_before.as_ref().map(|before| item("version_key").lt(before.as_str())))
            .add_option(
                self.versions
                    .as_ref()
                    .map(|versions| Column::Text(versions.clone()).contains(item("version"), backend)),
            )
            .add_option(self.has_hits.map(|has| {
                let is_hit = format!("{} <> 0", shown_counts::within(scope, ITEM));
                Expr::cust(if has { is_hit } else { format!("NOT ({is_hit})") })
            }))
            .add_option(self.total_risk.as_deref().map(|risks| {
                Expr::cust(format!("({} & {}) <> 0", shown_counts::within(scope, ITEM), shown_counts::mask(risks)))
            }))
            .add_option(self.managed.map(|managed| item("managed").eq(managed)))
            .add_option(self.hit_by.as_deref().map(|selectors| Expr::exists(hits_by(scope, selectors, backend))))
            .add_option(self.seen_since.map(|since| item("last_checked_at").gte(since.utc())))
    }

    fn needs_scan(&self) -> bool {
        // Ids are found by key.
        *self != Self { ids: self.ids.clone(), ..Self::default() }
    }
}

/// The hits of a cluster that are shown by default.
fn hits(scope: Scope) -> SelectStatement {
    let of_cluster = Expr::col(("rule_hit", "cluster_id")).eq(item("id"));
    let shown = shown_of_cluster(scope, "rule_hit", ITEM);
    Query::select().expr(Expr::val(1)).from("rule_hit").and_where(of_cluster).cond_where(shown).to_owned()
}

/// The recommendations' ids are looked up first and once, so that each cluster costs one look into an index.
fn hits_by(scope: Scope, selectors: &[Selector], backend: DbBackend) -> SelectStatement {
    let selectors = Column::Text(selectors.iter().map(ToString::to_string).collect());
    let mut ids = Query::select();
    ids.column("id").from("recommendation").and_where(selectors.contains(Expr::col("selector"), backend));
    let id = Expr::col(("rule_hit", "recommendation_id"));
    let by = match backend {
        DbBackend::Sqlite => id.in_subquery(ids),
        // As a join, the planner would begin at the wrong end.
        _ => id.eq(PgFunc::any(Func::cust("array").arg(subquery(ids)))),
    };
    let of_owner = Expr::col(("rule_hit", "org_id")).eq(item("org_id"));
    hits(scope).and_where(of_owner).and_where(by).to_owned()
}

/// A cluster's UUID as text. SQLite stores the bytes.
fn uuid_text(backend: DbBackend) -> Expr {
    match backend {
        DbBackend::Sqlite => Expr::cust(
            "lower(substr(hex(i.id), 1, 8) || '-' || substr(hex(i.id), 9, 4) || '-' || \
             substr(hex(i.id), 13, 4) || '-' || substr(hex(i.id), 17, 4) || '-' || substr(hex(i.id), 21))",
        ),
        _ => Expr::cust("i.id::text"),
    }
}
