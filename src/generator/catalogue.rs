//! The committed list of recommendations that generated clusters suffer from, and of rules that they skip.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{
    dice::Dice,
    template::{BadTemplate, Template, Words},
};
use crate::domain::Selector;

const COMMITTED: &str = include_str!("recommendations.toml");

/// Everything that a generated message can name.
#[derive(Debug)]
pub struct Catalogue {
    recommendations: Vec<Recommendation>,
    skips: Vec<String>,
    total_weight: u32,
}

/// A recommendation that may fire on a generated cluster.
#[derive(Debug)]
pub struct Recommendation {
    selector: Selector,
    description: String,
    weight: u32,
    /// The item of `reports` up to the members of its details, and what follows them.
    pub(super) head: String,
    pub(super) details: Template,
    pub(super) tail: String,
}

/// A list that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BadCatalogue {
    /// No TOML, or an entry with an unknown, missing or ill-typed key.
    #[error("recommendations.toml cannot be read: mend the entry that is named")]
    Unreadable(#[from] toml::de::Error),
    /// A rule or an error key that is empty or holds a bar.
    #[error("recommendations.toml, rule {rule:?}: neither rule nor error_key may be empty, and the rule has no bar")]
    NotASelector {
        /// The entry's rule.
        rule: String,
    },
    /// Details that cannot be filled.
    #[error("recommendations.toml, details of {selector}")]
    Template {
        /// The entry.
        selector: Selector,
        /// What is wrong with its details.
        source: BadTemplate,
    },
    /// Without both parts there is nothing to draw from.
    #[error("recommendations.toml needs at least one [[recommendation]] with a weight above 0, and one [[skip]]")]
    Empty,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct List {
    #[serde(default)]
    words: Words,
    recommendation: Vec<RecommendationEntry>,
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
    pub fn committed() -> Result<Self, BadCatalogue> {
        Self::parse(COMMITTED)
    }

    fn parse(text: &str) -> Result<Self, BadCatalogue> {
        let list: List = toml::from_str(text)?;
        let recommendations: Vec<Recommendation> =
            list.recommendation.into_iter().map(|entry| entry.read(&list.words)).collect::<Result<_, _>>()?;
        let skips: Vec<String> = list.skip.iter().map(SkipEntry::item).collect();
        let total_weight = recommendations.iter().map(|recommendation| recommendation.weight).sum();
        if total_weight == 0 || skips.is_empty() {
            return Err(BadCatalogue::Empty);
        }
        Ok(Self { recommendations, skips, total_weight })
    }

    /// All recommendations, in the order of the list.
    pub fn recommendations(&self) -> &[Recommendation] {
        &self.recommendations
    }

    /// Items of `skips`, ready to be written.
    pub(super) fn skips(&self) -> &[String] {
        &self.skips
    }

    /// The place of a recommendation, common ones more often than rare ones.
    pub(super) fn draw(&self, dice: &mut Dice) -> usize {
        let mut left = dice.below(self.total_weight);
        let drawn = self.recommendations.iter().position(|recommendation| {
            let here = left < recommendation.weight;
            left = left.saturating_sub(recommendation.weight);
            here
        });
        drawn.unwrap_or(0)
    }
}

impl Recommendation {
    /// The rule and the error key.
    pub fn selector(&self) -> &Selector {
        &self.selector
    }

    /// What it says, in one line.
    pub fn description(&self) -> &str {
        &self.description
    }
}

impl RecommendationEntry {
    fn read(self, words: &Words) -> Result<Recommendation, BadCatalogue> {
        let Self { rule, error_key, description, weight, details, tags, links } = self;
        let Ok(selector) = Selector::new(&rule, &error_key) else {
            return Err(BadCatalogue::NotASelector { rule });
        };
        let details = match Template::parse(&with_separator(&details), words) {
            Ok(template) => template,
            Err(source) => return Err(BadCatalogue::Template { selector, source }),
        };
        let module = rule.rsplit('.').next().unwrap_or_default();
        let (rule_id, component, key) =
            (json!(format!("{module}|{error_key}")), json!(format!("{rule}.report")), json!(error_key));
        let item = format!(r#"{{"rule_id": {rule_id}, "component": {component}, "type": "rule", "key": {key}"#);
        let head = format!(r#"{item}, "details": {{"type": "rule", "error_key": {key}"#);
        let tail = format!(r#"}}, "tags": {}, "links": {}}}"#, json!(tags), json!(links));
        Ok(Recommendation { selector, description, weight, head, details, tail })
    }
}

/// Details follow `type` and `error_key`, unless there are none.
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

    #[test]
    fn the_committed_list_names_every_selector_once() {
        let catalogue = Catalogue::committed().expect("the list is good");
        let selectors: HashSet<&Selector> = catalogue.recommendations().iter().map(Recommendation::selector).collect();
        assert_eq!(selectors.len(), catalogue.recommendations().len());
        assert!(catalogue.recommendations().iter().all(|one| !one.description().is_empty() && one.weight > 0));
    }

    #[test]
    fn the_committed_list_shows_the_odd_cases_too() {
        let catalogue = Catalogue::committed().expect("the list is good");
        let selectors: Vec<&Selector> = catalogue.recommendations().iter().map(Recommendation::selector).collect();
        let rules: HashSet<&str> = selectors.iter().map(|selector| selector.rule_fqdn()).collect();
        let keys: HashSet<&str> = selectors.iter().map(|selector| selector.error_key()).collect();
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
        let bad = Catalogue::parse(&list("<x>")).expect_err("no placeholder");
        assert_eq!(bad.to_string(), "recommendations.toml, details of a.b|C");
        assert!(bad.source().is_some_and(|source| source.to_string().starts_with("<x> is no placeholder")));
        let unknown = list("").replace("weight", "wait");
        assert!(matches!(Catalogue::parse(&unknown), Err(BadCatalogue::Unreadable(_))));
        let none = list("").replace("weight = 1", "weight = 0");
        assert!(matches!(Catalogue::parse(&none), Err(BadCatalogue::Empty)));
        let nameless = list("").replace("'a.b'", "''");
        assert!(matches!(Catalogue::parse(&nameless), Err(BadCatalogue::NotASelector { .. })));
    }
}
