//! Reading the namespaces of clusters in which recommendations apply to objects.

use std::collections::HashMap;

use sea_orm::{
    Condition, DbBackend, DbErr, QueryResult, TryGetError, TryGetable,
    sea_query::{Expr, ExprTrait as _, SelectStatement},
};

use super::{
    columns::Column,
    contains::contains_in_any_case,
    error::Error,
    list::{Filter, List, ListRequest, Order, ParentKey, Row, SortColumn, SortKind, SortValue, Source, item, subquery},
    namespace_objects::{self, COUNTED, NamespaceKey, number_of},
    page::{Direction, Page},
    pools::Store,
};
use crate::{
    domain::{self, ClusterId, OrgId, Timestamp, TotalRisk},
    identity::Scope,
};

/// A namespace with at least one object to which a recommendation applies, shown or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Namespace {
    /// The cluster.
    pub cluster: ClusterId,
    /// The cluster's owner.
    pub organization: OrgId,
    /// What identifies it within the cluster; may be empty.
    pub uid: String,
    /// Its name, or the uid where it has none.
    pub name: String,
    /// When the rules ran that first found it, without a break since.
    pub reported_at: Timestamp,
    /// When rules last ran over the workloads of its cluster.
    pub last_checked: Timestamp,
    /// The cluster's name in lower case, or its UUID.
    pub cluster_name: String,
    /// The number by which the list is ordered; `None` where the order needs none, and where it is not known.
    pub number: Option<i64>,
}

/// The parent of a list of namespaces.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NamespacesOf {
    /// All clusters of an organization.
    Organization(OrgId),
    /// A cluster.
    Cluster(ClusterId),
}

/// What restricts a list of namespaces.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct NamespaceFilter {
    /// Part of the name or of the uid, in any case.
    pub text: Option<String>,
    /// Only those of these clusters.
    pub clusters: Option<Vec<ClusterId>>,
    /// A shown recommendation of one of these risks applies to one of its objects.
    pub total_risk: Option<Vec<TotalRisk>>,
    /// Only the one with this uid.
    pub uid: Option<String>,
    /// Whether the parents are clusters. Where pages are loaded, it is set to what the parents are.
    pub of_clusters: bool,
}

impl Filter for NamespaceFilter {
    fn condition(&self, scope: Scope, backend: DbBackend) -> Condition {
        let has_text = |text: &String| {
            contains_in_any_case(item("name"), text, backend).or(contains_in_any_case(item("uid"), text, backend))
        };
        let is_of = |clusters: &Vec<ClusterId>| {
            Column::clusters(clusters.iter().copied()).contains(item("cluster_id"), backend)
        };
        let key = |uid: &String| domain::Namespace::key_of(uid).as_bytes().to_vec();
        Condition::all()
            .add_option(self.text.as_ref().map(has_text))
            .add_option(self.clusters.as_ref().map(is_of))
            .add_option(self.total_risk.as_deref().map(|risks| {
                let risks = Column::Int(risks.iter().map(|risk| *risk as i32).collect());
                let is_one = risks.contains(Expr::col(("recommendation", "total_risk")), backend);
                subquery(first_with_risk(scope, is_one)).is_not_null()
            }))
            .add_option(self.uid.as_ref().map(|uid| item("namespace_key").eq(key(uid))))
    }

    fn needs_scan(&self) -> bool {
        self.total_risk.is_some()
    }
}

/// One of the objects in the namespace to which a shown recommendation applies whose risk meets a condition. As EXISTS,
/// PostgreSQL may read all objects and hash them.
fn first_with_risk(scope: Scope, is_one: Expr) -> SelectStatement {
    let mut objects = namespace_objects::of_item(scope);
    objects.column((COUNTED, "object_key")).and_where(is_one).limit(1).to_owned()
}

/// Implements an order by a number that depends on which recommendations the viewer sees.
macro_rules! by_number {
    ($name:literal, $column:literal, $is_nullable:literal) => {
        SortColumn {
            name: $name,
            column: $column,
            kind: SortKind::Integer,
            is_nullable: $is_nullable,
            value: |namespace| namespace.number.map(SortValue::Integer),
        }
    };
}

impl Namespace {
    /// By name.
    pub const BY_NAME: SortColumn<Self> = SortColumn {
        name: "name",
        column: "name",
        kind: SortKind::Text,
        is_nullable: false,
        value: |namespace| Some(SortValue::Text(namespace.name.clone())),
    };
    /// By the cluster's name in lower case, or its UUID.
    pub const BY_CLUSTER: SortColumn<Self> = SortColumn {
        name: "cluster",
        column: "cluster_name",
        kind: SortKind::Text,
        is_nullable: false,
        value: |namespace| Some(SortValue::Text(namespace.cluster_name.clone())),
    };
    /// By the time when rules last ran over the workloads of its cluster.
    pub const BY_LAST_CHECKED: SortColumn<Self> = SortColumn {
        name: "lastChecked",
        column: "last_checked_at",
        kind: SortKind::Time,
        is_nullable: false,
        value: |namespace| Some(SortValue::Time(namespace.last_checked)),
    };
    /// By the number of shown recommendations with an object in it.
    pub const BY_RECOMMENDATIONS: SortColumn<Self> = by_number!("recommendations", "recommendations", false);
    /// By the number of objects to which shown recommendations apply.
    pub const BY_OBJECTS: SortColumn<Self> = by_number!("objects", "objects", false);
    /// By the highest total risk of these recommendations.
    pub const BY_TOTAL_RISK: SortColumn<Self> = by_number!("totalRisk", "total_risk", true);

