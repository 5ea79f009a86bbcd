//! Numbers of hits and clusters of organizations, by recommendation and by version. Only hits that are shown by default
//! are counted.

use std::collections::HashMap;

use sea_orm::{
    DbBackend, DbErr, JoinType,
    sea_query::{
        Asterisk, CaseStatement, CommonTableExpression, Expr, ExprTrait as _, Func, NullOrdering, Order, Query,
        SelectStatement, WindowStatement,
    },
};

use super::{
    cluster_filter::ClusterFilter,
    clusters::Cluster,
    columns::Column,
    error::Error,
    list::{Filter as _, ITEM, Row, item, subquery, within},
    pools::Store,
    visibility::{hidden_if_managed, not_internal, shown_of_cluster},
};
use crate::{
    domain::{OrgId, Selector},
    identity::Scope,
};

/// How many clusters each recommendation hits. Those that hit none are left out.
pub type ImpactCounts = HashMap<Selector, u64>;

/// The clusters of an organization, counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClusterCounts {
    /// All.
    pub clusters: u64,
    /// Those with a hit.
    pub hit: u64,
    /// Those of each version, newest first, then texts that are not valid versions, then clusters without one; at most as many as
    /// requested.
    pub versions: Vec<(Option<String>, u64)>,
}

/// The names of intermediate results.
const HIT: &str = "hit";
const COUNTED: &str = "counted";
const HIDDEN: &str = "hidden";
const GROUPED: &str = "grouped";
/// Represents all organizations. No organization has this number.
const ALL: i64 = 0;

