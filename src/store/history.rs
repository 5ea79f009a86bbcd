//! Reading the history of clusters' hits.

use sea_orm::{
    Condition, DbErr,
    sea_query::{Expr, ExprTrait as _, Query, SelectStatement},
};
use strum::{EnumString, IntoStaticStr};

use super::{
    list::{List, Order, Row, SortColumn, SortKind, SortValue, Source, item, within},
    page::Direction,
};
use crate::{
    domain::{ClusterId, OrgId, Selector, Timestamp},
    identity::Scope,
};

/// A hit of a cluster was opened or closed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryEvent {
    /// Which of both.
    pub kind: HistoryEventKind,
    /// When the rules ran that found it.
    pub at: Timestamp,
    /// The recommendation.
    pub selector: Selector,
    /// The cluster's owner at that time.
    pub organization: OrgId,
}

/// The kind of an event, as the views of events have it.
#[derive(Clone, Copy, Debug, EnumString, IntoStaticStr, PartialEq, Eq, Hash)]
#[strum(serialize_all = "lowercase")]
pub enum HistoryEventKind {
    /// The recommendation began to hit the cluster.
    Opened,
    /// The recommendation no longer hits the cluster, or the cluster has another owner.
    Closed,
}

impl HistoryEvent {
    /// By time.
    pub const BY_TIME: SortColumn<Self> = SortColumn {
        name: "at",
        column: "happened_at",
        kind: SortKind::Time,
        is_nullable: false,
        value: |event| Some(SortValue::Time(event.at)),
    };

    /// The key of an event among those of one cluster and time: hits closed before hits opened, then by selector.
    fn key(&self) -> String {
        format!("{} {}", <&str>::from(self.kind), self.selector)
    }
}

impl List for HistoryEvent {
    type Parent = ClusterId;
    type Filter = ();

    const NAME: &'static str = "history";
    /// A closed hit is two events. The open hits of a cluster have no index by time: they are at most those of a report.
    const SOURCE: Source = Source::Merged(&["hit_closed_event", "closed_hit_opened_event", "open_hit_opened_event"]);
    const PARENT: Option<&'static str> = Some("cluster_id");
    const COLUMNS: &'static [&'static str] = &["kind", "happened_at", "selector", "org_id"];
    const KEY: SortColumn<Self> = SortColumn {
        name: "event",
        column: "event_key",
        kind: SortKind::Text,
        is_nullable: false,
        value: |event| Some(SortValue::Text(event.key())),
    };
    const DEFAULT_ORDER: Order<Self> = Order::new(&Self::BY_TIME, Direction::Descending);

    fn read(row: &mut Row<'_>) -> Result<Self, DbErr> {
        let kind: String = row.next()?;
        let kind = kind.parse().map_err(|_| DbErr::Type("an event of an unknown kind".to_owned()))?;
        Ok(Self { kind, at: row.next()?, selector: row.next()?, organization: row.next()? })
    }

    /// A cluster's history is that of its present owner, for every viewer. A former owner's events are not shown.
    fn always(cluster: Expr) -> Condition {
        let owner = Query::select()
            .column(("cluster", "org_id"))
            .from("cluster")
            .and_where(Expr::col(("cluster", "id")).eq(cluster))
            .to_owned();
        item("org_id").eq(Expr::SubQuery(None, Box::new(owner.into()))).into()
    }

    /// The cluster's row has the numbers of its open and closed hits: counting would read all closed hits.
    fn length(scope: Scope, cluster: Expr) -> Option<SelectStatement> {
        let events = item("closed_hit_count").mul(2).add(item("hit_count"));
        let mut length = Query::select();
        length
            .expr(events.cast_as("bigint"))
            .from_as("cluster", "i")
            .and_where(item("id").eq(cluster))
            .cond_where(within::<Self>(scope));
        Some(length)
    }
}
