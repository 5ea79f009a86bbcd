//! `Cluster`.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use async_graphql::{Context, Object, Result};
use tokio::sync::OnceCell;

use super::{
    cluster_list::at_most,
    connection::{Connection, Listed, PageArguments, ParentOf, load_one},
    error::{LoadFailed, bad_user_input},
    gathering_request::{GatheringRequest, MAX_REQUESTS},
    history_event::HistoryEvent,
    in_order::{InOrder, ListInOrder},
    list_size::list_size,
    loaders::{ClusterById, Loaders},
    namespace::{Namespace, NamespacesOfNode},
    namespace_list::NamespaceOrder,
    node_id::NodeId,
    organization::Organization,
    report::Report,
    rule_hit::RuleHit,
    scalars::{DateTime, Uuid},
    shared::Shared,
    siblings::Siblings,
    total_risk_count::{TOTAL_RISKS, TotalRiskCount},
};
use crate::{
    domain::{ClusterId, OrgId, Selector},
    store::{self, ClusterHits, IncludedHits, List as _, NamespaceFilter, RuleHitFilter},
};

/// A cluster, with the clusters that were returned together with it.
#[derive(Clone)]
pub(super) struct Cluster {
    pub(super) row: Arc<store::Cluster>,
    siblings: Arc<Siblings<store::Cluster>>,
}

/// The clusters that sibling rows refer to, siblings themselves.
#[derive(Default)]
struct Referred(OnceCell<Result<HashMap<ClusterId, Cluster>, LoadFailed>>);

/// The owners of sibling clusters, siblings themselves.
struct Owners(Arc<Siblings<store::Organization>>);

impl Cluster {
    /// Returns those of some clusters that the viewer may see, all siblings.
    pub(super) async fn find(
        loaders: &Loaders,
        ids: impl IntoIterator<Item = ClusterId>,
    ) -> Result<HashMap<ClusterId, Self>, LoadFailed> {
        let loaded = loaders.load_many::<ClusterById>(ids.into_iter().collect()).await?;
        Ok(Self::siblings(loaded.into_values().flatten()))
    }

    /// The clusters of some rows, all siblings. A cluster may have several rows.
    pub(super) fn siblings(rows: impl IntoIterator<Item = Arc<store::Cluster>>) -> HashMap<ClusterId, Self> {
        let rows: HashMap<_, _> = rows.into_iter().map(|row| (row.id, row)).collect();
        let siblings = Siblings::new(rows.into_values().collect());
        let cluster = |row: &Arc<store::Cluster>| (row.id, Self { row: row.clone(), siblings: siblings.clone() });
        siblings.rows.iter().map(cluster).collect()
    }

    /// The cluster that a row refers to with `key`, read together with those that the row's siblings refer to.
    pub(super) async fn referred_to<R>(
        loaders: &Loaders,
        siblings: &Siblings<R>,
        id: ClusterId,
        key: impl Fn(&R) -> ClusterId,
    ) -> Result<Self, LoadFailed> {
        let referred = siblings.shared.get(Referred::default);
        let read = || Self::find(loaders, siblings.rows.iter().map(|row| key(row)));
        match referred.0.get_or_init(read).await {
            // It moved to another organization after the row was read.
            Ok(clusters) => clusters.get(&id).cloned().ok_or(LoadFailed::Changed),
            Err(error) => Err(error.clone()),
        }
    }

    /// A cluster without siblings.
    pub(super) fn alone(row: Arc<store::Cluster>) -> Self {
        Self { siblings: Siblings::new(vec![row.clone()]), row }
    }

    /// The open hit by a recommendation, also if it is hidden in lists. The field of `ctx` returns it.
    pub(super) async fn hit(&self, ctx: &Context<'_>, selector: Selector) -> Result<Option<RuleHit>> {
        let filter =
            RuleHitFilter { included: IncludedHits::ALL, selector: Some(selector), ..RuleHitFilter::default() };
        load_one(ctx, self, filter).await
    }

