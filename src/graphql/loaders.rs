//! The loaders of one request: each remembers, by key, what was read from the store.
//!
//! They remember for the length of the request, so that what is reached over two branches is read once. Nothing is kept
//! across requests, so nothing leaks from one viewer to another. Each reads within the viewer's scope. Each field of a
//! mutation's root has its own loaders: what was read before it may have changed.

use std::{
    collections::{HashMap, HashSet},
    fmt::Debug,
    hash::Hash,
    marker::PhantomData,
    sync::Arc,
};

use dataloader::{BatchFn, cached};

use super::{error::LoadFailed, expensive_requests::ExecutionTurn, shared::Shared};
use crate::{
    content::Content,
    domain::{ClusterId, OrgId, Selector},
    identity::Scope,
    store::{
        Acknowledgement, Cluster, ClusterCounts, ClusterFilter, ClusterHits, ClusterToggle, Error, ImpactCounts, List,
        ListRequest, Namespace, NamespaceCounts, NamespaceKey, Page, Paged, ParentKey as _, RuleHit, Store, Vote,
        WorkloadDetails, WorkloadHitKey,
    },
};

/// What is read for many keys in one statement.
pub(super) trait Batch: Send + Sync + 'static {
    type Key: Clone + Debug + Eq + Hash + Send + Sync;
    type Value: Clone + Default + Send + Sync;

    /// Reads the values of keys. A key that is not in the result has the default value.
    fn load(
        store: &Store,
        scope: Scope,
        keys: &[Self::Key],
    ) -> impl Future<Output = Result<HashMap<Self::Key, Self::Value>, Error>> + Send;
}

/// Clusters by their UUIDs.
pub(super) struct ClusterById;

impl Batch for ClusterById {
    type Key = ClusterId;
    type Value = Option<Arc<Cluster>>;

    async fn load(store: &Store, scope: Scope, ids: &[ClusterId]) -> Result<HashMap<ClusterId, Self::Value>, Error> {
        let found = store.clusters(scope, ids).await?;
        Ok(found.into_iter().map(|(id, cluster)| (id, Some(Arc::new(cluster)))).collect())
    }
}

/// Pages of a list, by parent and request.
pub(super) struct Pages<L>(PhantomData<L>);

impl<L: List> Batch for Pages<L> {
    type Key = (L::Parent, Arc<ListRequest<L>>);
    type Value = Arc<Page<Arc<L>>>;

    async fn load(store: &Store, scope: Scope, keys: &[Self::Key]) -> Result<HashMap<Self::Key, Self::Value>, Error> {
        // One statement for each request: the arguments are part of it.
        let mut parents: HashMap<&Arc<ListRequest<L>>, Vec<L::Parent>> = HashMap::new();
        for (parent, request) in keys {
            parents.entry(request).or_default().push(parent.clone());
        }
        let mut loaded = HashMap::with_capacity(keys.len());
        for (request, parents) in parents {
            let pages = L::load(store, scope, &parents, request).await?;
            loaded.extend(
                pages.into_iter().map(|(parent, page)| ((parent, request.clone()), Arc::new(page.map(Arc::new)))),
            );
        }
        Ok(loaded)
    }
}

/// A list whose pages can be loaded.
pub(super) trait LoadPages: Paged {
    /// Loads the same page of each parent's list. Every parent is in the result.
    fn load_pages(
        loaders: &Loaders,
        parents: Vec<Self::Parent>,
        request: Arc<ListRequest<Self>>,
    ) -> impl Future<Output = Result<PagesByParent<Self>, LoadFailed>> + Send;
}

/// A page of each parent's list.
pub(super) type PagesByParent<L> = HashMap<<L as Paged>::Parent, Arc<Page<Arc<L>>>>;

impl<L: List> LoadPages for L {
    async fn load_pages(
        loaders: &Loaders,
        parents: Vec<<L as List>::Parent>,
        request: Arc<ListRequest<L>>,
    ) -> Result<PagesByParent<L>, LoadFailed> {
        if request.large.is_some() {
            let bytes = parents.iter().map(|parent| parent.clone().large_bytes()).fold(0, u64::saturating_add);
            loaders.take_turn_for_bytes(bytes).await?;
        }
        let keys = parents.into_iter().map(|parent| (parent, request.clone())).collect();
        let pages = loaders.load_many::<Pages<L>>(keys).await?;
        Ok(pages.into_iter().map(|((parent, _), page)| (parent, page)).collect())
    }
}

