//! The root of all queries.

use async_graphql::{Context, Object, Result};
use uuid::Uuid;

use super::{
    cluster::{Cluster, ClusterSiblings},
    connection::{Connection, page_cost, page_size},
    context::ContextExt as _,
    cursor,
    error::bad_user_input,
    organization::Organization,
    service::Service,
    viewer::Viewer,
};
use crate::{
    domain::{ClusterId, OrgId},
    store::OrganizationPage,
};

/// The longest list of UUIDs or ids that is taken.
const MOST_KEYS: usize = 100;

/// The root of all queries.
pub(super) struct Query;

/// Where every query begins.
#[Object]
impl Query {
    /// Who asks.
    async fn viewer(&self, ctx: &Context<'_>) -> Result<Viewer> {
        ctx.viewer().map(Viewer)
    }

    /// An organization by its number; null when it never reported or is not the viewer's to see.
    async fn organization(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The organization's number, as a text.")] org_id: String,
    ) -> Result<Option<Organization>> {
        let id: OrgId = org_id.parse().map_err(|error| bad_user_input("orgId", &format!("{error}")))?;
        let exists = ctx.loaders()?.organization_exists(id).await?;
        Ok(exists.then(|| Organization::alone(id)))
    }

    /// All organizations that the viewer may see, by number. Null only with an error.
    #[graphql(complexity = "page_cost(first, child_complexity)")]
    async fn organizations(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many at most; 20 where it is left out.", validator(minimum = 1, maximum = 100))]
        first: Option<i32>,
        #[graphql(desc = "Only those behind this cursor.")] after: Option<String>,
    ) -> Result<Option<Connection<Organization>>> {
        let page = OrganizationPage {
            first: page_size(first),
            after: cursor::decode::<Organization>("after", after.as_deref())?,
            total: ctx.look_ahead().field("totalCount").exists(),
        };
        let slice = ctx.loaders()?.organizations(page).await?;
        Ok(Some(Connection::new(Organization::list(slice), after.as_deref())))
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
    #[graphql(complexity = "uuids.len().saturating_mul(child_complexity).saturating_add(1)")]
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
    let ids: Vec<ClusterId> = uuids.iter().copied().map(ClusterId::from).collect();
    let found = ctx.loaders()?.cluster.load_many(ids.iter().copied(), &()).await?;
    let siblings = ClusterSiblings::of(found.values().filter_map(|row| row.as_ref().as_ref()));
    let cluster = |id: &ClusterId| {
        let row = found.get(id)?.as_ref().clone()?;
        Some(Cluster { row: row.into(), siblings: siblings.clone() })
    };
    Ok(ids.iter().map(cluster).collect())
}