    /// What identifies it among those of all clusters.
    pub fn key(&self) -> NamespaceKey {
        NamespaceKey { cluster: self.cluster, uid: domain::Namespace::key_of(&self.uid) }
    }
}

impl List for Namespace {
    type Parent = NamespacesOf;
    type Filter = NamespaceFilter;

    const NAME: &'static str = "namespaces";
    const SOURCE: Source = Source::Sorted("listed_namespace");
    const COLUMNS: &'static [&'static str] = &[
        "cluster_id",
        "org_id",
        "uid",
        "name",
        "reported_at",
        "last_checked_at",
        "cluster_name",
        "recommendations",
        "objects",
        "total_risk",
    ];
    const ORDER_ONLY: &'static [&'static str] = &["recommendations", "objects", "total_risk"];
    const KEY: SortColumn<Self> = SortColumn {
        name: "namespace",
        column: "namespace_order",
        kind: SortKind::Text,
        is_nullable: false,
        value: |namespace| Some(SortValue::Text(format!("{} {}", namespace.cluster.uuid().simple(), namespace.uid))),
    };
    const DEFAULT_ORDER: Order<Self> = Order::new(&Self::BY_NAME, Direction::Ascending);

    fn read(row: &mut Row<'_>) -> Result<Self, DbErr> {
        Ok(Self {
            cluster: row.next()?,
            organization: row.next()?,
            uid: row.next()?,
            name: row.next()?,
            reported_at: row.next()?,
            last_checked: row.next()?,
            cluster_name: row.next()?,
            number: {
                // At most one is read.
                let numbers = [row.next::<Option<i64>>()?, row.next()?, row.next()?];
                numbers.into_iter().flatten().next()
            },
        })
    }

    fn parent_column(filter: &NamespaceFilter) -> Option<&'static str> {
        Some(if filter.of_clusters { "cluster_id" } else { "org_id" })
    }

    fn computed(scope: Scope, column: &'static str, _: &'static str) -> Option<Expr> {
        number_of(scope, column)
    }

    /// How often the objects of all namespaces are read: the namespaces themselves are in any order.
    fn scans(filter: &NamespaceFilter, order: Order<Self>, total: bool) -> usize {
        let is_counted = Self::ORDER_ONLY.contains(&order.by.column);
        usize::from(filter.needs_scan() || is_counted) + usize::from(filter.needs_scan() && total)
    }

    /// Those of organizations and those of clusters are statements of their own.
    async fn load(
        store: &Store,
        scope: Scope,
        parents: &[NamespacesOf],
        request: &ListRequest<Self>,
    ) -> Result<HashMap<NamespacesOf, Page<Self>>, Error> {
        let is_cluster = |parent: &NamespacesOf| matches!(parent, NamespacesOf::Cluster(_));
        let (of_clusters, of_organizations): (Vec<_>, Vec<_>) = parents.iter().copied().partition(is_cluster);
        let mut pages = HashMap::with_capacity(parents.len());
        for (parents, of_clusters) in [(of_organizations, false), (of_clusters, true)] {
            if !parents.is_empty() {
                let filter = NamespaceFilter { of_clusters, ..request.filter.clone() };
                let request = ListRequest { filter, ..request.clone() };
                pages.extend(store.pages(scope, &parents, &request).await?);
            }
        }
        Ok(pages)
    }
}

impl ParentKey for NamespacesOf {
    type Id = Self;

    fn id(self) -> Self {
        self
    }

    /// Of parents of one kind.
    fn column(ids: Vec<Self>) -> Column {
        let cluster = |id: &Self| if let Self::Cluster(id) = id { Some(*id) } else { None };
        let organization = |id: &Self| if let Self::Organization(id) = id { Some(id.as_i64()) } else { None };
        if ids.iter().any(|id| cluster(id).is_some()) {
            Column::clusters(ids.iter().filter_map(cluster))
        } else {
            Column::BigInt(ids.iter().filter_map(organization).collect())
        }
    }
}

/// By the type of the column.
impl TryGetable for NamespacesOf {
    fn try_get_by<I: sea_orm::ColIdx>(row: &QueryResult, index: I) -> Result<Self, TryGetError> {
        OrgId::try_get_by(row, index)
            .map(Self::Organization)
            .or_else(|_| ClusterId::try_get_by(row, index).map(Self::Cluster))
    }
}

impl Store {
    /// Returns those of the namespaces that exist within the scope, each by its cluster and uid, in one statement.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn namespaces(
        &self,
        scope: Scope,
        keys: &[(ClusterId, String)],
    ) -> Result<HashMap<(ClusterId, String), Namespace>, Error> {
        let keys =
            keys.iter().map(|(cluster, uid)| NamespaceKey { cluster: *cluster, uid: domain::Namespace::key_of(uid) });
        let condition = namespace_objects::among(&keys.collect::<Vec<_>>(), item, self.backend());
        let found = self.find::<Namespace, ClusterId>(scope, "cluster_id", condition).await?;
        Ok(found.into_iter().map(|(cluster, found)| ((cluster, found.uid.clone()), found)).collect())
    }
}
