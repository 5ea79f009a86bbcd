//! Where async-graphql departs from the GraphQL specification, and this service does not.

use super::*;
use crate::{
    harness::{each_database, sqlite},
    reports::{cluster, reports},
};

/// A graph with one organization that has two clusters with two hits each.
async fn graph(database: &Database) -> Graph {
    Graph::with_reports(database, &reports(1, 1, 2, 2)).await
}

/// The data of the answer to a query that must not fail.
async fn data(graph: &Graph, query: &str, variables: Value) -> Value {
    let mut answer = graph.query_with(query, variables).await;
    assert_eq!(answer.get("errors"), None, "{query}");
    answer["data"].take()
}

/// The only error of a request that must be refused before it is executed, as its position and message.
async fn refusal(graph: &Graph, query: &str, variables: Value) -> String {
    let answer = graph.query_with(query, variables.clone()).await;
    assert_eq!(answer.get("data"), None, "{query} {variables}: {answer}");
    let errors = answer["errors"].as_array().unwrap_or_else(|| panic!("{query} {variables}: {answer}"));
    assert_eq!(errors.len(), 1, "{query} {variables}: {answer}");
    assert_eq!(errors[0]["extensions"]["code"], "BAD_USER_INPUT", "{query}: {answer}");
    errors[0]["message"].as_str().expect("a message").to_owned()
}

/// A query of the first cluster.
fn of_cluster(selections: &str) -> String {
    format!("{{ cluster(uuid: \"{}\") {{ {selections} }} }}", cluster(1))
}

#[tokio::test]
async fn an_object_of_which_nothing_is_selected_is_an_empty_object() {
    let database = sqlite();
    let graph = graph(&database).await;
    let nothing = "uuid @skip(if: true)";
    for (query, expected) in [
        ("{ viewer { isAdministrator @skip(if: true) } }".to_owned(), json!({ "viewer": {} })),
        ("{ viewer @skip(if: true) { isAdministrator } }".to_owned(), json!({})),
        ("{ ... @include(if: false) { viewer { isAdministrator } } }".to_owned(), json!({})),
        (of_cluster(nothing), json!({ "cluster": {} })),
        (of_cluster(&format!("... {{ {nothing} }}")), json!({ "cluster": {} })),
        (of_cluster("report { storedAt @skip(if: true) }"), json!({ "cluster": { "report": {} } })),
        (
            of_cluster(
                "report { ruleHits { nodes { selector @include(if: false) } edges { node { id @skip(if: true) } } } }",
            ),
            json!({ "cluster": { "report": { "ruleHits": { "nodes": [{}, {}], "edges": [{ "node": {} }, { "node": {} }] } } } }),
        ),
        (
            format!("{{ clusters(uuids: [\"{}\" \"{}\"]) {{ {nothing} }} }}", cluster(1), cluster(9)),
            json!({ "clusters": [{}, null] }),
        ),
    ] {
        assert_eq!(data(&graph, &query, json!({})).await, expected, "{query}");
    }
}

#[tokio::test]
async fn an_object_that_only_a_fragment_of_another_type_selects_from_is_empty() {
    let database = sqlite();
    let graph = graph(&database).await;
    let mut node = data(&graph, &of_cluster("id report { id }"), json!({})).await["cluster"].take();
    let ids = json!({ "cluster": node["id"].take(), "report": node["report"]["id"].take() });
    let query = "query($cluster: ID!, $report: ID!) {
        a: node(id: $cluster) { ... on RuleHit { selector } }
        nodes(ids: [$cluster, $report]) { ...Report }
    } fragment Report on Report { cluster { ... on Node { ... on Cluster { uuid } } } }";
    let expected = json!({ "a": {}, "nodes": [{}, { "cluster": { "uuid": cluster(1).to_string() } }] });
    assert_eq!(data(&graph, query, ids).await, expected);
}

#[tokio::test]
async fn selecting_nothing_does_not_erase_what_another_occurrence_selects() {
    let database = sqlite();
    let graph = graph(&database).await;
    let uuid = cluster(1).to_string();
    let nothing = "uuid @skip(if: true)";
    for (first, second) in [(nothing, "uuid"), ("uuid", nothing)] {
        let [first, second] = [first, second].map(|selections| format!("cluster(uuid: \"{uuid}\") {{ {selections} }}"));
        let query = format!("{{ {first} ...F }} fragment F on Query {{ {second} }}");
        assert_eq!(data(&graph, &query, json!({})).await, json!({ "cluster": { "uuid": uuid } }), "{query}");
    }
    for (first, second) in
        [("storedAt @skip(if: true)", "cluster { uuid }"), ("cluster { uuid }", "storedAt @skip(if: true)")]
    {
        let query = of_cluster(&format!("report {{ {first} }} ... on Cluster {{ report {{ {second} }} }}"));
        let expected = json!({ "cluster": { "report": { "cluster": { "uuid": uuid } } } });
        assert_eq!(data(&graph, &query, json!({})).await, expected, "{query}");
    }
}