    /// The owner of each of the cluster and its siblings.
    pub(super) fn owners_by_cluster(&self) -> HashMap<ClusterId, OrgId> {
        self.siblings.rows.iter().map(|cluster| (cluster.id, cluster.organization)).collect()
    }

    /// The rows of the cluster and its siblings.
    pub(super) fn sibling_rows(&self) -> impl Iterator<Item = &Arc<store::Cluster>> {
        self.siblings.rows.iter()
    }

    /// What the cluster and its siblings loaded.
    pub(super) fn shared(&self) -> &Shared {
        &self.siblings.shared
    }

    /// The organizations that own the cluster and its siblings.
    pub(super) fn owners_of_siblings(&self) -> BTreeSet<OrgId> {
        self.siblings.rows.iter().map(|cluster| cluster.organization).collect()
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
        self.row.display_name.clone().unwrap_or_else(|| self.row.id.to_string())
    }

    /// Whether the cluster is managed by the vendor. Recommendations that do not apply to managed clusters are hidden on
    /// it. False if that is not known.
    async fn managed(&self) -> bool {
        self.row.is_managed
    }

    /// The status of the cluster's subscription, as it was imported. Null if none was.
    async fn status(&self) -> Option<&str> {
        self.row.status.as_deref()
    }

    /// The cluster's OpenShift version. Null until a report contains it.
    async fn version(&self) -> Option<&str> {
        self.row.version.as_deref()
    }

    /// The open hit by a recommendation, also if it is hidden in lists. Null if the recommendation does not hit the
    /// cluster, the viewer may not see it, or the selector is invalid.
    async fn rule_hit(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The recommendation, as `ruleFqdn|errorKey`.")] selector: String,
    ) -> Result<Option<InOrder<RuleHit>>> {
        let Ok(selector) = selector.parse() else { return Ok(None) };
        Ok(self.hit(ctx, selector).await?.map(InOrder))
    }

    /// The number of hits that the viewer sees by default. Null only if loading failed, with an entry in `errors`.
    async fn hit_count(&self) -> Option<u32> {
        Some(self.row.shown.all())
    }

    /// The numbers of these hits by risk, four entries, critical first. Hits without content have no risk. Null only if
    /// loading failed, with an entry in `errors`.
    #[graphql(directive = list_size::apply(TOTAL_RISKS))]
    async fn hits_by_total_risk(&self) -> Option<ListInOrder<InOrder<TotalRiskCount>>> {
        let counts = TotalRiskCount::of_each(|risk| self.row.shown.of(risk).into());
        Some(ListInOrder(counts.into_iter().map(InOrder).collect()))
    }

    /// The organization that owns the cluster.
    async fn organization(&self) -> InOrder<Organization> {
        let owners = self.siblings.shared.get(|| {
            let owners = self.owners_of_siblings().into_iter();
            Owners(Siblings::new(owners.map(|id| Arc::new(store::Organization { id })).collect()))
        });
        InOrder(Organization::among(&owners.0, self.row.organization))
    }

    /// When rules last ran on data of the cluster.
    async fn last_checked_at(&self) -> DateTime {
        DateTime(self.row.last_checked)
    }

    /// The newest report of the cluster. Null until a report is stored.
    async fn report(&self) -> Option<InOrder<Report>> {
        Report::of(self).map(InOrder)
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
    ) -> Result<Option<InOrder<Connection<HistoryEvent>>>> {
        PageArguments { first, after, last, before }.load(ctx, self).await
    }

    /// The namespaces of the cluster with objects to which recommendations apply, ordered by name unless `orderBy` is
    /// given. A namespace is also listed if all of its recommendations are hidden. Null only if loading failed, with an
    /// entry in `errors`.
    async fn namespaces(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Number of items from the start, 1 to 100. Defaults to 20 unless `last` is given.")]
        first: Option<i64>,
        #[graphql(desc = "Returns only items after this cursor.")] after: Option<String>,
        #[graphql(desc = "Number of items from the end, 1 to 100. Cannot be used with `first`.")] last: Option<i64>,
        #[graphql(desc = "Returns only items before this cursor.")] before: Option<String>,
        #[graphql(desc = "The order of the list.")] order_by: Option<NamespaceOrder>,
    ) -> Result<Option<InOrder<Connection<Namespace>>>> {
        let order = order_by.map_or(store::Namespace::DEFAULT_ORDER, store::Order::from);
        let parent = NamespacesOfNode::Cluster(self.clone());
        let filter = NamespaceFilter::default();
        PageArguments { first, after, last, before }.load_by(ctx, &parent, filter, order).await
    }

