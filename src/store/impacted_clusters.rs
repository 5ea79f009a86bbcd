//! The clusters that a recommendation hits.

use std::{collections::HashMap, sync::Arc};

use sea_orm::{
    Condition, DbBackend, DbErr,
    sea_query::{Asterisk, CaseStatement, Expr, ExprTrait as _, Func, JoinType, Query, SelectStatement},
};

use super::{
    cluster_filter::ClusterFilter,
    clusters::Cluster,
    columns::Column,
    error::Error,
    list::{
        Filter, ITEM, Joined, List, ListRequest, Lookup, Order, ParentKey, Row, SortColumn, SortKind, SortValue,
        Source, same_by_id, subquery, within,
    },
    page::{Direction, Page},
    pools::Store,
    recommendation_key::{self, id_of, organization_of},
    visibility::{
        IncludedHits, acknowledged, is_acknowledged, is_disabled, not_for_managed_is_shown, not_internal, shown,
    },
};
use crate::{
    domain::{OrgId, Selector, Timestamp},
    identity::Scope,
};

/// A cluster that a recommendation hits, where the hit is shown by default.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImpactedCluster {
    /// The cluster.
    pub cluster: Arc<Cluster>,
    /// The recommendation, as the list that has the cluster was requested for it.
    pub recommendation: Option<Selector>,
    /// Since when the recommendation has hit the cluster without interruption.
    pub impacted_since: Timestamp,
}

/// A recommendation, as the parent of the list of clusters that it hits. It is the same parent whether or not its count is
/// known.
#[derive(Clone, Debug)]
pub struct Impacting {
    /// Only clusters of this organization; `None` for all within the scope.
    pub organization: Option<OrgId>,
    /// The recommendation.
    pub selector: Selector,
    /// How many clusters there are on which the recommendation is not turned off, where it is known.
    pub count: Option<u64>,
}

/// What restricts a list of impacted clusters.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct ImpactedClusterFilter {
    clusters: ClusterFilter,
    status: ImpactStatus,
    /// Whether the parents are recommendations of all organizations within the scope.
    of_all: bool,
}

/// Whether the recommendation is disabled on a cluster that it hits: turned off for it, or acknowledged by its owner.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ImpactStatus {
    /// It is not.
    #[default]
    Enabled,
    /// It is.
    Disabled,
    /// Either.
    Any,
}

impl ImpactedClusterFilter {
    /// The clusters that match a filter, and on which the recommendation has this status.
    pub fn new(clusters: ClusterFilter, status: ImpactStatus) -> Self {
        Self { clusters, status, of_all: false }
    }
}

impl Filter for ImpactedClusterFilter {
    fn condition(&self, scope: Scope, backend: DbBackend) -> Condition {
        let is_disabled = || is_acknowledged(ITEM).or(is_disabled(ITEM));
        self.clusters.condition(scope, backend).add_option(match self.status {
            ImpactStatus::Enabled => Some(is_disabled().not()),
            ImpactStatus::Disabled => Some(is_disabled()),
            ImpactStatus::Any => None,
        })
    }

    fn needs_scan(&self) -> bool {
        self.clusters.needs_scan()
    }
}

/// The order of clusters, of impacted ones.
macro_rules! by_cluster {
    ($of_cluster:expr) => {
        SortColumn {
            name: $of_cluster.name,
            column: $of_cluster.column,
            kind: $of_cluster.kind,
            is_nullable: $of_cluster.is_nullable,
            value: |impacted| ($of_cluster.value)(&impacted.cluster),
        }
    };
}

