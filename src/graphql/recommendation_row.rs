//! The list of recommendations: it is made in memory, of the request's content and the numbers of clusters that each
//! recommendation hits.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use super::{
    error::LoadFailed,
    loaders::{ImpactsOf, LoadPages, Loaders, PagesByParent},
};
use crate::{
    content::{self, Content},
    domain::{Level, OrgId, RiskOfChange, Selector, TotalRisk, lower_case},
    store::{Direction, Impact, ImpactCounts, ListRequest, Order, Page, Paged, SortColumn, SortKind, SortValue},
};

/// The most characters of a text by which recommendations are ordered. Cursors contain it.
const MAX_ORDERED: usize = 255;

/// A recommendation of a list.
#[derive(Clone, Debug)]
pub(super) struct RecommendationRow {
    /// The organization for which it is listed; `None` for all that the viewer may see.
    pub(super) organization: Option<OrgId>,
    pub(super) selector: Selector,
    /// How many clusters it hits, and whether it is acknowledged, where that was read.
    pub(super) impact: Option<Impact>,
    content: Option<Arc<content::Recommendation>>,
}

/// What restricts a list of recommendations. The default leaves out inactive recommendations that hit nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct RecommendationConditions {
    /// In the name, the description or the selector, in any case; in lower case here.
    pub(super) text: Option<String>,
    pub(super) total_risk: Option<BTreeSet<TotalRisk>>,
    pub(super) risk_of_change: Option<BTreeSet<RiskOfChange>>,
    pub(super) impact: Option<BTreeSet<Level>>,
    pub(super) likelihood: Option<BTreeSet<Level>>,
    /// Keys of categories.
    pub(super) categories: Option<BTreeSet<String>>,
    /// Also the inactive ones that hit nothing.
    pub(super) includes_inactive: bool,
    /// Whether they hit a cluster.
    pub(super) impacting: Option<bool>,
    /// Whether they are acknowledged.
    pub(super) is_acknowledged: Option<bool>,
}

impl RecommendationConditions {
    /// Whether a recommendation matches, apart from what depends on its hits.
    fn matches(&self, selector: &Selector, content: Option<&content::Recommendation>) -> bool {
        fn is_one<T: Ord>(allowed: Option<&BTreeSet<T>>, value: Option<T>) -> bool {
            allowed.is_none_or(|allowed| value.is_some_and(|value| allowed.contains(&value)))
        }
        let has_text = |text: &String| {
            lower_case(selector.as_str()).contains(text) || content.is_some_and(|content| content.contains(text))
        };
        let has_category = |keys: &BTreeSet<String>| content.is_some_and(|content| content.is_in_category(keys));
        is_one(self.total_risk.as_ref(), content.map(content::Recommendation::total_risk))
            && is_one(self.risk_of_change.as_ref(), content.and_then(|content| content.risk_of_change))
            && is_one(self.impact.as_ref(), content.map(|content| content.impact))
            && is_one(self.likelihood.as_ref(), content.map(|content| content.likelihood))
            && self.categories.as_ref().is_none_or(has_category)
            && self.text.as_ref().is_none_or(has_text)
    }

    /// Whether a recommendation that matches otherwise is listed, by what it hits.
    fn lists(&self, is_active: bool, impact: Impact) -> bool {
        let is_impacting = impact.clusters > 0;
        (is_active || self.includes_inactive || is_impacting)
            && self.impacting.is_none_or(|impacting| impacting == is_impacting)
            && self.is_acknowledged.is_none_or(|is_acknowledged| is_acknowledged == impact.is_acknowledged)
    }
}

impl RecommendationRow {
    /// By selector: the key.
    pub(super) const BY_SELECTOR: SortColumn<Self> =
        column("selector", SortKind::Text, |row| Some(SortValue::Text(row.selector.to_string())));
    /// By the description as written.
    pub(super) const BY_DESCRIPTION: SortColumn<Self> =
        column("description", SortKind::Text, |row| Some(ordered_text(row.content.as_ref()?.description())));
    /// By the time of publication.
    pub(super) const BY_PUBLISHED: SortColumn<Self> =
        column("published", SortKind::Time, |row| row.content.as_ref()?.published_at.map(SortValue::Time));
    /// By the first of its categories' names.
    pub(super) const BY_CATEGORY: SortColumn<Self> = column("category", SortKind::Text, |row| {
        let names = row.content.as_ref()?.categories.iter().map(|category| &category.name);
        names.min().map(|name| ordered_text(name))
    });
    /// By total risk.
    pub(super) const BY_TOTAL_RISK: SortColumn<Self> = column("totalRisk", SortKind::Integer, |row| {
        Some(SortValue::Integer(i64::from(row.content.as_ref()?.total_risk() as u8)))
    });
    /// By the risk of the change.
    pub(super) const BY_RISK_OF_CHANGE: SortColumn<Self> = column("riskOfChange", SortKind::Integer, |row| {
        row.content.as_ref()?.risk_of_change.map(|risk| SortValue::Integer(i64::from(risk as u8)))
    });
    /// By how many clusters it hits.
    pub(super) const BY_IMPACTED_CLUSTERS: SortColumn<Self> = column("impactedClusters", SortKind::Integer, |row| {
        row.impact.map(|impact| SortValue::Integer(i64::try_from(impact.clusters).unwrap_or(i64::MAX)))
    });

