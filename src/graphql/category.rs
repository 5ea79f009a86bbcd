//! `Category`.

use std::sync::Arc;

use async_graphql::Object;

use super::list_size::list_size;
use crate::content::{self, MAX_TAGS};

/// A category of recommendations.
pub(super) struct Category(pub(super) Arc<content::Category>);

/// A category of recommendations, such as security: those that have one of its tags.
#[Object]
impl Category {
    /// The key that identifies the category.
    async fn key(&self) -> &str {
        &self.0.key
    }

    /// The name for display.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// What the recommendations of the category have in common.
    async fn description(&self) -> &str {
        &self.0.description
    }

    /// The tags that put a recommendation into the category, at most 50.
    #[graphql(directive = list_size::apply(MAX_TAGS))]
    async fn tags(&self) -> &[String] {
        &self.0.tags
    }
}
