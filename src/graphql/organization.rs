//! `Organization`.

use std::{collections::HashMap, sync::Arc};

use async_graphql::{Context, Object, Result};

use super::{
    cluster::{Cluster, ClusterSiblings},
    cluster_list::{ClusterFilter, ClusterOrder, Position},
    connection::{Connection, PageArguments, Paged},
    context::ContextExt as _,
    error::LoadFailed,
    loaders::Loaders,
    node_id::NodeId,
    siblings::Relation,
};
use crate::{
    domain::OrgId,
    store::{self, ClusterListing, Page},
};

/// An organization, and those that its list produced together with it.
#[derive(Clone)]
pub(super) struct Organization {
    id: OrgId,
    siblings: Arc<OrganizationSiblings>,
}

/// Organizations that one list produced together.
pub(super) struct OrganizationSiblings {
    ids: Vec<OrgId>,
    clusters: Relation<OrgId, ClusterListing, ClustersOfOne>,
}

/// A page of one organization's clusters, whose siblings are the clusters of all.
type ClustersOfOne = Option<(Arc<Page<Arc<store::Cluster>>>, Arc<ClusterSiblings>)>;

impl OrganizationSiblings {
    pub(super) fn new(ids: Vec<OrgId>) -> Arc<Self> {
        Arc::new(Self { ids, clusters: Relation::default() })
    }

    async fn load_clusters(
        &self,
        loaders: &Loaders,
        listing: &ClusterListing,
    ) -> Result<HashMap<OrgId, ClustersOfOne>, LoadFailed> {
        let slices = loaders.clusters_of_organization.load_many(self.ids.iter().copied(), listing).await?;
        let siblings = ClusterSiblings::of(&slices.values().flat_map(|slice| &slice.items).map(AsRef::as_ref));
        Ok(slices.into_iter().map(|(id, slice)| (id, Some((slice, siblings.clone())))).collect())
    }
}

impl Organization {
    /// A list's organizations, all siblings.
    pub(super) fn list(slice: Page<OrgId>) -> Page<Self> {
        let siblings = OrganizationSiblings::new(slice.items.clone());
        slice.map(|id| Self::among(&siblings, id))
    }

    /// Some organizations, all siblings.
    pub(super) fn all(ids: impl IntoIterator<Item = OrgId>) -> HashMap<OrgId, Self> {
        let siblings = OrganizationSiblings::new(ids.into_iter().collect());
        siblings.ids.iter().map(|id| (*id, Self::among(&siblings, *id))).collect()
    }

    /// An organization that stands alone.
    pub(super) fn alone(id: OrgId) -> Self {
        Self::among(&OrganizationSiblings::new(vec![id]), id)
    }

    /// One of several siblings.
    pub(super) fn among(siblings: &Arc<OrganizationSiblings>, id: OrgId) -> Self {
        Self { id, siblings: siblings.clone() }
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
    ) -> Result<Option<Connection<Cluster>>> {
        let order = order_by.unwrap_or(ClusterOrder::DEFAULT);
        let page = PageArguments { first, after, last, before };
        let listing = ClusterListing {
            filter: filter.map(|filter| filter.check(ctx.now()?)).transpose()?.unwrap_or_default(),
            order: order.into(),
            window: page.window::<Cluster>(order)?.map(|Position(place)| place),
            total: ctx.look_ahead().field("totalCount").exists(),
        };
        let (loaders, window) = (ctx.loaders()?, listing.window.clone());
        let load = || self.siblings.load_clusters(loaders, &listing);
        let found = self.siblings.clusters.of(&self.id, listing.clone(), load).await?;
        let Some((slice, siblings)) = found else { return Ok(None) };
        Ok(Some(Connection::new(Cluster::list(&slice, &siblings), order, &window)))
    }
}

impl Paged for Organization {
    const CONNECTION: &'static str = "OrganizationConnection";
    const EDGE: &'static str = "OrganizationEdge";
    type Order = ();
    type Position = OrgId;

    fn list((): ()) -> &'static str {
        "organizations:number:asc"
    }

    fn place(&self, (): ()) -> OrgId {
        self.id
    }
}
