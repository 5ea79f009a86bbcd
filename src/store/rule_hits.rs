//! Reading the hits of clusters' current reports.

use std::collections::HashMap;

use sea_orm::{
    DbErr,
    sea_query::{Expr, ExprTrait as _, Query},
};

use super::{
    columns::Column,
    error::Error,
    list::{
        Filter as _, ITEM, List, ListRequest, Order, ParentKey, Row, SortColumn, SortKind, SortValue, Source, item, within,
    },
    page::{Direction, Page},
    pools::Store,
    visibility::{IncludedHits, shown},
};
use crate::{
    domain::{ClusterId, Details, Selector, Timestamp},
    identity::Scope,
};

/// An open hit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleHit {
    /// The recommendation.
    pub selector: Selector,
    /// Since when the recommendation has hit the cluster without interruption.
    pub impacted_since: Timestamp,
    /// The template data; `None` where the message had none, and where the request does not include them.
    pub details: Option<Details>,
}

/// The hits of one cluster, as a list's parent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ClusterHits {
    /// The cluster.
    pub cluster: ClusterId,
    /// How many there are, shown or not, as the cluster's row says.
    pub count: u32,
    /// The bytes of all their details, as the cluster's row says.
    pub details_bytes: u64,
    /// Whether the cluster is managed, so that some hits may be hidden.
    pub is_managed: bool,
}

impl RuleHit {
    /// By selector.
    pub const BY_SELECTOR: SortColumn<Self> = SortColumn {
        name: "selector",
        column: "selector",
        kind: SortKind::Text,
        is_nullable: false,
        value: |hit| Some(SortValue::Text(hit.selector.to_string())),
    };
}

impl List for RuleHit {
    type Parent = ClusterHits;
    type Filter = IncludedHits;

    const NAME: &'static str = "ruleHits";
    const SOURCE: Source = Source::Sorted("open_hit");
    const PARENT: Option<&'static str> = Some("cluster_id");
    const COLUMNS: &'static [&'static str] = &["selector", "impacted_since", "details"];
    const LARGE: &'static [&'static str] = &["details"];
    const KEY: SortColumn<Self> = Self::BY_SELECTOR;
    const DEFAULT_ORDER: Order<Self> = Order::new(&Self::BY_SELECTOR, Direction::Ascending);

    fn read(row: &mut Row<'_>) -> Result<Self, DbErr> {
        Ok(Self { selector: row.next()?, impacted_since: row.next()?, details: details(row.next()?) })
    }

    /// Reads nothing for clusters without hits. Where the page can hold all hits of every cluster, the hits are read by
    /// key alone, and ordered and cut here: half the time that the database takes to do so.
    async fn load(
        store: &Store,
        scope: Scope,
        parents: &[ClusterHits],
        request: &ListRequest<Self>,
    ) -> Result<HashMap<ClusterHits, Page<Self>>, Error> {
        let hit: Vec<_> = parents.iter().copied().filter(|parent| parent.count > 0).collect();
        check_details(&hit, request)?;
        // Without a managed cluster nothing is hidden for that reason, and the statement needs no condition.
        let none_managed = !hit.iter().any(|parent| parent.is_managed);
        let filter = if none_managed { IncludedHits { not_for_managed: true } } else { request.filter };
        let request = &ListRequest { filter, ..request.clone() };
        let fit = hit.iter().all(|parent| parent.count as usize <= request.page.size);
        let mut pages = match (hit.is_empty(), fit) {
            (true, _) => HashMap::new(),
            (false, true) => store.pages_of_all_hits(scope, &hit, request).await?,
            (false, false) => store.pages(scope, &hit, request).await?,
        };
        let mut page = |parent| pages.remove(parent).unwrap_or_else(|| Page::empty(request.total));
        Ok(parents.iter().map(|parent| (*parent, page(parent))).collect())
    }
}

impl ParentKey for ClusterHits {
    type Id = ClusterId;

    fn id(self) -> ClusterId {
        self.cluster
    }

    fn column(ids: Vec<ClusterId>) -> Column {
        Column::clusters(ids)
    }

