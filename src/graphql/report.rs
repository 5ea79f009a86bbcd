//! `Report`.

use std::{collections::HashMap, sync::Arc};

use async_graphql::{Context, Object, Result};

use super::{
    cluster::Cluster,
    connection::{Connection, PageArguments, asks_of_nodes},
    context::ContextExt as _,
    error::LoadFailed,
    loaders::Loaders,
    node_id::NodeId,
    rule_hit::RuleHit,
    scalars::DateTime,
    siblings::Relation,
};
use crate::{
    domain::ClusterId,
    store::{self, Page, ReportHead, RuleHitListing},
};

/// A cluster's current report.
#[derive(Clone)]
pub(super) struct Report {
    head: ReportHead,
    cluster: Cluster,
}

/// The hits of clusters that one list produced together.
pub(super) struct RuleHitsOfClusters {
    clusters: Vec<ClusterId>,
    pages: Relation<ClusterId, RuleHitListing, Arc<Page<Arc<store::RuleHit>>>>,
}

impl RuleHitsOfClusters {
    pub(super) fn new(clusters: Vec<ClusterId>) -> Self {
        Self { clusters, pages: Relation::default() }
    }

    async fn load(
        &self,
        loaders: &Loaders,
        listing: &RuleHitListing,
    ) -> Result<HashMap<ClusterId, Arc<Page<Arc<store::RuleHit>>>>, LoadFailed> {
        loaders.rule_hits_of_cluster.load_many(self.clusters.iter().copied(), listing).await
    }
}

impl Report {
    /// The cluster's current report, where it has one.
    pub(super) fn of(cluster: &Cluster) -> Option<Self> {
        let head = cluster.row.report.clone()?;
        Some(Self { head, cluster: cluster.clone() })
    }
}

/// The newest result of the rules for a cluster.
#[Object]
impl Report {
    /// The global id, for `Query.node`. It always identifies the cluster's newest report.
    pub(super) async fn id(&self) -> NodeId {
        NodeId::Report(self.cluster.row.id)
    }

    /// The cluster that the rules checked.
    async fn cluster(&self) -> Cluster {
        self.cluster.clone()
    }

    /// When the rules ran.
    async fn last_checked_at(&self) -> DateTime {
        DateTime(self.head.last_checked)
    }

    /// When the data was collected on the cluster. Null if the report does not contain the time.
    async fn gathered_at(&self) -> Option<DateTime> {
        self.head.gathered_at.map(DateTime)
    }

    /// When the service stored the report.
    async fn stored_at(&self) -> DateTime {
        DateTime(self.head.stored_at)
    }

    /// The id of the upload from which the report was made. Null if the upload was not tracked.
    async fn request_id(&self) -> Option<&str> {
        self.head.request_id.as_deref()
    }

    /// The recommendations that hit the cluster, ordered by selector. The list of a healthy cluster is empty. Null only
    /// if loading failed, with an entry in `errors`.
    async fn rule_hits(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Number of items from the start, 1 to 100. Defaults to 20 unless `last` is given.")]
        first: Option<i64>,
        #[graphql(desc = "Returns only items after this cursor.")] after: Option<String>,
        #[graphql(desc = "Number of items from the end, 1 to 100. Cannot be used with `first`.")] last: Option<i64>,
        #[graphql(desc = "Returns only items before this cursor.")] before: Option<String>,
    ) -> Result<Option<Connection<RuleHit>>> {
        let asked = ctx.look_ahead();
        let page = PageArguments { first, after, last, before };
        let listing = RuleHitListing {
            window: page.window::<RuleHit>(())?,
            total: asked.field("totalCount").exists(),
            details: asks_of_nodes(&asked, "details"),
        };
        let (loaders, hits) = (ctx.loaders()?, &self.cluster.siblings.rule_hits);
        let load = || hits.load(loaders, &listing);
        let slice = hits.pages.of(&self.cluster.row.id, listing.clone(), load).await?;
        Ok(Some(Connection::new(RuleHit::list(&slice, &self.cluster), (), &listing.window)))
    }
}