/// How many clusters of an organization, or of all that the viewer may see, each recommendation hits.
pub(super) struct ImpactsOf;

impl Batch for ImpactsOf {
    type Key = Option<OrgId>;
    type Value = Arc<ImpactCounts>;

    async fn load(store: &Store, scope: Scope, of: &[Self::Key]) -> Result<HashMap<Self::Key, Self::Value>, Error> {
        let counts = store.impact_counts(scope, of).await?;
        Ok(counts.into_iter().map(|(of, counts)| (of, Arc::new(counts))).collect())
    }
}

/// The same for clusters that match a filter.
pub(super) struct ImpactsAmong;

impl Batch for ImpactsAmong {
    type Key = (OrgId, Arc<ClusterFilter>);
    type Value = Arc<ImpactCounts>;

    async fn load(store: &Store, scope: Scope, keys: &[Self::Key]) -> Result<HashMap<Self::Key, Self::Value>, Error> {
        let mut counts = HashMap::with_capacity(keys.len());
        for (filter, organizations) in by_filter(keys) {
            let of_filter = store.impact_counts_among(scope, &organizations, filter).await?;
            let counted = of_filter.into_iter().filter_map(|(of, counted)| Some((of?, Arc::new(counted))));
            counts.extend(counted.map(|(of, counted)| ((of, filter.clone()), counted)));
        }
        Ok(counts)
    }
}

/// The clusters of an organization that match a filter, counted, with up to [`MAX_VERSIONS`] versions.
pub(super) struct CountedClusters;

/// The most versions of clusters that are counted, newest first.
pub(super) const MAX_VERSIONS: usize = 100;

impl Batch for CountedClusters {
    type Key = (OrgId, Arc<ClusterFilter>);
    type Value = Arc<ClusterCounts>;

    async fn load(store: &Store, scope: Scope, keys: &[Self::Key]) -> Result<HashMap<Self::Key, Self::Value>, Error> {
        let mut counts = HashMap::with_capacity(keys.len());
        for (filter, organizations) in by_filter(keys) {
            let of_filter = store.cluster_counts(scope, &organizations, filter, MAX_VERSIONS).await?;
            counts.extend(of_filter.into_iter().map(|(of, counted)| ((of, filter.clone()), Arc::new(counted))));
        }
        Ok(counts)
    }
}

fn by_filter(keys: &[(OrgId, Arc<ClusterFilter>)]) -> HashMap<&Arc<ClusterFilter>, Vec<OrgId>> {
    let mut organizations: HashMap<_, Vec<_>> = HashMap::new();
    for (organization, filter) in keys {
        organizations.entry(filter).or_default().push(*organization);
    }
    organizations
}

/// Acknowledgements by organization and recommendation.
pub(super) struct AcknowledgementOf;

impl Batch for AcknowledgementOf {
    type Key = (OrgId, Selector);
    type Value = Option<Arc<Acknowledgement>>;

    async fn load(store: &Store, scope: Scope, keys: &[Self::Key]) -> Result<HashMap<Self::Key, Self::Value>, Error> {
        Ok(found(store.acknowledgements(scope, keys).await?))
    }
}

/// Ratings by organization and recommendation.
pub(super) struct RatingOf;

impl Batch for RatingOf {
    type Key = (OrgId, Selector);
    type Value = Option<Arc<i8>>;

    async fn load(store: &Store, scope: Scope, keys: &[Self::Key]) -> Result<HashMap<Self::Key, Self::Value>, Error> {
        Ok(found(store.ratings(scope, keys).await?))
    }
}

/// Toggles by organization, cluster and recommendation, of clusters that the organization owns.
pub(super) struct ToggleOn;

impl Batch for ToggleOn {
    type Key = (OrgId, ClusterId, Selector);
    type Value = Option<Arc<ClusterToggle>>;

