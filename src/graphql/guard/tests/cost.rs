//! The cost of a request: each field, multiplied by the items of the lists around it.

use async_graphql::{Request, Variables};
use serde_json::json;

use super::{Guard, Introspection, RequestError, each, wide};
use crate::{
    config::Limits,
    graphql::{schema_types::SchemaTypes, sdl},
};

fn guard(query_cost: usize) -> Guard {
    let types = SchemaTypes::parse(&sdl()).expect("the SDL is GraphQL");
    let introspection = Introspection::parse(&sdl()).expect("the SDL is GraphQL");
    Guard::new(&Limits { query_cost, ..wide() }, types, introspection)
}

fn admit(query_cost: usize, request: impl Into<Request>) -> Result<usize, RequestError> {
    guard(query_cost).admit(request.into()).map(|admitted| admitted.cost.total())
}

fn cost(request: impl Into<Request>) -> usize {
    admit(usize::MAX, request).expect("admitted")
}

/// The cost of a page of clusters with two fields each.
fn cost_of_page(arguments: &str, variables: serde_json::Value) -> usize {
    let query = format!(
        "query($n: Int, $m: Int = 7) {{ organization(orgId: \"1\") {{ clusters{arguments} {{ nodes {{ uuid version }} }} }} }}"
    );
    cost(Request::new(query).variables(Variables::from_json(variables)))
}

#[test]
fn every_selection_costs_one() {
    assert_eq!(cost("{ viewer { isAdministrator } service { version } }"), 4);
    assert_eq!(cost("{ ... { viewer { ...F __typename } } __typename } fragment F on Viewer { isAdministrator }"), 6);
    assert_eq!(cost("{ a: service { version } b: service { version } }"), 4);
    assert_eq!(cost("{ unknown { field } }"), 2);
    assert!(cost("{ __schema { types { name } } }") > 40, "one name per type");
}

#[test]
fn a_page_of_which_only_the_total_is_selected_costs_no_page() {
    for (selections, expected) in [
        ("totalCount", 3),
        ("totalCount __typename", 4),
        ("... { totalCount }", 4),
        ("totalCount pageInfo { endCursor }", 2 + 3 * 100),
        ("totalCount ...F", 2 + 3 * 100),
    ] {
        let query = format!(
            "{{ organization(orgId: \"1\") {{ clusters(first: 100) {{ {selections} }} }} }} \
             fragment F on ClusterConnection {{ totalCount }}"
        );
        assert_eq!(cost(query.as_str()), expected, "{selections}");
    }
}

#[test]
fn the_pages_of_a_front_end_cost_less_than_half_of_the_limit() {
    let content = "content { ruleName description totalRisk impact likelihood riskOfChange publishedAt active tags \
                   categories { key name } }";
    let order = "orderBy: {field: VERSION, direction: DESC}";
    let page = "totalCount pageInfo { hasNextPage hasPreviousPage startCursor endCursor }";
    for query in [
        format!(
            "{{ recommendations(first: 100, filter: {{text: \"a\"}}) {{ {page} nodes {{ id selector {content} \
             impactedClusters {{ totalCount }} }} }} }}"
        ),
        format!(
            "{{ organization(orgId: \"1\") {{ clusters(first: 50, filter: {{hasHits: true}}, {order}) {{ {page} \
             nodes {{ id uuid displayName version managed lastCheckedAt }} }} summary {{ hitCount \
             hitsByTotalRisk {{ totalRisk count }} }} }} }}"
        ),
        format!(
            "{{ cluster(uuid: \"00000000-0000-0000-0000-000000000001\") {{ displayName report {{ \
             ruleHits(first: 100) {{ {page} nodes {{ id impactedSince details recommendation {{ {content} }} }} }} }} }} }}"
        ),
        format!(
            "{{ recommendation(selector: \"a|A\") {{ {content} impactedClusters(first: 50, {order}, \
             filter: {{text: \"a\"}}) {{ {page} edges {{ impactedSince node {{ id uuid displayName version }} }} }} }} }}"
        ),
    ] {
        assert!(cost(query.as_str()) < 10_000, "{query}: {}", cost(query.as_str()));
    }
}

