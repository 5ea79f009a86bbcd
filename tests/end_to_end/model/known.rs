//! What is known of the model's rules and clusters beside messages, so that hits count in different ways.

use std::collections::BTreeMap;

use insights_results_aggregator::{
    domain::{Digest, Level, RecommendationFacts},
    store::{ImportedValues, Store},
};

use super::{selector, uuid};

/// Those that random messages have.
const RULES: u8 = 12;
const CLUSTERS: u16 = 300;
const LEVELS: [Level; 4] = [Level::Low, Level::Medium, Level::High, Level::Critical];

/// Stores facts of most rules, and names and managed flags of most clusters for each of three organizations.
pub(crate) async fn know_rules_and_clusters(store: &Store) {
    let facts: Vec<_> = (0..RULES).filter(|rule| is_in_content(*rule)).map(facts).collect();
    store.save_recommendation_facts(Digest::of(b"model"), &facts).await.expect("facts");
    let imported: BTreeMap<_, _> = (1..4)
        .flat_map(|organization| (0..CLUSTERS).map(move |cluster| (organization, cluster)))
        .filter(|(organization, cluster)| is_imported(*organization, *cluster))
        .map(|(organization, cluster)| {
            let values = ImportedValues {
                display_name: (cluster % 3 > 0).then(|| format!("Größe {cluster} von {organization}")),
                is_managed: is_managed(organization, cluster),
                status: None,
            };
            ((i64::from(organization).try_into().expect("an organization"), uuid(cluster).into()), values)
        })
        .collect();
    store.import_clusters(&imported, false, drop).await.expect("imported");
}

fn is_imported(organization: u32, cluster: u16) -> bool {
    (organization + u32::from(cluster)) % 4 != 3
}

/// Whether a cluster is managed under an owner.
pub(super) fn is_managed(organization: u32, cluster: u16) -> bool {
    is_imported(organization, cluster) && (organization + u32::from(cluster)).is_multiple_of(2)
}

/// Whether a rule has facts.
fn is_in_content(rule: u8) -> bool {
    rule % 5 != 4
}

/// Whether a rule applies to managed clusters.
pub(super) fn is_for_managed(rule: u8) -> bool {
    !is_in_content(rule) || rule.is_multiple_of(2)
}

/// The total risk of a rule, from 1; 0 without facts.
pub(super) fn total_risk(rule: u8) -> u8 {
    if is_in_content(rule) { facts(rule).total_risk() as u8 } else { 0 }
}

fn facts(rule: u8) -> RecommendationFacts {
    RecommendationFacts {
        selector: selector(rule).parse().expect("a selector"),
        impact: LEVELS[usize::from(rule % 5)],
        likelihood: LEVELS[usize::from(rule % 3)],
        risk_of_change: None,
        is_for_managed: rule.is_multiple_of(2),
        published_at: None,
        description: String::new(),
    }
}
