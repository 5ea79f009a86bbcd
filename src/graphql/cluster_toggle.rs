//! `ClusterToggle`.

use std::sync::Arc;

use async_graphql::{Context, Object, Result};

use super::{
    cluster::Cluster,
    connection::{Listed, ParentOf},
    context::ContextExt as _,
    in_order::InOrder,
    node_id::NodeId,
    organization::Organization,
    recommendation::Recommendation,
    scalars::{DateTime, Uuid},
    shared::Shared,
    siblings::Siblings,
};
use crate::{
    domain::Selector,
    store::{self, TogglesOf},
};

/// A toggle, with those that were read together with it.
#[derive(Clone)]
pub(super) struct ClusterToggle {
    row: Arc<store::ClusterToggle>,
    siblings: Arc<Siblings<store::ClusterToggle>>,
}

impl ClusterToggle {
    /// A toggle that was read together with others.
    pub(super) fn among((row, siblings): (Arc<store::ClusterToggle>, Arc<Siblings<store::ClusterToggle>>)) -> Self {
        Self { row, siblings }
    }
}

/// Whether a recommendation is disabled on a cluster. A recommendation that was never disabled there has no toggle.
#[Object]
impl ClusterToggle {
    /// The global id, for `Query.node`. It identifies the toggle of this recommendation on this cluster by this
    /// organization.
    pub(super) async fn id(&self) -> NodeId {
        NodeId::ClusterToggle(self.row.organization, self.row.cluster, self.row.selector.clone())
    }

    /// The UUID of the cluster.
    async fn cluster_uuid(&self) -> Uuid {
        Uuid(self.row.cluster)
    }

    /// The cluster. The organization owns it.
    async fn cluster(&self, ctx: &Context<'_>) -> Result<InOrder<Cluster>> {
        let cluster = Cluster::referred_to(ctx.loaders()?, &self.siblings, self.row.cluster, |row| row.cluster).await?;
        Ok(InOrder(cluster))
    }

    /// The recommendation, as the organization sees it.
    async fn recommendation(&self) -> InOrder<Recommendation> {
        let key = |row: &store::ClusterToggle| (row.organization, row.selector.clone());
        InOrder(Recommendation::referred_to(&self.siblings, key(&self.row), key))
    }

    /// Whether the recommendation is disabled on the cluster. False if it was enabled again.
    async fn disabled(&self) -> bool {
        self.row.is_disabled
    }

    /// When it was last disabled or enabled.
    async fn changed_at(&self) -> DateTime {
        DateTime(self.row.changed_at)
    }

    /// The id of the user who did that. Null if it is not known.
    async fn changed_by(&self) -> Option<&str> {
        self.row.changed_by.as_deref()
    }

    /// The reason that the user gave, as text. Null if no reason was given.
    async fn feedback(&self) -> Option<&str> {
        self.row.feedback.as_deref()
    }
}

/// What toggles are listed for.
#[derive(Clone)]
pub(super) enum TogglesOfNode {
    /// An organization, with its siblings.
    Organization(Organization),
    /// A recommendation of an organization, with its siblings.
    Recommendation(TogglesOf, Recommendation),
}

impl Listed for ClusterToggle {
    type Row = store::ClusterToggle;
    type Parent = TogglesOfNode;

    fn new(row: &Arc<store::ClusterToggle>, _: &TogglesOfNode, siblings: &Arc<Siblings<store::ClusterToggle>>) -> Self {
        Self::among((row.clone(), siblings.clone()))
    }
}

impl ParentOf<store::ClusterToggle> for TogglesOfNode {
    fn key(&self) -> TogglesOf {
        match self {
            Self::Organization(organization) => TogglesOf { organization: organization.number(), selector: None },
            Self::Recommendation(key, _) => key.clone(),
        }
    }

    fn sibling_keys(&self) -> Vec<TogglesOf> {
        let of = |(organization, selector): (_, Option<Selector>)| TogglesOf { organization, selector };
        match self {
            Self::Organization(organization) => {
                organization.sibling_numbers().map(|number| of((number, None))).collect()
            }
            Self::Recommendation(_, recommendation) => {
                let keys = recommendation.sibling_keys_of_organizations();
                keys.into_iter().map(|(organization, selector)| of((organization, Some(selector)))).collect()
            }
        }
    }

    fn shared(&self) -> Option<&Shared> {
        match self {
            Self::Organization(organization) => Some(organization.shared()),
            Self::Recommendation(_, recommendation) => recommendation.shared(),
        }
    }
}
