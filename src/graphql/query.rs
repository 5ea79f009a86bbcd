//! The root of all queries.

use async_graphql::{Context, ID, Object, Result};

use super::{
    cluster::Cluster,
    connection::{Connection, MOST_KEYS, PageArguments},
    context::ContextExt as _,
    error::bad_user_input,
    node::{self, Node},
    node_id::InvalidNodeId,
    organization::Organization,
    scalars::Uuid,
    service::Service,
    viewer::Viewer,
};
use crate::{
    domain::{ClusterId, OrgId},
    store::OrganizationListing,
};

/// The root of all queries.
pub(super) struct Query;

/// Where every query begins.
#[Object]
impl Query {
    /// Who asks.
    async fn viewer(&self, ctx: &Context<'_>) -> Result<Viewer> {
        ctx.viewer().map(Viewer)
    }

    /// Whatever an id names: null when it is unknown, gone or not the viewer's to see.
    async fn node(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "An id that this service gave out.")] id: ID,
    ) -> Result<Option<Node>> {
        let id = id.parse().map_err(|error: InvalidNodeId| bad_user_input("id", &error.to_string()))?;
        let mut nodes = node::in_order(ctx, &[Some(id)]).await?;
        Ok(nodes.pop().flatten())
    }

    /// Whatever the ids name: in the order asked, null in the place of one that is unknown, gone, malformed or not the
    /// viewer's to see.
    async fn nodes(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Ids that this service gave out, at most 100.")] ids: Vec<ID>,
    ) -> Result<Vec<Option<Node>>> {
        if ids.len() > MOST_KEYS {
            return Err(bad_user_input("ids", &format!("has {} ids; at most {MOST_KEYS} are taken", ids.len())));
        }
        let ids: Vec<_> = ids.iter().map(|id| id.parse().ok()).collect();
        node::in_order(ctx, &ids).await
    }

    /// An organization by its number; null when it never reported or is not the viewer's to see.
    async fn organization(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The organization's number, as a text.")] org_id: String,
    ) -> Result<Option<Organization>> {
        let id: OrgId = org_id.parse().map_err(|error| bad_user_input("orgId", &format!("{error}")))?;
        let known = ctx.loaders()?.known_organizations(&[id]).await?;
        Ok(known.contains(&id).then(|| Organization::alone(id)))
    }

    /// All organizations that the viewer may see, by number. Null only with an error.
    async fn organizations(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many from the beginning, 1 to 100; 20 where neither this nor `last` is given.")]
        first: Option<i64>,
        #[graphql(desc = "Only those behind this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end, 1 to 100.")] last: Option<i64>,
        #[graphql(desc = "Only those before this cursor.")] before: Option<String>,
    ) -> Result<Option<Connection<Organization>>> {
        let page = PageArguments { first, after, last, before };
        let total = ctx.look_ahead().field("totalCount").exists();
        let listing = OrganizationListing { window: page.window::<Organization>(())?, total };
        let slice = ctx.loaders()?.organizations(&listing).await?;
        Ok(Some(Connection::new(Organization::list(slice), (), &listing.window)))
    }

    /// A cluster by its UUID; null when it is unknown or not the viewer's to see.
    async fn cluster(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The cluster's UUID.")] uuid: Uuid,
    ) -> Result<Option<Cluster>> {
        let mut clusters = clusters_in_order(ctx, &[uuid]).await?;
        Ok(clusters.pop().flatten())
    }

    /// Clusters by their UUIDs: in the order asked, null in the place of one that is unknown or not the viewer's to see.
    async fn clusters(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The clusters' UUIDs, at most 100.")] uuids: Vec<Uuid>,
    ) -> Result<Vec<Option<Cluster>>> {
        if uuids.len() > MOST_KEYS {
            return Err(bad_user_input("uuids", &format!("has {} UUIDs; at most {MOST_KEYS} are taken", uuids.len())));
        }
        clusters_in_order(ctx, &uuids).await
    }

    /// The service that answers.
    async fn service(&self) -> Service {
        Service
    }
}

/// Clusters that stand in the place of their UUIDs, all siblings.
async fn clusters_in_order(ctx: &Context<'_>, uuids: &[Uuid]) -> Result<Vec<Option<Cluster>>> {
    let ids: Vec<ClusterId> = uuids.iter().map(|Uuid(id)| *id).collect();
    let found = Cluster::found(ctx.loaders()?, ids.iter().copied()).await?;
    Ok(ids.iter().map(|id| found.get(id).cloned()).collect())
}
