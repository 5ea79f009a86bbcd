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

/// What the rules said of a cluster at one time: the newest there is.
#[Object]
impl Report {
    /// The report's id, for `node`: it names the cluster's current report.
    pub(super) async fn id(&self) -> NodeId {
        NodeId::Report(self.cluster.row.id)
    }

    /// The cluster that the rules looked at.
    async fn cluster(&self) -> Cluster {
        self.cluster.clone()
    }

    /// When the rules ran.
    async fn last_checked_at(&self) -> DateTime {
        DateTime(self.head.last_checked)
    }

    /// When the data were collected on the cluster; null where the report does not say so.
    async fn gathered_at(&self) -> Option<DateTime> {
        self.head.gathered_at.map(DateTime)
    }

    /// When the report was stored, by the service's clock.
    async fn stored_at(&self) -> DateTime {
        DateTime(self.head.stored_at)
    }

    /// The upload that the report answers; null where it was not tracked.
    async fn request_id(&self) -> Option<&str> {
        self.head.request_id.as_deref()
    }

    /// What hits the cluster, by selector. An empty list is good news: a healthy cluster. Null only with an error.
    async fn rule_hits(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many from the beginning, 1 to 100; 20 where neither this nor `last` is given.")]
        first: Option<i64>,
        #[graphql(desc = "Only those behind this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end, 1 to 100.")] last: Option<i64>,
        #[graphql(desc = "Only those before this cursor.")] before: Option<String>,
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
