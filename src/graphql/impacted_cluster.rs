//! `ImpactedClusterConnection`: the clusters that a recommendation hits, each with the hit.

use std::{
    borrow::Cow,
    collections::{HashMap, HashSet},
    sync::Arc,
};

use async_graphql::{
    ContainerType, Context, ContextSelectionSet, Object, OutputType, Positioned, Result, ServerResult, Value,
    parser::types::Field, registry::Registry,
};
use tokio::sync::OnceCell;

use super::{
    cluster::Cluster,
    connection::{EdgeOf, Listed},
    context::ContextExt as _,
    error::LoadFailed,
    in_order::InOrder,
    loaders::{AcknowledgementOf, ToggleOn},
    recommendation::Recommendation,
    related::related,
    rule_hit::RuleHit,
    scalars::DateTime,
    siblings::Siblings,
};
use crate::{
    domain::{ClusterId, Selector, Timestamp},
    store::{self, HitKey},
};

/// The fields of a hit that are known without reading it.
const KNOWN_OF_HIT: [&str; 9] =
    ["__typename", "cluster", "errorKey", "id", "impactedSince", "recommendation", "ruleFqdn", "selector", "totalRisk"];

/// A cluster that a recommendation hits. In the schema it is a `Cluster`.
#[derive(Clone)]
pub(super) struct ImpactedCluster {
    cluster: Cluster,
    selector: Selector,
    row: Arc<store::ImpactedCluster>,
    siblings: Arc<Siblings<store::ImpactedCluster>>,
}

/// The clusters of sibling rows, siblings themselves.
struct Clusters(HashMap<ClusterId, Cluster>);

/// The hits of sibling rows, siblings themselves.
struct Hits {
    by_key: HashMap<(ClusterId, Selector), Arc<store::RuleHit>>,
    siblings: Arc<Siblings<store::RuleHit>>,
}

impl Hits {
    fn new(hits: impl IntoIterator<Item = ((ClusterId, Selector), store::RuleHit)>) -> Self {
        let by_key: HashMap<_, _> = hits.into_iter().map(|(key, hit)| (key, Arc::new(hit))).collect();
        let siblings = Siblings::new(by_key.values().cloned().collect());
        Self { by_key, siblings }
    }
}

/// The hits without details, which take no statement.
struct KnownHits(Hits);

/// The hits with details, read by the first sibling that needs them.
#[derive(Default)]
struct ReadHits(OnceCell<Result<Hits, LoadFailed>>);

impl ImpactedCluster {
    /// The hit; `None` if it has ended since the list was read.
    async fn hit(&self, ctx: &Context<'_>) -> Result<Option<RuleHit>, LoadFailed> {
        let is_known = ctx.field().selection_set().all(|field| KNOWN_OF_HIT.contains(&field.name()));
        if is_known {
            return Ok(self.hit_among(&self.siblings.shared.get(|| KnownHits(self.known_hits())).0));
        }
        let read = self.siblings.shared.get(ReadHits::default);
        match read.0.get_or_init(|| self.read_hits(ctx)).await {
            Ok(hits) => Ok(self.hit_among(hits)),
            Err(error) => Err(error.clone()),
        }
    }

    fn hit_among(&self, hits: &Hits) -> Option<RuleHit> {
        let row = hits.by_key.get(&(self.row.cluster.id, self.selector.clone()))?;
        Some(RuleHit::of(self.cluster.clone(), row, &hits.siblings))
    }

    fn known_hits(&self) -> Hits {
        Hits::new(self.siblings.rows.iter().filter_map(|row| {
            let selector = row.recommendation.clone()?;
            let hit = store::RuleHit {
                cluster: row.cluster.id,
                selector: selector.clone(),
                impacted_since: row.impacted_since,
                details: None,
                fact: None,
            };
            Some(((row.cluster.id, selector), hit))
        }))
    }

    async fn read_hits(&self, ctx: &Context<'_>) -> Result<Hits, LoadFailed> {
        let key = |row: &Arc<store::ImpactedCluster>| Some((row.cluster.hits(), row.recommendation.clone()?));
        let keys: HashSet<_> = self.siblings.rows.iter().filter_map(key).collect();
        let keys: Vec<_> = keys.into_iter().collect();
        let (Ok(loaders), Ok(size)) = (ctx.loaders(), ctx.answer_size()) else { return Err(LoadFailed::Dropped) };
        loaders.rule_hits(&keys, size.limit()).await.map(Hits::new)
    }
}

/// Since when a recommendation is disabled on a cluster, and why.
struct Disabled {
    at: Timestamp,
    justification: Option<String>,
}

