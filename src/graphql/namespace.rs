//! `Namespace`.

use std::sync::Arc;

use async_graphql::{Context, Object, Result};

use super::{
    cluster::Cluster,
    connection::{Connection, Listed, PageArguments, ParentOf},
    context::ContextExt as _,
    in_order::{InOrder, ListInOrder},
    list_size::list_size,
    loaders::NamespaceCountsOf,
    node_id::NodeId,
    organization::Organization,
    related::related,
    risks::TotalRisk,
    scalars::DateTime,
    shared::Shared,
    siblings::Siblings,
    total_risk_count::{TOTAL_RISKS, TotalRiskCount},
    workload_recommendation::WorkloadRecommendation,
};
use crate::store::{self, NamespaceCounts, NamespaceKey, NamespacesOf};

/// A namespace, with those that were read together with it.
#[derive(Clone)]
pub(super) struct Namespace {
    row: Arc<store::Namespace>,
    /// The cluster that listed it; `None` where it was read otherwise.
    listed_by: Option<Cluster>,
    siblings: Arc<Siblings<store::Namespace>>,
}

impl Namespace {
    /// A namespace that was read together with others.
    pub(super) fn among((row, siblings): (Arc<store::Namespace>, Arc<Siblings<store::Namespace>>)) -> Self {
        Self { row, listed_by: None, siblings }
    }

    /// The objects to which recommendations apply that the viewer sees, counted.
    async fn counts(&self, ctx: &Context<'_>) -> Result<NamespaceCounts> {
        let keys = || self.siblings.rows.iter().map(|row| row.key()).collect();
        let counted =
            related::<NamespaceCountsOf, _>(ctx.loaders()?, &self.siblings.shared, &self.row.key(), keys).await?;
        Ok(counted.map(|(counts, _)| *counts).unwrap_or_default())
    }
}

/// A namespace of a cluster with objects, such as deployments, to which recommendations apply.
#[Object]
impl Namespace {
    /// The global id, for `Query.node`. It identifies the namespace of this organization with this uid on this cluster.
    pub(super) async fn id(&self) -> NodeId {
        NodeId::Namespace(self.row.organization, self.row.cluster, self.row.uid.clone())
    }

    /// What identifies the namespace within its cluster. It may be empty, and is not always a UUID.
    async fn uid(&self) -> &str {
        &self.row.uid
    }

    /// The name to display. It is the uid if no name is known.
    async fn name(&self) -> &str {
        &self.row.name
    }

    /// The cluster that has the namespace.
    async fn cluster(&self, ctx: &Context<'_>) -> Result<InOrder<Cluster>> {
        if let Some(cluster) = &self.listed_by {
            return Ok(InOrder(cluster.clone()));
        }
        let cluster = Cluster::referred_to(ctx.loaders()?, &self.siblings, self.row.cluster, |row| row.cluster).await?;
        Ok(InOrder(cluster))
    }

    /// When the rules ran that first found the namespace. It has been in all workload results of the cluster since.
    async fn reported_at(&self) -> DateTime {
        DateTime(self.row.reported_at)
    }

    /// When rules last ran on the workloads of the cluster.
    async fn last_checked_at(&self) -> DateTime {
        DateTime(self.row.last_checked)
    }

    /// The number of objects to which a recommendation that the viewer sees applies. An object counts once, whatever the
    /// number of its recommendations. Null only if loading failed, with an entry in `errors`.
    async fn object_count(&self, ctx: &Context<'_>) -> Result<Option<u64>> {
        Ok(Some(self.counts(ctx).await?.objects))
    }

    /// The highest total risk of these recommendations. Null if none of them has content.
    async fn highest_total_risk(&self, ctx: &Context<'_>) -> Result<Option<TotalRisk>> {
        Ok(self.counts(ctx).await?.highest().map(Into::into))
    }

    /// The numbers of pairs of such a recommendation and an object to which it applies, by total risk, four entries,
    /// critical first. Recommendations without content have no risk. Null only if loading failed, with an entry in
    /// `errors`.
    #[graphql(directive = list_size::apply(TOTAL_RISKS))]
    async fn hits_by_total_risk(&self, ctx: &Context<'_>) -> Result<Option<ListInOrder<InOrder<TotalRiskCount>>>> {
        let counts = self.counts(ctx).await?;
        Ok(Some(ListInOrder(TotalRiskCount::of_each(|risk| counts.of(risk)).into_iter().map(InOrder).collect())))
    }

    /// The recommendations that apply to objects of the namespace, ordered by selector, apart from those that are hidden:
    /// internal ones from viewers who may not see them, those that the organization has acknowledged, and on a managed
    /// cluster those that do not apply to managed clusters. Null only if loading failed, with an entry in `errors`.
    async fn recommendations(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Number of items from the start, 1 to 100. Defaults to 20 unless `last` is given.")]
        first: Option<i64>,
        #[graphql(desc = "Returns only items after this cursor.")] after: Option<String>,
        #[graphql(desc = "Number of items from the end, 1 to 100. Cannot be used with `first`.")] last: Option<i64>,
        #[graphql(desc = "Returns only items before this cursor.")] before: Option<String>,
    ) -> Result<Option<InOrder<Connection<WorkloadRecommendation>>>> {
        PageArguments { first, after, last, before }.load(ctx, self).await
    }
}

/// What namespaces are listed for.
#[derive(Clone)]
pub(super) enum NamespacesOfNode {
    /// An organization, with its siblings.
    Organization(Organization),
    /// A cluster, with its siblings.
    Cluster(Cluster),
}

impl Listed for Namespace {
    type Row = store::Namespace;
    type Parent = NamespacesOfNode;

    fn new(row: &Arc<store::Namespace>, of: &NamespacesOfNode, siblings: &Arc<Siblings<store::Namespace>>) -> Self {
        let listed_by = match of {
            NamespacesOfNode::Organization(_) => None,
            NamespacesOfNode::Cluster(cluster) => Some(cluster.clone()),
        };
        Self { row: row.clone(), listed_by, siblings: siblings.clone() }
    }
}

impl ParentOf<store::Namespace> for NamespacesOfNode {
    fn key(&self) -> NamespacesOf {
        match self {
            Self::Organization(organization) => NamespacesOf::Organization(organization.number()),
            Self::Cluster(cluster) => NamespacesOf::Cluster(cluster.row.id),
        }
    }

    fn sibling_keys(&self) -> Vec<NamespacesOf> {
        match self {
            Self::Organization(organization) => {
                organization.sibling_numbers().map(NamespacesOf::Organization).collect()
            }
            Self::Cluster(cluster) => cluster.sibling_rows().map(|row| NamespacesOf::Cluster(row.id)).collect(),
        }
    }

    fn shared(&self) -> Option<&Shared> {
        Some(match self {
            Self::Organization(organization) => organization.shared(),
            Self::Cluster(cluster) => cluster.shared(),
        })
    }
}

impl ParentOf<store::WorkloadRecommendation> for Namespace {
    fn key(&self) -> NamespaceKey {
        self.row.key()
    }

    fn sibling_keys(&self) -> Vec<NamespaceKey> {
        self.siblings.rows.iter().map(|row| row.key()).collect()
    }

    fn shared(&self) -> Option<&Shared> {
        Some(&self.siblings.shared)
    }
}
