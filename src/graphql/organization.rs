//! `Organization`.

use std::{collections::HashMap, sync::Arc};

use async_graphql::{Context, Object, Result};

use super::{
    cluster::{Cluster, ClusterSiblings},
    connection::{Connection, Paged, page_cost, page_size},
    context::ContextExt as _,
    cursor::{self, Listed},
    error::LoadFailed,
    loaders::Loaders,
    siblings::Relation,
};
use crate::{
    domain::OrgId,
    store::{self, ClusterPage, Slice},
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
    clusters: Relation<OrgId, ClusterPage, ClustersOfOne>,
}

/// A page of one organization's clusters, whose siblings are the clusters of all.
type ClustersOfOne = Option<(Arc<Slice<store::Cluster>>, Arc<ClusterSiblings>)>;

impl OrganizationSiblings {
    pub(super) fn new(ids: Vec<OrgId>) -> Arc<Self> {
        Arc::new(Self { ids, clusters: Relation::default() })
    }

    async fn load_clusters(
        &self,
        loaders: &Loaders,
        page: &ClusterPage,
    ) -> Result<HashMap<OrgId, ClustersOfOne>, LoadFailed> {
        let slices = loaders.clusters_of_organization.load_many(self.ids.iter().copied(), page).await?;
        let siblings = ClusterSiblings::of(slices.values().flat_map(|slice| &slice.items));
        Ok(slices.into_iter().map(|(id, slice)| (id, Some((slice, siblings.clone())))).collect())
    }
}

impl Organization {
    /// A list's organizations, all siblings.
    pub(super) fn list(slice: Slice<OrgId>) -> Slice<Self> {
        let siblings = OrganizationSiblings::new(slice.items.clone());
        slice.map(|id| Self::among(&siblings, id))
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

/// A customer that owns clusters.
#[Object]
impl Organization {
    /// The organization's number, as a text: as the identity header has it.
    async fn org_id(&self) -> String {
        self.id.to_string()
    }

    /// The organization's clusters, by UUID. Null only with an error.
    #[graphql(complexity = "page_cost(first, child_complexity)")]
    async fn clusters(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many at most; 20 where it is left out.", validator(minimum = 1, maximum = 100))]
        first: Option<i32>,
        #[graphql(desc = "Only those behind this cursor.")] after: Option<String>,
    ) -> Result<Option<Connection<Cluster>>> {
        let after_key = cursor::decode::<Cluster>("after", after.as_deref())?;
        let total = ctx.look_ahead().field("totalCount").exists();
        let page = ClusterPage { first: page_size(first), after: after_key, total };
        let loaders = ctx.loaders()?;
        let load = || self.siblings.load_clusters(loaders, &page);
        let Some((slice, siblings)) = self.siblings.clusters.of(&self.id, page, load).await? else { return Ok(None) };
        Ok(Some(Connection::new(Cluster::list(&slice, &siblings), after.as_deref())))
    }
}

impl Listed for Organization {
    const LIST: &'static str = "organizations:number:asc";
    type Key = OrgId;

    fn key(&self) -> OrgId {
        self.id
    }
}

impl Paged for Organization {
    const CONNECTION: &'static str = "OrganizationConnection";
    const EDGE: &'static str = "OrganizationEdge";
}