    fn large_bytes(self) -> u64 {
        self.details_bytes
    }
}

impl Store {
    /// Returns those of the hits that are open, within the scope and shown, by cluster and selector, with their details.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn rule_hits(
        &self,
        scope: Scope,
        keys: &[(ClusterId, Selector)],
        included: IncludedHits,
    ) -> Result<HashMap<(ClusterId, Selector), RuleHit>, Error> {
        let key = Expr::tuple([item("cluster_id"), item("selector")]);
        let is_one = key.in_tuples(keys.iter().map(|(cluster, selector)| (cluster.uuid(), selector.as_str())));
        let condition = shown(scope, included, ITEM).add(is_one);
        let rows = self.find::<RuleHit, ClusterId>(scope, "cluster_id", condition).await?;
        Ok(rows.into_iter().map(|(cluster, hit)| ((cluster, hit.selector.clone()), hit)).collect())
    }

    /// Reads all hits of some clusters, and returns the requested page of each.
    async fn pages_of_all_hits(
        &self,
        scope: Scope,
        parents: &[ClusterHits],
        request: &ListRequest<RuleHit>,
    ) -> Result<HashMap<ClusterHits, Page<RuleHit>>, Error> {
        let clusters = Column::clusters(parents.iter().map(|parent| parent.cluster));
        let details = if request.large.is_some() { item("details") } else { Expr::cust("NULL") };
        let mut select = Query::select();
        select
            .exprs([item("cluster_id"), item("recommendation_id"), item("impacted_since"), details])
            .from_as("rule_hit", "i")
            .and_where(clusters.contains(item("cluster_id"), self.backend()))
            .cond_where(within::<RuleHit>(scope))
            .cond_where(request.filter.condition(scope, self.backend()));
        let rows = self.query(scope.client(), select, "reading hits").await?;
        let rows: Vec<HitRow> = rows
            .iter()
            .map(|row| HitRow::read(&mut Row::new(row)))
            .collect::<Result<_, _>>()
            .map_err(Error::during("reading hits"))?;

        let selectors = self.selectors(scope.client(), rows.iter().map(|row| row.recommendation_id)).await?;
        let mut hits: HashMap<ClusterId, Vec<RuleHit>> = HashMap::with_capacity(parents.len());
        for HitRow { cluster, recommendation_id, impacted_since, details } in rows {
            // A hit refers to a recommendation that was committed with it or before.
            let Some(selector) = selectors.get(&recommendation_id).cloned() else {
                return Err(Error::Corrupt { what: "a hit's recommendation" });
            };
            hits.entry(cluster).or_default().push(RuleHit { selector, impacted_since, details });
        }
        let page = |parent: &ClusterHits| {
            let hits = hits.remove(&parent.cluster).unwrap_or_default();
            (*parent, Page::of_whole(hits, request))
        };
        Ok(parents.iter().map(page).collect())
    }
}

/// Refuses to read more bytes of details than the request allows, before they are read. Those of one cluster alone are
/// read in any case: they were one message.
fn check_details(parents: &[ClusterHits], request: &ListRequest<RuleHit>) -> Result<(), Error> {
    let Some(allowed) = request.large else { return Ok(()) };
    let bytes = parents.iter().map(|parent| parent.large_bytes()).fold(0, u64::saturating_add);
    if parents.len() > 1 && bytes > allowed as u64 { Err(Error::TooManyBytes { bytes, allowed }) } else { Ok(()) }
}

/// A row of `rule_hit`.
struct HitRow {
    cluster: ClusterId,
    recommendation_id: i32,
    impacted_since: Timestamp,
    details: Option<Details>,
}

impl HitRow {
    fn read(row: &mut Row<'_>) -> Result<Self, DbErr> {
        Ok(Self {
            cluster: row.next()?,
            recommendation_id: row.next()?,
            impacted_since: row.next()?,
            details: details(row.next()?),
        })
    }
}

fn details(json: Option<String>) -> Option<Details> {
    json.map(Details::from_checked)
}
