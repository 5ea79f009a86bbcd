//! `HistoryEvent`.

use std::sync::Arc;

use async_graphql::{Enum, Object};

use super::{
    cluster::Cluster,
    connection::Listed,
    in_order::InOrder,
    recommendation::Recommendation,
    scalars::{DateTime, Uuid},
    siblings::Siblings,
};
use crate::store;

/// An event in the history of a cluster's hits.
#[derive(Clone)]
pub(super) struct HistoryEvent {
    row: Arc<store::HistoryEvent>,
    cluster: Cluster,
    siblings: Arc<Siblings<store::HistoryEvent>>,
}

/// The kind of a history event.
#[derive(Clone, Copy, Debug, Enum, PartialEq, Eq)]
#[graphql(remote = "store::HistoryEventKind")]
pub(super) enum HistoryEventKind {
    /// The recommendation started hitting the cluster.
    Opened,
    /// The recommendation stopped hitting the cluster, or the cluster moved to another organization.
    Closed,
}

/// A recommendation started or stopped hitting a cluster.
#[Object]
impl HistoryEvent {
    /// Whether the recommendation started or stopped hitting the cluster.
    async fn kind(&self) -> HistoryEventKind {
        self.row.kind.into()
    }

    /// When the rules that found the change ran.
    async fn at(&self) -> DateTime {
        DateTime(self.row.at)
    }

    /// The recommendation, as `ruleFqdn|errorKey`.
    async fn selector(&self) -> &str {
        self.row.selector.as_str()
    }

    /// The recommendation, as the cluster's owner sees it.
    async fn recommendation(&self) -> InOrder<Recommendation> {
        InOrder(Recommendation::of_event(&self.cluster, &self.row, &self.siblings))
    }

    /// The UUID of the cluster.
    async fn cluster_uuid(&self) -> Uuid {
        Uuid(self.cluster.row.id)
    }

    /// The cluster. Null if it has moved to another organization since.
    async fn cluster(&self) -> Option<InOrder<&Cluster>> {
        Some(InOrder(&self.cluster))
    }
}

impl Listed for HistoryEvent {
    type Row = store::HistoryEvent;
    type Parent = Cluster;

    fn new(row: &Arc<store::HistoryEvent>, cluster: &Cluster, siblings: &Arc<Siblings<store::HistoryEvent>>) -> Self {
        Self { row: row.clone(), cluster: cluster.clone(), siblings: siblings.clone() }
    }
}
