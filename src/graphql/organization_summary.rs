//! `OrganizationSummary`.

use std::{
    cmp::Reverse,
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use async_graphql::{Object, SimpleObject};

use super::{
    category::Category,
    error::LoadFailed,
    in_order::{InOrder, ListInOrder},
    list_size::list_size,
    loaders::{CountedClusters, ImpactsAmong, ImpactsOf, Loaders, MAX_VERSIONS},
    total_risk_count::{TOTAL_RISKS, TotalRiskCount},
};
use crate::{
    content::{Content, MAX_CATEGORIES, Recommendation},
    domain::OrgId,
    store::{ClusterCounts, ClusterFilter, ImpactCounts},
};

/// The most tags by which hits are counted: those with the most hits.
const MAX_COUNTED_TAGS: usize = 500;

/// The clusters and hits of an organization, counted.
pub(super) struct OrganizationSummary {
    clusters: Arc<ClusterCounts>,
    /// The number of hits by each recommendation that hits, with its content.
    hits: Vec<(Option<Arc<Recommendation>>, u64)>,
    categories: Vec<Category>,
}

impl OrganizationSummary {
    /// Counts the clusters of an organization that match a filter, together with those of its siblings. Takes two
    /// statements.
    pub(super) async fn load(
        loaders: &Loaders,
        organization: OrgId,
        siblings: impl Iterator<Item = OrgId>,
        filter: ClusterFilter,
    ) -> Result<Self, LoadFailed> {
        let is_whole = filter == ClusterFilter::default();
        let filter = Arc::new(filter);
        let siblings: Vec<_> = siblings.collect();
        let key = |of| (of, filter.clone());
        let keys = || siblings.iter().copied().map(key).collect();
        let clusters = loaders.load_many::<CountedClusters>(keys()).await?;
        // All hits of an organization may have been counted for its recommendations.
        let impacts = if is_whole {
            let mut counts = loaders.load_many::<ImpactsOf>(siblings.iter().copied().map(Some).collect()).await?;
            counts.remove(&Some(organization))
        } else {
            loaders.load_many::<ImpactsAmong>(keys()).await?.remove(&key(organization))
        };
        let clusters = clusters.get(&key(organization)).cloned().unwrap_or_default();
        Ok(Self::new(clusters, &impacts.unwrap_or_default(), loaders.content()))
    }

    fn new(clusters: Arc<ClusterCounts>, impacts: &ImpactCounts, content: Option<&Content>) -> Self {
        let of = |selector| content.and_then(|content| content.recommendation(selector)).cloned();
        let categories = content.map(Content::categories).unwrap_or_default();
        Self {
            clusters,
            hits: impacts
                .iter()
                .map(|(selector, impact)| (of(selector), impact.shown()))
                .filter(|(_, hits)| *hits > 0)
                .collect(),
            categories: categories.iter().cloned().map(Category).collect(),
        }
    }

    fn hits_by<K: std::hash::Hash + Eq>(&self, keys: impl Fn(&Recommendation) -> Vec<K>) -> HashMap<K, u64> {
        let mut counts = HashMap::new();
        for (content, hits) in &self.hits {
            for key in content.as_deref().map(&keys).unwrap_or_default() {
                *counts.entry(key).or_default() += hits;
            }
        }
        counts
    }
}

/// The clusters of an organization and their hits, counted. Hits that are hidden by default are not counted.
#[Object]
impl OrganizationSummary {
    /// The number of clusters.
    async fn cluster_count(&self) -> u64 {
        self.clusters.clusters
    }

    /// The number of clusters with at least one hit.
    async fn hit_cluster_count(&self) -> u64 {
        self.clusters.hit
    }

    /// The number of hits: a recommendation that hits two clusters counts twice.
    async fn hit_count(&self) -> u64 {
        self.hits.iter().map(|(_, hits)| hits).sum()
    }

    /// The number of hits of each total risk, critical first; always four entries. Hits by recommendations without content
    /// are in `hitCount` only.
    #[graphql(directive = list_size::apply(TOTAL_RISKS))]
    async fn hits_by_total_risk(&self) -> ListInOrder<InOrder<TotalRiskCount>> {
        let counts = self.hits_by(|content| vec![content.total_risk()]);
        let counts = TotalRiskCount::of_each(|risk| counts.get(&risk).copied().unwrap_or_default());
        ListInOrder(counts.into_iter().map(InOrder).collect())
    }

    /// The number of clusters of each version, newest first, at most 100 versions. Texts that are not valid versions follow,
    /// then the clusters without one.
    #[graphql(directive = list_size::apply(MAX_VERSIONS))]
    async fn versions(&self) -> ListInOrder<InOrder<VersionCount>> {
        let counts = self.clusters.versions.iter().cloned();
        ListInOrder(counts.map(|(version, count)| InOrder(VersionCount { version, count })).collect())
    }

    /// The number of hits of each category, ordered by key, at most 100: by recommendations that are in it. Includes
    /// categories without hits.
    #[graphql(directive = list_size::apply(MAX_CATEGORIES))]
    async fn hits_by_category(&self) -> ListInOrder<InOrder<CategoryCount>> {
        let counts = self.hits_by(|content| content.categories.iter().map(|category| category.key.clone()).collect());
        let count = |category: &Category| counts.get(&category.0.key).copied().unwrap_or_default();
        let counted = self
            .categories
            .iter()
            .map(|category| CategoryCount { count: count(category), category: category.0.clone() });
        ListInOrder(counted.map(InOrder).collect())
    }

    /// The number of hits by recommendations with each tag. The most frequent tags first, then by name; at most 500 tags,
    /// and none without hits.
    #[graphql(directive = list_size::apply(MAX_COUNTED_TAGS))]
    async fn hits_by_tag(&self) -> ListInOrder<InOrder<TagCount>> {
        let counts =
            self.hits_by(|content| content.tags.iter().cloned().collect::<BTreeSet<_>>().into_iter().collect());
        let mut counts: Vec<_> = counts.into_iter().map(|(tag, count)| TagCount { tag, count }).collect();
        counts.sort_unstable_by(|a, b| (Reverse(a.count), &a.tag).cmp(&(Reverse(b.count), &b.tag)));
        counts.truncate(MAX_COUNTED_TAGS);
        ListInOrder(counts.into_iter().map(InOrder).collect())
    }
}

/// The number of hits in one category.
pub(super) struct CategoryCount {
    category: Arc<crate::content::Category>,
    count: u64,
}

/// The number of hits by recommendations of one category.
#[Object]
impl CategoryCount {
    /// The category.
    async fn category(&self) -> InOrder<Category> {
        InOrder(Category(self.category.clone()))
    }

    /// The number of hits.
    async fn count(&self) -> u64 {
        self.count
    }
}

/// The number of hits by recommendations with one tag.
#[derive(SimpleObject)]
pub(super) struct TagCount {
    /// The tag.
    tag: String,
    /// The number of hits.
    count: u64,
}

/// The number of clusters of one version.
#[derive(SimpleObject)]
pub(super) struct VersionCount {
    /// The version, as reported. Null for the clusters without one.
    version: Option<String>,
    /// The number of clusters.
    count: u64,
}