    async fn load(store: &Store, scope: Scope, keys: &[Self::Key]) -> Result<HashMap<Self::Key, Self::Value>, Error> {
        Ok(found(store.toggles(scope, keys).await?))
    }
}

/// Votes by user, organization, cluster and recommendation. A request reads those of one user.
pub(super) struct VoteOf;

impl Batch for VoteOf {
    type Key = (Arc<str>, (OrgId, ClusterId, Selector));
    type Value = Option<Arc<Vote>>;

    async fn load(store: &Store, scope: Scope, keys: &[Self::Key]) -> Result<HashMap<Self::Key, Self::Value>, Error> {
        let mut hits: HashMap<&Arc<str>, Vec<_>> = HashMap::new();
        for (user, hit) in keys {
            hits.entry(user).or_default().push(hit.clone());
        }
        let mut votes = HashMap::with_capacity(keys.len());
        for (user, hits) in hits {
            let of_user = store.votes(scope, user, &hits).await?;
            votes.extend(of_user.into_iter().map(|(hit, vote)| ((user.clone(), hit), Some(Arc::new(vote)))));
        }
        Ok(votes)
    }
}

/// Namespaces by organization, cluster and uid.
pub(super) struct NamespaceOf;

impl Batch for NamespaceOf {
    type Key = (OrgId, ClusterId, String);
    type Value = Option<Arc<Namespace>>;

    async fn load(store: &Store, scope: Scope, keys: &[Self::Key]) -> Result<HashMap<Self::Key, Self::Value>, Error> {
        let keys: Vec<_> = keys.iter().map(|(_, cluster, uid)| (*cluster, uid.clone())).collect();
        let rows = store.namespaces(scope, &keys).await?;
        let key = |row: &Namespace| (row.organization, row.cluster, row.uid.clone());
        Ok(found(rows.into_values().map(|row| (key(&row), row)).collect()))
    }
}

/// The objects of namespaces, counted.
pub(super) struct NamespaceCountsOf;

impl Batch for NamespaceCountsOf {
    type Key = NamespaceKey;
    type Value = Option<Arc<NamespaceCounts>>;

    async fn load(store: &Store, scope: Scope, keys: &[Self::Key]) -> Result<HashMap<Self::Key, Self::Value>, Error> {
        Ok(found(store.namespace_counts(scope, keys).await?))
    }
}

fn found<K: Eq + Hash, R>(rows: HashMap<K, R>) -> HashMap<K, Option<Arc<R>>> {
    rows.into_iter().map(|(key, row)| (key, Some(Arc::new(row)))).collect()
}

/// The loaders of one request, and what it reads without one.
pub(super) struct Loaders {
    store: Store,
    scope: Scope,
    content: Option<Arc<Content>>,
    turn: Arc<ExecutionTurn>,
    by_batch: Shared,
}

impl Loaders {
    /// Loaders for one request, whose viewer may see what `scope` includes, and which uses this content.
    pub(super) fn new(store: &Store, scope: Scope, content: Option<Arc<Content>>, turn: Arc<ExecutionTurn>) -> Self {
        Self { store: store.clone(), scope, content, turn, by_batch: Shared::default() }
    }

    /// Loaders for the same request that have not read anything.
    pub(super) fn without_values(&self) -> Self {
        Self::new(&self.store, self.scope, self.content.clone(), self.turn.clone())
    }

    /// The rule content; `None` if none is loaded.
    pub(super) fn content(&self) -> Option<&Content> {
        self.content.as_deref()
    }

    /// What the viewer may see.
    pub(super) fn scope(&self) -> Scope {
        self.scope
    }

    /// Waits for the request's turn if the number of bytes that it will read requires one.
    pub(super) async fn take_turn_for_bytes(&self, bytes: u64) -> Result<(), LoadFailed> {
        Ok(self.turn.take_for_bytes(bytes).await.map_err(Error::from)?)
    }

    /// Reads values by their keys, in one statement for those that were not read before.
    pub(super) async fn load_many<B: Batch>(&self, keys: Vec<B::Key>) -> Result<HashMap<B::Key, B::Value>, LoadFailed> {
        let loader = self.by_batch.get(|| Loader::<B>::new(&self.store, self.scope));
        loader.load_many(keys).await
    }

