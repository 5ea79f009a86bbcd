//! Filters of clusters, alone and in pairs, compared with predicates in Rust.

use chrono::{TimeDelta, Utc};
use insights_results_aggregator::{
    domain::{Digest, Level, RecommendationFacts, TotalRisk},
    store::ImportedValues,
};
use semver::Version;

use super::*;
use crate::{
    harness::{each_database, sqlite},
    reports::{self, organization, report},
};

/// A cluster of the fleet below.
struct Cluster {
    uuid: &'static str,
    version: Option<&'static str>,
    hits: &'static [&'static str],
    minutes_ago: i64,
    /// The imported name, and whether the cluster is managed.
    imported: Option<(&'static str, bool)>,
}

const fn cluster(
    uuid: &'static str,
    version: Option<&'static str>,
    hits: &'static [&'static str],
    minutes_ago: i64,
) -> Cluster {
    Cluster { uuid, version, hits, minutes_ago, imported: None }
}

impl Cluster {
    const fn imported(self, name: &'static str, is_managed: bool) -> Self {
        Self { imported: Some((name, is_managed)), ..self }
    }

    fn is_managed(&self) -> bool {
        self.imported.is_some_and(|(_, is_managed)| is_managed)
    }

    /// The hits that are shown by default.
    fn shown(&self) -> impl Iterator<Item = &'static str> {
        let is_hidden = |hit: &str| self.is_managed() && NOT_FOR_MANAGED.contains(&hit);
        self.hits.iter().copied().filter(move |hit| !is_hidden(hit))
    }

    fn is_hit_at(&self, risks: &[TotalRisk]) -> bool {
        let of =
            |hit| FACTS.iter().find(|(selector, _)| *selector == hit).map(|(_, level)| TotalRisk::of(*level, *level));
        self.shown().filter_map(of).any(|risk| risks.contains(&risk))
    }

    fn contains(&self, text: &str) -> bool {
        let name = self.imported.map(|(name, _)| name.to_lowercase()).unwrap_or_default();
        self.uuid.contains(text) || name.contains(text)
    }
}

/// Selectors with impact and likelihood. The others have no content.
const FACTS: [(&str, Level); 4] =
    [("a.b|K", Level::Critical), ("a.b|k", Level::Low), ("a_b|K", Level::Medium), ("é|É", Level::High)];
const NOT_FOR_MANAGED: [&str; 2] = ["a.b|K", "a_b|K"];

const HOUR: i64 = 60;
const DAY: i64 = 24 * HOUR;
const FLEET: [Cluster; 9] = [
    cluster("00000000-0000-0000-0000-00000000abcd", None, &[], 1),
    cluster("0abcdef0-1111-4111-8111-111111111111", Some("4.15.99"), &["a.b|K"], 30),
    cluster("1a5c0ffe-2222-4222-8222-222222222222", Some("4.16.0-rc.1"), &["a.b|K", "a.b|k"], 90)
        .imported("ÉTÉ abcd", true),
    cluster("2b5c0ffe-3333-4333-8333-333333333333", Some("4.16.0"), &["a_b|K"], 5 * HOUR).imported("été", true),
    cluster("3c5c0ffe-4444-4444-8444-444444444444", Some("4.16.0+build"), &[], DAY + 5).imported("100% \\_'", false),
    cluster("4d5c0ffe-5555-4555-8555-555555555555", Some("4.9.0"), &["a%b|K", "é|É"], 2 * DAY).imported("100", false),
    cluster("5e5c0ffe-6666-4666-8666-666666666666", Some("5.0.0-0.nightly"), &["a.b|K|L", "a.b.report|L"], 8 * DAY),
    cluster("6f5c0ffe-7777-4777-8777-777777777777", Some("latest"), &["a.b|K"], 30 * DAY),
    cluster("ffffffff-ffff-ffff-ffff-ffffffffffff", Some("4.16"), &[], 400 * DAY),
];