impl ImpactedCluster {
    /// By UUID.
    pub const BY_UUID: SortColumn<Self> = SortColumn {
        name: Cluster::BY_UUID.name,
        column: "cluster_id",
        kind: SortKind::Uuid,
        is_nullable: false,
        value: |impacted| (Cluster::BY_UUID.value)(&impacted.cluster),
    };
    /// By name in lower case, as [`Cluster::BY_NAME`].
    pub const BY_NAME: SortColumn<Self> = by_cluster!(Cluster::BY_NAME);
    /// By the time when rules last ran.
    pub const BY_LAST_CHECKED: SortColumn<Self> = by_cluster!(Cluster::BY_LAST_CHECKED);
    /// By version, in the order of semantic versioning.
    pub const BY_VERSION: SortColumn<Self> = by_cluster!(Cluster::BY_VERSION);
    /// By the time since when the recommendation has hit the cluster.
    pub const BY_IMPACTED_SINCE: SortColumn<Self> = SortColumn {
        name: "impactedSince",
        column: "impacted_since",
        kind: SortKind::Time,
        is_nullable: false,
        value: |impacted| Some(SortValue::Time(impacted.impacted_since)),
    };

    /// The columns of a cluster after those of the hit.
    const COLUMNS: [&'static str; Cluster::COLUMNS.len() + 2] = {
        let mut columns = ["cluster_id"; Cluster::COLUMNS.len() + 2];
        columns[1] = "impacted_since";
        let mut place = 0;
        while place < Cluster::COLUMNS.len() {
            columns[place + 2] = Cluster::COLUMNS[place];
            place += 1;
        }
        columns
    };
}

impl List for ImpactedCluster {
    type Parent = Impacting;
    type Filter = ImpactedClusterFilter;

