//! `Organization`.

use std::sync::Arc;

use async_graphql::{Context, Object, Result};

use super::{
    acknowledgement::Acknowledgement,
    cluster::Cluster,
    cluster_list::{ClusterFilter, ClusterOrder, at_most},
    cluster_toggle::{ClusterToggle, TogglesOfNode},
    connection::{Connection, Listed, PageArguments, ParentOf},
    context::ContextExt as _,
    in_order::InOrder,
    namespace::{Namespace, NamespacesOfNode},
    namespace_list::{NamespaceFilter, NamespaceOrder},
    node_id::NodeId,
    organization_summary::OrganizationSummary,
    recommendation::Recommendation,
    recommendation_list::{RecommendationFilter, RecommendationOrder, RecommendationsOf},
    recommendation_row::RecommendationRow,
    scalars::{Duration, Uuid},
    shared::Shared,
    siblings::Siblings,
};
use crate::{
    domain::OrgId,
    store::{self, Paged as _, ToggleFilter},
};

/// An organization, with the organizations that were returned together with it.
#[derive(Clone)]
pub(super) struct Organization {
    id: OrgId,
    siblings: Arc<Siblings<store::Organization>>,
}

impl Organization {
    /// Some organizations, all siblings.
    pub(super) fn all(ids: impl IntoIterator<Item = OrgId>) -> Vec<Self> {
        let rows = ids.into_iter().map(|id| Arc::new(store::Organization { id })).collect();
        let siblings = Siblings::new(rows);
        siblings.rows.iter().map(|row| Self::among(&siblings, row.id)).collect()
    }

    /// One of several siblings.
    pub(super) fn among(siblings: &Arc<Siblings<store::Organization>>, id: OrgId) -> Self {
        Self { id, siblings: siblings.clone() }
    }

    /// The organization's number.
    pub(super) fn number(&self) -> OrgId {
        self.id
    }

    /// The numbers of the organization and its siblings.
    pub(super) fn sibling_numbers(&self) -> impl Iterator<Item = OrgId> {
        self.siblings.rows.iter().map(|row| row.id)
    }

    /// What the organization and its siblings loaded.
    pub(super) fn shared(&self) -> &Shared {
        &self.siblings.shared
    }
}

/// A customer organization, which owns clusters.
#[Object]
impl Organization {
    /// The global id, for `Query.node`.
    pub(super) async fn id(&self) -> NodeId {
        NodeId::Organization(self.id)
    }

    /// The organization's number, as a string. The identity header contains the same value.
    async fn org_id(&self) -> String {
        self.id.to_string()
    }

    /// The clusters that the organization owns, ordered by UUID unless `orderBy` is given. Null only if loading failed,
    /// with an entry in `errors`.
    #[expect(clippy::too_many_arguments, reason = "each is an argument of the field")]
    async fn clusters(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Number of items from the start, 1 to 100. Defaults to 20 unless `last` is given.")]
        first: Option<i64>,
        #[graphql(desc = "Returns only items after this cursor.")] after: Option<String>,
        #[graphql(desc = "Number of items from the end, 1 to 100. Cannot be used with `first`.")] last: Option<i64>,
        #[graphql(desc = "Returns only items before this cursor.")] before: Option<String>,
        #[graphql(desc = "Returns only clusters that meet all of these conditions.")] filter: Option<ClusterFilter>,
        #[graphql(desc = "The order of the list.")] order_by: Option<ClusterOrder>,
    ) -> Result<Option<InOrder<Connection<Cluster>>>> {
        let filter = filter.map(|filter| filter.check(ctx.now()?)).transpose()?.unwrap_or_default();
        let order = order_by.map_or(store::Cluster::DEFAULT_ORDER, store::Order::from);
        PageArguments { first, after, last, before }.load_by(ctx, self, filter, order).await
    }

    /// The recommendations of the organization: those with content, whether they hit a cluster or not, and those without
    /// content that hit one. By default ordered by total risk, descending. Null only if loading failed, with an entry in
    /// `errors`.
    #[expect(clippy::too_many_arguments, reason = "a resolver has a parameter for each argument of its field")]
    async fn recommendations(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Number of items from the start, 1 to 100. Defaults to 20 unless `last` is given.")]
        first: Option<i64>,
        #[graphql(desc = "Returns only items after this cursor.")] after: Option<String>,
        #[graphql(desc = "Number of items from the end, 1 to 100. Cannot be used with `first`.")] last: Option<i64>,
        #[graphql(desc = "Returns only items before this cursor.")] before: Option<String>,
        #[graphql(desc = "Returns only recommendations that meet all of these conditions.")] filter: Option<
            RecommendationFilter,
        >,
        #[graphql(desc = "The order of the list.")] order_by: Option<RecommendationOrder>,
    ) -> Result<Option<InOrder<Connection<Recommendation>>>> {
        let filter = filter.map(RecommendationFilter::check).transpose()?.unwrap_or_default();
        let order = order_by.map_or(RecommendationRow::DEFAULT_ORDER, store::Order::from);
        let parent = RecommendationsOf::Organization(self.clone());
        PageArguments { first, after, last, before }.load_by(ctx, &parent, filter, order).await
    }

