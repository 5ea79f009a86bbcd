//! The loaders of one request: each is a store function plus a key.
//!
//! They remember for the length of the request, so that what is reached over two branches is read once; nothing is kept
//! across requests, so that nothing leaks from one viewer to another. The scope is part of each.

use std::{
    collections::{HashMap, HashSet},
    fmt::Debug,
    hash::Hash,
    io,
    sync::Arc,
};

use dataloader::{BatchFn, cached};

use super::error::LoadFailed;
use crate::{
    domain::{ClusterId, OrgId, Selector},
    identity::Scope,
    store::{
        Cluster, ClusterListing, Error, HistoryEvent, HistoryListing, OrganizationListing, Page, RuleHit,
        RuleHitListing, Store,
    },
};

/// So often is a load asked for again whose keys another future took along when it was dropped.
const TRIES: usize = 100;

/// A step along the graph: for many parents at once, with the same arguments, in one statement.
pub(super) trait Step: Send + Sync {
    type Parent: Clone + Debug + Eq + Hash + Send + Sync;
    type Arguments: Clone + Debug + Eq + Hash + Send + Sync;
    type Children: Default + Send + Sync;

    fn load(
        store: &Store,
        scope: Scope,
        parents: &[Self::Parent],
        arguments: &Self::Arguments,
    ) -> impl Future<Output = Result<HashMap<Self::Parent, Self::Children>, Error>> + Send;
}

/// A cluster by its UUID.
pub(super) struct ClusterById;
/// A page of clusters of an organization.
pub(super) struct ClustersOfOrganization;
/// A page of hits of a cluster.
pub(super) struct RuleHitsOfCluster;
/// A page of what happened to a cluster's hits.
pub(super) struct HistoryOfCluster;

impl Step for ClusterById {
    type Parent = ClusterId;
    type Arguments = ();
    type Children = Option<Cluster>;

    async fn load(
        store: &Store,
        scope: Scope,
        ids: &[ClusterId],
        (): &(),
    ) -> Result<HashMap<ClusterId, Option<Cluster>>, Error> {
        let found = store.clusters(scope, ids).await?;
        Ok(found.into_iter().map(|(id, cluster)| (id, Some(cluster))).collect())
    }
}

impl Step for ClustersOfOrganization {
    type Parent = OrgId;
    type Arguments = ClusterListing;
    type Children = Page<Arc<Cluster>>;

    async fn load(
        store: &Store,
        scope: Scope,
        organizations: &[OrgId],
        listing: &ClusterListing,
    ) -> Result<HashMap<OrgId, Page<Arc<Cluster>>>, Error> {
        store.clusters_of_organizations(scope, organizations, listing).await.map(shared)
    }
}

impl Step for RuleHitsOfCluster {
    type Parent = ClusterId;
    type Arguments = RuleHitListing;
    type Children = Page<Arc<RuleHit>>;

    async fn load(
        store: &Store,
        scope: Scope,
        clusters: &[ClusterId],
        listing: &RuleHitListing,
    ) -> Result<HashMap<ClusterId, Page<Arc<RuleHit>>>, Error> {
        store.rule_hits_of_clusters(scope, clusters, listing).await.map(shared)
    }
}

impl Step for HistoryOfCluster {
    type Parent = ClusterId;
    type Arguments = HistoryListing;
    type Children = Page<Arc<HistoryEvent>>;

    async fn load(
        store: &Store,
        scope: Scope,
        clusters: &[ClusterId],
        listing: &HistoryListing,
    ) -> Result<HashMap<ClusterId, Page<Arc<HistoryEvent>>>, Error> {
        store.history_of_clusters(scope, clusters, listing).await.map(shared)
    }
}

/// The same pages, of whose items nodes can hold one each.
fn shared<P: Eq + Hash, T>(pages: HashMap<P, Page<T>>) -> HashMap<P, Page<Arc<T>>> {
    pages.into_iter().map(|(parent, page)| (parent, page.map(Arc::new))).collect()
}

/// The loaders of one request, and what it reads without one.
pub(super) struct Loaders {
    store: Store,
    scope: Scope,
    pub(super) cluster: Loader<ClusterById>,
    pub(super) clusters_of_organization: Loader<ClustersOfOrganization>,
    pub(super) rule_hits_of_cluster: Loader<RuleHitsOfCluster>,
    pub(super) history_of_cluster: Loader<HistoryOfCluster>,
}

