//! Reading the history of clusters' hits.

use sea_orm::{
    Condition, DbErr,
    sea_query::{Asterisk, Expr, ExprTrait as _, Func, Query, SelectStatement},
};
use strum::{EnumString, IntoStaticStr};

use super::{
    list::{ITEM, List, Order, Row, SortColumn, SortKind, SortValue, Source, item, subquery, within},
    page::Direction,
    visibility::not_internal,
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

    /// A cluster's history is that of its present owner, for every viewer. A former owner's events are not shown, nor
    /// those of internal recommendations to a scope without them.
    fn always(scope: Scope, cluster: Expr) -> Condition {
        let owner = Query::select()
            .column(("cluster", "org_id"))
            .from("cluster")
            .and_where(Expr::col(("cluster", "id")).eq(cluster))
            .to_owned();
        not_internal(scope, ITEM).add(item("org_id").eq(subquery(owner)))
    }

    /// The cluster's row has the numbers of its open and closed hits: counting would read all closed hits.
    fn length(scope: Scope, cluster: Expr) -> Option<SelectStatement> {
        let mut events = item("closed_hit_count").mul(2).add(item("hit_count"));
        if !scope.includes_internal() {
            events = events.sub(subquery(internal_events()));
        }
        let mut length = Query::select();
        length
            .expr(events.cast_as("bigint"))
            .from_as("cluster", "i")
            .and_where(item("id").eq(cluster))
            .cond_where(within::<Self>(scope));
        Some(length)
    }
}

/// The number of events of internal recommendations, of the cluster that is named as an item. They are found by the keys
/// of both tables: a cluster may have many closed hits, and there are few internal recommendations.
fn internal_events() -> SelectStatement {
    let of_cluster = |table: &'static str| {
        let mut hits = Query::select();
        hits.expr(Func::count(Expr::col(Asterisk)))
            .from_as(table, "h")
            .and_where(Expr::col(("h", "cluster_id")).eq(item("id")))
            .and_where(Expr::col(("h", "recommendation_id")).eq(Expr::col(("r", "id"))))
            // An expression, so that PostgreSQL uses the key and not the index by organization.
            .and_where(Expr::col(("h", "org_id")).add(0).eq(item("org_id")));
        subquery(hits)
    };
    let events = of_cluster("rule_hit_history").mul(2).add(of_cluster("rule_hit"));
    Query::select()
        .expr(Func::coalesce([Func::sum(events).into(), Expr::val(0)]))
        .from_as("recommendation", "r")
        .and_where(Expr::col(("r", "internal")))
        .to_owned()
}
