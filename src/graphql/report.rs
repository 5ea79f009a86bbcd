//! `Report`.

use async_graphql::{Context, Object, Result};

use super::{
    cluster::Cluster,
    connection::{Connection, PageArguments},
    context::ContextExt as _,
    hidden_hits::HiddenHits,
    in_order::InOrder,
    node_id::NodeId,
    rule_hit::RuleHit,
    rule_hit_list::{RuleHitFilter, RuleHitOrder},
    scalars::DateTime,
};
use crate::store::{self, List as _, ReportHead};

/// A cluster's current report.
#[derive(Clone)]
pub(super) struct Report {
    head: ReportHead,
    cluster: Cluster,
}

impl Report {
    /// The cluster's current report; `None` where it has none.
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
    async fn cluster(&self) -> InOrder<&Cluster> {
        InOrder(&self.cluster)
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

    /// The recommendations that hit the cluster, ordered by selector unless `orderBy` is given, apart from those that are hidden: internal ones from
    /// viewers who may not see them, and on a managed cluster those that do not apply to managed clusters. The list of a
    /// healthy cluster is empty. Null only if loading failed, with an entry in `errors`.
    #[expect(clippy::too_many_arguments, reason = "each is an argument of the field")]
    async fn rule_hits(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Number of items from the start, 1 to 100. Defaults to 20 unless `last` is given.")]
        first: Option<i64>,
        #[graphql(desc = "Returns only items after this cursor.")] after: Option<String>,
        #[graphql(desc = "Number of items from the end, 1 to 100. Cannot be used with `first`.")] last: Option<i64>,
        #[graphql(desc = "Returns only items before this cursor.")] before: Option<String>,
        #[graphql(desc = "Returns these hits too, which are hidden by default.")] include: Option<Vec<HiddenHits>>,
        #[graphql(desc = "Returns only hits that meet all of these conditions.")] filter: Option<RuleHitFilter>,
        #[graphql(desc = "The order of the list.")] order_by: Option<RuleHitOrder>,
    ) -> Result<Option<InOrder<Connection<RuleHit>>>> {
        let included = HiddenHits::included(include.as_deref().unwrap_or_default());
        let filter = filter.unwrap_or_default().check(included, ctx.content()?)?;
        let order = order_by.map_or(store::RuleHit::DEFAULT_ORDER, store::Order::from);
        PageArguments { first, after, last, before }.load_by(ctx, &self.cluster, filter, order).await
    }
}
