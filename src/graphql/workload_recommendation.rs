//! `WorkloadRecommendation` and `WorkloadObject`.

use std::{collections::BTreeSet, sync::Arc};

use async_graphql::{Context, Object, Result};
use tokio::sync::OnceCell;

use super::{
    connection::{Connection, Listed, PageArguments, ParentOf},
    context::ContextExt as _,
    error::LoadFailed,
    in_order::InOrder,
    namespace::Namespace,
    recommendation::Recommendation,
    scalars::RawJson,
    shared::Shared,
    siblings::Siblings,
};
use crate::store::{self, WorkloadDetails, WorkloadObjectsOf};

/// A recommendation of a namespace, with those that were read together with it.
#[derive(Clone)]
pub(super) struct WorkloadRecommendation {
    row: Arc<store::WorkloadRecommendation>,
    siblings: Arc<Siblings<store::WorkloadRecommendation>>,
}

/// The details of sibling rows, read by the first sibling that needs them. Those of a cluster's namespaces are the same.
#[derive(Default)]
struct ReadDetails(OnceCell<Result<WorkloadDetails, LoadFailed>>);

/// A recommendation that applies to objects in a namespace.
#[Object]
impl WorkloadRecommendation {
    /// The recommendation, as `ruleFqdn|errorKey`.
    async fn selector(&self) -> &str {
        self.row.selector.as_str()
    }

    /// The recommendation, as the cluster's owner sees it.
    async fn recommendation(&self) -> InOrder<Recommendation> {
        let key = |row: &store::WorkloadRecommendation| (row.organization, row.selector.clone());
        InOrder(Recommendation::referred_to(&self.siblings, key(&self.row), key))
    }

    /// The values to fill into the recommendation's text, byte for byte as received, the same in all namespaces of the
    /// cluster. Null if none were received.
    async fn details(&self, ctx: &Context<'_>) -> Result<Option<RawJson>> {
        let read = self.siblings.shared.get(ReadDetails::default);
        let (loaders, allowed) = (ctx.loaders()?, ctx.answer_size()?.limit());
        let hits = || self.siblings.rows.iter().map(|row| row.hit()).collect::<BTreeSet<_>>();
        match read.0.get_or_init(|| loaders.workload_details(hits(), allowed)).await {
            Ok(details) => Ok(details.get(&self.row.hit()).cloned().map(RawJson)),
            Err(error) => Err(error.clone().into()),
        }
    }

    /// The objects in the namespace to which the recommendation applies, ordered by kind, then by name. Null only if
    /// loading failed, with an entry in `errors`.
    async fn objects(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Number of items from the start, 1 to 100. Defaults to 20 unless `last` is given.")]
        first: Option<i64>,
        #[graphql(desc = "Returns only items after this cursor.")] after: Option<String>,
        #[graphql(desc = "Number of items from the end, 1 to 100. Cannot be used with `first`.")] last: Option<i64>,
        #[graphql(desc = "Returns only items before this cursor.")] before: Option<String>,
    ) -> Result<Option<InOrder<Connection<WorkloadObject>>>> {
        PageArguments { first, after, last, before }.load(ctx, self).await
    }
}

impl Listed for WorkloadRecommendation {
    type Row = store::WorkloadRecommendation;
    type Parent = Namespace;

    fn new(
        row: &Arc<store::WorkloadRecommendation>,
        _: &Namespace,
        siblings: &Arc<Siblings<store::WorkloadRecommendation>>,
    ) -> Self {
        Self { row: row.clone(), siblings: siblings.clone() }
    }
}

impl ParentOf<store::WorkloadObject> for WorkloadRecommendation {
    fn key(&self) -> WorkloadObjectsOf {
        self.row.objects()
    }

    fn sibling_keys(&self) -> Vec<WorkloadObjectsOf> {
        self.siblings.rows.iter().map(|row| row.objects()).collect()
    }

    fn shared(&self) -> Option<&Shared> {
        Some(&self.siblings.shared)
    }
}

/// An object of a namespace.
#[derive(Clone)]
pub(super) struct WorkloadObject(Arc<store::WorkloadObject>);

/// An object in a namespace of a cluster, such as a deployment.
#[Object]
impl WorkloadObject {
    /// The kind of the object, such as `Deployment`. Empty if it is not known.
    async fn kind(&self) -> &str {
        &self.0.object.kind
    }

    /// The name of the object. Empty if it is not known.
    async fn name(&self) -> &str {
        &self.0.object.name
    }

    /// What identifies the object. Empty if it is not known: the object is then distinguished by kind and name.
    async fn uid(&self) -> &str {
        &self.0.object.uid
    }
}

impl Listed for WorkloadObject {
    type Row = store::WorkloadObject;
    type Parent = WorkloadRecommendation;

    fn new(
        row: &Arc<store::WorkloadObject>,
        _: &WorkloadRecommendation,
        _: &Arc<Siblings<store::WorkloadObject>>,
    ) -> Self {
        Self(row.clone())
    }
}
