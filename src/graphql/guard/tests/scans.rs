//! The cost of lists that are read as a whole.

use async_graphql::{Request, Variables};
use serde_json::json;

use super::{Guard, Introspection, RequestError, each, wide};
use crate::{
    config::Limits,
    graphql::{
        guard::scans::{HISTORY_COST, SCAN_COST, WORKLOADS_COST},
        schema_types::SchemaTypes,
        sdl,
    },
};

fn admit(limits: &Limits, request: Request) -> Result<usize, RequestError> {
    let types = SchemaTypes::parse(&sdl()).expect("the SDL is GraphQL");
    Guard::new(limits, types, Introspection::default()).admit(request).map(|admitted| admitted.cost.total())
}

fn limits(query_cost: usize) -> Limits {
    Limits { query_cost, ..wide() }
}

/// How often a list with these arguments and selections reads all clusters, by the request's cost.
fn scans(list: &str, variables: serde_json::Value) -> usize {
    let query = format!(
        "query($filter: ClusterFilter, $order: ClusterOrder, $text: String) \
         {{ organizations(first: 5) {{ nodes {{ {list} }} }} }} fragment F on ClusterConnection {{ totalCount }}"
    );
    let request = Request::new(query).variables(Variables::from_json(variables));
    admit(&limits(usize::MAX), request).expect("admitted") / SCAN_COST
}

