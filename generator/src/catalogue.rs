//! The embedded list of the recommendations that hit generated clusters, and of the rules that they skip.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    random::SeededRng,
    template::{Template, TemplateError, Words},
};

const EMBEDDED: &str = include_str!("recommendations.toml");

/// The recommendations and skipped rules that generated messages name.
#[derive(Debug)]
pub struct Catalogue {
    recommendations: Vec<Recommendation>,
    workload_recommendations: Vec<WorkloadRecommendation>,
    skips: Vec<String>,
    total_weight: u32,
}

/// A recommendation that may hit a generated cluster.
#[derive(Debug)]
pub struct Recommendation {
    selector: String,
    description: String,
    weight: u32,
    /// The item of `reports` up to the members of its details.
    pub(crate) head: String,
    pub(crate) details: Template,
    /// The item of `reports` after the members of its details.
    pub(crate) tail: String,
}

/// A recommendation that may apply to workloads of a generated cluster.
#[derive(Debug)]
pub struct WorkloadRecommendation {
    selector: String,
    /// The share of the objects of these kinds to which it applies.
    pub(crate) percent: u32,
    pub(crate) kinds: Vec<String>,
    /// The item of `workload_recommendations` up to its list of objects.
    pub(crate) head: String,
}

/// Why a list is invalid.
#[derive(Debug, thiserror::Error)]
pub enum CatalogueError {
    /// Invalid TOML, or an entry with an unknown, missing or ill-typed key.
    #[error("recommendations.toml cannot be parsed: correct the named entry")]
    Toml(#[from] toml::de::Error),
    /// An empty rule or error key, or a rule with a bar.
    #[error("recommendations.toml, rule {rule:?}: neither rule nor error_key may be empty, and the rule has no bar")]
    Selector {
        /// The entry's rule.
        rule: String,
    },
    /// Details that are not a valid template.
    #[error("recommendations.toml, details of {selector}")]
    Template {
        /// The entry's rule and error key.
        selector: String,
        /// What is wrong with its details.
        source: TemplateError,
    },
    /// No recommendation or no skip to draw from.
    #[error("recommendations.toml needs at least one [[recommendation]] with a weight above 0, and one [[skip]]")]
    Empty,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct List {
    #[serde(default)]
    words: Words,
    recommendation: Vec<RecommendationEntry>,
    #[serde(default)]
    workload_recommendation: Vec<WorkloadEntry>,
    skip: Vec<SkipEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RecommendationEntry {
    rule: String,
    error_key: String,
    description: String,
    weight: u32,
    #[serde(default)]
    details: String,
    #[serde(default)]
    tags: Vec<String>,
    #[serde(default)]
    links: Links,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WorkloadEntry {
    rule: String,
    error_key: String,
    percent: u32,
    kinds: Vec<String>,
    details: serde_json::Map<String, serde_json::Value>,
    #[serde(default)]
    tags: Vec<String>,
    #[serde(default)]
    links: BTreeMap<String, Vec<String>>,
}

/// Where to read more, by the kind of page.
type Links = BTreeMap<LinkKind, Vec<String>>;

#[derive(Deserialize, Serialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(rename_all = "lowercase")]
enum LinkKind {
    Kcs,
    Docs,
    Bz,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SkipEntry {
    rule: String,
    needs: String,
}

impl Catalogue {
    /// The list that is part of the program.
    pub fn embedded() -> Result<Self, CatalogueError> {
        Self::parse(EMBEDDED)
    }

    fn parse(text: &str) -> Result<Self, CatalogueError> {
        let list: List = toml::from_str(text)?;
        let recommendations: Vec<Recommendation> =
            list.recommendation.into_iter().map(|entry| entry.parse(&list.words)).collect::<Result<_, _>>()?;
        let skips: Vec<String> = list.skip.iter().map(SkipEntry::item).collect();
        let total_weight = recommendations.iter().map(|recommendation| recommendation.weight).sum();
        if total_weight == 0 || skips.is_empty() {
            return Err(CatalogueError::Empty);
        }
        let workload_recommendations =
            list.workload_recommendation.into_iter().map(WorkloadEntry::parse).collect::<Result<_, _>>()?;
        Ok(Self { recommendations, workload_recommendations, skips, total_weight })
    }

    /// All recommendations, in the order of the list.
    pub fn recommendations(&self) -> &[Recommendation] {
        &self.recommendations
    }

    /// All recommendations for workloads, in the order of the list.
    pub fn workload_recommendations(&self) -> &[WorkloadRecommendation] {
        &self.workload_recommendations
    }

    /// Items of `skips`, as JSON.
    pub(crate) fn skips(&self) -> &[String] {
        &self.skips
    }

    /// The index of a recommendation, drawn by weight.
    pub(crate) fn draw(&self, rng: &mut SeededRng) -> usize {
        let mut left = rng.below(self.total_weight);
        let drawn = self.recommendations.iter().position(|recommendation| {
            let here = left < recommendation.weight;
            left = left.saturating_sub(recommendation.weight);
            here
        });
        drawn.unwrap_or(0)
    }
}

impl Recommendation {
    /// `rule_fqdn|ERROR_KEY`.
    pub fn selector(&self) -> &str {
        &self.selector
    }

    /// The recommendation in one line.
    pub fn description(&self) -> &str {
        &self.description
    }
}

impl WorkloadRecommendation {
    /// `rule_fqdn|ERROR_KEY`.
    pub fn selector(&self) -> &str {
        &self.selector
    }
}

impl WorkloadEntry {
    fn parse(self) -> Result<WorkloadRecommendation, CatalogueError> {
        let Self { rule, error_key, percent, kinds, details, tags, links } = self;
        let selector = selector(&rule, &error_key)?;
        let (response_id, component, key) =
            (json!(short_id(&rule, &error_key)), json!(format!("{rule}.recommendation")), json!(error_key));
        let item = format!(r#"{{"response_id": {response_id}, "component": {component}, "key": {key}"#);
        let details = serde_json::Value::Object(details);
        let head = format!(r#"{item}, "details": {details}, "tags": {}, "links": {}"#, json!(tags), json!(links));
        Ok(WorkloadRecommendation { selector, percent, kinds, head })
    }
}

/// `rule|ERROR_KEY`.
fn selector(rule: &str, error_key: &str) -> Result<String, CatalogueError> {
    if rule.is_empty() || error_key.is_empty() || rule.contains('|') {
        return Err(CatalogueError::Selector { rule: rule.to_owned() });
    }
    Ok(format!("{rule}|{error_key}"))
}

/// The selector with the last part of the rule's module only.
fn short_id(rule: &str, error_key: &str) -> String {
    format!("{}|{error_key}", rule.rsplit('.').next().unwrap_or_default())
}

impl RecommendationEntry {
    fn parse(self, words: &Words) -> Result<Recommendation, CatalogueError> {
        let Self { rule, error_key, description, weight, details, tags, links } = self;
        let selector = selector(&rule, &error_key)?;
        let details = match Template::parse(&with_separator(&details), words) {
            Ok(template) => template,
            Err(source) => return Err(CatalogueError::Template { selector, source }),
        };
        let (rule_id, component, key) =
            (json!(short_id(&rule, &error_key)), json!(format!("{rule}.report")), json!(error_key));
        let item = format!(r#"{{"rule_id": {rule_id}, "component": {component}, "type": "rule", "key": {key}"#);
        let head = format!(r#"{item}, "details": {{"type": "rule", "error_key": {key}"#);
        let tail = format!(r#"}}, "tags": {}, "links": {}}}"#, json!(tags), json!(links));
        Ok(Recommendation { selector, description, weight, head, details, tail })
    }
}

/// Details with the comma that separates them from `type` and `error_key`; empty details have no comma.
fn with_separator(details: &str) -> String {
    if details.is_empty() { String::new() } else { format!(", {details}") }
}

impl SkipEntry {
    fn item(&self) -> String {
        let rule = json!(format!("{}.report", self.rule));
        let details = json!(format!("All: ['{}'] Any: ", self.needs));
        format!(r#"{{"rule_fqdn": {rule}, "reason": "MISSING_REQUIREMENTS", "details": {details}, "type": "skip"}}"#)
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::HashSet, error::Error};

    use super::*;

    fn parts(selector: &str) -> (&str, &str) {
        selector.split_once('|').expect("a rule and an error key")
    }

    #[test]
    fn the_embedded_list_names_every_selector_once() {
        let catalogue = Catalogue::embedded().expect("a valid list");
        let selectors: HashSet<&str> = catalogue.recommendations().iter().map(Recommendation::selector).collect();
        assert_eq!(selectors.len(), catalogue.recommendations().len());
        assert!(catalogue.recommendations().iter().all(|listed| !listed.description().is_empty() && listed.weight > 0));
    }

    #[test]
    fn the_embedded_list_contains_the_odd_cases() {
        let catalogue = Catalogue::embedded().expect("a valid list");
        let selectors: Vec<&str> = catalogue.recommendations().iter().map(Recommendation::selector).collect();
        let rules: HashSet<&str> = selectors.iter().map(|selector| parts(selector).0).collect();
        let keys: HashSet<&str> = selectors.iter().map(|selector| parts(selector).1).collect();
        assert!(rules.len() < selectors.len(), "a rule with several error keys");
        assert!(keys.len() < selectors.len(), "an error key under two rules");
        assert!(rules.contains("tutorial_rule"), "a rule without dots");
        assert!(rules.iter().any(|rule| rule.starts_with("ccx_rules_ocp.internal.")), "an internal rule");
    }

    #[test]
    fn a_bad_entry_is_refused_by_name() {
        let list = |details: &str| {
            format!(
                "[[recommendation]]\nrule = 'a.b'\nerror_key = 'C'\ndescription = ''\nweight = 1\n\
                 details = '{details}'\n\
                 [[skip]]\nrule = 'd'\nneeds = 'e'\n"
            )
        };
        assert!(Catalogue::parse(&list("")).is_ok());
        let bad = Catalogue::parse(&list("<x>")).expect_err("an unknown placeholder");
        assert_eq!(bad.to_string(), "recommendations.toml, details of a.b|C");
        assert!(bad.source().is_some_and(|source| source.to_string().starts_with("<x> is not a placeholder")));
        let unknown = list("").replace("weight", "wait");
        assert!(matches!(Catalogue::parse(&unknown), Err(CatalogueError::Toml(_))));
        let none = list("").replace("weight = 1", "weight = 0");
        assert!(matches!(Catalogue::parse(&none), Err(CatalogueError::Empty)));
        let nameless = list("").replace("'a.b'", "''");
        assert!(matches!(Catalogue::parse(&nameless), Err(CatalogueError::Selector { .. })));
    }
}
