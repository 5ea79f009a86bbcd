//! Reading what happened to clusters' hits.

use std::collections::HashMap;

use sea_orm::{
    FromQueryResult,
    sea_query::{Expr, ExprTrait as _, Query},
};

use super::{
    columns::Column,
    error::Error,
    list::{Access, ChildRow, Listing, Ordering, Position, Relation},
    page::{Direction, Page, PageRequest},
    pools::Store,
    rule_hits::within,
};
use crate::{
    domain::{ClusterId, OrgId, Selector, Timestamp},
    identity::Scope,
};

/// Something that happened to a hit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryEvent {
    /// What happened.
    pub kind: HistoryEventKind,
    /// When: the time of the check that found it so.
    pub at: Timestamp,
    /// To which recommendation.
    pub selector: Selector,
    /// Who owned the cluster then.
    pub organization: OrgId,
}

/// What happened to a hit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HistoryEventKind {
    /// It began.
    Opened,
    /// It ended.
    Closed,
}

/// Which events of a cluster's history are wanted; they come newest first.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct HistoryListing {
    /// The page.
    pub window: PageRequest<HistoryPosition>,
    /// Is the whole list's length wanted?
    pub total: bool,
}

/// An event's place in a history.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct HistoryPosition {
    /// When it happened.
    pub at: Timestamp,
    /// What happened to what; what closed at a time stands before what opened then.
    pub kind: HistoryEventKind,
    /// To which recommendation.
    pub selector: Selector,
}

/// One of a cluster's events, or the cluster alone.
#[derive(FromQueryResult)]
struct EventRow {
    parent: ClusterId,
    total: Option<i64>,
    org_id: Option<OrgId>,
    kind: Option<String>,
    happened_at: Option<Timestamp>,
    selector: Option<Selector>,
}

impl Store {
    /// The same page of each cluster's history, newest first, in one statement. Every cluster is answered for.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn history_of_clusters(
        &self,
        scope: Scope,
        clusters: &[ClusterId],
        listing: &HistoryListing,
    ) -> Result<HashMap<ClusterId, Page<HistoryEvent>>, Error> {
        let children = Listing {
            columns: &["org_id", "kind", "happened_at", "selector", "event_key"],
            left_out: &[],
            condition: within("history_event", scope).add(of_present_owner()),
            ordering: NEWEST_FIRST,
            window: listing.window.clone().map(Position::from),
            total: listing.total,
        };
        self.children::<EventRow>("reading the history of clusters", &EVENTS, clusters, &children).await
    }
}

/// Whoever asks: a cluster's history is what its present owner saw of it. A former owner's stays with that one.
fn of_present_owner() -> Expr {
    let owner = Query::select()
        .column(("cluster", "org_id"))
        .from("cluster")
        .and_where(Expr::col(("cluster", "id")).eq(Expr::col(("history_event", "cluster_id"))))
        .to_owned();
    Expr::col(("history_event", "org_id")).in_subquery(owner)
}

/// Events as a cluster's children. A cluster's events at one time differ by their key.
const EVENTS: Relation = Relation { table: "history_event", parent: "cluster_id", access: Access::Sorted };
const NEWEST_FIRST: Ordering =
    Ordering { field: Some(("happened_at", Direction::Descending)), key: ("event_key", Direction::Ascending) };

impl From<HistoryPosition> for Position {
    fn from(place: HistoryPosition) -> Self {
        let HistoryPosition { at, kind, selector } = place;
        Self { field: Some(at.utc().into()), key: format!("{} {selector}", kind.as_str()).into() }
    }
}

impl HistoryEventKind {
    /// As the view `history_event` has it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Closed => "closed",
        }
    }
}

impl ChildRow for EventRow {
    type Parent = ClusterId;
    type Child = HistoryEvent;

    fn keys(clusters: &[ClusterId]) -> Column {
        Column::clusters(clusters.iter().copied())
    }

    fn parent(&self) -> ClusterId {
        self.parent
    }

    fn total(&self) -> Option<i64> {
        self.total
    }

    fn into_child(self) -> Result<Option<HistoryEvent>, Error> {
        let (Some(organization), Some(kind), Some(at), Some(selector)) =
            (self.org_id, self.kind, self.happened_at, self.selector)
        else {
            return Ok(None);
        };
        let kind = match kind.as_str() {
            "opened" => HistoryEventKind::Opened,
            "closed" => HistoryEventKind::Closed,
            _ => return Err(Error::Corrupt { what: "the kind of an event" }),
        };
        Ok(Some(HistoryEvent { kind, at, selector, organization }))
    }
}
