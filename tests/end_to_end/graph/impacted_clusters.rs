//! The clusters that a recommendation hits: orders, filters, edges and visibility, compared with a second implementation.

use std::collections::BTreeSet;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use insights_results_aggregator::domain::VersionKey;

use super::{
    recommended_fleet::{Owned, Recommended, directed, minute, readers},
    *,
};
use crate::{
    harness::{each_database, sqlite},
    reports::{cluster, organization, report},
};

const FIELDS: [&str; 4] = ["UUID", "VERSION", "LAST_CHECKED", "IMPACTED_SINCE"];

fn last_checked(owned: &Owned) -> u32 {
    owned.minute.max(2)
}

fn ordered(clusters: &mut [&Owned], place: usize, field: &str, descending: bool) {
    let value = |owned: &Owned| -> Option<String> {
        match field {
            "UUID" => Some(owned.uuid()),
            "VERSION" => owned.version.and_then(VersionKey::of).map(|key| key.to_string()),
            "LAST_CHECKED" => Some(minute(last_checked(owned))),
            _ => Some(minute(owned.hits[&place])),
        }
    };
    clusters.sort_by_key(|owned| owned.uuid());
    clusters.sort_by(|a, b| directed(value(a), value(b), descending));
}

#[tokio::test]
async fn every_order_is_walked_in_pages_of_one_from_both_ends() {
    let fleet = Recommended::random();
    for (graph, database) in fleet.graphs().await {
        for reader in readers() {
            let most = |place: &usize| fleet.impacted(*place, reader.of, reader.sees_internal).len();
            let place = (0..fleet.recommendations.len()).max_by_key(most).expect("a recommendation");
            let mut expected = fleet.impacted(place, reader.of, reader.sees_internal);
            let selector = &fleet.recommendations[place].selector;
            for (field, direction) in FIELDS.iter().flat_map(|field| [(field, "ASC"), (field, "DESC")]) {
                ordered(&mut expected, place, field, direction == "DESC");
                let expected: Vec<_> = expected.iter().map(|owned| json!({ "uuid": owned.uuid() })).collect();
                for from_end in [false, true] {
                    let list = |page: &str| {
                        format!(
                            "recommendations(filter: {{text: {selector:?}}}) {{ nodes {{ selector
                                list: impactedClusters({page} orderBy: {{field: {field}, direction: {direction}}}) {{
                                    edges {{ cursor node {{ uuid }} }}
                                    pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }} }} }} }}"
                        )
                    };
                    let found = reader.walk(&graph, list, from_end).await;
                    assert_eq!(found, expected, "{}: {field} {direction} {from_end}", database.name);
                }
            }
        }
    }
}

#[tokio::test]
async fn pages_of_all_recommendations_have_the_clusters_that_are_shown_with_their_hits() {
    let fleet = Recommended::random();
    let list = "recommendations(first: 12 filter: {includeInactive: true}) { nodes { selector
        impactedClusters(first: 10) { totalCount nodes { uuid } edges { impactedSince node { uuid organization { orgId } }
            ruleHit { selector impactedSince details cluster { uuid } recommendation { id } } } } } }";
    for (graph, database) in fleet.graphs().await {
        for reader in readers() {
            let found = reader.list(&graph, list).await;
            let nodes = found["nodes"].as_array().expect("nodes");
            for (place, known) in fleet.listed(reader.of, reader.sees_internal, true) {
                let node = nodes.iter().find(|node| node["selector"] == known.selector).expect("listed");
                let list = &node["impactedClusters"];
                let mut expected = fleet.impacted(place, reader.of, reader.sees_internal);
                ordered(&mut expected, place, "UUID", false);
                let edges = expected.iter().map(|owned| {
                    let (uuid, since) = (owned.uuid(), minute(owned.hits[&place]));
                    let id = URL_SAFE_NO_PAD.encode(format!("1:Recommendation:{}:{}", owned.owner, known.selector));
                    json!({ "impactedSince": since, "node": { "uuid": uuid, "organization": { "orgId": owned.owner.to_string() } },
                        "ruleHit": { "selector": known.selector, "impactedSince": since, "details": { "a": 1 },
                            "cluster": { "uuid": uuid }, "recommendation": { "id": id } } })
                });
                let uuids = expected.iter().map(|owned| json!({ "uuid": owned.uuid() }));
                let expected = json!({ "totalCount": expected.len(), "nodes": uuids.collect::<Vec<_>>(),
                    "edges": edges.collect::<Vec<_>>() });
                assert_eq!(*list, expected, "{}: {}", database.name, known.selector);
            }
        }
    }
}

