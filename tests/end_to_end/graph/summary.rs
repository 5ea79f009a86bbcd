//! The summary of an organization, compared with a second implementation.

use std::{cmp::Reverse, collections::BTreeMap};

use insights_results_aggregator::domain::VersionKey;

use super::{
    recommended_fleet::{ORGANIZATIONS, Owned, Recommended},
    *,
};
use crate::{
    harness::{each_database, sqlite},
    reports::{cluster, organization, report, reports},
};

const FIELDS: &str =
    "clusterCount hitClusterCount hitCount hitsByTotalRisk { totalRisk count } versions { version count }
    hitsByCategory { category { key } count } hitsByTag { tag count }";

/// Whether a cluster is counted.
type Counts = fn(&Owned) -> bool;

/// The summary of the clusters of an organization that are counted.
fn expected(fleet: &Recommended, of: u32, sees_internal: bool, counts: impl Fn(&Owned) -> bool) -> Value {
    let clusters: Vec<_> = fleet.clusters.iter().filter(|owned| owned.owner == of && counts(owned)).collect();
    let mut hits: BTreeMap<u32, usize> = BTreeMap::new();
    let (mut risks, mut categories, mut tags) = ([0; 5], BTreeMap::new(), BTreeMap::new());
    for (place, known) in fleet.recommendations.iter().enumerate() {
        for owned in fleet.impacted(place, Some(of), sees_internal).into_iter().filter(|owned| counts(owned)) {
            *hits.entry(owned.number).or_default() += 1;
            let Some(content) = &known.content else { continue };
            risks[content.total_risk()] += 1;
            for key in content.categories() {
                *categories.entry(key).or_insert(0) += 1;
            }
            for tag in &content.tags {
                *tags.entry(*tag).or_insert(0) += 1;
            }
        }
    }
    let mut versions: BTreeMap<_, usize> = BTreeMap::new();
    for owned in &clusters {
        let key = owned.version.and_then(VersionKey::of);
        *versions.entry((Reverse(key), Reverse(owned.version))).or_default() += 1;
    }
    let versions =
        versions.into_iter().map(|((_, Reverse(version)), count)| json!({ "version": version, "count": count }));
    let mut tags: Vec<_> = tags.into_iter().collect();
    tags.sort_by_key(|(_, count)| Reverse(*count));
    let risks = [("CRITICAL", 4), ("IMPORTANT", 3), ("MODERATE", 2), ("LOW", 1)]
        .map(|(risk, level)| json!({ "totalRisk": risk, "count": risks[level] }));
    let categories = ["performance", "security"]
        .map(|key| json!({ "category": { "key": key }, "count": categories.get(key).copied().unwrap_or(0) }));
    json!({
        "clusterCount": clusters.len(), "hitClusterCount": hits.len(), "hitCount": hits.values().sum::<usize>(),
        "hitsByTotalRisk": risks, "versions": versions.collect::<Vec<_>>(), "hitsByCategory": categories,
        "hitsByTag": tags.into_iter().map(|(tag, count)| json!({ "tag": tag, "count": count })).collect::<Vec<_>>(),
    })
}

#[tokio::test]
async fn a_summary_counts_the_clusters_and_the_hits_that_are_shown() {
    let fleet = Recommended::random();
    let chosen = [2_u32, 3, 4].map(|number| cluster(number.into()).to_string());
    let arguments: [(String, Counts); 5] = [
        ("seenWithin: null".to_owned(), |_| true),
        ("clusterUuids: []".to_owned(), |_| false),
        (format!("clusterUuids: {chosen:?}"), |owned| [2, 3, 4].contains(&owned.number)),
        (r#"seenWithin: "PT1H""#.to_owned(), |_| false),
        (r#"seenWithin: "P36500D" clusterUuids: null"#.to_owned(), |_| true),
    ];
    for (graph, database) in fleet.graphs().await {
        for (arguments, counts) in &arguments {
            // All organizations at once.
            let query =
                format!("{{ organizations(first: 2) {{ nodes {{ orgId summary({arguments}) {{ {FIELDS} }} }} }} }}");
            let answer = graph.query(&query).await;
            assert_eq!(answer.get("errors"), None, "{answer}");
            let nodes = (1..=ORGANIZATIONS)
                .map(|of| json!({ "orgId": of.to_string(), "summary": expected(&fleet, of, true, counts) }));
            let nodes: Vec<_> = nodes.collect();
            assert_eq!(answer["data"]["organizations"]["nodes"], json!(nodes), "{}: {arguments}", database.name);
            let member = Viewer::member_of(organization(1));
            let answer = graph.query_as(member, &query, json!({})).await;
            let nodes = json!([{ "orgId": "1", "summary": expected(&fleet, 1, false, counts) }]);
            assert_eq!(answer["data"]["organizations"]["nodes"], nodes, "{}: {arguments}", database.name);
        }
    }
}

#[tokio::test]
async fn a_summary_has_the_newest_hundred_versions_and_counts_all_clusters() {
    for database in each_database().await {
        let mut reports = reports(1, 1, 101, 0);
        for (report, patch) in reports.iter_mut().zip(0..) {
            report.version = Some(format!("4.16.{patch}"));
        }
        let graph = Graph::with_reports(&database, &reports).await;
        let query =
            r#"{ organization(orgId: "1") { summary { clusterCount hitClusterCount versions { version count } } } }"#;
        let summary = &graph.query(query).await["data"]["organization"]["summary"];
        assert_eq!((&summary["clusterCount"], &summary["hitClusterCount"]), (&json!(101), &json!(0)));
        let versions: Vec<_> =
            (1..=100).rev().map(|patch| json!({ "version": format!("4.16.{patch}"), "count": 1 })).collect();
        assert_eq!(summary["versions"], json!(versions), "{}", database.name);
    }
}

#[tokio::test]
async fn an_organization_without_clusters_has_an_empty_summary() {
    let database = sqlite();
    let graph = Graph::with_reports(&database, &[report(1, 1, &[("a|K", "")])]).await;
    let query = format!("{{ viewer {{ organization {{ summary {{ {FIELDS} }} }} }} }}");
    let answer = graph.query_as(Viewer::member_of(organization(7)), &query, json!({})).await;
    let risks = ["CRITICAL", "IMPORTANT", "MODERATE", "LOW"].map(|risk| json!({ "totalRisk": risk, "count": 0 }));
    let empty = json!({ "clusterCount": 0, "hitClusterCount": 0, "hitCount": 0, "hitsByTotalRisk": risks, "versions": [],
        "hitsByCategory": [], "hitsByTag": [] });
    assert_eq!(answer["data"]["viewer"]["organization"]["summary"], empty, "{answer}");
}

#[tokio::test]
async fn more_than_a_hundred_clusters_are_refused() {
    let database = sqlite();
    let graph = Graph::with_reports(&database, &[report(1, 1, &[])]).await;
    let uuids: Vec<_> = (0..101).map(|number| cluster(number).to_string()).collect();
    let query = format!("{{ organization(orgId: \"1\") {{ summary(clusterUuids: {uuids:?}) {{ hitCount }} }} }}");
    let answer = graph.query(&query).await;
    assert_eq!(answer["errors"][0]["message"], "clusterUuids: has 101 values; at most 100 are taken");
    assert_eq!(answer["errors"][0]["extensions"]["code"], "BAD_USER_INPUT");
}