/// A filter in GraphQL, and the same as a predicate.
type Filter = (&'static str, fn(&Cluster) -> bool);

/// Whether a cluster's version precedes a bound; `None` if it has no valid version.
fn precedes(cluster: &Cluster, bound: &str) -> Option<bool> {
    let version = Version::parse(cluster.version?).ok()?;
    Some(version.cmp_precedence(&Version::parse(bound).expect("a version")).is_lt())
}

/// A bound without patch level is before all pre-releases, so it equals the lowest one, as `4.16.0-0`.
const FILTERS: &[Filter] = &[
    ("", |_| true),
    ("text: null", |_| true),
    (r#"text: """#, |_| true),
    (r#"text: "abcd""#, |it| it.contains("abcd")),
    (r#"text: "5C0FFE-3333-43""#, |it| it.uuid.contains("5c0ffe-3333-43")),
    (r#"text: "0-1111-4""#, |it| it.uuid.contains("0-1111-4")),
    (r#"text: "%""#, |it| it.contains("%")),
    (r#"text: "_""#, |it| it.contains("_")),
    (r#"text: "\\""#, |it| it.contains("\\")),
    (r#"text: "'""#, |it| it.contains("'")),
    (r#"text: "0_""#, |_| false),
    (r#"text: "100""#, |it| it.contains("100")),
    (r#"text: "5c_ffe""#, |_| false),
    (r#"text: "5c%e""#, |_| false),
    (r#"text: "5c0ffe' OR '1'='1""#, |_| false),
    (r#"text: "É""#, |it| it.contains("é")),
    (r#"text: "tÉ aB""#, |it| it.contains("té ab")),
    ("uuids: []", |_| false),
    (
        r#"uuids: ["FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF" "000000000000000000000000000000aa" "1a5c0ffe222242228222222222222222"]"#,
        |it| it.uuid.starts_with("ffff") || it.uuid.starts_with("1a5c"),
    ),
    ("version: {}", |_| true),
    ("version: null", |_| true),
    (r#"version: {from: "4.16"}"#, |it| precedes(it, "4.16.0-0") == Some(false)),
    (r#"version: {before: "4.16"}"#, |it| precedes(it, "4.16.0-0") == Some(true)),
    (r#"version: {before: "5"}"#, |it| precedes(it, "5.0.0-0") == Some(true)),
    (r#"version: {from: "4.16.0"}"#, |it| precedes(it, "4.16.0") == Some(false)),
    (r#"version: {before: "4.16.0"}"#, |it| precedes(it, "4.16.0") == Some(true)),
    (r#"version: {from: "4.16.0-rc.1", before: "4.16.0+x"}"#, |it| it.version == Some("4.16.0-rc.1")),
    (r#"version: {from: "4.9", before: "4.10"}"#, |it| it.version == Some("4.9.0")),
    (r#"version: {from: "5", before: "4"}"#, |_| false),
    ("versions: []", |_| false),
    (r#"versions: ["4.16.0" "latest" "4.16.0"]"#, |it| matches!(it.version, Some("4.16.0" | "latest"))),
    (r#"versions: "4.16""#, |it| it.version == Some("4.16")),
    (r#"versions: ["" "LATEST" "4.9"]"#, |_| false),
    ("hasHits: true", |it| it.shown().next().is_some()),
    ("hasHits: false", |it| it.shown().next().is_none()),
    ("totalRisk: []", |_| false),
    ("totalRisk: CRITICAL", |it| it.is_hit_at(&[TotalRisk::Critical])),
    ("totalRisk: [LOW MODERATE LOW]", |it| it.is_hit_at(&[TotalRisk::Low, TotalRisk::Moderate])),
    ("totalRisk: [LOW MODERATE IMPORTANT CRITICAL]", |it| {
        it.is_hit_at(&[TotalRisk::Low, TotalRisk::Moderate, TotalRisk::Important, TotalRisk::Critical])
    }),
    ("managed: true", Cluster::is_managed),
    ("managed: false", |it| !it.is_managed()),
    ("managed: null", |_| true),
    ("hitBy: []", |_| false),
    (r#"hitBy: ["a.b|K"]"#, |it| it.shown().any(|hit| hit == "a.b|K")),
    (r#"hitBy: ["a_b|K" "a.b|k" "é|É"]"#, |it| it.shown().any(|hit| ["a_b|K", "a.b|k", "é|É"].contains(&hit))),
    (r#"hitBy: "nobody|KNOWS""#, |_| false),
    (r#"hitBy: ["a.b.report|K"]"#, |it| it.shown().any(|hit| hit == "a.b|K")),
    (r#"hitBy: ["a_b.report|K" "nobody.report|K"]"#, |it| it.shown().any(|hit| hit == "a_b|K")),
    // A selector that the graph returns names its recommendation, whatever its rule ends with.
    (r#"hitBy: "a.b.report|L""#, |it| it.hits.contains(&"a.b.report|L")),
    (r#"seenWithin: "PT1H""#, |it| it.minutes_ago < HOUR),
    (r#"seenWithin: "P1D""#, |it| it.minutes_ago < DAY),
    (r#"seenWithin: "P1W1DT0S""#, |it| it.minutes_ago < 8 * DAY),
    (r#"seenWithin: "PT0S""#, |_| false),
    (r#"seenWithin: "P100000000D""#, |_| true),
];

fn fleet() -> Vec<Report> {
    let now = Utc::now();
    let clusters = FLEET.iter().map(|cluster| {
        let hits: Vec<_> = cluster.hits.iter().map(|hit| (*hit, "")).collect();
        let number = uuid::Uuid::parse_str(cluster.uuid).expect("a UUID").as_u128();
        let mut report = report(1, number, &hits);
        // No filter has its bound within minutes of a cluster's time, so the duration of the test does not matter.
        report.last_checked = (now - TimeDelta::minutes(cluster.minutes_ago)).into();
        report.version = cluster.version.map(str::to_owned);
        report
    });
    // A cluster of another organization, which no list may contain.
    clusters.chain([report(2, 0xabcd_0000, &[("a.b|K", "")])]).collect()
}

/// The graph over the fleet, with its facts and imported values.
async fn graph(database: &Database) -> Graph {
    let graph = Graph::with_reports(database, &fleet()).await;
    let facts = FACTS.map(|(selector, level)| RecommendationFacts {
        selector: selector.parse().expect("a selector"),
        impact: level,
        likelihood: level,
        risk_of_change: None,
        is_for_managed: !NOT_FOR_MANAGED.contains(&selector),
        published_at: None,
        description: String::new(),
    });
    graph.store.save_recommendation_facts(Digest::of(b"fleet"), &facts).await.expect("facts");
    let imported = FLEET.iter().filter_map(|cluster| {
        let (name, is_managed) = cluster.imported?;
        let key = (organization(1), uuid::Uuid::parse_str(cluster.uuid).expect("a UUID").into());
        Some((key, ImportedValues { display_name: Some(name.to_owned()), is_managed, status: None }))
    });
    graph.store.import_clusters(&imported.collect(), false, drop).await.expect("imported");
    graph
}

/// The clusters of organization 1 that match a filter.
async fn found(graph: &Graph, filter: &str) -> Vec<String> {
    let query = format!(
        r#"{{ organization(orgId: "1") {{
            all: clusters(first: 100, filter: {{{filter}}}) {{ totalCount nodes {{ uuid }} }}
            last: clusters(last: 1, filter: {{{filter}}}) {{ totalCount nodes {{ uuid }} pageInfo {{ hasPreviousPage }} }} }} }}"#
    );
    let answer = graph.query(&query).await;
    assert_eq!(answer.get("errors"), None, "{query}: {answer}");
    let (all, last) = (&answer["data"]["organization"]["all"], &answer["data"]["organization"]["last"]);
    let nodes = all["nodes"].as_array().expect("nodes");
    assert_eq!(all["totalCount"], nodes.len(), "{filter}: the total is the filtered list's");
    assert_eq!((&last["totalCount"], last["nodes"].get(0)), (&all["totalCount"], nodes.last()), "{filter}");
    assert_eq!(last["pageInfo"]["hasPreviousPage"], nodes.len() > 1, "{filter}");
    nodes.iter().map(|node| node["uuid"].as_str().expect("a UUID").to_owned()).collect()
}

fn expected(matches: impl Fn(&Cluster) -> bool) -> Vec<&'static str> {
    FLEET.iter().filter(|cluster| matches(cluster)).map(|cluster| cluster.uuid).collect()
}

#[tokio::test]
async fn each_filter_finds_the_clusters_that_match_it() {
    for database in each_database().await {
        let graph = graph(&database).await;
        for (filter, matches) in FILTERS {
            assert_eq!(found(&graph, filter).await, expected(matches), "{}: {filter}", database.name);
        }
    }
}

#[tokio::test]
async fn filters_together_find_the_clusters_that_match_all_of_them() {
    let name = |filter: &'static str| filter.split(':').next().unwrap_or_default();
    for database in each_database().await {
        let graph = graph(&database).await;
        // Every third filter with every fifth one is enough for all kinds of filters to be combined.
        for (one, matches_one) in FILTERS.iter().step_by(3) {
            for (other, matches_other) in
                FILTERS.iter().skip(1).step_by(5).filter(|(other, _)| name(other) != name(one))
            {
                let filter = format!("{one} {other}");
                let expected = expected(|cluster| matches_one(cluster) && matches_other(cluster));
                assert_eq!(found(&graph, &filter).await, expected, "{}: {filter}", database.name);
            }
        }
    }
}

#[tokio::test]
async fn every_parent_has_its_own_filtered_list_and_total() {
    const QUERY: &str = r#"{ organizations { nodes { orgId clusters(first: 1, filter: {hitBy: "a.b|K"}) {
        totalCount pageInfo { hasNextPage } } } } }"#;
    for database in each_database().await {
        let graph = Graph::with_reports(&database, &fleet()).await;
        let answer = graph.query(QUERY).await;
        let list = |total, more| json!({ "totalCount": total, "pageInfo": { "hasNextPage": more } });
        let expected = json!([
            { "orgId": "1", "clusters": list(3, true) },
            { "orgId": "2", "clusters": list(1, false) },
        ]);
        assert_eq!(answer["data"]["organizations"]["nodes"], expected, "{}", database.name);
    }
}

#[tokio::test]
async fn invalid_filters_are_refused_with_their_names() {
    let many = |value: &str| vec![value; 101].join(" ");
    let [uuids, texts] = [many(&format!("\"{}\"", reports::cluster(1))), many("\"a|B\"")];
    let cases = [
        (format!("text: \"{}\"", "x".repeat(101)), "filter.text: has more than 100 characters"),
        (format!("text: \"{}\"", "é".repeat(5_000)), "filter.text: has more than 100 characters"),
        (r#"text: "\u0000""#.to_owned(), "filter.text: holds a NUL character, which nothing has"),
        (format!("uuids: [{uuids}]"), "filter.uuids: has 101 values; at most 100 are taken"),
        (format!("versions: [{texts}]"), "filter.versions: has 101 values; at most 100 are taken"),
        (r#"versions: ["4.16.0" "\u0000"]"#.to_owned(), "filter.versions[1]: holds a NUL character, which nothing has"),
        (format!("hitBy: [{texts}]"), "filter.hitBy: has 101 values; at most 100 are taken"),
        (r#"hitBy: ["a|\u0000"]"#.to_owned(), "filter.hitBy[0]: holds a NUL character, which nothing has"),
        (
            format!("hitBy: [\"a|A\" \"{}|A\"]", "é".repeat(510)),
            "filter.hitBy[1]: has 512 characters; at most 511 are taken",
        ),
        (r#"hitBy: "s3cr3t""#.to_owned(), "filter.hitBy[0]: is not a selector, written ruleFqdn|errorKey"),
        (r#"hitBy: ["a|A" ""]"#.to_owned(), "filter.hitBy[1]: is not a selector, written ruleFqdn|errorKey"),
        (r#"hitBy: ["|A"]"#.to_owned(), "filter.hitBy[0]: is not a selector, written ruleFqdn|errorKey"),
        (r#"hitBy: ["a|"]"#.to_owned(), "filter.hitBy[0]: is not a selector, written ruleFqdn|errorKey"),
        (r#"hitBy: [".report|A"]"#.to_owned(), "filter.hitBy[0]: is not a selector, written ruleFqdn|errorKey"),
        (
            r#"version: {from: "s3cr3t"}"#.to_owned(),
            "filter.version.from: is not a version, such as 4.16.3, 4.16 or 4.16.0-rc.1",
        ),
        (
            r#"version: {before: "4.16.x"}"#.to_owned(),
            "filter.version.before: is not a version, such as 4.16.3, 4.16 or 4.16.0-rc.1",
        ),
        (
            r#"seenWithin: "s3cr3t""#.to_owned(),
            r#"Invalid value for argument "filter.seenWithin", expected type "Duration": write it as P7D, PT3H or P1DT12H, without months and years"#,
        ),
        (
            r#"uuids: ["s3cr3t"]"#.to_owned(),
            r#"Invalid value for argument "filter.uuids.0", expected type "UUID": write it as 12345678-9abc-4def-8123-456789abcdef"#,
        ),
        ("hasHits: 1".to_owned(), r#"Invalid value for argument "filter.hasHits", expected type "Boolean""#),
        ("nam: 1".to_owned(), r#"Invalid value for argument "filter", unknown field "nam" of type "ClusterFilter""#),
    ];
    // Whether a filter is valid does not depend on the database.
    let database = sqlite();
    let graph = Graph::with_reports(&database, &fleet()).await;
    for (filter, message) in &cases {
        let query = format!(
            "{{ organization(orgId: \"{}\") {{ clusters(filter: {{{filter}}}) {{ totalCount }} }} }}",
            organization(1)
        );
        let answer = graph.query(&query).await;
        assert_eq!(answer["errors"][0]["message"], *message, "{filter}: {answer}");
        assert_eq!(answer["errors"][0]["extensions"]["code"], "BAD_USER_INPUT", "{filter}");
    }
}

#[tokio::test]
async fn filters_at_their_limits_are_accepted() {
    for database in each_database().await {
        let graph = Graph::with_reports(&database, &fleet()).await;
        let edge = format!("text: \"{}\" versions: [{}]", "é".repeat(100), vec!["\"4.9.0\""; 100].join(" "));
        assert_eq!(found(&graph, &edge).await, Vec::<String>::new(), "{}", database.name);
    }
}
