//! Reading the hits of clusters' current reports.

use std::collections::{HashMap, HashSet};

use sea_orm::{
    Condition, DbBackend, DbErr,
    sea_query::{Expr, ExprTrait as _, Query},
};

use super::{
    columns::Column,
    contains::contains_in_any_case,
    error::Error,
    list::{
        Filter, ITEM, List, ListRequest, Order, ParentKey, Row, SortColumn, SortKind, SortValue, Source, item,
        same_by_id, within,
    },
    page::{Direction, Page},
    pools::Store,
    visibility::{IncludedHits, shown},
};
use crate::{
    domain::{ClusterId, Details, Selector, Timestamp, TotalRisk},
    identity::Scope,
};

/// The characters of descriptions by which hits are ordered.
const MAX_DESCRIPTION: usize = 255;

/// An open hit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleHit {
    /// The cluster that is hit.
    pub cluster: ClusterId,
    /// The recommendation.
    pub selector: Selector,
    /// Since when the recommendation has hit the cluster without interruption.
    pub impacted_since: Timestamp,
    /// The template data; `None` where the message had none, and where the request does not include them.
    pub details: Option<Details>,
    /// The fact by which the list is ordered; `None` without content, and where the order needs none.
    pub fact: Option<SortValue>,
}

/// The hits of one cluster, as a list's parent. It is the same parent after its row has changed.
#[derive(Clone, Copy, Debug)]
pub struct ClusterHits {
    /// The cluster.
    pub cluster: ClusterId,
    /// How many there are, shown or not, as the cluster's row says.
    pub count: u32,
    /// The bytes of all their details, as the cluster's row says.
    pub details_bytes: u64,
    /// Whether some are hidden by default for another reason than that they are internal.
    pub hides: bool,
    /// Whether the cluster is managed, so that this may be the reason.
    pub is_managed: bool,
}

/// What restricts a list of hits, apart from the scope.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct RuleHitFilter {
    /// Which hits are shown besides those that are shown by default.
    pub included: IncludedHits,
    /// Only the hit by this recommendation.
    pub selector: Option<Selector>,
    /// The recommendation has one of these risks.
    pub total_risk: Option<Vec<TotalRisk>>,
    /// Only hits by these recommendations.
    pub selectors: Option<Vec<Selector>>,
    /// The recommendation matches a text.
    pub text: Option<TextFilter>,
}

/// A text that recommendations match.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TextFilter {
    /// Part of the selector, in any case.
    pub text: String,
    /// The recommendations that match otherwise.
    pub selectors: Vec<Selector>,
}

impl From<IncludedHits> for RuleHitFilter {
    fn from(included: IncludedHits) -> Self {
        Self { included, ..Self::default() }
    }
}

impl Filter for RuleHitFilter {
    fn condition(&self, scope: Scope, backend: DbBackend) -> Condition {
        let selector = || Expr::col(("recommendation", "selector"));
        let is_among = |selectors: &[Selector]| {
            Column::Text(selectors.iter().map(ToString::to_string).collect()).contains(selector(), backend)
        };
        let id = |selector: &Selector| {
            let is_one = Expr::col("selector").eq(selector.as_str());
            Query::select().column("id").from("recommendation").and_where(is_one).to_owned()
        };
        let by_selector = self.selector.as_ref().map(|selector| item("recommendation_id").in_subquery(id(selector)));
        let of_recommendation = Condition::all()
            .add_option(self.total_risk.as_ref().map(|risks| {
                let risks = Column::Int(risks.iter().map(|risk| *risk as i32).collect());
                risks.contains(Expr::col(("recommendation", "total_risk")), backend)
            }))
            .add_option(self.selectors.as_deref().map(is_among))
            .add_option(self.text.as_ref().map(|TextFilter { text, selectors }| {
                is_among(selectors).or(contains_in_any_case(selector(), text, backend))
            }));
        let by_recommendation = (!of_recommendation.is_empty()).then(|| {
            let is_one = Expr::col(("recommendation", "id")).eq(item("recommendation_id"));
            let mut one = Query::select();
            one.expr(Expr::val(1)).from("recommendation").and_where(is_one).cond_where(of_recommendation);
            Expr::exists(one)
        });
        shown(scope, self.included, ITEM).add_option(by_selector).add_option(by_recommendation)
    }

    fn needs_scan(&self) -> bool {
        false
    }
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
    /// By the time since which the recommendation has hit the cluster.
    pub const BY_IMPACTED_SINCE: SortColumn<Self> = SortColumn {
        name: "impactedSince",
        column: "impacted_since",
        kind: SortKind::Time,
        is_nullable: false,
        value: |hit| Some(SortValue::Time(hit.impacted_since)),
    };
    /// By the total risk of the recommendation.
    pub const BY_TOTAL_RISK: SortColumn<Self> = Self::by_fact("totalRisk", "total_risk", SortKind::Integer);
    /// By the first 255 characters of the recommendation's description, as written.
    pub const BY_DESCRIPTION: SortColumn<Self> = Self::by_fact("description", "description", SortKind::Text);
    /// By the time when the recommendation was published.
    pub const BY_PUBLISHED: SortColumn<Self> = Self::by_fact("published", "published_at", SortKind::Time);

