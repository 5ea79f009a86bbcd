//! `HistoryEvent`.

use std::{fmt, str::FromStr, sync::Arc};

use async_graphql::{Enum, Object};

use super::{
    cluster::Cluster,
    connection::Paged,
    scalars::{DateTime, Uuid},
};
use crate::store::{self, HistoryPlace, Slice};

/// Something that happened to a hit of a cluster.
#[derive(Clone)]
pub(super) struct HistoryEvent {
    row: Arc<store::HistoryEvent>,
    cluster: Cluster,
}

impl HistoryEvent {
    /// A page of one cluster's history.
    pub(super) fn list(page: &Slice<Arc<store::HistoryEvent>>, cluster: &Cluster) -> Slice<Self> {
        page.clone().map(|row| Self { row, cluster: cluster.clone() })
    }
}

/// What happened to a hit.
#[derive(Clone, Copy, Debug, Enum, PartialEq, Eq)]
#[graphql(remote = "store::HistoryEventKind")]
pub(super) enum HistoryEventKind {
    /// It began to hit the cluster.
    Opened,
    /// It hit the cluster no more, or the cluster went to another organization.
    Closed,
}

/// A recommendation began or ceased to hit a cluster.
#[Object]
impl HistoryEvent {
    /// What happened.
    async fn kind(&self) -> HistoryEventKind {
        self.row.kind.into()
    }

    /// When the rules ran that found it so.
    async fn at(&self) -> DateTime {
        DateTime(self.row.at)
    }

    /// The recommendation, written `ruleFqdn|errorKey`.
    async fn selector(&self) -> &str {
        self.row.selector.as_str()
    }

    /// The UUID of the cluster that it happened to.
    async fn cluster_uuid(&self) -> Uuid {
        Uuid(self.cluster.row.id)
    }

    /// The cluster that it happened to; null once it moved away.
    async fn cluster(&self) -> Option<&Cluster> {
        Some(&self.cluster)
    }
}

/// An event's place in a history, as a cursor holds it.
pub(super) struct Place(pub(super) HistoryPlace);

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(HistoryPlace { at, kind, selector }) = self;
        write!(f, "{at} {} {selector}", kind.as_str())
    }
}

/// A text that is no place.
#[derive(Debug)]
pub(super) struct NotAPlace;

impl FromStr for Place {
    type Err = NotAPlace;

    fn from_str(text: &str) -> Result<Self, NotAPlace> {
        let mut parts = text.splitn(3, ' ');
        let mut next = || parts.next().ok_or(NotAPlace);
        let at = next()?.parse().map_err(|_| NotAPlace)?;
        let kind = match next()? {
            "opened" => store::HistoryEventKind::Opened,
            "closed" => store::HistoryEventKind::Closed,
            _ => return Err(NotAPlace),
        };
        Ok(Self(HistoryPlace { at, kind, selector: next()?.parse().map_err(|_| NotAPlace)? }))
    }
}

impl Paged for HistoryEvent {
    const CONNECTION: &'static str = "HistoryEventConnection";
    const EDGE: &'static str = "HistoryEventEdge";
    type Order = ();
    type Place = Place;

    fn list((): ()) -> &'static str {
        "history:at:desc"
    }

    fn place(&self, (): ()) -> Place {
        let store::HistoryEvent { at, kind, selector, .. } = self.row.as_ref();
        Place(HistoryPlace { at: *at, kind: *kind, selector: selector.clone() })
    }
}
