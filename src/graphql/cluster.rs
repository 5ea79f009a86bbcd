//! `Cluster`.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use async_graphql::{Context, Object, Result};

use super::{
    cluster_list::{ClusterOrder, Position},
    connection::{Connection, PageArguments, Paged},
    context::ContextExt as _,
    error::LoadFailed,
    history_event::{self, HistoryEvent},
    loaders::Loaders,
    node_id::NodeId,
    organization::{Organization, OrganizationSiblings},
    report::{Report, RuleHitsOfClusters},
    scalars::{DateTime, Uuid},
    siblings::Relation,
};
use crate::{
    domain::ClusterId,
    store::{self, HistoryListing, Page},
};

/// A cluster, and those that its list produced together with it.
#[derive(Clone)]
pub(super) struct Cluster {
    pub(super) row: Arc<store::Cluster>,
    pub(super) siblings: Arc<ClusterSiblings>,
}

/// Clusters that one list produced together, over all parents of the list.
pub(super) struct ClusterSiblings {
    ids: Vec<ClusterId>,
    owners: Arc<OrganizationSiblings>,
    pub(super) rule_hits: RuleHitsOfClusters,
    history: Relation<ClusterId, HistoryListing, Arc<Page<Arc<store::HistoryEvent>>>>,
}

impl ClusterSiblings {
    pub(super) fn of<'a>(clusters: &(impl Iterator<Item = &'a store::Cluster> + Clone)) -> Arc<Self> {
        let owners: BTreeSet<_> = clusters.clone().map(|cluster| cluster.organization).collect();
        // A cluster without a report has no hits to be asked for.
        let reported = clusters.clone().filter(|cluster| cluster.report.is_some()).map(|cluster| cluster.id);
        Arc::new(Self {
            ids: clusters.clone().map(|cluster| cluster.id).collect(),
            history: Relation::default(),
            owners: OrganizationSiblings::new(owners.into_iter().collect()),
            rule_hits: RuleHitsOfClusters::new(reported.collect()),
        })
    }
}

impl Cluster {
    /// Those of some clusters that the viewer may see, all siblings.
    pub(super) async fn found(
        loaders: &Loaders,
        ids: impl IntoIterator<Item = ClusterId>,
    ) -> Result<HashMap<ClusterId, Self>, LoadFailed> {
        let loaded = loaders.cluster.load_many(ids, &()).await?;
        let rows: Vec<_> = loaded.values().filter_map(|row| row.as_ref().as_ref()).collect();
        let siblings = ClusterSiblings::of(&rows.iter().copied());
        let cluster = |row: &store::Cluster| Self { row: Arc::new(row.clone()), siblings: siblings.clone() };
        Ok(rows.into_iter().map(|row| (row.id, cluster(row))).collect())
    }

    /// A page of clusters among their siblings.
    pub(super) fn list(page: &Page<Arc<store::Cluster>>, siblings: &Arc<ClusterSiblings>) -> Page<Self> {
        page.clone().map(|row| Self { row, siblings: siblings.clone() })
    }
}

/// An OpenShift cluster.
#[Object]
impl Cluster {
    /// The global id, for `Query.node`.
    pub(super) async fn id(&self) -> NodeId {
        NodeId::Cluster(self.row.id)
    }

    /// The cluster's UUID, in lower case.
    async fn uuid(&self) -> Uuid {
        Uuid(self.row.id)
    }

    /// The name to display. It is the UUID if no name is known.
    async fn display_name(&self) -> String {
        self.row.id.to_string()
    }

    /// The cluster's OpenShift version. Null until a report contains it.
    async fn version(&self) -> Option<&str> {
        self.row.version.as_deref()
    }

    /// The organization that owns the cluster.
    async fn organization(&self) -> Organization {
        Organization::among(&self.siblings.owners, self.row.organization)
    }

    /// When rules last ran on data of the cluster.
    async fn last_checked_at(&self) -> DateTime {
        DateTime(self.row.last_checked)
    }

    /// The newest report of the cluster. Null until a report is stored.
    async fn report(&self) -> Option<Report> {
        Report::of(self)
    }

    /// When recommendations started and stopped hitting the cluster, newest first. Covers only the time during which
    /// the current organization owned the cluster. Null only if loading failed, with an entry in `errors`.
    async fn history(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Number of items from the start, 1 to 100. Defaults to 20 unless `last` is given.")]
        first: Option<i64>,
        #[graphql(desc = "Returns only items after this cursor.")] after: Option<String>,
        #[graphql(desc = "Number of items from the end, 1 to 100. Cannot be used with `first`.")] last: Option<i64>,
        #[graphql(desc = "Returns only items before this cursor.")] before: Option<String>,
    ) -> Result<Option<Connection<HistoryEvent>>> {
        let page = PageArguments { first, after, last, before };
        let listing = HistoryListing {
            window: page.window::<HistoryEvent>(())?.map(|history_event::Position(place)| place),
            total: ctx.look_ahead().field("totalCount").exists(),
        };
        let (loaders, history) = (ctx.loaders()?, &self.siblings.history);
        let load = || loaders.history_of_cluster.load_many(self.siblings.ids.iter().copied(), &listing);
        let slice = history.of(&self.row.id, listing.clone(), load).await?;
        Ok(Some(Connection::new(HistoryEvent::list(&slice, self), (), &listing.window)))
    }
}

impl Paged for Cluster {
    const CONNECTION: &'static str = "ClusterConnection";
    const EDGE: &'static str = "ClusterEdge";
    type Order = ClusterOrder;
    type Position = Position;

    fn list(order: ClusterOrder) -> &'static str {
        order.list()
    }

    fn place(&self, order: ClusterOrder) -> Position {
        order.place(&self.row)
    }
}
