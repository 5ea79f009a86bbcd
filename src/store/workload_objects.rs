//! Reading the objects of namespaces to which recommendations apply.

use std::collections::{BTreeSet, HashMap};

use sea_orm::{Condition, DbBackend, DbErr};

use super::{
    columns::Column,
    error::Error,
    list::{Filter, ITEM, List, ListRequest, Order, ParentKey, Row, SortColumn, SortKind, SortValue, Source, item},
    namespace_objects::{NamespaceKey, among},
    page::{Direction, Page},
    pools::Store,
    visibility::shown_of_workloads,
};
use crate::{domain, identity::Scope};

/// An object to which a recommendation applies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkloadObject {
    /// What it is.
    pub object: domain::WorkloadObject,
    place: String,
}

/// The parent of a list of objects: a recommendation that applies to them, in a namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct WorkloadObjectsOf {
    pub(super) namespace: NamespaceKey,
    pub(super) recommendation_id: i32,
}

/// Narrows a list to what an index has of its parents.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct OfRecommendations(Vec<WorkloadObjectsOf>);

impl Filter for OfRecommendations {
    fn condition(&self, scope: Scope, backend: DbBackend) -> Condition {
        let namespaces: Vec<_> = self.0.iter().map(|of| of.namespace).collect();
        let ids: BTreeSet<_> = self.0.iter().map(|of| of.recommendation_id).collect();
        among(&namespaces, item, backend)
            .add(Column::Int(ids.into_iter().collect()).contains(item("recommendation_id"), backend))
            .add(shown_of_workloads(scope, ITEM))
    }

    fn needs_scan(&self) -> bool {
        false
    }
}

impl WorkloadObject {
    /// By kind, then by name.
    const BY_KIND_AND_NAME: SortColumn<Self> = SortColumn {
        name: "kindAndName",
        column: "object_order",
        kind: SortKind::Text,
        is_nullable: false,
        value: |object| Some(SortValue::Text(object.place.clone())),
    };
}

impl List for WorkloadObject {
    type Parent = WorkloadObjectsOf;
    type Filter = OfRecommendations;

    const NAME: &'static str = "workloadObjects";
    const SOURCE: Source = Source::Sorted("listed_workload_object");
    const PARENT: Option<&'static str> = Some("listed_by");
    const COLUMNS: &'static [&'static str] = &["kind", "name", "uid", "object_order"];
    const KEY: SortColumn<Self> = Self::BY_KIND_AND_NAME;
    const DEFAULT_ORDER: Order<Self> = Order::new(&Self::BY_KIND_AND_NAME, Direction::Ascending);

    fn read(row: &mut Row<'_>) -> Result<Self, DbErr> {
        let object = domain::WorkloadObject { kind: row.next()?, name: row.next()?, uid: row.next()? };
        Ok(Self { object, place: row.next()? })
    }

    async fn load(
        store: &Store,
        scope: Scope,
        parents: &[WorkloadObjectsOf],
        request: &ListRequest<Self>,
    ) -> Result<HashMap<WorkloadObjectsOf, Page<Self>>, Error> {
        let request = ListRequest { filter: OfRecommendations(parents.to_vec()), ..request.clone() };
        store.pages(scope, parents, &request).await
    }
}

impl ParentKey for WorkloadObjectsOf {
    /// The column `listed_by`: that of the namespace, and the number of the recommendation.
    type Id = String;

    fn id(self) -> String {
        format!("{} {}", self.namespace.id(), self.recommendation_id)
    }

    fn column(ids: Vec<String>) -> Column {
        Column::Text(ids)
    }
}
