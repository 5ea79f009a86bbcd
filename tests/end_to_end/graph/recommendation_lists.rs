//! Lists of recommendations: their orders, filters and visibility, compared with a second implementation.

use std::collections::BTreeMap;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

use super::{
    recommended_fleet::{Known, Reader, Recommended, directed, readers},
    *,
};
use crate::{
    content_files::ContentFolder,
    harness::{each_database, sqlite},
    reports::{organization, report},
};

const FIELDS: [&str; 6] = ["DESCRIPTION", "PUBLISHED", "CATEGORY", "TOTAL_RISK", "RISK_OF_CHANGE", "IMPACTED_CLUSTERS"];

/// The selectors of the list in an order.
fn ordered(fleet: &Recommended, reader: &Reader, field: &str, descending: bool) -> Vec<String> {
    let value = |(place, known): (usize, &Known)| -> Option<String> {
        let content = known.content.as_ref();
        match field {
            "DESCRIPTION" => content.map(|content| content.description.to_owned()),
            "PUBLISHED" => content?.published.map(str::to_owned),
            "CATEGORY" => content?.categories().first().map(|key| (*key).to_owned()),
            "TOTAL_RISK" => content.map(|content| content.total_risk().to_string()),
            "RISK_OF_CHANGE" => content?.risk_of_change.map(|risk| risk.to_string()),
            _ => Some(fleet.impacted(place, reader.of, reader.sees_internal).len().to_string()),
        }
    };
    let mut listed: Vec<_> = fleet.listed(reader.of, reader.sees_internal, false).collect();
    listed.sort_by(|a, b| directed(value(*a), value(*b), descending));
    listed.into_iter().map(|(_, known)| known.selector.clone()).collect()
}

#[tokio::test]
async fn every_order_is_walked_in_pages_of_one_from_both_ends() {
    let fleet = Recommended::random();
    for (graph, database) in fleet.graphs().await {
        for reader in readers() {
            for field in FIELDS {
                for direction in ["ASC", "DESC"] {
                    let expected = ordered(&fleet, &reader, field, direction == "DESC");
                    for from_end in [false, true] {
                        let list = |page: &str| {
                            format!(
                                "recommendations({page} orderBy: {{field: {field}, direction: {direction}}}) {{
                                    edges {{ cursor node {{ selector }} }}
                                    pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }} }}"
                            )
                        };
                        let found = reader.walk(&graph, list, from_end).await;
                        let found: Vec<_> = found.iter().map(|node| node["selector"].as_str().expect("text")).collect();
                        assert_eq!(found, expected, "{}: {field} {direction} from {from_end}", database.name);
                    }
                }
            }
        }
    }
}

