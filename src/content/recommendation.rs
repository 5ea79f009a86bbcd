//! A recommendation's content.

use std::{collections::BTreeSet, sync::Arc};

use url::Url;

use super::{Category, Template, metadata::Metadata, plugin::Plugin, texts::Texts};
use crate::domain::{Digest, Level, RecommendationFacts, RiskOfChange, Selector, Timestamp, TotalRisk, lower_case};

/// The tag of recommendations for managed clusters.
const FOR_MANAGED: &str = "osd_customer";

/// The texts of a recommendation that are filled in with the details of a hit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Templates {
    /// One line that describes a hit.
    pub description: Arc<Template>,
    /// Why the cluster is hit, in Markdown.
    pub reason: Arc<Template>,
    /// How to resolve it, in Markdown.
    pub resolution: Option<Arc<Template>>,
    /// More information, in Markdown.
    pub more_info: Option<Arc<Template>>,
}

/// What the content says of a recommendation. Texts are as written, with templates unfilled, and never blank.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recommendation {
    /// The rule and the error key.
    pub selector: Selector,
    /// The name of the rule, which its error keys share.
    pub rule_name: String,
    /// A summary, in Markdown.
    pub summary: Option<Arc<str>>,
    /// The text that is independent of a hit, in Markdown.
    pub generic: Arc<str>,
    /// The texts that depend on a hit.
    pub templates: Templates,
    /// What a hit means for a cluster.
    pub impact: Level,
    /// How likely that is.
    pub likelihood: Level,
    /// The risk of the resolution; `None` if the content does not say.
    pub risk_of_change: Option<RiskOfChange>,
    /// The tags, at most [`super::MAX_TAGS`], as written.
    pub tags: Vec<String>,
    /// The categories that share a tag, by key; at most
    /// [`super::MAX_CATEGORIES_OF_RECOMMENDATION`].
    pub categories: Vec<Arc<Category>>,
    /// When it was published; `None` if the content does not say.
    pub published_at: Option<Timestamp>,
    /// Whether it is active: its status is `active`.
    pub is_active: bool,
    /// The article in the knowledge base.
    pub knowledge_base: Option<Url>,
}

impl Recommendation {
    /// Returns `None` if the text generic or reason is missing.
    pub(super) fn new(
        selector: Selector,
        plugin: &Plugin,
        metadata: Metadata,
        texts: Texts,
        categories: Vec<Arc<Category>>,
    ) -> Option<Self> {
        Some(Self {
            selector,
            rule_name: plugin.name.clone(),
            summary: texts.summary,
            generic: texts.generic?,
            templates: Templates {
                description: metadata.description,
                reason: texts.reason?,
                resolution: texts.resolution,
                more_info: texts.more_info,
            },
            impact: metadata.impact,
            likelihood: metadata.likelihood,
            risk_of_change: metadata.risk_of_change,
            tags: metadata.tags,
            categories,
            published_at: metadata.published_at,
            is_active: metadata.is_active,
            knowledge_base: plugin.knowledge_base.clone(),
        })
    }

    /// One line that describes a hit, as it was written.
    pub fn description(&self) -> &str {
        self.templates.description.as_written()
    }

    /// Whether the rule's name or the description contains a text, which is in lower case, in any case.
    pub fn contains(&self, text: &str) -> bool {
        [self.rule_name.as_str(), self.description()].into_iter().any(|whole| lower_case(whole).contains(text))
    }

    /// Whether it is in one of the categories with these keys.
    pub fn is_in_category(&self, keys: &BTreeSet<String>) -> bool {
        self.categories.iter().any(|category| keys.contains(&category.key))
    }

    /// How severe the recommendation is.
    pub fn total_risk(&self) -> TotalRisk {
        TotalRisk::of(self.impact, self.likelihood)
    }

    /// Whether it applies to managed clusters.
    pub fn is_for_managed(&self) -> bool {
        self.tags.iter().any(|tag| tag == FOR_MANAGED)
    }

    /// The facts for the database.
    pub fn facts(&self) -> RecommendationFacts {
        RecommendationFacts {
            selector: self.selector.clone(),
            impact: self.impact,
            likelihood: self.likelihood,
            risk_of_change: self.risk_of_change,
            is_for_managed: self.is_for_managed(),
            published_at: self.published_at,
            description: self.description().to_owned(),
        }
    }

    /// A digest of all values. Categories follow from the tags.
    pub(super) fn digest(&self) -> Digest {
        let Self {
            selector,
            rule_name,
            summary,
            generic,
            templates: Templates { description, reason, resolution, more_info },
            impact,
            likelihood,
            risk_of_change,
            tags,
            categories: _,
            published_at,
            is_active,
            knowledge_base,
        } = self;
        // No text is empty, so the empty text represents an absent one.
        let written = |template: &Template| template.as_written().to_owned();
        let optional = |template: &Option<Arc<Template>>| template.as_deref().map(written).unwrap_or_default();
        let levels = [*impact as u8, *likelihood as u8, risk_of_change.map_or(0, |risk| risk as u8)];
        let facts = format!("{levels:?} {is_active}");
        let texts = [
            selector.to_string(),
            rule_name.clone(),
            written(description),
            summary.as_deref().unwrap_or_default().to_owned(),
            generic.to_string(),
            written(reason),
            optional(resolution),
            optional(more_info),
            facts,
            published_at.as_ref().map(ToString::to_string).unwrap_or_default(),
            knowledge_base.as_ref().map(ToString::to_string).unwrap_or_default(),
        ];
        Digest::of_parts(texts.iter().chain(tags).map(String::as_bytes))
    }
}
