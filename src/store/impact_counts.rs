//! Numbers of hits and clusters of organizations, by recommendation and by version. Only hits that are shown by default
//! are counted.

use std::collections::HashMap;

use sea_orm::{
    DbBackend, DbErr, JoinType,
    sea_query::{
        Asterisk, CaseStatement, CommonTableExpression, Expr, ExprTrait as _, Func, NullOrdering, Order, Query,
        SelectStatement, UnionType, WindowStatement,
    },
};

use super::{
    cluster_filter::ClusterFilter,
    clusters::Cluster,
    columns::Column,
    error::Error,
    list::{Filter as _, ITEM, Row, item, subquery, within},
    pools::Store,
    visibility::{IncludedHits, acknowledged, hidden_if_managed, shown, shown_of_cluster},
};
use crate::{
    domain::{OrgId, Selector},
    identity::Scope,
};

/// What each recommendation hits. Those that hit nothing and are not acknowledged are left out.
pub type ImpactCounts = HashMap<Selector, Impact>;

/// What a recommendation hits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Impact {
    /// The clusters that it hits and that it is not turned off for.
    pub clusters: u64,
    /// Whether the organization has acknowledged it. Its clusters count nevertheless.
    pub is_acknowledged: bool,
}

impl Impact {
    /// The hits that are shown by default.
    pub fn shown(self) -> u64 {
        if self.is_acknowledged { 0 } else { self.clusters }
    }
}

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
    /// organizations within the scope, for which nothing is acknowledged. Takes one statement, and another one if `None`
    /// is among others.
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

    /// Counts the hits that are shown by default among the clusters that match a filter, in one statement.
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
            .cond_where(shown_of_cluster(scope, HIT, ITEM))
            .group_by_columns([(ITEM, "org_id"), (HIT, "recommendation_id")]);
        join_hits(&mut grouped, &[("cluster_id", "id")], self.backend());
        let is_named = Expr::col(("recommendation", "id")).equals((GROUPED, "recommendation_id"));
        let mut select = Query::select();
        select
            .column((GROUPED, "org_id"))
            .column(("recommendation", "selector"))
            .column((GROUPED, "clusters"))
            .expr(Expr::cust("FALSE"))
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
    /// of each hit is managed would be a look into another index. So are those of recommendations that are turned off,
    /// which are counted by toggle.
    fn by_recommendation(&self, scope: Scope, organizations: Option<&[OrgId]>) -> SelectStatement {
        let all = || Expr::val(ALL).cast_as("bigint");
        let mut counted = Query::select();
        let mut hidden = [self.hidden_on_managed(scope), self.disabled(scope)];
        let organization = organizations.map(|organizations| {
            let (source, organization) = Column::BigInt(numbers(organizations)).into_rows(self.backend());
            counted.from_function(source, "p");
            for hidden in &mut hidden {
                hidden
                    .and_where(Column::BigInt(numbers(organizations)).contains(item("org_id"), self.backend()))
                    .group_by_col((ITEM, "org_id"));
            }
            organization
        });
        let of = organization.as_ref().map_or_else(all, |_| item("org_id"));
        let [mut managed, disabled] = hidden.each_mut().map(|hidden| hidden.expr_as(of.clone(), "org_id").to_owned());
        let hidden = total(managed.union(UnionType::All, disabled).to_owned());
        let mut hits = Query::select();
        hits.expr(Func::count(Expr::col(Asterisk)))
            .from_as("rule_hit", ITEM)
            .and_where(item("recommendation_id").equals(("recommendation", "id")))
            .and_where_option(organization.clone().map(|of| item("org_id").eq(of)))
            .cond_where(within::<Cluster>(scope));
        let id = || Expr::col(("recommendation", "id"));
        let is_acknowledged = organization.clone().map_or_else(|| Expr::cust("FALSE"), |of| acknowledged(of, id()));
        counted
            .expr_as(organization.unwrap_or_else(all), "org_id")
            .columns([("recommendation", "id"), ("recommendation", "selector")])
            .from("recommendation")
            .expr_as(subquery(hits), "clusters")
            .expr_as(is_acknowledged, "acknowledged");
        if !scope.includes_internal() {
            counted.and_where(Expr::col(("recommendation", "internal")).not());
        }

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
            .column((COUNTED, "acknowledged"))
            .from(COUNTED)
            .left_join(HIDDEN, is_same)
            .and_where(shown().gt(0).or(of(COUNTED, "acknowledged")))
            .to_owned()
    }

    /// Counts the hits that are hidden because their clusters are managed, by recommendation.
    fn hidden_on_managed(&self, scope: Scope) -> SelectStatement {
        let mut hidden = self.count_hits("cluster", scope, &[("cluster_id", "id")]);
        hidden.and_where(item("managed")).and_where(hidden_if_managed(HIT)).to_owned()
    }

    /// Counts the hits of recommendations that are turned off for their clusters, and that are not hidden because these
    /// are managed, by recommendation.
    fn disabled(&self, scope: Scope) -> SelectStatement {
        let key = [("cluster_id", "cluster_id"), ("recommendation_id", "recommendation_id")];
        let mut disabled = self.count_hits("cluster_toggle", scope, &key);
        disabled.and_where(item("disabled")).cond_where(shown(scope, IncludedHits::OF_DISABLED, HIT)).to_owned()
    }

    /// Counts the hits that rows of a table are about, by recommendation. The key has columns of hits, each with that of
    /// the table that has the same value.
    fn count_hits(&self, table: &'static str, scope: Scope, key: &[(&'static str, &'static str)]) -> SelectStatement {
        let mut counted = Query::select();
        counted
            .column((HIT, "recommendation_id"))
            .expr_as(Func::count(Expr::col(Asterisk)), "clusters")
            .from_as(table, ITEM)
            .cond_where(within::<Cluster>(scope))
            .group_by_col((HIT, "recommendation_id"));
        join_hits(&mut counted, key, self.backend());
        counted
    }

    /// Adds what a statement counts, whose rows are an organization, a selector, a number, and whether the recommendation
    /// is acknowledged.
    async fn add_counts(
        &self,
        scope: Scope,
        select: SelectStatement,
        counts: &mut HashMap<Option<OrgId>, ImpactCounts>,
    ) -> Result<(), Error> {
        let during = "counting hits";
        for row in &self.query(scope.client(), select, during).await? {
            let mut row = Row::new(row);
            let mut read = || -> Result<(i64, Selector, Impact), DbErr> {
                let key = (row.next()?, row.next()?);
                let clusters = row.next::<i64>()?.unsigned_abs();
                Ok((key.0, key.1, Impact { clusters, is_acknowledged: row.next()? }))
            };
            let (organization, selector, impact) = read().map_err(Error::during(during))?;
            counts.entry(OrgId::try_from(organization).ok()).or_default().insert(selector, impact);
        }
        Ok(())
    }
}

