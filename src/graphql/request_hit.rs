//! `GatheringRequestRuleHit`: the hits in the report of a request, which may be stale. Its recommendations may be unknown
//! to the database, so the list is made in memory.

use std::{
    collections::{HashMap, HashSet},
    hash::{Hash, Hasher},
    sync::Arc,
};

use async_graphql::Object;

use super::{
    connection::Listed,
    error::LoadFailed,
    gathering_request::GatheringRequest,
    in_order::InOrder,
    loaders::{AcknowledgementOf, LoadPages, Loaders, PagesByParent, ToggleOn},
    recommendation::Recommendation,
    siblings::Siblings,
};
use crate::{
    content,
    domain::{OrgId, Selector},
    store::{self, Direction, HitKey, ListRequest, Order, Page, Paged, SortColumn, SortKind, SortValue},
};

/// A hit in the report of a request.
#[derive(Clone, Debug)]
pub(super) struct RequestHit {
    organization: OrgId,
    selector: Selector,
}

/// The hits of a request, as a list's parent.
#[derive(Clone, Debug)]
pub(super) struct HitsOfRequest {
    request: Arc<store::GatheringRequest>,
    organization: OrgId,
    is_managed: bool,
}

impl HitsOfRequest {
    /// Those of a request of a cluster.
    pub(super) fn new(request: Arc<store::GatheringRequest>, cluster: &store::Cluster) -> Self {
        Self { request, organization: cluster.organization, is_managed: cluster.is_managed }
    }

    /// The hits that are not hidden for what is known without the database: internal ones, and on a managed cluster those
    /// that do not apply to managed clusters.
    fn candidates(&self, loaders: &Loaders) -> impl Iterator<Item = HitKey> {
        let sees_internal = loaders.scope().includes_internal();
        let is_shown = move |selector: &&Selector| {
            let content = loaders.content().and_then(|content| content.recommendation(selector));
            let applies =
                !self.is_managed || content.is_none_or(|found| content::Recommendation::is_for_managed(found));
            (sees_internal || !selector.is_internal()) && applies
        };
        let selectors = self.request.selectors.iter().flatten().filter(is_shown);
        selectors.map(|selector| (self.organization, self.request.cluster, selector.clone()))
    }
}

impl PartialEq for HitsOfRequest {
    fn eq(&self, other: &Self) -> bool {
        (self.request.cluster, &self.request.id) == (other.request.cluster, &other.request.id)
    }
}

impl Eq for HitsOfRequest {}

impl Hash for HitsOfRequest {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.request.cluster, &self.request.id).hash(state);
    }
}

impl RequestHit {
    /// By selector.
    const BY_SELECTOR: SortColumn<Self> = SortColumn {
        name: "selector",
        column: "selector",
        kind: SortKind::Text,
        is_nullable: false,
        value: |hit| Some(SortValue::Text(hit.selector.to_string())),
    };
}

impl Paged for RequestHit {
    type Parent = HitsOfRequest;
    type Filter = ();

    const NAME: &'static str = "requestRuleHits";
    const KEY: SortColumn<Self> = Self::BY_SELECTOR;
    const DEFAULT_ORDER: Order<Self> = Order::new(&Self::BY_SELECTOR, Direction::Ascending);
}

/// Takes two statements for any number of requests: which recommendations are acknowledged, and which are disabled on the
/// clusters.
impl LoadPages for RequestHit {
    async fn load_pages(
        loaders: &Loaders,
        parents: Vec<HitsOfRequest>,
        request: Arc<ListRequest<Self>>,
    ) -> Result<PagesByParent<Self>, LoadFailed> {
        let hits: HashSet<HitKey> = parents.iter().flat_map(|parent| parent.candidates(loaders)).collect();
        let hidden = if hits.is_empty() { HashSet::new() } else { hidden(loaders, hits).await? };
        let mut pages = HashMap::with_capacity(parents.len());
        for parent in parents {
            let shown = parent.candidates(loaders).filter(|hit| !hidden.contains(hit));
            let shown = shown.map(|(organization, _, selector)| Self { organization, selector }).collect();
            pages.insert(parent, Arc::new(Page::of_whole(shown, &request).map(Arc::new)));
            // A report may have 1,000 hits.
            tokio::task::consume_budget().await;
        }
        Ok(pages)
    }
}

/// Those of the hits whose recommendations are acknowledged, or disabled on the cluster.
async fn hidden(loaders: &Loaders, hits: HashSet<HitKey>) -> Result<HashSet<HitKey>, LoadFailed> {
    let of = |(organization, _, selector): &HitKey| (*organization, selector.clone());
    let keys: HashSet<_> = hits.iter().map(of).collect();
    let acknowledged = loaders.load_many::<AcknowledgementOf>(keys.into_iter().collect()).await?;
    let toggles = loaders.load_many::<ToggleOn>(hits.iter().cloned().collect()).await?;
    let is_acknowledged = |hit: &HitKey| acknowledged.get(&of(hit)).is_some_and(Option::is_some);
    let is_disabled =
        |hit: &HitKey| toggles.get(hit).is_some_and(|toggle| toggle.as_ref().is_some_and(|toggle| toggle.is_disabled));
    Ok(hits.into_iter().filter(|hit| is_acknowledged(hit) || is_disabled(hit)).collect())
}

/// A hit in the report of a request, with those that were read together with it.
#[derive(Clone)]
pub(super) struct GatheringRequestRuleHit {
    row: Arc<RequestHit>,
    siblings: Arc<Siblings<RequestHit>>,
}

/// A recommendation that hit the cluster in the report of a request.
#[Object]
impl GatheringRequestRuleHit {
    /// The recommendation, as `ruleFqdn|errorKey`.
    async fn selector(&self) -> &str {
        self.row.selector.as_str()
    }

    /// The recommendation, as the cluster's owner sees it. `Query.node` returns it only if its content is visible to the
    /// viewer, or if it hits a cluster of the organization or did.
    async fn recommendation(&self) -> InOrder<Recommendation> {
        let key = |row: &RequestHit| (row.organization, row.selector.clone());
        InOrder(Recommendation::referred_to(&self.siblings, key(&self.row), key))
    }
}

impl Listed for GatheringRequestRuleHit {
    type Row = RequestHit;
    type Parent = GatheringRequest;

    fn new(row: &Arc<RequestHit>, _: &GatheringRequest, siblings: &Arc<Siblings<RequestHit>>) -> Self {
        Self { row: row.clone(), siblings: siblings.clone() }
    }
}