#[test]
fn the_fields_of_a_page_count_once_per_item() {
    // The organization and its list once; nodes, uuid and version for each.
    let expected = |size: usize| 2 + 3 * size;
    for (arguments, size) in [
        ("", 20),
        ("(first: 1)", 1),
        ("(last: 100)", 100),
        ("(first: null)", 20),
        // The resolver refuses these sizes.
        ("(first: 101)", 100),
        ("(first: 2147483648)", 100),
        ("(first: -1)", 1),
        ("(first: 0)", 0),
    ] {
        assert_eq!(cost_of_page(arguments, json!({})), expected(size), "{arguments}");
    }
    for (arguments, variables, size) in [
        ("(first: $n)", json!({ "n": 50 }), 50),
        ("(first: $n)", json!({ "n": 1_000 }), 100),
        ("(first: $n)", json!({}), 20),
        ("(first: $n)", json!({ "n": null }), 20),
        ("(last: $m)", json!({}), 7),
        ("(last: $m)", json!({ "m": 9 }), 9),
        ("(first: $unknown)", json!({}), 20),
    ] {
        assert_eq!(cost_of_page(arguments, variables.clone()), expected(size), "{arguments} with {variables}");
    }
}

#[test]
fn a_page_size_that_is_not_a_number_is_refused() {
    for size in ["99999999999999999999", "\"9\"", "[9]"] {
        let refused = admit(usize::MAX, format!("{{ organizations(first: {size}) {{ totalCount }} }}"));
        assert!(matches!(refused, Err(RequestError::InvalidArgument { .. })), "{size}: {refused:?}");
    }
}

#[test]
fn a_list_of_keys_counts_its_keys_and_the_fields_below_it_once_per_key() {
    let of_keys = |keys: serde_json::Value| {
        cost(
            Request::new("query($k: [ID!]!) { nodes(ids: $k) { id } }")
                .variables(Variables::from_json(json!({ "k": keys }))),
        )
    };
    assert_eq!(cost("{ nodes(ids: [\"a\" \"b\" \"a\"]) { id } }"), 1 + 3 + 3);
    assert_eq!(cost("{ clusters(uuids: []) { uuid } }"), 1);
    assert_eq!(cost("{ nodes(ids: \"a\") { id } }"), 1 + 1);
    assert_eq!(of_keys(json!(["a", "b"])), 1 + 2 + 2);
    assert_eq!(of_keys(json!("a")), 1 + 1);
    assert_eq!(of_keys(json!(vec!["a"; 5_000])), 1 + 5_000 + 100);
}

#[test]
fn levels_multiply_also_through_fragments() {
    const FRAGMENTS: &str = "fragment O on Organization { clusters(first: 3) { nodes { ...C ...C } } }
        fragment C on Node { ... on Cluster { report { ruleHits(last: 5) { edges { node { selector } } } } } }";
    // Of each cluster twice: the spread and the inline fragment; report, its list, and for each hit edges, node, selector.
    let of_cluster = 2 * (1 + 1 + 2 + 5 * 3);
    let of_organization = 1 + 3 * (1 + of_cluster);
    let query = format!("{{ organizations(first: 2) {{ nodes {{ ...O }} }} }} {FRAGMENTS}");
    assert_eq!(cost(query.as_str()), 1 + 2 * (1 + 1 + of_organization));
}

#[test]
fn only_the_selected_operation_counts() {
    const TWO: &str =
        "query A { viewer { isAdministrator } } query B { organizations(first: 100) { nodes { orgId } } }";
    assert_eq!(cost(Request::new(TWO).operation_name("A")), 2);
    assert_eq!(cost(Request::new(TWO).operation_name("B")), 201);
    assert!(admit(200, Request::new(TWO).operation_name("A")).is_ok());
    assert!(admit(200, Request::new(TWO).operation_name("B")).is_err());
}

#[test]
fn a_request_at_the_limit_is_admitted_and_one_field_more_is_refused_with_key_limit_and_cost() {
    let fields = |count: usize| format!("{{ {} }}", "service { version } ".repeat(count / 2));
    assert_eq!(admit(100, fields(100)), Ok(100));
    let error = admit(100, fields(102)).expect_err("refused");
    assert_eq!(
        error.to_string(),
        "limits.query_cost allows 100 fields, where those of a page count once per item and reading all clusters of a list counts 1000; this request has at least 102"
    );
}

#[test]
fn products_beyond_64_bits_do_not_wrap_around() {
    // 100 to the power of 12 is beyond 64 bits; each level of the chain is a page of its own.
    let up_and_down = |i: usize| {
        format!(
            "fragment F{i} on Organization {{ clusters(first: 100) {{ nodes {{ organization {{ ...F{} }} }} }} }} ",
            i + 1
        )
    };
    let chain = each(12, up_and_down);
    let query = format!(
        "{{ organizations(first: 100) {{ nodes {{ ...F0 }} }} }} {chain} fragment F12 on Organization {{ orgId }}"
    );
    match admit(usize::MAX - 1, query).expect_err("refused") {
        RequestError::TooLarge { key: Some("limits.query_cost"), found: usize::MAX, .. } => {}
        other => panic!("{other}"),
    }
}

