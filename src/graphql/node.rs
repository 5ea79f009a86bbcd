//! `Node`: whatever has an id.

use std::{
    borrow::Cow,
    collections::{HashMap, HashSet},
    sync::Arc,
};

use async_graphql::{
    Context, ContextSelectionSet, Interface, OutputType, Positioned, Result, ServerResult, Value, parser::types::Field,
    registry::Registry,
};

use super::{
    acknowledgement::Acknowledgement,
    cluster::Cluster,
    cluster_toggle::ClusterToggle,
    context::ContextExt as _,
    error::LoadFailed,
    in_order::InOrder,
    loaders::{AcknowledgementOf, Batch, Loaders, NamespaceOf, ToggleOn},
    namespace::Namespace,
    node_id::NodeId,
    organization::Organization,
    recommendation::Recommendation,
    report::Report,
    rule_hit::RuleHit,
    siblings::Siblings,
};
use crate::domain::{ClusterId, OrgId, Selector};

/// An object with a global id, by which `Query.node` returns it.
#[derive(Clone, Interface)]
#[graphql(field(name = "id", ty = "NodeId", desc = "The global id, for `Query.node`."))]
pub(super) enum Node {
    Organization(Organization),
    Cluster(Cluster),
    Report(Report),
    RuleHit(RuleHit),
    Recommendation(Recommendation),
    Acknowledgement(Acknowledgement),
    ClusterToggle(ClusterToggle),
    Namespace(Namespace),
}

/// A node whose fields are resolved in the query's order.
pub(super) struct NodeInOrder(Node);

impl OutputType for NodeInOrder {
    fn type_name() -> Cow<'static, str> {
        Node::type_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        Node::create_type_info(registry)
    }

    fn introspection_type_name(&self) -> Cow<'static, str> {
        self.0.introspection_type_name()
    }

    async fn resolve(&self, ctx: &ContextSelectionSet<'_>, field: &Positioned<Field>) -> ServerResult<Value> {
        match &self.0 {
            Node::Organization(node) => InOrder(node).resolve(ctx, field).await,
            Node::Cluster(node) => InOrder(node).resolve(ctx, field).await,
            Node::Report(node) => InOrder(node).resolve(ctx, field).await,
            Node::RuleHit(node) => InOrder(node).resolve(ctx, field).await,
            Node::Recommendation(node) => InOrder(node).resolve(ctx, field).await,
            Node::Acknowledgement(node) => InOrder(node).resolve(ctx, field).await,
            Node::ClusterToggle(node) => InOrder(node).resolve(ctx, field).await,
            Node::Namespace(node) => InOrder(node).resolve(ctx, field).await,
        }
    }
}

