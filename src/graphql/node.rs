//! `Node`: whatever has an id.

use std::collections::{HashMap, HashSet};

use async_graphql::{Context, Interface, Result};

use super::{
    cluster::Cluster, context::ContextExt as _, node_id::NodeId, organization::Organization, report::Report,
    rule_hit::RuleHit,
};
use crate::domain::{ClusterId, OrgId};

/// An object with a global id, by which `Query.node` returns it.
#[derive(Clone, Interface)]
#[graphql(field(name = "id", ty = "NodeId", desc = "The global id, for `Query.node`."))]
pub(super) enum Node {
    Organization(Organization),
    Cluster(Cluster),
    Report(Report),
    RuleHit(RuleHit),
}

/// What ids name, in their order; null in the place of what is not there. One statement a type, however many ids.
pub(super) async fn in_order(ctx: &Context<'_>, ids: &[Option<NodeId>]) -> Result<Vec<Option<Node>>> {
    let named = || ids.iter().flatten();
    let loaders = ctx.loaders()?;
    let organizations: Vec<OrgId> = named().filter_map(organization_of).collect();
    let clusters: HashSet<ClusterId> = named().filter_map(cluster_of).collect();
    let hits: Vec<_> = named().filter_map(hit_of).collect();

    let organizations =
        if organizations.is_empty() { HashSet::new() } else { loaders.known_organizations(&organizations).await? };
    let organizations = Organization::all(organizations);
    let clusters = Cluster::found(loaders, clusters).await?;
    let hits = if hits.is_empty() { HashMap::default() } else { loaders.rule_hits(&hits).await? };

    let node = |id: &NodeId| match id {
        NodeId::Organization(id) => organizations.get(id).cloned().map(Node::Organization),
        NodeId::Cluster(id) => clusters.get(id).cloned().map(Node::Cluster),
        NodeId::Report(id) => clusters.get(id).and_then(Report::of).map(Node::Report),
        NodeId::RuleHit(id, selector) => {
            let (cluster, row) = (clusters.get(id)?, hits.get(&(*id, selector.clone()))?);
            Some(Node::RuleHit(RuleHit::of(cluster.clone(), row.clone())))
        }
    };
    Ok(ids.iter().map(|id| id.as_ref().and_then(node)).collect())
}

fn organization_of(id: &NodeId) -> Option<OrgId> {
    if let NodeId::Organization(organization) = id { Some(*organization) } else { None }
}

/// The cluster that has to be read for an id.
fn cluster_of(id: &NodeId) -> Option<ClusterId> {
    match id {
        NodeId::Cluster(cluster) | NodeId::Report(cluster) | NodeId::RuleHit(cluster, _) => Some(*cluster),
        NodeId::Organization(_) => None,
    }
}

fn hit_of(id: &NodeId) -> Option<(ClusterId, crate::domain::Selector)> {
    if let NodeId::RuleHit(cluster, selector) = id { Some((*cluster, selector.clone())) } else { None }
}