#[tokio::test]
async fn filters_and_totals_agree_and_add_up_to_the_whole() {
    let fleet = Recommended::random();
    let filters = [
        "",
        "hasHits: true",
        "hasHits: false",
        r#"version: {from: "4.10"}"#,
        r#"versions: ["4.9.1" "x"]"#,
        r#"seenWithin: "PT1S""#,
        r#"seenWithin: "P36500D""#,
        r#"text: "0002""#,
        r#"uuids: ["00000000-0000-0000-0000-000000000001" "00000000-0000-0000-0000-000000000004"]"#,
    ];
    let matches = |owned: &Owned, filter: &str| match filter {
        "" | "hasHits: true" | r#"seenWithin: "P36500D""# => true,
        r#"version: {from: "4.10"}"# => matches!(owned.version, Some("4.10.0" | "4.10.0-rc.1")),
        r#"versions: ["4.9.1" "x"]"# => matches!(owned.version, Some("4.9.1" | "x")),
        r#"text: "0002""# => owned.number == 2,
        filter if filter.starts_with("uuids") => [1, 4].contains(&owned.number),
        _ => false,
    };
    for (graph, database) in fleet.graphs().await {
        for reader in readers() {
            for (one, other) in filters.iter().flat_map(|one| filters.iter().map(move |other| (*one, *other))) {
                if one != other && one.split(':').next() == other.split(':').next() {
                    continue;
                }
                let filter = if one == other { one.to_owned() } else { format!("{one} {other}") };
                let list = format!(
                    "recommendations(first: 12) {{ nodes {{ selector
                        only: impactedClusters(filter: {{{filter}}}) {{ totalCount }}
                        impactedClusters(last: 10 filter: {{{filter}}} orderBy: {{field: IMPACTED_SINCE, direction: DESC}}) {{
                            totalCount nodes {{ uuid }} }} }} }}"
                );
                let found = reader.list(&graph, &list).await;
                let nodes = found["nodes"].as_array().expect("nodes");
                for (place, known) in fleet.listed(reader.of, reader.sees_internal, false) {
                    let node = nodes.iter().find(|node| node["selector"] == known.selector).expect("listed");
                    let shown = fleet.impacted(place, reader.of, reader.sees_internal).into_iter();
                    let expected: BTreeSet<_> =
                        shown.filter(|owned| matches(owned, one) && matches(owned, other)).map(Owned::uuid).collect();
                    let list = &node["impactedClusters"];
                    let uuids = list["nodes"].as_array().expect("nodes").iter();
                    let uuids: BTreeSet<_> =
                        uuids.map(|node| node["uuid"].as_str().expect("text").to_owned()).collect();
                    assert_eq!(uuids, expected, "{}: {filter} {}", database.name, known.selector);
                    assert_eq!(list["totalCount"], expected.len(), "{filter}");
                    assert_eq!(node["only"]["totalCount"], expected.len(), "{filter}");
                }
            }
        }
    }
}

#[tokio::test]
async fn a_recommendation_that_is_reached_otherwise_has_the_same_clusters() {
    let hits = [("a.b|K", "{}"), ("c.d|K", "")];
    let reports = [report(1, 1, &hits), report(1, 2, &hits[..1]), report(2, 3, &hits)];
    let list = "impactedClusters(first: 1) { totalCount nodes { uuid } pageInfo { hasNextPage } }";
    let node = |of: &str| URL_SAFE_NO_PAD.encode(format!("1:Recommendation:{of}:a.b|K"));
    let (one, two, all) = (node("1"), node("2"), node("*"));
    let query = format!(
        "{{ recommendation(selector: \"a.b|K\") {{ {list} }}
            nodes(ids: [\"{one}\" \"{two}\" \"{all}\"]) {{ ... on Recommendation {{ {list} }} }}
            cluster(uuid: \"{}\") {{ report {{ ruleHits {{ nodes {{ recommendation {{ {list} }} }} }} }}
                history {{ nodes {{ recommendation {{ {list} }} }} }} }} }}",
        cluster(2)
    );
    for database in each_database().await {
        let graph = Graph::with_reports(&database, &reports).await;
        let answer = graph.query(&query).await;
        assert_eq!(answer.get("errors"), None, "{answer}");
        let expected = |total: u32, first: u128| {
            json!({ "impactedClusters": { "totalCount": total, "nodes": [{ "uuid": cluster(first).to_string() }],
                "pageInfo": { "hasNextPage": total > 1 } } })
        };
        let (ours, theirs, everywhere) = (expected(2, 1), expected(1, 3), expected(3, 1));
        let data = &answer["data"];
        assert_eq!(data["recommendation"], everywhere, "{}", database.name);
        assert_eq!(data["nodes"], json!([ours, theirs, everywhere]), "{}", database.name);
        let below = json!([{ "recommendation": ours }]);
        assert_eq!(data["cluster"]["report"]["ruleHits"]["nodes"], below, "{}", database.name);
        assert_eq!(data["cluster"]["history"]["nodes"], below, "{}", database.name);
        let member = Viewer::member_of(organization(1));
        let answer = graph.query_as(member, &query, json!({})).await;
        assert_eq!(answer["data"]["recommendation"], ours, "{}", database.name);
        assert_eq!(answer["data"]["nodes"], json!([ours, null, null]), "{}", database.name);
    }
}

#[tokio::test]
async fn a_cursor_of_a_cluster_that_no_longer_exists_continues_there() {
    let database = sqlite();
    let graph = Graph::with_reports(&database, &[report(1, 1, &[("a|K", "")]), report(1, 3, &[("a|K", "")])]).await;
    let cursor = URL_SAFE_NO_PAD.encode(format!(r#"2:impactedClusters:uuid:asc:["{}"]"#, cluster(2)));
    let list = |page: &str| {
        format!(
            "{page}: impactedClusters({page}: \"{cursor}\") {{ nodes {{ uuid }} pageInfo {{ hasNextPage hasPreviousPage }} }}"
        )
    };
    let query = format!("{{ recommendation(selector: \"a|K\") {{ {} {} }} }}", list("after"), list("before"));
    let answer = graph.query(&query).await;
    for (page, number) in [("after", 3), ("before", 1)] {
        let info = json!({ "hasNextPage": page == "before", "hasPreviousPage": page == "after" });
        let expected = json!({ "nodes": [{ "uuid": cluster(number).to_string() }], "pageInfo": info });
        assert_eq!(answer["data"]["recommendation"][page], expected);
    }
}
