//! Which clusters a list shows.

use sea_orm::{
    Condition, DbBackend,
    sea_query::{Expr, ExprTrait as _, Func, LikeExpr, Query, SelectStatement, extension::postgres::PgFunc},
};

use super::columns::Column;
use crate::{
    domain::{ClusterId, OrgId, Selector, Timestamp, VersionKey},
    identity::Scope,
};

/// What a cluster must be like to be in a list; what is `None` does not matter.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct ClusterFilter {
    /// This text is part of its UUID, in any case.
    pub text: Option<String>,
    /// It is one of these.
    pub ids: Option<Vec<ClusterId>>,
    /// Its version is not before this one.
    pub version_from: Option<VersionKey>,
    /// Its version is before this one.
    pub version_before: Option<VersionKey>,
    /// Its version is written as one of these.
    pub versions: Option<Vec<String>>,
    /// It has hits, or it has none.
    pub has_hits: Option<bool>,
    /// It is hit by any of these.
    pub hit_by: Option<Vec<Selector>>,
    /// Rules ran no earlier than this.
    pub seen_since: Option<Timestamp>,
}

impl ClusterFilter {
    /// The condition on rows of `cluster`, the scope included.
    pub(super) fn condition(&self, backend: DbBackend, scope: Scope) -> Condition {
        let column = |name: &'static str| Expr::col(("cluster", name));
        Condition::all()
            .add_option(scope.organization().map(|own| column("org_id").eq(OrgId::as_i64(own))))
            .add_option(self.text.as_deref().map(|text| contains(uuid_text(backend), text)))
            .add_option(
                self.ids.as_ref().map(|ids| Column::clusters(ids.iter().copied()).contains(column("id"), backend)),
            )
            .add_option(self.version_from.as_ref().map(|from| column("version_key").gte(from.as_str())))
            .add_option(self.version_before.as_ref().map(|before| column("version_key").lt(before.as_str())))
            .add_option(
                self.versions
                    .as_ref()
                    .map(|versions| Column::Text(versions.clone()).contains(column("version"), backend)),
            )
            .add_option(
                self.has_hits.map(|wanted| if wanted { Expr::exists(hits()) } else { Expr::exists(hits()).not() }),
            )
            .add_option(self.hit_by.as_deref().map(|selectors| Expr::exists(hits_by(selectors, backend))))
            .add_option(self.seen_since.map(|since| column("last_checked_at").gte(since.utc())))
    }
}

fn hits() -> SelectStatement {
    let of_cluster = Expr::col(("rule_hit", "cluster_id")).eq(Expr::col(("cluster", "id")));
    Query::select().expr(Expr::val(1)).from("rule_hit").and_where(of_cluster).to_owned()
}

/// The recommendations' numbers are found first and once, so that each cluster costs one look into an index.
fn hits_by(selectors: &[Selector], backend: DbBackend) -> SelectStatement {
    let selectors = Column::Text(selectors.iter().map(ToString::to_string).collect());
    let mut numbers = Query::select();
    numbers.column("id").from("recommendation").and_where(selectors.contains(Expr::col("selector"), backend));
    let number = Expr::col(("rule_hit", "recommendation_id"));
    let by = match backend {
        DbBackend::Sqlite => number.in_subquery(numbers),
        // As an array they are no join, which the planner would begin at the wrong end.
        _ => number.eq(PgFunc::any(Func::cust("array").arg(Expr::SubQuery(None, Box::new(numbers.into()))))),
    };
    let of_owner = Expr::col(("rule_hit", "org_id")).eq(Expr::col(("cluster", "org_id")));
    hits().and_where(of_owner).and_where(by).to_owned()
}

/// A cluster's UUID as it is shown. SQLite keeps the bytes.
fn uuid_text(backend: DbBackend) -> Expr {
    match backend {
        DbBackend::Sqlite => Expr::cust(
            "lower(substr(hex(cluster.id), 1, 8) || '-' || substr(hex(cluster.id), 9, 4) || '-' || \
             substr(hex(cluster.id), 13, 4) || '-' || substr(hex(cluster.id), 17, 4) || '-' || substr(hex(cluster.id), 21))",
        ),
        _ => Expr::cust("cluster.id::text"),
    }
}

/// What the text says is meant literally; case folds in ASCII, which is all that a UUID has.
fn contains(column: Expr, text: &str) -> Expr {
    let literal = text.to_ascii_lowercase().replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    column.like(LikeExpr::new(format!("%{literal}%")).escape('\\'))
}
