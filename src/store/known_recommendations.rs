//! Which recommendations have hit the clusters of an organization, or workloads on them.

use std::{collections::HashSet, ops::RangeInclusive};

use sea_orm::{
    Condition,
    sea_query::{CommonTableExpression, Expr, ExprTrait as _, Order, Query},
};

use super::{
    columns::Column,
    error::Error,
    list::{Row, subquery},
    pools::Store,
};
use crate::{
    domain::{OrgId, Selector},
    identity::{Readable, Scope},
};

/// A recommendation of an organization; `None` stands for any organization within the scope.
pub type OfOrganization = (Option<OrgId>, Selector);

/// Tables whose rows are hits, each with an index that begins with `recommendation_id` and `org_id`.
const HITS: [&str; 4] = ["rule_hit", "rule_hit_history", "workload_hit", "workload_hit_history"];
/// The name of the requested recommendations.
const REQUESTED: &str = "p";

impl Store {
    /// Returns those of the recommendations that hit or have hit a cluster of their organization, or workloads on one, in
    /// one statement. Internal ones only if the scope includes them. That a recommendation has an id proves nothing:
    /// content gives one too, and so do the hits of other organizations.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn known_recommendations(
        &self,
        scope: Scope,
        recommendations: &[OfOrganization],
    ) -> Result<HashSet<OfOrganization>, Error> {
        if recommendations.is_empty() {
            return Ok(HashSet::new());
        }
        let during = "reading which recommendations are known";
        let within: Vec<_> = recommendations.iter().map(|(of, _)| organizations(scope, *of)).collect();
        let columns = [
            Column::Int((0..).take(recommendations.len()).collect()),
            Column::BigInt(within.iter().map(|within| *within.start()).collect()),
            Column::BigInt(within.iter().map(|within| *within.end()).collect()),
            Column::Text(recommendations.iter().map(|(_, selector)| selector.to_string()).collect()),
        ];
        let requested = CommonTableExpression::new()
            .query(Column::into_table(columns, self.backend()))
            .table_name(REQUESTED)
            .columns(["place", "first_org", "last_org", "selector"])
            .to_owned();
        let is_known =
            HITS.map(|table| first_hit(table).is_not_null()).into_iter().fold(Condition::any(), Condition::add);
        let mut select = Query::select();
        select
            .with_cte(Query::with().cte(requested).to_owned())
            .column((REQUESTED, "place"))
            .from(REQUESTED)
            .inner_join("recommendation", Expr::col(("recommendation", "selector")).equals((REQUESTED, "selector")))
            .cond_where(is_known);
        if !scope.includes_internal() {
            select.and_where(Expr::col(("recommendation", "internal")).not());
        }
        let rows = self.query(scope.client(), select, during).await?;
        let place = |row| Row::new(row).next::<i32>();
        let places: Vec<_> = rows.iter().map(place).collect::<Result<_, _>>().map_err(Error::during(during))?;
        let known = places.into_iter().filter_map(|place| recommendations.get(usize::try_from(place).ok()?));
        Ok(known.cloned().collect())
    }
}

/// The numbers of the requested organizations that the scope includes.
fn organizations(scope: Scope, requested: Option<OrgId>) -> RangeInclusive<i64> {
    match (requested, scope.readable()) {
        (None, Readable::All) => 1..=i64::MAX,
        (None, Readable::Organization(own)) => own.as_i64()..=own.as_i64(),
        (Some(requested), Readable::Organization(own)) if requested != own => RangeInclusive::new(1, 0),
        (Some(requested), _) => requested.as_i64()..=requested.as_i64(),
    }
}

/// The first of the organizations that the recommendation hit or has hit, by the rows of a table; null if there is none.
/// With this order, PostgreSQL has to use the index. For EXISTS or an equal number it may read the table until it finds
/// a row, which is all of it for most recommendations.
fn first_hit(table: &'static str) -> Expr {
    let column = |name| Expr::col((table, name));
    let first = Query::select()
        .expr(column("org_id"))
        .from(table)
        .and_where(column("recommendation_id").eq(Expr::col(("recommendation", "id"))))
        .and_where(column("org_id").gte(Expr::col((REQUESTED, "first_org"))))
        .and_where(column("org_id").lte(Expr::col((REQUESTED, "last_org"))))
        .order_by((table, "org_id"), Order::Asc)
        .limit(1)
        .to_owned();
    subquery(first)
}
