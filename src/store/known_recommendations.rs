//! Which recommendations have hit the clusters of an organization.

use std::collections::HashSet;

use sea_orm::sea_query::{CaseStatement, CommonTableExpression, Expr, ExprTrait as _, Query, SelectStatement};

use super::{columns::Column, error::Error, list::Row, pools::Store};
use crate::{
    domain::{OrgId, Selector},
    identity::{Readable, Scope},
};

/// A recommendation of an organization; `None` stands for any organization within the scope.
pub type OfOrganization = (Option<OrgId>, Selector);

/// Tables whose rows are hits, each with an index that begins with `recommendation_id` and `org_id`.
const HITS: [&str; 2] = ["rule_hit", "rule_hit_history"];
/// The name of the requested recommendations.
const REQUESTED: &str = "p";
/// Represents any organization. No organization has this number.
const ANY: i64 = 0;

impl Store {
    /// Returns those of the recommendations that hit or have hit a cluster of their organization, in one statement.
    /// Internal ones only if the scope includes them. That a recommendation has an id proves nothing: content gives one
    /// too, and so do the hits of other organizations.
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
        let columns = [
            Column::BigInt(recommendations.iter().map(|(of, _)| of.map_or(ANY, OrgId::as_i64)).collect()),
            Column::Text(recommendations.iter().map(|(_, selector)| selector.to_string()).collect()),
        ];
        let mut select = Query::select();
        select
            .with_cte(Query::with().cte(requested(Column::into_table(columns, self.backend()))).to_owned())
            .columns([(REQUESTED, "org_id"), (REQUESTED, "selector")])
            .from(REQUESTED)
            .inner_join("recommendation", Expr::col(("recommendation", "selector")).equals((REQUESTED, "selector")))
            .and_where(is_known(scope));
        if !scope.includes_internal() {
            select.and_where(Expr::col(("recommendation", "internal")).not());
        }
        let rows = self.query(scope.client(), select, during).await?;
        let read = |row| {
            let mut row = Row::new(row);
            let organization: i64 = row.next()?;
            Ok((OrgId::try_from(organization).ok(), row.next()?))
        };
        rows.iter().map(read).collect::<Result<_, _>>().map_err(Error::during(during))
    }
}

/// The requested recommendations as a table.
fn requested(rows: SelectStatement) -> CommonTableExpression {
    CommonTableExpression::new().query(rows).table_name(REQUESTED).columns(["org_id", "selector"]).to_owned()
}

/// The condition that the recommendation hit or has hit a cluster of the requested organization within the scope.
fn is_known(scope: Scope) -> Expr {
    let requested = || Expr::col((REQUESTED, "org_id"));
    match scope.readable() {
        Readable::All => {
            CaseStatement::new().case(requested().eq(ANY), hit(None)).finally(hit(Some(requested()))).into()
        }
        Readable::Organization(own) => requested().is_in([ANY, own.as_i64()]).and(hit(Some(Expr::val(own.as_i64())))),
    }
}

/// The condition that the recommendation hit or has hit a cluster of an organization, or any cluster.
fn hit(of_organization: Option<Expr>) -> Expr {
    let in_table = |table: &'static str| {
        let column = |name| Expr::col((table, name));
        let mut hits = Query::select();
        hits.expr(Expr::val(1))
            .from(table)
            .and_where(column("recommendation_id").eq(Expr::col(("recommendation", "id"))));
        hits.and_where_option(of_organization.clone().map(|of| column("org_id").eq(of)));
        Expr::exists(hits)
    };
    let [open, closed] = HITS.map(in_table);
    open.or(closed)
}