#[tokio::test]
async fn occurrences_of_a_root_field_are_merged_in_the_order_of_the_query() {
    let database = sqlite();
    let graph = graph(&database).await;
    let query = "{ organizations { totalCount } viewer { isAdministrator } ...F __typename
        organizations { nodes { orgId clusters(first: 1) { totalCount } } } }
        fragment F on Query { organizations { pageInfo { hasNextPage } nodes { clusters(first: 1) { nodes { uuid } } } }
        viewer { organization { orgId } } __schema { queryType { name } } }";
    let answer = graph.text(Viewer::unrestricted(), Request::new(query)).await;
    let uuid = cluster(1);
    let expected = format!(
        "{{\"data\":{{\"organizations\":{{\"totalCount\":1,\"pageInfo\":{{\"hasNextPage\":false}},\"nodes\":[{{\
         \"clusters\":{{\"nodes\":[{{\"uuid\":\"{uuid}\"}}],\"totalCount\":2}},\"orgId\":\"1\"}}]}},\
         \"viewer\":{{\"isAdministrator\":true,\"organization\":null}},\
         \"__schema\":{{\"queryType\":{{\"name\":\"Query\"}}}},\"__typename\":\"Query\"}}}}"
    );
    assert_eq!(answer, expected);
}

#[tokio::test]
async fn a_field_in_several_fragments_is_loaded_once() {
    for database in each_database().await {
        let graph = graph(&database).await;
        for query in [
            "{ organizations { totalCount } organizations { nodes { orgId } } }",
            "{ ...A ... { ...B } } fragment A on Query { organizations { totalCount } }
             fragment B on Query { organizations { nodes { orgId } } }",
            "{ organizations { nodes { orgId } } ... on Query { organizations { ...T } } }
             fragment T on OrganizationConnection { totalCount }",
        ] {
            let (answer, statements) = graph.query_counting(query).await;
            let expected = json!({ "totalCount": 1, "nodes": [{ "orgId": "1" }] });
            assert_eq!(answer["data"]["organizations"], expected, "{}: {query}", database.name);
            assert_eq!(statements, 1, "{}: {query}", database.name);
        }
        // The process remembers the organization by the second time; its clusters are one statement, their hits another.
        let query = "{ organization(orgId: \"1\") { ...A ...B } organization(orgId: \"1\") { ...C } }
            fragment A on Organization { clusters { totalCount } }
            fragment B on Organization { clusters { nodes { uuid ...Hits } } }
            fragment C on Organization { clusters { nodes { report { ruleHits { nodes { details } } } } } }
            fragment Hits on Cluster { report { ruleHits { totalCount } } }";
        graph.query(query).await;
        let (answer, statements) = graph.query_counting(query).await;
        assert_eq!(answer["data"]["organization"]["clusters"]["totalCount"], 2, "{}: {answer}", database.name);
        assert_eq!(statements, 2, "{}: {answer}", database.name);
    }
}

