//! `RecommendationContent`.

use std::sync::Arc;

use async_graphql::Object;

use super::{
    category::Category,
    in_order::{InOrder, ListInOrder},
    list_size::list_size,
    risks::{Level, RiskOfChange, TotalRisk},
    scalars::{DateTime, Url},
    text_format::TextFormat,
};
use crate::content::{self, MAX_CATEGORIES_OF_RECOMMENDATION, MAX_TAGS, Template, render_plain_in_background};

/// What the rule content says of a recommendation.
pub(super) struct RecommendationContent(pub(super) Arc<content::Recommendation>);

/// The texts and facts of a recommendation. Texts are Markdown as it was written, unless `format` is given. Texts that depend
/// on a hit have templates that are not filled in.
#[Object]
impl RecommendationContent {
    /// The name of the rule. Its error keys share it.
    async fn rule_name(&self) -> &str {
        &self.0.rule_name
    }

    /// One line that describes the problem, for lists.
    async fn description(&self) -> &str {
        self.0.description()
    }

    /// The problem in short. Null if there is no text.
    async fn summary(
        &self,
        #[graphql(desc = "How the text is written.", default_with = "Some(TextFormat::Markdown)")] format: Option<
            TextFormat,
        >,
    ) -> Option<String> {
        match &self.0.summary {
            Some(text) => Some(render_plain_in_background(text, format.unwrap_or_default().into()).await),
            None => None,
        }
    }

    /// The text that is the same for all clusters.
    async fn generic(
        &self,
        #[graphql(desc = "How the text is written.", default_with = "Some(TextFormat::Markdown)")] format: Option<
            TextFormat,
        >,
    ) -> String {
        render_plain_in_background(&self.0.generic, format.unwrap_or_default().into()).await
    }

    /// Why a cluster is affected.
    async fn reason(&self) -> &str {
        self.0.templates.reason.as_written()
    }

    /// How to resolve the problem. Null if there is no text.
    async fn resolution(&self) -> Option<&str> {
        self.0.templates.resolution.as_deref().map(Template::as_written)
    }

    /// Further information. Null if there is no text.
    async fn more_info(&self) -> Option<&str> {
        self.0.templates.more_info.as_deref().map(Template::as_written)
    }

    /// How severe the problem is.
    async fn total_risk(&self) -> TotalRisk {
        self.0.total_risk().into()
    }

    /// What the problem means for a cluster.
    async fn impact(&self) -> Level {
        self.0.impact.into()
    }

    /// How likely that is.
    async fn likelihood(&self) -> Level {
        self.0.likelihood.into()
    }

    /// The risk of the resolution. Null if it is not known.
    async fn risk_of_change(&self) -> Option<RiskOfChange> {
        self.0.risk_of_change.map(Into::into)
    }

    /// The categories with which the recommendation shares a tag, ordered by key, at most 10.
    #[graphql(directive = list_size::apply(MAX_CATEGORIES_OF_RECOMMENDATION))]
    async fn categories(&self) -> ListInOrder<InOrder<Category>> {
        ListInOrder(self.0.categories.iter().cloned().map(Category).map(InOrder).collect())
    }

    /// The tags, at most 50.
    #[graphql(directive = list_size::apply(MAX_TAGS))]
    async fn tags(&self) -> &[String] {
        &self.0.tags
    }

    /// When the recommendation was published. Null if it is not known.
    async fn published_at(&self) -> Option<DateTime> {
        self.0.published_at.map(DateTime)
    }

    /// Whether the recommendation is active. An inactive one may still hit clusters.
    async fn active(&self) -> bool {
        self.0.is_active
    }

    /// The article in the knowledge base. Null if there is none.
    async fn knowledge_base(&self) -> Option<Url> {
        self.0.knowledge_base.clone().map(Url)
    }
}