    /// The namespace with this uid. Null if the newest workload result of the cluster has no object in it.
    async fn namespace(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What identifies the namespace within the cluster.")] uid: String,
    ) -> Result<Option<InOrder<Namespace>>> {
        let filter = NamespaceFilter { uid: Some(uid), ..NamespaceFilter::default() };
        Ok(load_one(ctx, &NamespacesOfNode::Cluster(self.clone()), filter).await?.map(InOrder))
    }

    /// The request to gather data of the cluster with this id. Null if no report of it was processed for the organization
    /// that owns the cluster, or if it is no longer remembered.
    async fn gathering_request(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The id of the request.")] request_id: String,
    ) -> Result<Option<InOrder<GatheringRequest>>> {
        Ok(GatheringRequest::by_ids(ctx, self, vec![request_id], 1).await?.pop().map(InOrder))
    }

    /// Requests to gather data of the cluster, at most 100: those with the given ids in the order of the ids, each once,
    /// without unknown ones, or else the newest ones, last processed first. Null only if loading failed, with an entry in
    /// `errors`.
    #[graphql(directive = list_size::apply(MAX_REQUESTS))]
    async fn gathering_requests(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The ids of the requests, at most 100. The newest requests if null.")] request_ids: Option<
            Vec<String>,
        >,
        #[graphql(desc = "Number of requests from the start, 1 to 100. Defaults to 100.")] first: Option<i64>,
    ) -> Result<Option<ListInOrder<InOrder<GatheringRequest>>>> {
        let most = first.map_or(Some(MAX_REQUESTS), |first| usize::try_from(first).ok());
        let most = most.filter(|most| (1..=MAX_REQUESTS).contains(most));
        let most = most.ok_or_else(|| bad_user_input("first", &format!("must be from 1 to {MAX_REQUESTS}")))?;
        let requests = match at_most("requestIds", request_ids)? {
            Some(ids) => GatheringRequest::by_ids(ctx, self, ids, most).await?,
            None => GatheringRequest::newest(ctx, self, most).await?,
        };
        Ok(Some(ListInOrder(requests.into_iter().map(InOrder).collect())))
    }
}

impl Listed for Cluster {
    type Row = store::Cluster;
    type Parent = Organization;

    fn new(row: &Arc<store::Cluster>, _: &Organization, siblings: &Arc<Siblings<store::Cluster>>) -> Self {
        Self { row: row.clone(), siblings: siblings.clone() }
    }
}

impl ParentOf<store::RuleHit> for Cluster {
    fn key(&self) -> ClusterHits {
        self.row.hits()
    }

    fn sibling_keys(&self) -> Vec<ClusterHits> {
        self.siblings.rows.iter().map(|row| row.hits()).collect()
    }

    fn shared(&self) -> Option<&Shared> {
        Some(&self.siblings.shared)
    }
}

impl ParentOf<store::GatheringRequest> for Cluster {
    fn key(&self) -> ClusterId {
        self.row.id
    }

    fn sibling_keys(&self) -> Vec<ClusterId> {
        self.siblings.rows.iter().map(|row| row.id).collect()
    }

    fn shared(&self) -> Option<&Shared> {
        Some(&self.siblings.shared)
    }
}

impl ParentOf<store::HistoryEvent> for Cluster {
    fn key(&self) -> ClusterId {
        self.row.id
    }

    fn sibling_keys(&self) -> Vec<ClusterId> {
        self.siblings.rows.iter().map(|row| row.id).collect()
    }

    fn shared(&self) -> Option<&Shared> {
        Some(&self.siblings.shared)
    }
}
