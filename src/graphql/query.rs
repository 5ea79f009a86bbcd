//! The root of all queries.

use async_graphql::{Context, ID, Object, Result};

use super::{
    category::Category,
    cluster::Cluster,
    connection::{Connection, MAX_KEYS, PageArguments},
    context::ContextExt as _,
    error::bad_user_input,
    in_order::{InOrder, ListInOrder},
    list_size::list_size,
    node::{self, NodeInOrder},
    node_id::InvalidNodeId,
    organization::Organization,
    recommendation::Recommendation,
    recommendation_list::{RecommendationFilter, RecommendationOrder, RecommendationsOf},
    recommendation_row::RecommendationRow,
    scalars::Uuid,
    service::Service,
    viewer::Viewer,
};
use crate::{
    content::{Content, MAX_CATEGORIES},
    domain::{ClusterId, OrgId},
    identity::Readable,
    store::{Order, Paged as _},
};

/// The root of all queries.
pub(super) struct Query;

/// The fields with which a query starts.
#[Object]
impl Query {
    /// The user or client that sends the query.
    async fn viewer(&self, ctx: &Context<'_>) -> Result<InOrder<Viewer>> {
        ctx.viewer().cloned().map(Viewer).map(InOrder)
    }

    /// The object with this id. Null if it does not exist, has been removed, or the viewer may not see it.
    async fn node(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The value of an `id` field.")] id: ID,
    ) -> Result<Option<NodeInOrder>> {
        let id = id.parse().map_err(|error: InvalidNodeId| bad_user_input("id", &error.to_string()))?;
        let mut nodes = node::in_order(ctx, &[Some(id)]).await?;
        Ok(nodes.pop().flatten())
    }

    /// The objects with these ids, in the same order. Null for each id that is malformed, and for each object that does
    /// not exist, has been removed, or the viewer may not see.
    async fn nodes(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Values of `id` fields, at most 100.")] ids: Vec<ID>,
    ) -> Result<ListInOrder<Option<NodeInOrder>>> {
        if ids.len() > MAX_KEYS {
            return Err(bad_user_input("ids", &format!("has {} ids; at most {MAX_KEYS} are taken", ids.len())));
        }
        let ids: Vec<_> = ids.iter().map(|id| id.parse().ok()).collect();
        node::in_order(ctx, &ids).await.map(ListInOrder)
    }

    /// The organization with this number. Null if the viewer may not see it, or if no report of it was ever
    /// stored and it is not the viewer's own.
    async fn organization(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The organization's number, as a string.")] org_id: String,
    ) -> Result<Option<InOrder<Organization>>> {
        let id: OrgId = org_id.parse().map_err(|error| bad_user_input("orgId", &format!("{error}")))?;
        let known = ctx.loaders()?.known_organizations(&[id]).await?;
        Ok(Organization::all(known).pop().map(InOrder))
    }

    /// The organizations that the viewer may see, ordered by number: for administrators all of which a report was ever
    /// stored, for others their own. Null only if loading failed, with an entry in `errors`.
    async fn organizations(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Number of items from the start, 1 to 100. Defaults to 20 unless `last` is given.")]
        first: Option<i64>,
        #[graphql(desc = "Returns only items after this cursor.")] after: Option<String>,
        #[graphql(desc = "Number of items from the end, 1 to 100. Cannot be used with `first`.")] last: Option<i64>,
        #[graphql(desc = "Returns only items before this cursor.")] before: Option<String>,
    ) -> Result<Option<InOrder<Connection<Organization>>>> {
        PageArguments { first, after, last, before }.load(ctx, &()).await
    }

    /// The cluster with this UUID. Null if it is unknown, or the viewer may not see it.
    async fn cluster(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The cluster's UUID.")] uuid: Uuid,
    ) -> Result<Option<InOrder<Cluster>>> {
        let mut clusters = clusters_in_order(ctx, &[uuid]).await?;
        Ok(clusters.pop().flatten())
    }

    /// The clusters with these UUIDs, in the same order. Null for each cluster that is unknown or the viewer may not
    /// see.
    async fn clusters(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The clusters' UUIDs, at most 100.")] uuids: Vec<Uuid>,
    ) -> Result<ListInOrder<Option<InOrder<Cluster>>>> {
        if uuids.len() > MAX_KEYS {
            return Err(bad_user_input("uuids", &format!("has {} UUIDs; at most {MAX_KEYS} are taken", uuids.len())));
        }
        clusters_in_order(ctx, &uuids).await.map(ListInOrder)
    }

    /// The recommendation with this selector, for the viewer's organization. Null if neither its content nor a hit of it
    /// is known to the viewer, and if the selector is invalid.
    async fn recommendation(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The recommendation, as `ruleFqdn|errorKey`.")] selector: String,
    ) -> Result<Option<InOrder<Recommendation>>> {
        let Ok(selector) = selector.parse() else { return Ok(None) };
        let requested = [(ctx.viewer()?.organization(), selector)];
        Ok(Recommendation::find(ctx, requested).await?.pop().map(InOrder))
    }

    /// The recommendations that the viewer may see: those with content, whether they hit a cluster or not, and those without
    /// content that hit one. For administrators and without authentication those of all organizations, for others those
    /// of their own. By default ordered by total risk, descending. Null only if loading failed, with an entry in `errors`.
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
        let order = order_by.map_or(RecommendationRow::DEFAULT_ORDER, Order::from);
        let parent = RecommendationsOf::Viewer(match ctx.viewer()?.scope().readable() {
            Readable::All => None,
            Readable::Organization(own) => Some(own),
        });
        PageArguments { first, after, last, before }.load_by(ctx, &parent, filter, order).await
    }

    /// The categories of recommendations, ordered by key, at most 100. Empty if no content is loaded.
    #[graphql(directive = list_size::apply(MAX_CATEGORIES))]
    async fn categories(&self, ctx: &Context<'_>) -> Result<ListInOrder<InOrder<Category>>> {
        let categories = ctx.content()?.map(Content::categories).unwrap_or_default();
        Ok(ListInOrder(categories.iter().cloned().map(Category).map(InOrder).collect()))
    }

    /// Versions of this service.
    async fn service(&self) -> InOrder<Service> {
        InOrder(Service)
    }
}

/// Returns the clusters of UUIDs, in their order, all siblings. An unknown cluster is null.
async fn clusters_in_order(ctx: &Context<'_>, uuids: &[Uuid]) -> Result<Vec<Option<InOrder<Cluster>>>> {
    let ids: Vec<ClusterId> = uuids.iter().map(|Uuid(id)| *id).collect();
    let found = Cluster::find(ctx.loaders()?, ids.iter().copied()).await?;
    Ok(ids.iter().map(|id| found.get(id).cloned().map(InOrder)).collect())
}