    const NAME: &'static str = "impactedClusters";
    const SOURCE: Source = Source::Joined(Joined {
        table: "rule_hit",
        columns: &[
            ("recommendation_id", "recommendation_id"),
            ("org_id", "hit_org_id"),
            ("cluster_id", "cluster_id"),
            ("impacted_since", "impacted_since"),
        ],
        with: "cluster",
        on: ("cluster_id", "id"),
    });
    const OWNER: &'static str = "hit_org_id";
    const COLUMNS: &'static [&'static str] = &Self::COLUMNS;
    const LOOKUP: Option<Lookup> = Cluster::LOOKUP;
    const KEY: SortColumn<Self> = Self::BY_UUID;
    const DEFAULT_ORDER: Order<Self> = Order::new(&Self::BY_UUID, Direction::Ascending);

    fn read(row: &mut Row<'_>) -> Result<Self, DbErr> {
        let _: uuid::Uuid = row.next()?;
        Ok(Self { impacted_since: row.next()?, cluster: Arc::new(Cluster::read(row)?), recommendation: None })
    }

    fn belongs_to(
        filter: &ImpactedClusterFilter,
        parent: &Expr,
        column: &dyn Fn(&'static str) -> Expr,
    ) -> Option<Condition> {
        let by_recommendation = column("recommendation_id").eq(subquery(id_of(parent)));
        let of_organization = || column("hit_org_id").eq(organization_of(parent));
        Some(Condition::all().add(by_recommendation).add_option((!filter.of_all).then(of_organization)))
    }

    /// Those of the cluster.
    fn computed(scope: Scope, column: &'static str, items: &'static str) -> Option<Expr> {
        Cluster::computed(scope, column, items)
    }

    fn always(scope: Scope, _: Expr) -> Condition {
        not_internal(scope, ITEM).add(not_for_managed_is_shown(ITEM, ITEM))
    }

    /// Counts hits without reading their clusters, and subtracts the few for whose clusters the recommendation is turned
    /// off. Recommendations of all organizations are counted as the items are.
    fn length(scope: Scope, parent: Expr) -> Option<SelectStatement> {
        let of_hit = |name| Expr::col((ITEM, name));
        let of_toggle = |name| Expr::col(("cluster_toggle", name));
        let id = || subquery(id_of(&parent));
        let organization = || organization_of(&parent);
        let mut hits = Query::select();
        hits.expr(Func::count(Expr::col(Asterisk)))
            .from_as("rule_hit", ITEM)
            .and_where(of_hit("recommendation_id").eq(id()))
            .and_where(of_hit("org_id").eq(organization()))
            .cond_where(within::<Cluster>(scope))
            .cond_where(shown(scope, IncludedHits::OF_DISABLED, ITEM));
        let is_of_toggle = of_hit("cluster_id")
            .eq(of_toggle("cluster_id"))
            .and(of_hit("recommendation_id").eq(of_toggle("recommendation_id")))
            .and(of_hit("org_id").eq(of_toggle("org_id")));
        let mut disabled = Query::select();
        disabled
            .expr(Func::count(Expr::col(Asterisk)))
            .from("cluster_toggle")
            .join_as(JoinType::InnerJoin, "rule_hit", ITEM, is_of_toggle)
            .and_where(of_toggle("org_id").eq(organization()))
            .and_where(of_toggle("recommendation_id").eq(id()))
            .and_where(of_toggle("disabled"))
            .cond_where(within::<Cluster>(scope))
            .cond_where(shown(scope, IncludedHits::OF_DISABLED, ITEM));
        let enabled = subquery(hits).sub(subquery(disabled));
        let length: Expr = CaseStatement::new().case(acknowledged(organization(), id()), 0).finally(enabled).into();
        Some(Query::select().expr(length.cast_as("bigint")).to_owned())
    }

    /// Reads nothing for recommendations that are known to hit no cluster. Those of one organization have the order of an
    /// index, those of all have not, so they are statements of their own.
    async fn load(
        store: &Store,
        scope: Scope,
        parents: &[Impacting],
        request: &ListRequest<Self>,
    ) -> Result<HashMap<Impacting, Page<Self>>, Error> {
        let is_whole = request.filter == ImpactedClusterFilter::default();
        let is_enabled = request.filter.status == ImpactStatus::Enabled;
        let (known, counted): (Vec<_>, Vec<_>) = parents.iter().cloned().partition(|parent| {
            is_enabled && parent.count == Some(0) || is_whole && request.page.size == 0 && parent.count.is_some()
        });
        let total = |parent: &Impacting| parent.count.unwrap_or_default();
        let known = known.into_iter().map(|parent| {
            let page = Page { total: request.total.then_some(total(&parent)), ..Page::default() };
            (parent, page)
        });
        let mut pages: HashMap<_, _> = known.collect();
        let (of_one, of_all): (Vec<_>, Vec<_>) = counted.into_iter().partition(|parent| parent.organization.is_some());
        for (parents, of_all) in [(of_one, false), (of_all, true)] {
            if !parents.is_empty() {
                let filter = ImpactedClusterFilter { of_all, ..request.filter.clone() };
                let request = ListRequest { filter, ..request.clone() };
                pages.extend(store.pages(scope, &parents, &request).await?);
            }
        }
        let named = |(parent, page): (Impacting, Page<Self>)| {
            let selector = parent.selector.clone();
            (parent, page.map(|item| Self { recommendation: Some(selector.clone()), ..item }))
        };
        Ok(pages.into_iter().map(named).collect())
    }
}

impl ParentKey for Impacting {
    /// As `recommendation_key` has it.
    type Id = String;

    fn id(self) -> String {
        recommendation_key::text(self.organization, Some(&self.selector))
    }

    fn column(ids: Vec<String>) -> Column {
        Column::Text(ids)
    }
}

same_by_id!(Impacting);

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn a_recommendation_is_one_parent_whether_or_not_its_count_is_known() {
        let selector: Selector = "rule.module|KEY".parse().expect("a selector");
        let parent = |organization, count| Impacting {
            organization: OrgId::try_from(organization).ok(),
            selector: selector.clone(),
            count,
        };
        let parents: HashSet<_> = [parent(1, None), parent(1, Some(3)), parent(2, None), parent(0, None)].into();
        assert_eq!(parents.len(), 3, "{parents:?}");
    }
}