/// A filter, and the same as a predicate over a recommendation and the number of clusters that it hits.
type Filter = (&'static str, fn(&Known, usize) -> bool);

fn has_text(known: &Known, text: &str) -> bool {
    let content = known.content.as_ref();
    let texts = content.map(|content| [content.rule_name.as_str(), content.description]).into_iter().flatten();
    texts.chain([known.selector.as_str()]).any(|searched| searched.to_lowercase().contains(&text.to_lowercase()))
}

fn risk(known: &Known) -> usize {
    known.content.as_ref().map_or(0, recommended_fleet::Content::total_risk)
}

const FILTERS: &[Filter] = &[
    ("text: null", |_, _| true),
    (r#"text: """#, |_, _| true),
    (r#"text: "äRGER""#, |it, _| has_text(it, "äRGER")),
    (r#"text: "STRAẞE""#, |it, _| has_text(it, "STRAẞE")),
    (r#"text: "étcd {{=""#, |it, _| has_text(it, "étcd {{=")),
    (r#"text: "BETA|key""#, |it, _| has_text(it, "BETA|key")),
    (r#"text: "rule OF""#, |it, _| has_text(it, "rule of")),
    (r#"text: "%""#, |it, _| has_text(it, "%")),
    (r#"text: "_""#, |it, _| has_text(it, "_")),
    (r#"text: "\\ '""#, |it, _| has_text(it, "\\ '")),
    (r#"text: "nowhere""#, |_, _| false),
    ("totalRisk: []", |_, _| false),
    ("totalRisk: [LOW]", |it, _| risk(it) == 1),
    ("totalRisk: [MODERATE IMPORTANT CRITICAL]", |it, _| risk(it) > 1),
    ("riskOfChange: [VERY_LOW LOW]", |it, _| {
        it.content.as_ref().and_then(|content| content.risk_of_change).is_some_and(|risk| risk <= 2)
    }),
    ("impact: HIGH", |it, _| it.content.as_ref().is_some_and(|content| content.impact == 3)),
    ("likelihood: [CRITICAL LOW]", |it, _| {
        it.content.as_ref().is_some_and(|content| [1, 4].contains(&content.likelihood))
    }),
    (r#"categories: ["security" "nowhere"]"#, |it, _| {
        it.content.as_ref().is_some_and(|content| content.categories().contains("security"))
    }),
    (r#"categories: ["nowhere"]"#, |_, _| false),
    ("includeInactive: true", |_, _| true),
    ("impacting: true", |_, hit| hit > 0),
    ("impacting: false", |_, hit| hit == 0),
];

async fn check_filter(graph: &Graph, fleet: &Recommended, reader: &Reader, filter: &str, matches: &[&Filter]) {
    let list = format!(
        "recommendations(first: 100 filter: {{{filter}}} orderBy: {{field: IMPACTED_CLUSTERS, direction: ASC}}) {{
            totalCount nodes {{ selector impactedClusters {{ totalCount }} }} }}"
    );
    let found = reader.list(graph, &list).await;
    let nodes = found["nodes"].as_array().expect("nodes");
    assert_eq!(found["totalCount"], nodes.len(), "{filter}");
    let found: BTreeMap<_, _> =
        nodes.iter().map(|node| (node["selector"].as_str().expect("text"), &node["impactedClusters"])).collect();
    let counts = fleet
        .listed(reader.of, reader.sees_internal, filter.contains("includeInactive"))
        .map(|(place, known)| (known, fleet.impacted(place, reader.of, reader.sees_internal).len()));
    let expected: Vec<_> = counts
        .filter(|(known, hit)| matches.iter().all(|(_, matches)| matches(known, *hit)))
        .map(|(known, hit)| (known.selector.as_str(), json!({ "totalCount": hit })))
        .collect();
    let found: Vec<_> = found.into_iter().map(|(selector, count)| (selector, count.clone())).collect();
    assert_eq!(found, expected, "{filter}");
}

#[tokio::test]
async fn each_filter_alone_and_in_pairs_lists_and_counts_what_matches() {
    let fleet = Recommended::random();
    for (graph, _) in fleet.graphs().await {
        for reader in readers() {
            for one in FILTERS {
                check_filter(&graph, &fleet, &reader, one.0, &[one]).await;
            }
        }
        let name = |filter: &Filter| filter.0.split(':').next().unwrap_or_default();
        for (place, one) in FILTERS.iter().enumerate() {
            for other in FILTERS[place..].iter().filter(|other| name(other) != name(one)) {
                let filter = format!("{} {}", one.0, other.0);
                check_filter(&graph, &fleet, &readers()[1], &filter, &[one, other]).await;
            }
        }
    }
}

#[tokio::test]
async fn without_arguments_the_list_begins_with_the_highest_total_risk() {
    let fleet = Recommended::random();
    for (graph, _) in fleet.graphs().await {
        for reader in readers() {
            let expected = ordered(&fleet, &reader, "TOTAL_RISK", true);
            let found = reader.list(&graph, "recommendations { totalCount nodes { id selector } }").await;
            let nodes = found["nodes"].as_array().expect("nodes");
            assert_eq!(found["totalCount"], expected.len());
            let of = reader.of.map_or("*".to_owned(), |of| of.to_string());
            for (node, selector) in nodes.iter().zip(&expected) {
                let id = URL_SAFE_NO_PAD.encode(format!("1:Recommendation:{of}:{selector}"));
                assert_eq!(*node, json!({ "id": id, "selector": selector }));
            }
        }
    }
}

#[tokio::test]
async fn a_cursor_of_a_recommendation_that_content_no_longer_has_continues_there() {
    let (first, second, third) = ("ccx.external.a|KEY", "ccx.external.b|KEY", "ccx.external.c|KEY");
    let list = |page: &str| {
        format!(
            "{{ recommendations({page} orderBy: {{field: DESCRIPTION, direction: ASC}}) {{
                nodes {{ selector }} pageInfo {{ endCursor }} }} }}"
        )
    };
    for database in each_database().await {
        let store = database.store().await;
        let before = ContentFolder::with(&[(first, &[]), (second, &[]), (third, &[])]).load_into(&store).await;
        let graph = Graph::with_content(store.clone(), before, &default_config().limits);
        let page = graph.query(&list("first: 2")).await;
        let cursor = page["data"]["recommendations"]["pageInfo"]["endCursor"].as_str().expect("a cursor").to_owned();
        let after = ContentFolder::with(&[(first, &[]), (third, &[])]).load_into(&store).await;
        let graph = Graph::with_content(store, after, &default_config().limits);
        for (page, expected) in [("after", third), ("before", first)] {
            let page = graph.query(&list(&format!("{page}: \"{cursor}\""))).await;
            assert_eq!(
                page["data"]["recommendations"]["nodes"],
                json!([{ "selector": expected }]),
                "{}",
                database.name
            );
        }
    }
}

#[tokio::test]
async fn without_content_only_those_that_hit_are_listed() {
    for database in each_database().await {
        let graph = Graph::with_reports(&database, &[report(1, 1, &[("b|K", ""), ("a|K", "")])]).await;
        let list = |of: u32| {
            format!(
                "{{ organization(orgId: \"{of}\") {{ recommendations {{ nodes {{ selector content {{ active }} }} }} }} }}"
            )
        };
        let answer = graph.query(&list(1)).await;
        let node = |selector: &str| json!({ "selector": selector, "content": null });
        assert_eq!(answer["data"]["organization"]["recommendations"]["nodes"], json!([node("a|K"), node("b|K")]));
        let member = Viewer::member_of(organization(2));
        let answer = graph.query_as(member, &list(2), json!({})).await;
        assert_eq!(answer["data"]["organization"]["recommendations"]["nodes"], json!([]), "of an empty organization");
    }
}

#[tokio::test]
async fn invalid_arguments_are_refused_with_their_names() {
    let of_clusters = URL_SAFE_NO_PAD.encode(r#"2:clusters:uuid:asc:["00000000-0000-0000-0000-000000000001"]"#);
    let other_direction = URL_SAFE_NO_PAD.encode(r#"2:recommendations:totalRisk:asc:[1,"a|K"]"#);
    let cursor = "is not a cursor of this list in this order and direction";
    let cases = [
        (format!("filter: {{text: \"{}\"}}", "é".repeat(101)), "filter.text: has more than 100 characters".to_owned()),
        (r#"filter: {text: "\u0000"}"#.to_owned(), "filter.text: holds a NUL character, which nothing has".to_owned()),
        (
            format!("filter: {{categories: [{}]}}", "\"a\" ".repeat(101)),
            "filter.categories: has 101 values; at most 100 are taken".to_owned(),
        ),
        (format!("after: \"{of_clusters}\""), format!("after: {cursor}")),
        (format!("before: \"{other_direction}\""), format!("before: {cursor}")),
        ("first: 101".to_owned(), "first: must be from 1 to 100".to_owned()),
        ("first: 1 last: 1".to_owned(), "last: cannot be combined with first: a page is taken from one end".to_owned()),
    ];
    let database = sqlite();
    let graph = Graph::with_reports(&database, &[report(1, 1, &[("a|K", "")])]).await;
    for (arguments, message) in cases {
        for selection in ["totalCount", "nodes { selector }"] {
            let answer = graph.query(&format!("{{ recommendations({arguments}) {{ {selection} }} }}")).await;
            assert_eq!(answer["errors"][0]["message"], message, "{arguments}: {answer}");
            assert_eq!(answer["errors"][0]["extensions"]["code"], "BAD_USER_INPUT", "{arguments}");
        }
    }
}