impl Loaders {
    /// For one request, whose viewer may see what `scope` says.
    pub(super) fn new(store: &Store, scope: Scope) -> Self {
        Self {
            cluster: Loader::new(store, scope),
            clusters_of_organization: Loader::new(store, scope),
            rule_hits_of_cluster: Loader::new(store, scope),
            history_of_cluster: Loader::new(store, scope),
            store: store.clone(),
            scope,
        }
    }

    /// The root list of organizations, which has no parents to batch.
    pub(super) async fn organizations(&self, listing: &OrganizationListing) -> Result<Page<OrgId>, LoadFailed> {
        Ok(self.store.organizations(self.scope, listing).await?)
    }

    /// Those of `organizations` that the viewer may see and that ever reported.
    pub(super) async fn known_organizations(&self, organizations: &[OrgId]) -> Result<HashSet<OrgId>, LoadFailed> {
        Ok(self.store.known_organizations(self.scope, organizations).await?)
    }

    /// Single hits, by their clusters and selectors.
    pub(super) async fn rule_hits(
        &self,
        keys: &[(ClusterId, Selector)],
    ) -> Result<HashMap<(ClusterId, Selector), RuleHit>, LoadFailed> {
        Ok(self.store.rule_hits(self.scope, keys).await?)
    }
}

type Key<S> = (<S as Step>::Parent, <S as Step>::Arguments);
type Value<S> = Result<Arc<<S as Step>::Children>, LoadFailed>;

/// A batching loader that remembers, over the crate `dataloader`.
pub(super) struct Loader<S: Step>(cached::Loader<Key<S>, Value<S>, Batch<S>>);

impl<S: Step> Loader<S> {
    fn new(store: &Store, scope: Scope) -> Self {
        let batch = Batch { store: store.clone(), scope, step: std::marker::PhantomData };
        // Siblings come together, so there is nothing to wait for; and a level is one batch, however large.
        Self(cached::Loader::new(batch).with_yield_count(0).with_max_batch_size(usize::MAX))
    }

    /// Loads the children of all `parents` in one statement, or takes what is remembered of them.
    pub(super) async fn load_many(
        &self,
        parents: impl IntoIterator<Item = S::Parent>,
        arguments: &S::Arguments,
    ) -> Result<HashMap<S::Parent, Arc<S::Children>>, LoadFailed> {
        let keys: Vec<Key<S>> = parents.into_iter().map(|parent| (parent, arguments.clone())).collect();
        let loaded = self.ask(keys).await?;
        loaded.into_iter().map(|((parent, _), children)| Ok((parent, children?))).collect()
    }

    /// A future that is dropped while it loads takes its keys along, and who waited for them is told "not found": then
    /// we ask again.
    async fn ask(&self, keys: Vec<Key<S>>) -> Result<HashMap<Key<S>, Value<S>>, LoadFailed> {
        for _ in 0..TRIES {
            match self.0.try_load_many(keys.clone()).await {
                Ok(loaded) => return Ok(loaded),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => unreachable!("the loader knows no other error: {error}"),
            }
        }
        Err(Error::Corrupt { what: "the set of keys that a loader waits for" }.into())
    }
}

/// A step's batches.
struct Batch<S> {
    store: Store,
    scope: Scope,
    step: std::marker::PhantomData<S>,
}

impl<S: Step> BatchFn<Key<S>, Value<S>> for Batch<S> {
    async fn load(&mut self, keys: &[Key<S>]) -> HashMap<Key<S>, Value<S>> {
        let mut answers = HashMap::with_capacity(keys.len());
        for (arguments, parents) in by_arguments::<S>(keys) {
            let loaded = S::load(&self.store, self.scope, &parents, arguments).await.map_err(LoadFailed::from);
            let mut children = loaded.map(|children| children.into_iter().collect::<HashMap<_, _>>());
            for parent in parents {
                // Every key is answered for: absence is a value, and so is failure.
                let answer = match &mut children {
                    Ok(children) => Ok(Arc::new(children.remove(&parent).unwrap_or_default())),
                    Err(error) => Err(error.clone()),
                };
                answers.insert((parent, arguments.clone()), answer);
            }
        }
        answers
    }
}

/// One batch a set of arguments: those are part of the statement.
fn by_arguments<S: Step>(keys: &[Key<S>]) -> HashMap<&S::Arguments, Vec<S::Parent>> {
    let mut batches: HashMap<_, Vec<_>> = HashMap::new();
    for (parent, arguments) in keys {
        batches.entry(arguments).or_default().push(parent.clone());
    }
    batches
}

#[cfg(test)]
mod tests;
