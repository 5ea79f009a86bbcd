//! `HistoryEvent`.

use std::{fmt, str::FromStr, sync::Arc};

use async_graphql::{Enum, Object};

use super::{
    cluster::Cluster,
    connection::Paged,
    scalars::{DateTime, Uuid},
};
use crate::store::{self, HistoryPosition, Page};

/// Something that happened to a hit of a cluster.
#[derive(Clone)]
pub(super) struct HistoryEvent {
    row: Arc<store::HistoryEvent>,
    cluster: Cluster,
}

impl HistoryEvent {
    /// A page of one cluster's history.
    pub(super) fn list(page: &Page<Arc<store::HistoryEvent>>, cluster: &Cluster) -> Page<Self> {
        page.clone().map(|row| Self { row, cluster: cluster.clone() })
    }
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

    /// The UUID of the cluster.
    async fn cluster_uuid(&self) -> Uuid {
        Uuid(self.cluster.row.id)
    }

    /// The cluster. Null if it has moved to another organization since.
    async fn cluster(&self) -> Option<&Cluster> {
        Some(&self.cluster)
    }
}

/// An event's place in a history, as a cursor holds it.
pub(super) struct Position(pub(super) HistoryPosition);

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(HistoryPosition { at, kind, selector }) = self;
        write!(f, "{at} {} {selector}", kind.as_str())
    }
}

/// A text that is no place.
#[derive(Debug)]
pub(super) struct InvalidPosition;

impl FromStr for Position {
    type Err = InvalidPosition;

    fn from_str(text: &str) -> Result<Self, InvalidPosition> {
        let mut parts = text.splitn(3, ' ');
        let mut next = || parts.next().ok_or(InvalidPosition);
        let at = next()?.parse().map_err(|_| InvalidPosition)?;
        let kind = match next()? {
            "opened" => store::HistoryEventKind::Opened,
            "closed" => store::HistoryEventKind::Closed,
            _ => return Err(InvalidPosition),
        };
        Ok(Self(HistoryPosition { at, kind, selector: next()?.parse().map_err(|_| InvalidPosition)? }))
    }
}

impl Paged for HistoryEvent {
    const CONNECTION: &'static str = "HistoryEventConnection";
    const EDGE: &'static str = "HistoryEventEdge";
    type Order = ();
    type Position = Position;

    fn list((): ()) -> &'static str {
        "history:at:desc"
    }

    fn place(&self, (): ()) -> Position {
        let store::HistoryEvent { at, kind, selector, .. } = self.row.as_ref();
        Position(HistoryPosition { at: *at, kind: *kind, selector: selector.clone() })
    }
}
