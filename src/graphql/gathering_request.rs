//! `GatheringRequest`.

use std::{collections::HashMap, sync::Arc};

use async_graphql::{Context, Enum, Object, Result};

use super::{
    cluster::Cluster,
    connection::{Connection, PageArguments, ParentOf, large, load_children},
    in_order::InOrder,
    request_hit::{GatheringRequestRuleHit, HitsOfRequest, RequestHit},
    scalars::DateTime,
    shared::Shared,
    siblings::{Children, Siblings},
};
use crate::{
    domain::ClusterId,
    store::{self, GatheringRequestFilter, ListRequest, PageRequest},
};

/// The most requests of a list.
pub(super) const MAX_REQUESTS: usize = 100;

/// A request, with those that were read together with it.
#[derive(Clone)]
pub(super) struct GatheringRequest {
    row: Arc<store::GatheringRequest>,
    cluster: Cluster,
    siblings: Arc<Siblings<store::GatheringRequest>>,
}

/// How far a request has been processed.
#[derive(Clone, Copy, Debug, Enum, PartialEq, Eq)]
pub(super) enum GatheringRequestStatus {
    /// The report of the request was processed.
    Processed,
}

impl GatheringRequest {
    /// The newest requests of a cluster.
    pub(super) async fn newest(ctx: &Context<'_>, cluster: &Cluster, most: usize) -> Result<Vec<Self>> {
        let filter = GatheringRequestFilter::default();
        let children = load(ctx, cluster, filter, PageRequest::first(most)).await?;
        Ok(Self::all(&children, cluster).collect())
    }

    /// Those of the requests of a cluster that are known, in the order of their ids, each once.
    pub(super) async fn by_ids(
        ctx: &Context<'_>,
        cluster: &Cluster,
        mut ids: Vec<String>,
        most: usize,
    ) -> Result<Vec<Self>> {
        let mut unique = Vec::with_capacity(ids.len());
        ids.retain(|id| {
            !unique.contains(id) && {
                unique.push(id.clone());
                true
            }
        });
        let filter = GatheringRequestFilter { ids: Some(unique) };
        let children = load(ctx, cluster, filter, PageRequest::first(MAX_REQUESTS)).await?;
        let mut found: HashMap<_, _> =
            Self::all(&children, cluster).map(|request| (request.row.id.clone(), request)).collect();
        Ok(ids.iter().filter_map(|id| found.remove(id)).take(most).collect())
    }

    fn all(children: &Children<store::GatheringRequest>, cluster: &Cluster) -> impl Iterator<Item = Self> {
        children.page.items.iter().map(|row| Self {
            row: row.clone(),
            cluster: cluster.clone(),
            siblings: children.siblings.clone(),
        })
    }
}

/// Loads requests of a cluster, together with those of its siblings.
async fn load(
    ctx: &Context<'_>,
    cluster: &Cluster,
    filter: GatheringRequestFilter,
    page: PageRequest,
) -> Result<Children<store::GatheringRequest>> {
    let large = large(ctx, ctx.look_ahead().field("ruleHits").exists())?;
    load_children(ctx, cluster, ListRequest { filter, large, ..ListRequest::new(page) }).await
}

/// A request to gather data of a cluster, of which a report was processed: the upload with this request id. Requests are
/// remembered for a time, by default 24 hours.
#[Object]
impl GatheringRequest {
    /// The id of the request.
    async fn request_id(&self) -> &str {
        &self.row.id
    }

    /// How far the request has been processed. A request is unknown until its report was processed.
    async fn status(&self) -> GatheringRequestStatus {
        GatheringRequestStatus::Processed
    }

    /// When the data was collected on the cluster. Null if the report does not contain the time.
    async fn received_at(&self) -> Option<DateTime> {
        self.row.received_at.map(DateTime)
    }

    /// When the report was processed.
    async fn processed_at(&self) -> DateTime {
        DateTime(self.row.processed_at)
    }

    /// The recommendations that hit the cluster in the report of the request, ordered by selector, apart from those that
    /// are hidden on the cluster by default now. The report may be older than the cluster's newest one. Null only if
    /// loading failed, with an entry in `errors`.
    async fn rule_hits(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Number of items from the start, 1 to 100. Defaults to 20 unless `last` is given.")]
        first: Option<i64>,
        #[graphql(desc = "Returns only items after this cursor.")] after: Option<String>,
        #[graphql(desc = "Number of items from the end, 1 to 100. Cannot be used with `first`.")] last: Option<i64>,
        #[graphql(desc = "Returns only items before this cursor.")] before: Option<String>,
    ) -> Result<Option<InOrder<Connection<GatheringRequestRuleHit>>>> {
        PageArguments { first, after, last, before }.load(ctx, self).await
    }
}

impl ParentOf<RequestHit> for GatheringRequest {
    fn key(&self) -> HitsOfRequest {
        HitsOfRequest::new(self.row.clone(), &self.cluster.row)
    }

    fn sibling_keys(&self) -> Vec<HitsOfRequest> {
        let clusters: HashMap<ClusterId, _> = self.cluster.sibling_rows().map(|row| (row.id, row)).collect();
        let key =
            |row: &Arc<store::GatheringRequest>| Some(HitsOfRequest::new(row.clone(), clusters.get(&row.cluster)?));
        self.siblings.rows.iter().filter_map(key).collect()
    }

    fn shared(&self) -> Option<&Shared> {
        Some(&self.siblings.shared)
    }
}
