//! Reading the recommendations that apply to objects of namespaces, and their details.

use std::collections::{BTreeSet, HashMap};

use sea_orm::{
    Condition, DbBackend, DbErr,
    sea_query::{Expr, ExprTrait as _, Func, Query, WindowStatement},
};

use super::{
    columns::Column,
    error::Error,
    list::{
        Filter, ITEM, List, ListRequest, Order, ParentKey, Row, SortColumn, SortKind, SortValue, Source, item, within,
    },
    namespace_objects::{NamespaceKey, among},
    page::{Direction, Page},
    pools::Store,
    visibility::shown_of_workloads,
    workload_objects::WorkloadObjectsOf,
};
use crate::{
    domain::{ClusterId, Details, OrgId, Selector},
    identity::Scope,
};

/// A shown recommendation that applies to at least one object of a namespace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkloadRecommendation {
    /// The namespace.
    pub namespace: NamespaceKey,
    /// The owner of its cluster.
    pub organization: OrgId,
    /// The recommendation.
    pub selector: Selector,
    recommendation_id: i32,
}

/// A hit of workloads: a cluster and a recommendation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WorkloadHitKey {
    cluster: ClusterId,
    recommendation_id: i32,
}

/// Narrows a list to what an index has of its parents.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct OfNamespaces(Vec<NamespaceKey>);

impl Filter for OfNamespaces {
    fn condition(&self, scope: Scope, backend: DbBackend) -> Condition {
        among(&self.0, item, backend).add(shown_of_workloads(scope, ITEM))
    }

    fn needs_scan(&self) -> bool {
        false
    }
}

impl WorkloadRecommendation {
    /// By selector.
    const BY_SELECTOR: SortColumn<Self> = SortColumn {
        name: "selector",
        column: "selector",
        kind: SortKind::Text,
        is_nullable: false,
        value: |recommendation| Some(SortValue::Text(recommendation.selector.to_string())),
    };

    /// The hit of the cluster's workloads, which has the details.
    pub fn hit(&self) -> WorkloadHitKey {
        WorkloadHitKey { cluster: self.namespace.cluster, recommendation_id: self.recommendation_id }
    }

    /// The parent of the list of objects.
    pub fn objects(&self) -> WorkloadObjectsOf {
        WorkloadObjectsOf { namespace: self.namespace, recommendation_id: self.recommendation_id }
    }
}

impl List for WorkloadRecommendation {
    type Parent = NamespaceKey;
    type Filter = OfNamespaces;

    const NAME: &'static str = "workloadRecommendations";
    const SOURCE: Source = Source::Sorted("listed_workload_recommendation");
    const PARENT: Option<&'static str> = Some("namespace");
    const COLUMNS: &'static [&'static str] =
        &["cluster_id", "namespace_key", "org_id", "selector", "recommendation_id"];
    const KEY: SortColumn<Self> = Self::BY_SELECTOR;
    const DEFAULT_ORDER: Order<Self> = Order::new(&Self::BY_SELECTOR, Direction::Ascending);

    fn read(row: &mut Row<'_>) -> Result<Self, DbErr> {
        Ok(Self {
            namespace: NamespaceKey { cluster: row.next()?, uid: row.next()? },
            organization: row.next()?,
            selector: row.next()?,
            recommendation_id: row.next()?,
        })
    }

    async fn load(
        store: &Store,
        scope: Scope,
        parents: &[NamespaceKey],
        request: &ListRequest<Self>,
    ) -> Result<HashMap<NamespaceKey, Page<Self>>, Error> {
        let request = ListRequest { filter: OfNamespaces(parents.to_vec()), ..request.clone() };
        store.pages(scope, parents, &request).await
    }
}

impl ParentKey for NamespaceKey {
    /// The column `namespace`: the hex digits of the cluster's UUID and of the uid's digest.
    type Id = String;

    fn id(self) -> String {
        format!("{}{:?}", self.cluster.uuid().simple(), self.uid)
    }

    fn column(ids: Vec<String>) -> Column {
        Column::Text(ids)
    }
}

/// The details of some hits, and how many bytes all of them have.
pub type WorkloadDetails = HashMap<WorkloadHitKey, Details>;

impl Store {
    /// Returns the details of those of the hits that have some, in one statement, which reads none if they have more than
    /// `allowed` bytes together. Those of one cluster are read in any case: they were one message.
    ///
    /// # Errors
    /// When the database does not answer, or the details have too many bytes.
    pub async fn workload_details(
        &self,
        scope: Scope,
        hits: &[WorkloadHitKey],
        allowed: usize,
    ) -> Result<WorkloadDetails, Error> {
        let during = "reading details of workloads";
        let clusters: BTreeSet<_> = hits.iter().map(|hit| hit.cluster).collect();
        let ids: BTreeSet<_> = hits.iter().map(|hit| hit.recommendation_id).collect();
        let allowed = if clusters.len() > 1 { allowed } else { usize::MAX };
        let bytes = match self.backend() {
            DbBackend::Sqlite => Expr::cust("length(CAST(i.details AS BLOB))"),
            _ => Expr::cust("octet_length(i.details)"),
        };
        let mut sizes = Query::select();
        sizes
            .exprs(["cluster_id", "recommendation_id", "details"].map(item))
            .expr_window_as(Func::sum(bytes), WindowStatement::new(), "bytes")
            .from_as("workload_hit", ITEM)
            .and_where(Column::clusters(clusters).contains(item("cluster_id"), self.backend()))
            .and_where(Column::Int(ids.into_iter().collect()).contains(item("recommendation_id"), self.backend()))
            .and_where(item("details").is_not_null())
            .cond_where(within::<WorkloadRecommendation>(scope))
            .cond_where(shown_of_workloads(scope, ITEM));
        let of = |name: &'static str| Expr::col(("sized", name));
        let bytes = || of("bytes").cast_as("bigint");
        let most = i64::try_from(allowed).unwrap_or(i64::MAX);
        let details = sea_orm::sea_query::CaseStatement::new().case(bytes().lte(most), of("details"));
        let mut select = Query::select();
        select
            .exprs([of("cluster_id"), of("recommendation_id"), bytes(), details.into()])
            .from_subquery(sizes, "sized");
        let rows = self.query(scope.client(), select, during).await?;
        let mut found = HashMap::with_capacity(rows.len());
        for row in &rows {
            let mut row = Row::new(row);
            let mut read = || -> Result<(WorkloadHitKey, i64, Option<String>), DbErr> {
                let key = WorkloadHitKey { cluster: row.next()?, recommendation_id: row.next()? };
                Ok((key, row.next()?, row.next()?))
            };
            let (key, bytes, details) = read().map_err(Error::during(during))?;
            let Some(details) = details else {
                return Err(Error::TooManyBytes { bytes: bytes.unsigned_abs(), allowed });
            };
            found.insert(key, Details::from_checked(details));
        }
        Ok(found)
    }
}