    const fn by_fact(name: &'static str, column: &'static str, kind: SortKind) -> SortColumn<Self> {
        SortColumn { name, column, kind, is_nullable: true, value: |hit| hit.fact.clone() }
    }
}

impl List for RuleHit {
    type Parent = ClusterHits;
    type Filter = RuleHitFilter;

    const NAME: &'static str = "ruleHits";
    const SOURCE: Source = Source::Sorted("open_hit");
    const PARENT: Option<&'static str> = Some("cluster_id");
    const COLUMNS: &'static [&'static str] =
        &["cluster_id", "selector", "impacted_since", "details", "total_risk", "description", "published_at"];
    const LARGE: &'static [&'static str] = &["details"];
    const ORDER_ONLY: &'static [&'static str] = &["total_risk", "description", "published_at"];
    const KEY: SortColumn<Self> = Self::BY_SELECTOR;
    const DEFAULT_ORDER: Order<Self> = Order::new(&Self::BY_SELECTOR, Direction::Ascending);

    fn read(row: &mut Row<'_>) -> Result<Self, DbErr> {
        let (cluster, selector, impacted_since) = (row.next()?, row.next()?, row.next()?);
        let details = details(row.next()?);
        // At most one is read.
        let total_risk = row.next::<Option<i16>>()?.map(|risk| SortValue::Integer(risk.into()));
        let description = row.next::<Option<String>>()?.map(SortValue::Text);
        let published_at = row.next::<Option<Timestamp>>()?.map(SortValue::Time);
        Ok(Self { cluster, selector, impacted_since, details, fact: total_risk.or(description).or(published_at) })
    }

    fn computed(_: Scope, column: &'static str, items: &'static str) -> Option<Expr> {
        // A cursor has the value that the list is ordered by.
        (column == "description").then(|| Expr::cust(format!("substr({items}.description, 1, {MAX_DESCRIPTION})")))
    }

    /// Reads nothing for clusters without hits. Where the page can hold all hits of every cluster, and the order needs no
    /// facts, the hits are read by key alone, and ordered and cut here: half the time that the database takes to do so.
    async fn load(
        store: &Store,
        scope: Scope,
        parents: &[ClusterHits],
        request: &ListRequest<Self>,
    ) -> Result<HashMap<ClusterHits, Page<Self>>, Error> {
        let hit: Vec<_> = parents.iter().copied().filter(|parent| parent.count > 0).collect();
        check_details(hit.iter().copied(), request.large)?;
        let mut request = request.clone();
        // The statement needs no condition for what hides nothing.
        if !hit.iter().any(|parent| parent.hides) {
            request.filter.included = IncludedHits::ALL;
        }
        request.filter.included.not_for_managed |= !hit.iter().any(|parent| parent.hides && parent.is_managed);
        let request = &request;
        let is_one = request.filter.selector.is_some();
        let needs_facts = Self::ORDER_ONLY.contains(&request.order.by.column);
        let fit = !needs_facts && (is_one || hit.iter().all(|parent| parent.count as usize <= request.page.size));
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

same_by_id!(ClusterHits);

impl Store {
    /// Returns those of the hits that are open, within the scope and shown by default or only hidden because they are
    /// disabled, by cluster and selector, with their details.
    ///
    /// # Errors
    /// When the database does not answer, or the clusters' details have more than `allowed` bytes.
    pub async fn rule_hits(
        &self,
        scope: Scope,
        keys: &[(ClusterHits, Selector)],
        allowed: usize,
    ) -> Result<HashMap<(ClusterId, Selector), RuleHit>, Error> {
        let clusters: HashSet<_> = keys.iter().map(|(parent, _)| *parent).collect();
        check_details(clusters, Some(allowed))?;
        let key = Expr::tuple([item("cluster_id"), item("selector")]);
        let is_one = key.in_tuples(keys.iter().map(|(of, selector)| (of.cluster.uuid(), selector.as_str())));
        let condition = shown(scope, IncludedHits::OF_DISABLED, ITEM).add(is_one);
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
            hits.entry(cluster).or_default().push(RuleHit { cluster, selector, impacted_since, details, fact: None });
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
fn check_details(
    parents: impl IntoIterator<Item = ClusterHits, IntoIter: ExactSizeIterator>,
    allowed: Option<usize>,
) -> Result<(), Error> {
    let Some(allowed) = allowed else { return Ok(()) };
    let parents = parents.into_iter();
    let is_one = parents.len() <= 1;
    let bytes = parents.map(ClusterHits::large_bytes).fold(0, u64::saturating_add);
    if is_one || bytes <= allowed as u64 { Ok(()) } else { Err(Error::TooManyBytes { bytes, allowed }) }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cluster_is_one_parent_before_and_after_its_row_changes() {
        let cluster: ClusterId = "00000000-0000-4000-8000-000000000001".parse().expect("a cluster");
        let before = ClusterHits { cluster, count: 1, details_bytes: 10, hides: false, is_managed: false };
        let after = ClusterHits { count: 2, details_bytes: 20, hides: true, is_managed: true, ..before };
        assert_eq!(HashSet::from([before, after]).len(), 1);
    }
}