#[test]
fn the_results_of_a_mutation_cost_as_many_as_its_input_has_keys() {
    // The field, each UUID of the input, `results`, and the selections of each result.
    let of = |keys: usize, results: usize| 1 + keys + 1 + 2 * results;
    let uuids = |keys: usize| json!(vec!["00000000-0000-4000-8000-000000000001"; keys]);
    let mutation = |variable: &str, input: &str, selections: &str| {
        format!(
            "mutation({variable}) {{ disableRecommendationOnClusters(input: {input}) {{ {selections} }} }} \
             fragment F on ClusterTogglesPayload {{ results {{ uuid toggle {{ id }} }} }}"
        )
    };
    let cost_of = |query: &str, variables: serde_json::Value| {
        cost(Request::new(query).variables(Variables::from_json(variables)))
    };
    let results = "results { uuid __typename }";
    let literal = mutation("$s: String!", "{ selector: $s, clusterUuids: KEYS }", results);
    for keys in [0, 1, 2, 100] {
        let query = literal.replace("KEYS", &uuids(keys).to_string());
        assert_eq!(cost_of(&query, json!({ "s": "a|B" })), of(keys, keys));
        let query = mutation("$u: [UUID!]!", "{ selector: \"a|B\", clusterUuids: $u }", results);
        assert_eq!(cost_of(&query, json!({ "u": uuids(keys) })), of(keys, keys));
        let query = mutation("$i: DisableRecommendationOnClustersInput!", "$i", results);
        let input = json!({ "i": { "selector": "a|B", "clusterUuids": uuids(keys) } });
        assert_eq!(cost_of(&query, input.clone()), of(keys, keys));
        // A fragment may be spread below any field: it counts as the most keys.
        assert_eq!(cost_of(&query.replace(results, "...F"), input), 1 + keys + 1 + 1 + 3 * 100);
    }
    let many = mutation("$u: [UUID!]!", "{ selector: \"a|B\", clusterUuids: $u }", results);
    assert_eq!(cost_of(&many, json!({ "u": uuids(101) })), of(101, 100), "the resolver refuses it");
}

#[test]
fn a_mutation_costs_what_its_payload_selects() {
    let query = "mutation { acknowledgeRecommendation(input: { selector: \"a|B\" }) { clientMutationId
        recommendation { impactedClusters(first: 10) { nodes { uuid } } } userErrors { code field } } }";
    assert_eq!(cost(query), 1 + 1 + (1 + 1 + 10 * 2) + 1 + 5 * 2);
}

#[test]
fn a_list_with_a_bound_costs_what_its_arguments_leave_of_it() {
    let cost_of = |arguments: &str, variables: serde_json::Value| {
        let query = format!(
            "query($ids: [String!], $n: Int) {{ cluster(uuid: \"7f6e2c1a-4b1d-4c0e-9a55-0d1f2e3a4b5c\") {{ gatheringRequests{arguments} {{ requestId }} }} }}"
        );
        cost(Request::new(query).variables(Variables::from_json(variables)))
    };
    let ids = json!(["a", "b", "c"]);
    // The ids in the arguments cost one each.
    let alone = cost_of("", json!({})) - 100;
    for (arguments, variables, expected) in [
        ("", json!({}), 100),
        ("(first: 7)", json!({}), 7),
        ("(first: 101)", json!({}), 100),
        ("(first: -1)", json!({}), 1),
        ("(first: $n)", json!({ "n": 9 }), 9),
        ("(first: $n)", json!({ "n": null }), 100),
        (r#"(requestIds: ["a"])"#, json!({}), 1 + 1),
        ("(requestIds: null)", json!({}), 100),
        ("(requestIds: $ids)", json!({}), 100),
        ("(requestIds: $ids)", json!({ "ids": null }), 100),
        ("(requestIds: $ids)", json!({ "ids": ids }), 3 + 3),
        ("(requestIds: $ids, first: 2)", json!({ "ids": ids }), 2 + 3),
        ("(requestIds: $ids)", json!({ "ids": vec!["a"; 101] }), 100 + 101),
    ] {
        assert_eq!(cost_of(arguments, variables.clone()) - alone, expected, "{arguments} {variables}");
    }
}