    /// A recommendation that is not one of a list.
    pub(super) fn found(organization: Option<OrgId>, selector: Selector) -> Self {
        Self { organization, selector, impact: None, content: None }
    }
}

const fn column(
    name: &'static str,
    kind: SortKind,
    value: fn(&RecommendationRow) -> Option<SortValue>,
) -> SortColumn<RecommendationRow> {
    SortColumn { name, column: name, kind, is_nullable: true, value }
}

fn ordered_text(text: &str) -> SortValue {
    SortValue::Text(text.chars().take(MAX_ORDERED).collect())
}

impl Paged for RecommendationRow {
    type Parent = Option<OrgId>;
    type Filter = RecommendationConditions;

    const NAME: &'static str = "recommendations";
    const KEY: SortColumn<Self> = Self::BY_SELECTOR;
    const DEFAULT_ORDER: Order<Self> = Order::new(&Self::BY_TOTAL_RISK, Direction::Descending);
}

impl LoadPages for RecommendationRow {
    async fn load_pages(
        loaders: &Loaders,
        parents: Vec<Option<OrgId>>,
        request: Arc<ListRequest<Self>>,
    ) -> Result<PagesByParent<Self>, LoadFailed> {
        let counts = loaders.load_many::<ImpactsOf>(parents).await?;
        let candidates = Candidates::new(loaders, &request.filter);
        let mut pages = HashMap::with_capacity(counts.len());
        for (organization, counts) in counts {
            let page = Page::of_whole(candidates.listed_for(organization, &counts), &request);
            pages.insert(organization, Arc::new(page.map(Arc::new)));
            // A list may have 10,000 recommendations.
            tokio::task::consume_budget().await;
        }
        Ok(pages)
    }
}

/// The recommendations with content that match, whatever they hit.
struct Candidates<'a> {
    content: Option<&'a Content>,
    filter: &'a RecommendationConditions,
    with_content: Vec<&'a Arc<content::Recommendation>>,
}

impl<'a> Candidates<'a> {
    fn new(loaders: &'a Loaders, filter: &'a RecommendationConditions) -> Self {
        let content = loaders.content();
        let sees_internal = loaders.scope().includes_internal();
        let is_visible = |content: &content::Recommendation| sees_internal || !content.selector.is_internal();
        let all = content.into_iter().flat_map(Content::recommendations);
        let matches = |content: &&Arc<content::Recommendation>| {
            is_visible(content) && filter.matches(&content.selector, Some(content))
        };
        Self { content, filter, with_content: all.filter(matches).collect() }
    }

    /// Those that are listed for an organization; and those without content that hit its clusters.
    fn listed_for(&self, organization: Option<OrgId>, counts: &ImpactCounts) -> Vec<RecommendationRow> {
        let with_content = self.with_content.iter().filter_map(|&content| {
            let impact = counts.get(&content.selector).copied().unwrap_or_default();
            self.filter.lists(content.is_active, impact).then(|| RecommendationRow {
                organization,
                selector: content.selector.clone(),
                impact: Some(impact),
                content: Some(content.clone()),
            })
        });
        let has_content = |of: &Selector| self.content.is_some_and(|content| content.recommendation(of).is_some());
        let without_content = counts.iter().filter(|(selector, impact)| {
            !has_content(selector) && self.filter.matches(selector, None) && self.filter.lists(false, **impact)
        });
        let without_content = without_content.map(|(selector, impact)| RecommendationRow {
            impact: Some(*impact),
            ..RecommendationRow::found(organization, selector.clone())
        });
        with_content.chain(without_content).collect()
    }
}