    /// The organization's clusters and their hits, counted. Null only if loading failed, with an entry in `errors`.
    async fn summary(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only these of the organization's clusters, at most 100. All if null.")] cluster_uuids: Option<
            Vec<Uuid>,
        >,
        #[graphql(desc = "Only clusters on whose data rules ran no longer ago than this.")] seen_within: Option<
            Duration,
        >,
    ) -> Result<Option<InOrder<OrganizationSummary>>> {
        let uuids = at_most("clusterUuids", cluster_uuids)?;
        let now = ctx.now()?;
        let filter = store::ClusterFilter {
            ids: uuids.map(|uuids| uuids.into_iter().map(|Uuid(id)| id).collect()),
            seen_since: seen_within.and_then(|within| within.before(now)),
            ..store::ClusterFilter::default()
        };
        let loaders = ctx.loaders()?;
        let summary = OrganizationSummary::load(loaders, self.id, self.sibling_numbers(), filter).await?;
        Ok(Some(InOrder(summary)))
    }

    /// The acknowledgements of the organization, newest first. Null only if loading failed, with an entry in `errors`.
    async fn acknowledgements(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Number of items from the start, 1 to 100. Defaults to 20 unless `last` is given.")]
        first: Option<i64>,
        #[graphql(desc = "Returns only items after this cursor.")] after: Option<String>,
        #[graphql(desc = "Number of items from the end, 1 to 100. Cannot be used with `first`.")] last: Option<i64>,
        #[graphql(desc = "Returns only items before this cursor.")] before: Option<String>,
    ) -> Result<Option<InOrder<Connection<Acknowledgement>>>> {
        PageArguments { first, after, last, before }.load(ctx, self).await
    }

    /// The recommendations that the organization has disabled on clusters that it owns, last changed first. Null only if
    /// loading failed, with an entry in `errors`.
    async fn cluster_toggles(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Number of items from the start, 1 to 100. Defaults to 20 unless `last` is given.")]
        first: Option<i64>,
        #[graphql(desc = "Returns only items after this cursor.")] after: Option<String>,
        #[graphql(desc = "Number of items from the end, 1 to 100. Cannot be used with `first`.")] last: Option<i64>,
        #[graphql(desc = "Returns only items before this cursor.")] before: Option<String>,
        #[graphql(desc = "Only those on these clusters, at most 100. All if null.")] cluster_uuids: Option<Vec<Uuid>>,
    ) -> Result<Option<InOrder<Connection<ClusterToggle>>>> {
        let uuids = at_most("clusterUuids", cluster_uuids)?;
        let clusters = uuids.map(|uuids| uuids.into_iter().map(|Uuid(id)| id).collect());
        let parent = TogglesOfNode::Organization(self.clone());
        let order = store::ClusterToggle::DEFAULT_ORDER;
        PageArguments { first, after, last, before }.load_by(ctx, &parent, ToggleFilter::new(clusters), order).await
    }

    /// The namespaces of the organization's clusters with objects to which recommendations apply, ordered by name unless
    /// `orderBy` is given. A namespace is also listed if all of its recommendations are hidden. Null only if loading
    /// failed, with an entry in `errors`.
    #[expect(clippy::too_many_arguments, reason = "each is an argument of the field")]
    async fn namespaces(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Number of items from the start, 1 to 100. Defaults to 20 unless `last` is given.")]
        first: Option<i64>,
        #[graphql(desc = "Returns only items after this cursor.")] after: Option<String>,
        #[graphql(desc = "Number of items from the end, 1 to 100. Cannot be used with `first`.")] last: Option<i64>,
        #[graphql(desc = "Returns only items before this cursor.")] before: Option<String>,
        #[graphql(desc = "Returns only namespaces that meet all of these conditions.")] filter: Option<NamespaceFilter>,
        #[graphql(desc = "The order of the list.")] order_by: Option<NamespaceOrder>,
    ) -> Result<Option<InOrder<Connection<Namespace>>>> {
        let filter = filter.map(NamespaceFilter::check).transpose()?.unwrap_or_default();
        let order = order_by.map_or(store::Namespace::DEFAULT_ORDER, store::Order::from);
        let parent = NamespacesOfNode::Organization(self.clone());
        PageArguments { first, after, last, before }.load_by(ctx, &parent, filter, order).await
    }
}

impl Listed for Organization {
    type Row = store::Organization;
    type Parent = ();

    fn new(row: &Arc<store::Organization>, (): &(), siblings: &Arc<Siblings<store::Organization>>) -> Self {
        Self::among(siblings, row.id)
    }
}

impl ParentOf<store::Cluster> for Organization {
    fn key(&self) -> OrgId {
        self.id
    }

    fn sibling_keys(&self) -> Vec<OrgId> {
        self.siblings.rows.iter().map(|row| row.id).collect()
    }

    fn shared(&self) -> Option<&Shared> {
        Some(&self.siblings.shared)
    }
}

/// The parent of the list of organizations.
impl ParentOf<store::Organization> for () {
    fn key(&self) {}

    fn sibling_keys(&self) -> Vec<()> {
        vec![()]
    }

    fn shared(&self) -> Option<&Shared> {
        None
    }
}