    /// Returns those of `organizations` that the viewer may see.
    pub(super) async fn known_organizations(&self, organizations: &[OrgId]) -> Result<Vec<OrgId>, LoadFailed> {
        let known = self.store.known_organizations(self.scope, organizations).await?;
        Ok(organizations.iter().copied().filter(|organization| known.contains(organization)).collect())
    }

    /// Returns those of the recommendations that hit a cluster that the viewer may see, or workloads on it, or did.
    pub(super) async fn ever_hit(
        &self,
        selectors: impl IntoIterator<Item = Selector>,
    ) -> Result<HashSet<Selector>, LoadFailed> {
        let requested: Vec<_> = selectors.into_iter().map(|selector| (None, selector)).collect();
        let known = self.store.known_recommendations(self.scope, &requested).await?;
        Ok(known.into_iter().map(|(_, selector)| selector).collect())
    }

    /// Reads the details of hits of workloads, of which there may be up to `allowed` bytes.
    pub(super) async fn workload_details(
        &self,
        hits: impl IntoIterator<Item = WorkloadHitKey>,
        allowed: usize,
    ) -> Result<WorkloadDetails, LoadFailed> {
        let hits: Vec<_> = hits.into_iter().collect();
        let details = self.store.workload_details(self.scope, &hits, allowed).await?;
        let bytes = details.values().map(|details| details.as_str().len() as u64).fold(0, u64::saturating_add);
        self.take_turn_for_bytes(bytes).await?;
        Ok(details)
    }

    /// Reads single hits by their clusters and selectors, whose clusters may have up to `allowed` bytes of details.
    pub(super) async fn rule_hits(
        &self,
        keys: &[(ClusterHits, Selector)],
        allowed: usize,
    ) -> Result<HashMap<(ClusterId, Selector), RuleHit>, LoadFailed> {
        let bytes = keys.iter().map(|(parent, _)| parent.large_bytes()).fold(0, u64::saturating_add);
        self.take_turn_for_bytes(bytes).await?;
        Ok(self.store.rule_hits(self.scope, keys, allowed).await?)
    }
}

type Loaded<B> = Result<<B as Batch>::Value, LoadFailed>;

/// A loader of the crate `dataloader`, which remembers values and failures by key.
struct Loader<B: Batch>(cached::Loader<<B as Batch>::Key, Loaded<B>, Reader<B>>);

impl<B: Batch> Loader<B> {
    fn new(store: &Store, scope: Scope) -> Self {
        let reader = Reader { store: store.clone(), scope, batch: PhantomData };
        // Siblings load their children together (`siblings`), so there is no other batch to wait for, and a batch has as
        // many keys as there are siblings.
        Self(cached::Loader::new(reader).with_yield_count(0).with_max_batch_size(usize::MAX))
    }

    async fn load_many(&self, keys: Vec<B::Key>) -> Result<HashMap<B::Key, B::Value>, LoadFailed> {
        // A key is missing only if the future that was reading it is dropped, and then its whole request is.
        let loaded = self.0.try_load_many(keys).await.map_err(|_| LoadFailed::Dropped)?;
        loaded.into_iter().map(|(key, value)| Ok((key, value?))).collect()
    }
}

/// Reads a loader's batches.
struct Reader<B> {
    store: Store,
    scope: Scope,
    batch: PhantomData<B>,
}

impl<B: Batch> BatchFn<B::Key, Loaded<B>> for Reader<B> {
    async fn load(&mut self, keys: &[B::Key]) -> HashMap<B::Key, Loaded<B>> {
        let mut loaded = B::load(&self.store, self.scope, keys).await.map_err(LoadFailed::from);
        // Every key has a value, also where nothing was found and where reading failed.
        let value = |key: &B::Key| match &mut loaded {
            Ok(values) => Ok(values.remove(key).unwrap_or_default()),
            Err(error) => Err(error.clone()),
        };
        keys.iter().cloned().zip(keys.iter().map(value)).collect()
    }
}

#[cfg(test)]
mod tests;