#[test]
fn filters_and_orders_that_no_index_has_cost_a_scan_and_their_totals_another() {
    for (list, expected) in [
        ("clusters { totalCount }", 0),
        ("clusters(orderBy: {field: UUID, direction: DESC}) { totalCount }", 0),
        ("clusters(orderBy: {field: VERSION, direction: ASC}) { totalCount }", 0),
        ("clusters(orderBy: {field: VERSION, direction: ASC}) { totalCount pageInfo { hasNextPage } }", 1),
        ("clusters(orderBy: {field: LAST_CHECKED, direction: ASC}) { edges { cursor } }", 1),
        ("clusters(filter: {}) { totalCount }", 0),
        (r#"clusters(filter: {text: ""}) { totalCount }"#, 0),
        (r#"clusters(filter: {text: "a"}) { nodes { uuid } }"#, 1),
        (r#"clusters(filter: {text: "a"}) { totalCount }"#, 1),
        (r#"clusters(filter: {text: "a"}) { ... { totalCount } }"#, 1),
        (r#"clusters(filter: {text: "a"}) { totalCount edges { cursor } }"#, 2),
        (r#"clusters(filter: {text: "a"}) { ...F }"#, 2),
        (r#"clusters(filter: {text: "a"}, orderBy: {field: VERSION, direction: ASC}) { totalCount }"#, 1),
        ("clusters(filter: {hasHits: false}) { totalCount }", 1),
        (r#"clusters(filter: {hitBy: ["a|A"]}) { totalCount nodes { uuid } }"#, 2),
        (r#"clusters(filter: {versions: ["4.16.3"]}) { totalCount nodes { uuid } }"#, 2),
        (r#"clusters(filter: {version: {from: "4.16"}}) { totalCount nodes { uuid } }"#, 2),
        (r#"clusters(filter: {seenWithin: "P1D"}) { totalCount nodes { uuid } }"#, 2),
        (r#"clusters(filter: {uuids: ["7f6e2c1a-4b1d-4c0e-9a55-0d1f2e3a4b5c"]}) { totalCount }"#, 0),
        (r#"a: clusters(filter: {text: "a"}) { totalCount } b: clusters(filter: {text: "b"}) { totalCount }"#, 2),
    ] {
        assert_eq!(scans(list, json!({})), expected, "{list}");
    }
}

#[test]
fn variables_count_as_their_values() {
    let list = "clusters(filter: $filter, orderBy: $order) { totalCount edges { cursor } }";
    assert_eq!(scans(list, json!({})), 0);
    assert_eq!(scans(list, json!({ "filter": { "hasHits": true } })), 2);
    assert_eq!(scans(list, json!({ "order": { "field": "VERSION", "direction": "ASC" } })), 1);
    let list = "clusters(filter: {text: $text}) { nodes { uuid } }";
    assert_eq!(scans(list, json!({ "text": "a" })), 1);
    assert_eq!(scans(list, json!({ "text": null })), 0);
}

#[test]
fn thirty_filtered_totals_are_refused_and_nine_are_admitted() {
    let query = |aliases| {
        let totals = each(aliases, |alias| {
            format!("a{alias}: clusters(first: 1, filter: {{hasHits: true}}) {{ totalCount edges {{ cursor }} }} ")
        });
        Request::new(format!("{{ organization(orgId: \"1\") {{ {totals} }} }}"))
    };
    assert!(admit(&limits(20_000), query(9)).is_ok());
    assert!(matches!(admit(&limits(20_000), query(10)), Err(RequestError::TooLarge { .. })));
    assert!(matches!(admit(&limits(20_000), query(30)), Err(RequestError::TooLarge { .. })));
}

#[test]
fn every_field_with_a_filter_or_an_order_is_known() {
    let types = SchemaTypes::parse(&sdl()).expect("the SDL is GraphQL");
    let mut found = Vec::new();
    for (parent, fields) in types.iter() {
        let reads = |argument: &str| ["filter", "orderBy"].contains(&argument);
        let fields =
            fields.iter().filter(|field| field.arguments.iter().any(|argument| reads(&argument.node.name.node)));
        found.extend(fields.map(|field| format!("{parent}.{}", field.name.node)));
    }
    // The hits of a cluster, at most those of one report, are read as a whole in any order; its namespaces as well.
    found.sort();
    let known = [
        "Cluster.namespaces",
        "Organization.clusters",
        "Organization.namespaces",
        "Organization.recommendations",
        "Query.recommendations",
        "Recommendation.impactedClusters",
        "Report.ruleHits",
    ];
    assert_eq!(found, known, "`count` has to know these, unless they are short");
}

#[test]
fn recommendations_their_clusters_and_summaries_cost_scans() {
    for (list, expected) in [
        ("recommendations { totalCount }", 1),
        ("recommendations { nodes { impactedClusters { nodes { uuid } } } }", 1),
        ("recommendations { nodes { impactedClusters { totalCount } } }", 2),
        ("recommendations { nodes { impactedClusters(filter: {hasHits: true}) { totalCount } } }", 2),
        ("recommendations { nodes { impactedClusters(filter: {hasHits: true}) { totalCount nodes { uuid } } } }", 3),
        (
            "recommendations { nodes { impactedClusters(orderBy: {field: VERSION, direction: ASC}) { nodes { uuid } } } }",
            2,
        ),
        (
            "recommendations { nodes { impactedClusters(orderBy: {field: UUID, direction: ASC}) { nodes { uuid } } } }",
            1,
        ),
        ("summary { hitCount }", 2),
        ("acknowledgements { nodes { id } }", 1),
        ("clusterToggles { totalCount }", 1),
        // All namespaces; and their objects, which cost five, where a page or a total depends on them.
        ("namespaces { totalCount }", 1),
        ("namespaces(orderBy: {field: LAST_CHECKED, direction: DESC}) { totalCount nodes { uid } }", 1),
        (r#"namespaces(filter: {text: "a", clusterUuids: []}) { totalCount nodes { uid } }"#, 1),
        ("namespaces(orderBy: {field: OBJECTS, direction: DESC}) { totalCount nodes { uid } }", 6),
        ("namespaces(orderBy: {field: OBJECTS, direction: DESC}) { totalCount }", 1),
        ("namespaces(filter: {totalRisk: [LOW]}) { totalCount }", 6),
        ("namespaces(filter: {totalRisk: [LOW]}) { totalCount nodes { uid } }", 11),
        ("recommendations { nodes { clusterToggles { nodes { id } } } }", 1),
    ] {
        // Fields cost less than a scan in all.
        let list = list.replacen("recommendations {", "recommendations(first: 2) {", 1);
        assert_eq!(scans(&list, json!({})), expected, "{list}");
    }
}

#[test]
fn a_page_of_history_costs_more_for_each_cluster() {
    let cost = |fields: &str| {
        let query = format!("{{ organization(orgId: \"1\") {{ clusters(first: 7) {{ nodes {{ {fields} }} }} }} }}");
        admit(&limits(usize::MAX), Request::new(query)).expect("admitted")
    };
    let hits = cost("report { ruleHits(first: 3) { pageInfo { hasNextPage } } }");
    let history = cost("history(first: 3) { pageInfo { hasNextPage } }");
    assert_eq!(history - hits, 7 * (HISTORY_COST - 1), "the report is one field more");
    for list in ["namespaces(first: 3)", "gatheringRequests(first: 3)"] {
        let alone = cost("report { ruleHits(first: 3) { pageInfo { hasNextPage } } }") - 7;
        let found = cost(&format!("{list} {{ __typename }}"));
        assert!(found >= 7 * WORKLOADS_COST && found < alone + 7 * (WORKLOADS_COST + 3), "{list}: {found}");
    }
}