/// Returns the nodes of ids, in their order, and null for ids without a node. Takes one statement per type.
pub(super) async fn in_order(ctx: &Context<'_>, ids: &[Option<NodeId>]) -> Result<Vec<Option<NodeInOrder>>> {
    let named = || ids.iter().flatten();
    let loaders = ctx.loaders()?;
    let organizations: Vec<OrgId> = named().filter_map(organization_of).collect();
    let clusters: HashSet<ClusterId> = named().filter_map(cluster_of).collect();

    let organizations = Organization::all(loaders.known_organizations(&organizations).await?);
    let organizations: HashMap<_, _> = organizations.into_iter().map(|node| (node.number(), node)).collect();
    let clusters = Cluster::find(loaders, clusters).await?;
    let hit = |id: &NodeId| match id {
        NodeId::RuleHit(cluster, selector) => Some((clusters.get(cluster)?.row.hits(), selector.clone())),
        _ => None,
    };
    let hits: Vec<_> = named().filter_map(hit).collect();
    let allowed = ctx.answer_size()?.limit();
    let hits = if hits.is_empty() { HashMap::default() } else { loaders.rule_hits(&hits, allowed).await? };
    let hits: HashMap<_, _> = hits.into_iter().map(|(key, row)| (key, Arc::new(row))).collect();
    let sibling_hits = Siblings::new(hits.values().cloned().collect());

    let recommendations = Recommendation::find(ctx, named().filter_map(recommendation_of)).await?;
    let recommendations: HashMap<_, _> = recommendations.into_iter().map(|node| (node.key(), node)).collect();

    let (acknowledgements, acknowledgement_siblings) =
        rows::<AcknowledgementOf, _>(loaders, named().filter_map(acknowledgement_of)).await?;
    let (toggles, toggle_siblings) = rows::<ToggleOn, _>(loaders, named().filter_map(toggle_of)).await?;
    let (namespaces, namespace_siblings) = rows::<NamespaceOf, _>(loaders, named().filter_map(namespace_of)).await?;

    let node = |id: &NodeId| match id {
        NodeId::Organization(id) => organizations.get(id).cloned().map(Node::Organization),
        NodeId::Cluster(id) => clusters.get(id).cloned().map(Node::Cluster),
        NodeId::Report(id) => clusters.get(id).and_then(Report::of).map(Node::Report),
        NodeId::RuleHit(id, selector) => {
            let (cluster, row) = (clusters.get(id)?, hits.get(&(*id, selector.clone()))?);
            Some(Node::RuleHit(RuleHit::of(cluster.clone(), row, &sibling_hits)))
        }
        NodeId::Recommendation(of, selector) => {
            recommendations.get(&(*of, selector.clone())).cloned().map(Node::Recommendation)
        }
        NodeId::Acknowledgement(of, selector) => {
            let row = acknowledgements.get(&(*of, selector.clone()))?;
            Some(Node::Acknowledgement(Acknowledgement::among((row.clone(), acknowledgement_siblings.clone()))))
        }
        NodeId::ClusterToggle(of, cluster, selector) => {
            let row = toggles.get(&(*of, *cluster, selector.clone()))?;
            Some(Node::ClusterToggle(ClusterToggle::among((row.clone(), toggle_siblings.clone()))))
        }
        NodeId::Namespace(of, cluster, uid) => {
            let row = namespaces.get(&(*of, *cluster, uid.clone()))?;
            Some(Node::Namespace(Namespace::among((row.clone(), namespace_siblings.clone()))))
        }
    };
    Ok(ids.iter().map(|id| id.as_ref().and_then(node).map(NodeInOrder)).collect())
}

/// The rows of keys, all siblings. Takes no statement if there are no keys.
async fn rows<B: Batch<Value = Option<Arc<R>>>, R>(
    loaders: &Loaders,
    keys: impl Iterator<Item = B::Key>,
) -> Result<(HashMap<B::Key, Arc<R>>, Arc<Siblings<R>>), LoadFailed> {
    let keys: HashSet<_> = keys.collect();
    let loaded =
        if keys.is_empty() { HashMap::new() } else { loaders.load_many::<B>(keys.into_iter().collect()).await? };
    let rows: HashMap<_, _> = loaded.into_iter().filter_map(|(key, row)| Some((key, row?))).collect();
    let siblings = Siblings::new(rows.values().cloned().collect());
    Ok((rows, siblings))
}

fn organization_of(id: &NodeId) -> Option<OrgId> {
    if let NodeId::Organization(organization) = id { Some(*organization) } else { None }
}

/// The cluster that has to be read for an id.
fn cluster_of(id: &NodeId) -> Option<ClusterId> {
    match id {
        NodeId::Cluster(cluster) | NodeId::Report(cluster) | NodeId::RuleHit(cluster, _) => Some(*cluster),
        NodeId::Organization(_)
        | NodeId::Recommendation(..)
        | NodeId::Acknowledgement(..)
        | NodeId::ClusterToggle(..)
        | NodeId::Namespace(..) => None,
    }
}

fn recommendation_of(id: &NodeId) -> Option<(Option<OrgId>, Selector)> {
    if let NodeId::Recommendation(of, selector) = id { Some((*of, selector.clone())) } else { None }
}

fn acknowledgement_of(id: &NodeId) -> Option<(OrgId, Selector)> {
    if let NodeId::Acknowledgement(of, selector) = id { Some((*of, selector.clone())) } else { None }
}

fn toggle_of(id: &NodeId) -> Option<(OrgId, ClusterId, Selector)> {
    if let NodeId::ClusterToggle(of, cluster, selector) = id { Some((*of, *cluster, selector.clone())) } else { None }
}

fn namespace_of(id: &NodeId) -> Option<(OrgId, ClusterId, String)> {
    if let NodeId::Namespace(of, cluster, uid) = id { Some((*of, *cluster, uid.clone())) } else { None }
}