#[tokio::test]
async fn occurrences_that_cannot_be_merged_are_refused() {
    let database = sqlite();
    let graph = graph(&database).await;
    let uuid = cluster(1);
    for query in [
        of_cluster("x: uuid ... on Cluster { x: displayName }"),
        of_cluster("...A ...B").replacen('{', "query {", 1)
            + " fragment A on Cluster { x: uuid } fragment B on Node { x: id }",
        format!("{{ cluster(uuid: \"{uuid}\") {{ x: uuid }} cluster(uuid: \"{uuid}\") {{ x: displayName }} }}"),
        format!("{{ cluster(uuid: \"{uuid}\") {{ uuid }} ... {{ cluster(uuid: \"{}\") {{ uuid }} }} }}", cluster(2)),
        of_cluster("history(first: 1) { totalCount } ... { history { totalCount } }"),
        // The types of one key differ, also where only one of the fragments can apply.
        "{ node(id: \"x\") { ... on Cluster { x: version } ... on RuleHit { x: selector } } }".to_owned(),
        "{ node(id: \"x\") { ... on Cluster { x: history { totalCount } } ... on RuleHit { x: details } } }".to_owned(),
    ] {
        let message = refusal(&graph, &query, json!({})).await;
        assert!(message.contains("cannot be merged"), "{query}: {message}");
    }
    for query in [
        of_cluster("x: uuid ... on Cluster { x: uuid } history(first: 1, last: null) { totalCount }
            ... { history(last: null first: 1) { totalCount } }"),
        "{ nodes(ids: []) { ... on Cluster { ... { x: version } } ... on Report { ... { x: requestId } } } }".to_owned(),
        "{ nodes(ids: []) { ... on Cluster { x: organization { y: orgId } } ... on RuleHit { x: cluster { y: displayName } } } }"
            .to_owned(),
    ] {
        data(&graph, &query, json!({})).await;
    }
}

#[tokio::test]
async fn a_variable_is_refused_in_a_position_that_its_type_does_not_fit() {
    let database = sqlite();
    let graph = graph(&database).await;
    let organizations = "organizations(first: $v) { totalCount }";
    let clusters = |arguments: &str| format!("organization(orgId: \"1\") {{ clusters({arguments}) {{ totalCount }} }}");
    for (definition, selections, types) in [
        ("$v: [Int]", organizations.to_owned(), ("[Int]", "Int")),
        ("$v: [Int!]! = [1]", organizations.to_owned(), ("[Int!]!", "Int")),
        ("$v: String", organizations.to_owned(), ("String", "Int")),
        ("$v: Int", "...F".to_owned(), ("Int", "String")),
        ("$v: UUID", "cluster(uuid: $v) { uuid }".to_owned(), ("UUID", "UUID!")),
        ("$v: String!", "cluster(uuid: $v) { uuid }".to_owned(), ("String!", "UUID!")),
        ("$v: UUID!", "clusters(uuids: $v) { uuid }".to_owned(), ("UUID!", "[UUID!]!")),
        ("$v: [UUID]!", "clusters(uuids: $v) { uuid }".to_owned(), ("[UUID]!", "[UUID!]!")),
        ("$v: UUID", "clusters(uuids: [$v]) { uuid }".to_owned(), ("UUID", "UUID!")),
        ("$v: Boolean", "service @skip(if: $v) { version }".to_owned(), ("Boolean", "Boolean!")),
        ("$v: Boolean = null", "... @include(if: $v) { service { version } }".to_owned(), ("Boolean", "Boolean!")),
        ("$v: Int", clusters("filter: { text: $v }"), ("Int", "String")),
        ("$v: String", clusters("filter: { hitBy: [$v] }"), ("String", "String!")),
        ("$v: Int", clusters("filter: { version: { from: $v } }"), ("Int", "String")),
        (
            "$v: OrderDirection",
            clusters("orderBy: { field: UUID, direction: $v }"),
            ("OrderDirection", "OrderDirection!"),
        ),
        ("$v: String!", clusters("orderBy: { field: UUID, direction: $v }"), ("String!", "OrderDirection!")),
        ("$v: ClusterOrder", clusters("filter: $v"), ("ClusterOrder", "ClusterFilter")),
        ("$v: String", "__type(name: $v) { name }".to_owned(), ("String", "String!")),
        (
            "$v: Int",
            "__type(name: \"Query\") { fields(includeDeprecated: $v) { name } }".to_owned(),
            ("Int", "Boolean"),
        ),
    ] {
        let query = if selections.contains("...F") {
            format!(
                "query({definition}) {{ {selections} }} fragment F on Query {{ ...G }}
                fragment G on Query {{ organizations(after: $v) {{ totalCount }} }}"
            )
        } else {
            format!("query({definition}) {{ {selections} }}")
        };
        let message = refusal(&graph, &query, json!({})).await;
        let expected = match types {
            // A required variable that is omitted is refused first.
            (declared, _) if declared.ends_with('!') && !definition.contains('=') => {
                "the variable defined at line 1, column 7 is required and must not be null".to_owned()
            }
            (declared, position) => {
                format!("a variable of type \"{declared}\" is used where \"{position}\" is expected")
            }
        };
        assert_eq!(message, expected, "{query}");
    }
    let given = json!({ "v": "UUID" });
    let message = refusal(
        &graph,
        &format!("query($v: String!) {{ {} }}", clusters("orderBy: { field: $v, direction: ASC }")),
        given,
    )
    .await;
    assert_eq!(message, "a variable of type \"String!\" is used where \"ClusterOrderField!\" is expected");
    // Every operation is checked, also one that is not executed.
    let two = "query A { service { version } } query B($v: [Int]) { organizations(first: $v) { totalCount } }";
    let answer = graph.execute(Viewer::unrestricted(), Request::new(two).operation_name("A")).await;
    assert_eq!(answer["errors"][0]["message"], "a variable of type \"[Int]\" is used where \"Int\" is expected");
}

#[tokio::test]
async fn a_variable_is_accepted_in_a_position_that_its_type_fits() {
    let database = sqlite();
    let graph = graph(&database).await;
    let uuid = cluster(1).to_string();
    for (definition, selections, variables) in [
        ("$v: Int!", "organizations(first: $v) { totalCount }", json!({ "v": 1 })),
        ("$v: UUID = \"00000000-0000-0000-0000-000000000001\"", "cluster(uuid: $v) { uuid }", json!({})),
        ("$v: [UUID!]!", "clusters(uuids: $v) { uuid }", json!({ "v": [uuid] })),
        ("$v: [UUID!]!", "clusters(uuids: $v) { uuid }", json!({ "v": uuid })),
        ("$v: [UUID!] = [\"00000000-0000-0000-0000-000000000001\"]", "clusters(uuids: $v) { uuid }", json!({})),
        ("$v: UUID!", "clusters(uuids: [$v, $v]) { uuid }", json!({ "v": uuid })),
        ("$v: Boolean = false", "service @skip(if: $v) { version }", json!({})),
        ("$v: ID!", "node(id: $v) { id }", json!({ "v": "MTpPcmdhbml6YXRpb246MQ" })),
        ("$v: String! = \"Query\"", "__type(name: $v) { name }", json!({})),
    ] {
        data(&graph, &format!("query({definition}) {{ {selections} }}"), variables).await;
    }
}

#[tokio::test]
async fn the_value_of_a_variable_that_is_not_of_its_type_is_refused() {
    let database = sqlite();
    let graph = graph(&database).await;
    let first = "query($v: Int) { organizations(first: $v) { totalCount } }";
    let uuids = "query($v: [UUID!]!) { clusters(uuids: $v) { uuid } }";
    let filter = "query($v: ClusterFilter, $other: Int) {
        organization(orgId: \"1\") { clusters(filter: $v first: $other) { totalCount } } }";
    let order = "query($v: ClusterOrder) { organization(orgId: \"1\") { clusters(orderBy: $v) { totalCount } } }";
    let uuid_format = "expected type \"UUID\": write it as 12345678-9abc-4def-8123-456789abcdef";
    for (query, value, expected) in [
        (first, json!("1"), ": expected type \"Int\"".to_owned()),
        (first, json!(1.5), ": expected type \"Int\"".to_owned()),
        (first, json!([1]), ": expected type \"Int\"".to_owned()),
        (first, json!(2_147_483_648_u32), ": expected type \"Int\"".to_owned()),
        (uuids, json!("x"), format!(": {uuid_format}")),
        (uuids, json!(["x"]), format!(" at 0: {uuid_format}")),
        (uuids, json!([null]), format!(" at 0: {uuid_format}")),
        (filter, json!("x"), ": expected type \"ClusterFilter\"".to_owned()),
        (filter, json!([{}]), ": expected type \"ClusterFilter\"".to_owned()),
        (filter, json!({ "text": 1 }), " at text: expected type \"String\"".to_owned()),
        (filter, json!({ "nam": 1 }), ": unknown field \"nam\" of type \"ClusterFilter\"".to_owned()),
        (filter, json!({ "version": "4.1" }), " at version: expected type \"VersionRange\"".to_owned()),
        (filter, json!({ "version": { "from": 4.1 } }), " at version.from: expected type \"String\"".to_owned()),
        (filter, json!({ "hitBy": ["a|A", null] }), " at hitBy.1: expected type \"String\"".to_owned()),
        (
            order,
            json!({ "field": "UUID" }),
            ": field \"direction\" of type \"OrderDirection!\" is required but not provided".to_owned(),
        ),
        (
            order,
            json!({ "field": "SIZE", "direction": "ASC" }),
            " at field: enumeration type \"ClusterOrderField\" does not contain the value".to_owned(),
        ),
    ] {
        let message = refusal(&graph, query, json!({ "v": value })).await;
        let expected = format!("the variable defined at line 1, column 7 has an invalid value{expected}");
        assert_eq!(message, expected, "{query} {value}");
    }
    for (query, value) in [
        (first, json!(1)),
        (first, json!(null)),
        (uuids, json!([cluster(1).to_string()])),
        (filter, json!({ "text": null, "hitBy": "a|A", "version": { "from": "4" } })),
        (order, json!({ "field": "UUID", "direction": "DESC" })),
    ] {
        data(&graph, query, json!({ "v": value })).await;
    }
}

#[tokio::test]
async fn null_instead_of_a_variables_default_is_refused_where_null_is_not_valid() {
    let database = sqlite();
    let graph = graph(&database).await;
    for (query, expected) in [
        (
            "query($v: Boolean = true) { service @include(if: $v) { version } }",
            "Invalid value for argument \"if\", expected type \"Boolean\"",
        ),
        (
            "query($v: String = \"1\") { organization(orgId: $v) { orgId } }",
            "Invalid value for argument \"orgId\", expected type \"String\"",
        ),
    ] {
        data(&graph, query, json!({})).await;
        assert_eq!(refusal(&graph, query, json!({ "v": null })).await, expected, "{query}");
    }
}

#[tokio::test]
async fn directives_of_typename_are_validated_and_use_variables() {
    let database = sqlite();
    let graph = graph(&database).await;
    let query = "query($v: Boolean!) { __typename @skip(if: $v) viewer { a: __typename @include(if: $v) } }";
    assert_eq!(data(&graph, query, json!({ "v": true })).await, json!({ "viewer": { "a": "Viewer" } }));
    assert_eq!(data(&graph, query, json!({ "v": false })).await, json!({ "__typename": "Query", "viewer": {} }));
    for (query, expected) in [
        ("{ __typename @unknown }", "Unknown directive \"unknown\""),
        ("{ __typename @skip(if: $v) }", "Variable \"$v\" is not defined"),
        (
            "{ __typename @skip }",
            "Directive \"@skip\" argument \"if\" of type \"Boolean!\" is required but not provided",
        ),
        ("{ __typename @skip(if: \"true\") }", "Invalid value for argument \"if\", expected type \"Boolean\""),
    ] {
        assert_eq!(refusal(&graph, query, json!({})).await, expected, "{query}");
    }
}

#[tokio::test]
async fn a_string_is_not_an_enum_value_in_a_query() {
    let database = sqlite();
    let graph = graph(&database).await;
    let of = |variables: &str, order: &str| {
        format!("query{variables} {{ organization(orgId: \"1\") {{ clusters(orderBy: {order}) {{ totalCount }} }} }}")
    };
    let unquoted = "expected type \"OrderDirection\": write it without quotes";
    let in_argument = format!("Invalid value for argument \"orderBy.direction\", {unquoted}");
    for (query, expected) in [
        (of("", "{ field: UUID, direction: \"ASC\" }"), in_argument.clone()),
        (of("($f: ClusterOrderField!)", "{ field: $f, direction: \"ASC\" }"), in_argument),
        (
            of("($d: OrderDirection! = \"ASC\")", "{ field: UUID, direction: $d }"),
            format!("the variable defined at line 1, column 7 has an invalid default value: {unquoted}"),
        ),
        (
            of("($o: ClusterOrder = { field: UUID, direction: \"ASC\" })", "$o"),
            format!("the variable defined at line 1, column 7 has an invalid default value at direction: {unquoted}"),
        ),
    ] {
        assert_eq!(refusal(&graph, &query, json!({ "f": "UUID" })).await, expected, "{query}");
    }
    data(&graph, &of("($d: OrderDirection! = ASC)", "{ field: UUID, direction: $d }"), json!({})).await;
}

#[tokio::test]
async fn literals_beside_an_omitted_variable_are_checked() {
    let database = sqlite();
    let graph = graph(&database).await;
    let of = |filter: &str| {
        format!("query($v: String) {{ organization(orgId: \"1\") {{ clusters(filter: {filter}) {{ totalCount }} }} }}")
    };
    for (filter, expected) in [
        ("{ text: $v, hasHits: 1 }", "Invalid value for argument \"filter.hasHits\", expected type \"Boolean\""),
        (
            "{ version: { from: $v, nam: 1 } }",
            "Invalid value for argument \"filter.version\", unknown field \"nam\" of type \"VersionRange\"",
        ),
        ("{ text: $v, version: 1 }", "Invalid value for argument \"filter.version\", expected type \"VersionRange\""),
    ] {
        assert_eq!(refusal(&graph, &of(filter), json!({})).await, expected, "{filter}");
    }
    data(&graph, &of("{ text: $v }"), json!({})).await;
}