/// Adds up numbers of an organization and a recommendation.
fn total(counts: SelectStatement) -> SelectStatement {
    let of = |name| Expr::col(("part", name));
    Query::select()
        .exprs(["org_id", "recommendation_id"].map(of))
        .expr_as(Expr::from(Func::sum(of("clusters"))).cast_as("bigint"), "clusters")
        .from_subquery(counts, "part")
        .group_by_columns([("part", "org_id"), ("part", "recommendation_id")])
        .to_owned()
}

/// Joins rows with the hits that they are about, under the same owner.
fn join_hits(rows: &mut SelectStatement, key: &[(&'static str, &'static str)], backend: DbBackend) {
    let is_one = |hits: &'static str| {
        let of_owner = Expr::col((hits, "org_id")).eq(item("org_id"));
        key.iter().fold(of_owner, |is_one, (column, of_row)| is_one.and(Expr::col((hits, *column)).eq(item(of_row))))
    };
    if backend == DbBackend::Sqlite {
        // Without CROSS, SQLite may begin with all hits.
        rows.join_as(JoinType::CrossJoin, "rule_hit", HIT, Expr::val(true)).and_where(is_one(HIT));
    } else {
        // Without the offset, PostgreSQL may read all hits and hash them.
        let hits = Query::select().column(Asterisk).from("rule_hit").and_where(is_one("rule_hit")).offset(0).to_owned();
        rows.join_lateral(JoinType::InnerJoin, hits, HIT, Expr::val(true));
    }
}

fn numbers(organizations: &[OrgId]) -> Vec<i64> {
    organizations.iter().map(|organization| organization.as_i64()).collect()
}
