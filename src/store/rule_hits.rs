//! Reading the hits of clusters' current reports.

use std::collections::HashMap;

use sea_orm::{
    Condition, ConnectionTrait, FromQueryResult,
    sea_query::{Expr, ExprTrait as _, Query},
};

use super::{
    columns::Column,
    error::Error,
    list::{Access, ChildRow, Listing, Ordering, Position, Relation},
    page::{Direction, Page, PageRequest},
    pools::Store,
};
use crate::{
    domain::{ClusterId, Details, OrgId, Selector, Timestamp},
    identity::Scope,
};

/// An open hit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleHit {
    /// The recommendation that hits.
    pub selector: Selector,
    /// When it hit first, without a break since.
    pub impacted_since: Timestamp,
    /// The template data. `None` where the message had none, and where the page did not ask for them.
    pub details: Option<Details>,
}

/// Which hits of a cluster's list are wanted; they come by selector.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RuleHitListing {
    /// The page.
    pub window: PageRequest<Selector>,
    /// Is the whole list's length wanted?
    pub total: bool,
    /// Are the template data wanted? They are most of what the database has to send.
    pub details: bool,
}

/// One of a parent's hits, or the parent alone.
#[derive(FromQueryResult)]
struct RuleHitRow {
    parent: ClusterId,
    total: Option<i64>,
    selector: Option<Selector>,
    impacted_since: Option<Timestamp>,
    details: Option<String>,
}

impl Store {
    /// Those of the hits that are open and within the scope, by cluster and selector, with their details.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn rule_hits(
        &self,
        scope: Scope,
        keys: &[(ClusterId, Selector)],
    ) -> Result<HashMap<(ClusterId, Selector), RuleHit>, Error> {
        let key = Expr::tuple([Expr::col("cluster_id"), Expr::col("selector")]);
        let wanted = keys.iter().map(|(cluster, selector)| (cluster.uuid(), selector.as_str()));
        let mut select = Query::select();
        select
            .expr_as(Expr::col("cluster_id"), "parent")
            .columns(["selector", "impacted_since", "details"])
            .expr_as(Expr::cust("NULL"), "total")
            .from("open_hit")
            .and_where(key.in_tuples(wanted))
            .cond_where(within("open_hit", scope));
        let during = "reading hits";
        let rows = self.reader.query_all(&select).await.map_err(Error::during(during))?;
        let mut hits = HashMap::new();
        for row in rows {
            let row = RuleHitRow::from_query_result(&row, "").map_err(Error::during(during))?;
            let cluster = row.parent;
            if let Some(hit) = row.into_child()? {
                hits.insert((cluster, hit.selector.clone()), hit);
            }
        }
        Ok(hits)
    }

    /// The same page of each cluster's hits, by selector, in one statement. Every cluster is answered for.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn rule_hits_of_clusters(
        &self,
        scope: Scope,
        clusters: &[ClusterId],
        listing: &RuleHitListing,
    ) -> Result<HashMap<ClusterId, Page<RuleHit>>, Error> {
        let children = Listing {
            columns: if listing.details {
                &["selector", "impacted_since", "details"]
            } else {
                &["selector", "impacted_since"]
            },
            left_out: if listing.details { &[] } else { &["details"] },
            condition: within("open_hit", scope),
            ordering: BY_SELECTOR,
            window: listing.window.clone().map(|selector| Position { field: None, key: selector.as_str().into() }),
            total: listing.total,
        };
        self.children::<RuleHitRow>("reading the hits of clusters", &OPEN_HITS, clusters, &children).await
    }
}

/// Open hits as a cluster's children.
const OPEN_HITS: Relation = Relation { table: "open_hit", parent: "cluster_id", access: Access::Sorted };
const BY_SELECTOR: Ordering = Ordering { field: None, key: ("selector", Direction::Ascending) };

/// The condition that rows belong to whom the scope says.
pub(super) fn within(table: &'static str, scope: Scope) -> Condition {
    let own = |own: OrgId| Expr::col((table, "org_id")).eq(own.as_i64());
    Condition::all().add_option(scope.organization().map(own))
}

impl ChildRow for RuleHitRow {
    type Parent = ClusterId;
    type Child = RuleHit;

    fn keys(clusters: &[ClusterId]) -> Column {
        Column::clusters(clusters.iter().copied())
    }

    fn parent(&self) -> ClusterId {
        self.parent
    }

    fn total(&self) -> Option<i64> {
        self.total
    }

    fn into_child(self) -> Result<Option<RuleHit>, Error> {
        let (Some(selector), Some(impacted_since)) = (self.selector, self.impacted_since) else {
            return Ok(None);
        };
        Ok(Some(RuleHit { selector, impacted_since, details: self.details.map(Details::from_checked) }))
    }
}