impl Store {
    /// Counts the clusters that each recommendation hits, for each of the organizations. `None` stands for all
    /// organizations within the scope. Takes one statement, and another one if `None` is among others.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn impact_counts(
        &self,
        scope: Scope,
        organizations: &[Option<OrgId>],
    ) -> Result<HashMap<Option<OrgId>, ImpactCounts>, Error> {
        let mut counts: HashMap<_, ImpactCounts> = organizations.iter().map(|of| (*of, HashMap::new())).collect();
        let named: Vec<_> = organizations.iter().copied().flatten().collect();
        if !named.is_empty() {
            self.add_counts(scope, self.by_recommendation(scope, Some(&named)), &mut counts).await?;
        }
        if organizations.contains(&None) {
            self.add_counts(scope, self.by_recommendation(scope, None), &mut counts).await?;
        }
        Ok(counts)
    }

    /// Counts the same among the clusters that match a filter, in one statement.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn impact_counts_among(
        &self,
        scope: Scope,
        organizations: &[OrgId],
        filter: &ClusterFilter,
    ) -> Result<HashMap<Option<OrgId>, ImpactCounts>, Error> {
        let mut grouped = Query::select();
        grouped
            .expr(item("org_id"))
            .column((HIT, "recommendation_id"))
            .expr_as(Func::count(Expr::col(Asterisk)), "clusters")
            .from_as("cluster", ITEM)
            .and_where(Column::BigInt(numbers(organizations)).contains(item("org_id"), self.backend()))
            .cond_where(within::<Cluster>(scope))
            .cond_where(filter.condition(scope, self.backend()))
            .cond_where(shown_of_cluster(scope, HIT, item("managed")))
            .group_by_columns([(ITEM, "org_id"), (HIT, "recommendation_id")]);
        join_hits(&mut grouped, self.backend());
        let is_named = Expr::col(("recommendation", "id")).equals((GROUPED, "recommendation_id"));
        let mut select = Query::select();
        select
            .column((GROUPED, "org_id"))
            .column(("recommendation", "selector"))
            .column((GROUPED, "clusters"))
            .from_subquery(grouped, GROUPED)
            .inner_join("recommendation", is_named);
        let mut counts = HashMap::new();
        self.add_counts(scope, select, &mut counts).await?;
        Ok(counts)
    }

    /// Counts the clusters of each organization that match a filter: all, those that are hit, and those of each version,
    /// up to this number of versions. Takes one statement. Organizations without clusters are not in the result.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn cluster_counts(
        &self,
        scope: Scope,
        organizations: &[OrgId],
        filter: &ClusterFilter,
        versions: usize,
    ) -> Result<HashMap<OrgId, ClusterCounts>, Error> {
        let during = "counting clusters";
        let is_hit = ClusterFilter { has_hits: Some(true), ..ClusterFilter::default() };
        let hit: Expr = CaseStatement::new().case(is_hit.condition(scope, self.backend()), 1).into();
        let mut grouped = Query::select();
        grouped
            .exprs([item("org_id"), item("version")])
            .expr_as(Func::min(item("version_key")), "version_key")
            .expr_as(Func::count(Expr::col(Asterisk)), "clusters")
            .expr_as(Func::count(hit), "hit")
            .from_as("cluster", ITEM)
            .and_where(Column::BigInt(numbers(organizations)).contains(item("org_id"), self.backend()))
            .cond_where(within::<Cluster>(scope))
            .cond_where(filter.condition(scope, self.backend()))
            .group_by_columns([(ITEM, "org_id"), (ITEM, "version")]);

        let column = |name| Expr::col((GROUPED, name));
        let by_organization = || WindowStatement::partition_by((GROUPED, "org_id"));
        let mut newest_first = by_organization();
        for name in ["version_key", "version"] {
            newest_first.order_by_expr_with_nulls(column(name), Order::Desc, NullOrdering::Last);
        }
        let mut numbered = Query::select();
        numbered.exprs(["org_id", "version", "clusters"].map(column)).from_subquery(grouped, GROUPED);
        for (name, sum) in [("clusters", "all_clusters"), ("hit", "all_hit")] {
            numbered.expr_window_as(Func::sum(column(name)), by_organization(), sum);
        }
        numbered.expr_window_as(Func::cust("row_number"), newest_first, "place");

        // PostgreSQL's sums of bigints are decimals.
        let sum = |name| Expr::col(("numbered", name)).cast_as("bigint");
        let mut select = Query::select();
        select
            .columns(["org_id", "version", "clusters"].map(|name| ("numbered", name)))
            .exprs(["all_clusters", "all_hit"].map(sum))
            .from_subquery(numbered, "numbered")
            .and_where(Expr::col("place").lte(i64::try_from(versions).unwrap_or(i64::MAX)))
            .order_by("org_id", Order::Asc)
            .order_by("place", Order::Asc);
        let rows = self.query(scope.client(), select, during).await?;
        let mut counts: HashMap<OrgId, ClusterCounts> = HashMap::new();
        for row in &rows {
            let mut row = Row::new(row);
            let mut read = || -> Result<(OrgId, Option<String>, [i64; 3]), DbErr> {
                Ok((row.next()?, row.next()?, [row.next()?, row.next()?, row.next()?]))
            };
            let (of, version, numbers) = read().map_err(Error::during(during))?;
            let [of_version, clusters, hit] = numbers.map(i64::unsigned_abs);
            let counted = counts.entry(of).or_default();
            (counted.clusters, counted.hit) = (clusters, hit);
            counted.versions.push((version, of_version));
        }
        Ok(counts)
    }

    /// The statement for the number of clusters that each recommendation hits, for each of the organizations or for all
    /// together: by one look into the index of hits for each recommendation, of which there are few. The hits that are
    /// hidden because their clusters are managed are subtracted. They are counted by cluster, since whether the cluster
    /// of each hit is managed would be a look into another index.
    fn by_recommendation(&self, scope: Scope, organizations: Option<&[OrgId]>) -> SelectStatement {
        let all = || Expr::val(ALL).cast_as("bigint");
        let (mut counted, mut hidden) = (Query::select(), Query::select());
        let organization = organizations.map(|organizations| {
            let (source, organization) = Column::BigInt(numbers(organizations)).into_rows(self.backend());
            counted.from_function(source, "p");
            hidden
                .and_where(Column::BigInt(numbers(organizations)).contains(item("org_id"), self.backend()))
                .group_by_col((ITEM, "org_id"));
            organization
        });
        let mut hits = Query::select();
        hits.expr(Func::count(Expr::col(Asterisk)))
            .from_as("rule_hit", ITEM)
            .and_where(item("recommendation_id").equals(("recommendation", "id")))
            .and_where_option(organization.clone().map(|of| item("org_id").eq(of)))
            .cond_where(within::<Cluster>(scope))
            .cond_where(not_internal(scope, ITEM));
        hidden
            .expr_as(organization.as_ref().map_or_else(all, |_| item("org_id")), "org_id")
            .column((HIT, "recommendation_id"))
            .expr_as(Func::count(Expr::col(Asterisk)), "clusters")
            .from_as("cluster", ITEM)
            .cond_where(within::<Cluster>(scope))
            .and_where(item("managed"))
            .and_where(hidden_if_managed(HIT))
            .group_by_col((HIT, "recommendation_id"));
        join_hits(&mut hidden, self.backend());
        counted
            .expr_as(organization.unwrap_or_else(all), "org_id")
            .columns([("recommendation", "id"), ("recommendation", "selector")])
            .from("recommendation")
            .expr_as(subquery(hits), "clusters");

        // Without this, the numbers would be counted again for the condition on them.
        let once = |statement, name: &'static str| {
            CommonTableExpression::new().query(statement).table_name(name).materialized(true).to_owned()
        };
        let of = |table: &'static str, name: &'static str| Expr::col((table, name));
        let is_same = of(HIDDEN, "org_id")
            .equals((COUNTED, "org_id"))
            .and(of(HIDDEN, "recommendation_id").equals((COUNTED, "id")));
        let shown = || of(COUNTED, "clusters").sub(Func::coalesce([of(HIDDEN, "clusters"), Expr::val(0)]));
        Query::select()
            .with_cte(Query::with().cte(once(counted, COUNTED)).cte(once(hidden, HIDDEN)).to_owned())
            .columns(["org_id", "selector"].map(|name| (COUNTED, name)))
            .expr(shown())
            .from(COUNTED)
            .left_join(HIDDEN, is_same)
            .and_where(shown().gt(0))
            .to_owned()
    }

    /// Adds what a statement counts, whose rows are an organization, a selector and a number.
    async fn add_counts(
        &self,
        scope: Scope,
        select: SelectStatement,
        counts: &mut HashMap<Option<OrgId>, ImpactCounts>,
    ) -> Result<(), Error> {
        let during = "counting hits";
        for row in &self.query(scope.client(), select, during).await? {
            let mut row = Row::new(row);
            let mut read = || -> Result<(i64, Selector, i64), DbErr> { Ok((row.next()?, row.next()?, row.next()?)) };
            let (organization, selector, count) = read().map_err(Error::during(during))?;
            counts.entry(OrgId::try_from(organization).ok()).or_default().insert(selector, count.unsigned_abs());
        }
        Ok(())
    }
}

/// Joins clusters with their hits under the same owner.
fn join_hits(clusters: &mut SelectStatement, backend: DbBackend) {
    let is_of_cluster = |hits| {
        let of_hit = |name| Expr::col((hits, name));
        of_hit("cluster_id").eq(item("id")).and(of_hit("org_id").eq(item("org_id")))
    };
    if backend == DbBackend::Sqlite {
        clusters.join_as(JoinType::InnerJoin, "rule_hit", HIT, is_of_cluster(HIT));
    } else {
        let of_cluster = is_of_cluster("rule_hit");
        // Without the offset, PostgreSQL may read all hits and hash them.
        let hits = Query::select().column(Asterisk).from("rule_hit").and_where(of_cluster).offset(0).to_owned();
        clusters.join_lateral(JoinType::InnerJoin, hits, HIT, Expr::val(true));
    }
}

fn numbers(organizations: &[OrgId]) -> Vec<i64> {
    organizations.iter().map(|organization| organization.as_i64()).collect()
}