impl ImpactedCluster {
    /// Since when the recommendation is disabled on the cluster, and why; `None` if it is not. That it is turned off for
    /// the cluster says more than that it is acknowledged.
    async fn disabled(&self, ctx: &Context<'_>) -> Result<Option<Disabled>> {
        let (loaders, shared) = (ctx.loaders()?, &self.siblings.shared);
        let Some(hit) = key(&self.row) else { return Ok(None) };
        let keys = || -> HashSet<_> { self.siblings.rows.iter().filter_map(|row| key(row)).collect() };
        let toggle = related::<ToggleOn, _>(loaders, shared, &hit, || keys().into_iter().collect()).await?;
        if let Some((toggle, _)) = toggle.filter(|(toggle, _)| toggle.is_disabled) {
            return Ok(Some(Disabled { at: toggle.changed_at, justification: toggle.feedback.clone() }));
        }
        let of = |(organization, _, selector): HitKey| (organization, selector);
        let owned = || keys().into_iter().map(of).collect::<HashSet<_>>().into_iter().collect();
        let found = related::<AcknowledgementOf, _>(loaders, shared, &of(hit), owned).await?;
        let disabled = |found: &store::Acknowledgement| Disabled {
            at: found.created_at,
            justification: found.justification.clone(),
        };
        Ok(found.map(|(found, _)| disabled(&found)))
    }
}

/// The hit of a row under the owner of its cluster.
fn key(row: &store::ImpactedCluster) -> Option<HitKey> {
    Some((row.cluster.organization, row.cluster.id, row.recommendation.clone()?))
}

impl OutputType for ImpactedCluster {
    fn type_name() -> Cow<'static, str> {
        Cluster::type_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        Cluster::create_type_info(registry)
    }

    async fn resolve(&self, ctx: &ContextSelectionSet<'_>, field: &Positioned<Field>) -> ServerResult<Value> {
        InOrder(&self.cluster).resolve(ctx, field).await
    }
}

impl ContainerType for ImpactedCluster {
    async fn resolve_field(&self, ctx: &Context<'_>) -> ServerResult<Option<Value>> {
        self.cluster.resolve_field(ctx).await
    }
}

impl Listed for ImpactedCluster {
    type Row = store::ImpactedCluster;
    type Parent = Recommendation;

    fn new(
        row: &Arc<store::ImpactedCluster>,
        parent: &Recommendation,
        siblings: &Arc<Siblings<store::ImpactedCluster>>,
    ) -> Self {
        let rows = || siblings.rows.iter().map(|row| row.cluster.clone());
        let clusters = siblings.shared.get(|| Clusters(Cluster::siblings(rows())));
        let cluster = clusters.0.get(&row.cluster.id).cloned();
        let cluster = cluster.unwrap_or_else(|| Cluster::alone(row.cluster.clone()));
        Self { cluster, selector: parent.selector.clone(), row: row.clone(), siblings: siblings.clone() }
    }
}

/// An item of a page of clusters that a recommendation hits.
pub(super) struct ImpactedClusterEdge {
    node: ImpactedCluster,
    cursor: String,
}

impl EdgeOf<ImpactedCluster> for ImpactedClusterEdge {
    fn new(node: ImpactedCluster, cursor: String) -> Self {
        Self { node, cursor }
    }
}

/// A cluster that a recommendation hits, with its cursor and the hit.
#[Object]
impl ImpactedClusterEdge {
    /// The item's position in the list, for `after` and `before`.
    async fn cursor(&self) -> &str {
        &self.cursor
    }

    /// The cluster.
    async fn node(&self) -> InOrder<&ImpactedCluster> {
        InOrder(&self.node)
    }

    /// The recommendation's hit on the cluster. Null if it has ended in the meantime, or if loading failed, with an entry
    /// in `errors`.
    async fn rule_hit(&self, ctx: &Context<'_>) -> Result<Option<InOrder<RuleHit>>> {
        Ok(self.node.hit(ctx).await?.map(InOrder))
    }

    /// Since when the recommendation has hit the cluster without interruption.
    async fn impacted_since(&self) -> Option<DateTime> {
        Some(DateTime(self.node.row.impacted_since))
    }

    /// When the recommendation was turned off for the cluster, or acknowledged. Null if it is not disabled.
    async fn disabled_at(&self, ctx: &Context<'_>) -> Result<Option<DateTime>> {
        Ok(self.node.disabled(ctx).await?.map(|disabled| DateTime(disabled.at)))
    }

    /// Why it was turned off for the cluster, or acknowledged. Null if it is not disabled, or if no reason was given.
    async fn justification(&self, ctx: &Context<'_>) -> Result<Option<String>> {
        Ok(self.node.disabled(ctx).await?.and_then(|disabled| disabled.justification))
    }
}
