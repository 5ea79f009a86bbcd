//! All loaded content.

use std::{collections::BTreeMap, sync::Arc};

use super::{Category, Recommendation};
use crate::domain::{Digest, RecommendationFacts, Selector, Timestamp};

/// All content, immutable: a reload makes another one.
#[derive(Clone, Debug)]
pub struct Content {
    version: Digest,
    loaded_at: Timestamp,
    recommendations: BTreeMap<Selector, Arc<Recommendation>>,
    categories: Vec<Arc<Category>>,
}

impl Content {
    /// `categories` are ordered by key.
    pub(super) fn new(
        recommendations: BTreeMap<Selector, Arc<Recommendation>>,
        categories: Vec<Arc<Category>>,
    ) -> Self {
        let digests: Vec<_> = categories
            .iter()
            .map(|category| category.digest())
            .chain(recommendations.values().map(|recommendation| recommendation.digest()))
            .collect();
        let version = Digest::of_parts(digests.iter().map(|digest| digest.as_bytes().as_slice()));
        Self { version, loaded_at: Timestamp::now(), recommendations, categories }
    }

    /// A digest of everything that was loaded. Equal content has equal versions, whenever and wherever it is loaded.
    pub fn version(&self) -> Digest {
        self.version
    }

    /// When the content was loaded.
    pub fn loaded_at(&self) -> Timestamp {
        self.loaded_at
    }

    /// The content of a recommendation.
    pub fn recommendation(&self, selector: &Selector) -> Option<&Arc<Recommendation>> {
        self.recommendations.get(selector)
    }

    /// All recommendations in the order of their selectors; at most [`super::MAX_RECOMMENDATIONS`].
    pub fn recommendations(&self) -> impl ExactSizeIterator<Item = &Arc<Recommendation>> {
        self.recommendations.values()
    }

    /// All categories in the order of their keys; at most [`super::MAX_CATEGORIES`].
    pub fn categories(&self) -> &[Arc<Category>] {
        &self.categories
    }

    /// The facts of all recommendations in the order of their selectors.
    pub fn facts(&self) -> Vec<RecommendationFacts> {
        self.recommendations().map(|recommendation| recommendation.facts()).collect()
    }
}
