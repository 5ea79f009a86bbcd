//! Requests that are small and expensive: each is refused before execution, or ends within its bound.

use super::*;
use crate::{
    harness::{Database, sqlite},
    reports::{cluster, report},
};

/// Lists of introspection within one another: 798 bytes of them took half a minute.
fn nested_introspection() -> String {
    let mut query = "name".to_owned();
    for _ in 0..6 {
        query = format!("interfaces {{ possibleTypes {{ {query} }} }}");
    }
    format!("{{ __schema {{ types {{ {query} }} }} }}")
}

/// A page of 100 clusters of 100 organizations, and of each many times the same cheap selection.
fn repeated(selection: &str, times: usize) -> String {
    format!(
        "{{ organizations(first: 100) {{ nodes {{ clusters(first: 100) {{ nodes {{ {} }} }} }} }} }}",
        selection.repeat(times)
    )
}

#[tokio::test]
async fn a_request_that_multiplies_is_refused_before_execution() {
    let database = sqlite();
    let graph = Graph::with_reports(&database, &[report(1, 1, &[])]).await;
    for (name, query) in [
        ("nested introspection", nested_introspection()),
        ("__typename of each node", repeated("__typename ", 100)),
        ("empty inline fragments of each node", repeated("... { __typename } ", 20)),
        ("spreads of each node", repeated("...F ", 20) + " fragment F on Cluster { __typename }"),
        ("texts of each parent", {
            let versions = "\"4.16.0\" ".repeat(100);
            format!(
                "{{ organizations(first: 100) {{ nodes {{ {} }} }} }}",
                each(3, |n| format!("a{n}: clusters(filter: {{versions: [{versions}]}}) {{ totalCount }} "))
            )
        }),
    ] {
        let (answer, statements) = graph.query_counting(&query).await;
        assert_eq!(answer["errors"][0]["extensions"]["code"], "QUERY_TOO_LARGE", "{name}: {answer}");
        let message = answer["errors"][0]["message"].as_str().expect("a message");
        assert!(message.contains("limits.query_cost") || message.contains("limits.query_tokens"), "{name}: {message}");
        assert_eq!(statements, 0, "{name}");
    }
}

#[tokio::test]
async fn texts_of_arguments_are_bounded() {
    let database = sqlite();
    let graph = Graph::with_reports(&database, &[report(1, 1, &[])]).await;
    let query =
        "query($v: [String!]) { organization(orgId: \"1\") { clusters(filter: {versions: $v}) { totalCount } } }";
    let with = async |versions: Vec<String>| graph.query_with(query, json!({ "v": versions })).await;
    assert_eq!(with(vec!["4".repeat(255); 100]).await.get("errors"), None);
    let answer = with(vec!["4".repeat(256)]).await;
    let expected = "filter.versions[0]: has 256 characters; at most 255 are taken";
    assert_eq!(answer["errors"][0]["message"], expected, "{answer}");
    let answer = with(vec!["4".repeat(700); 100]).await;
    assert_eq!(answer["errors"][0]["extensions"]["code"], "QUERY_TOO_LARGE", "{answer}");
    assert!(answer["errors"][0]["message"].as_str().expect("a message").contains("bytes in the values"), "{answer}");
}

/// The graph over one cluster with details of 100 kB, whose answers have at most 1 MB.
async fn graph_with_large_details() -> (Graph, Database) {
    let details = format!("{{\"text\": \"{}\"}}", "x".repeat(100_000));
    let database = sqlite();
    let store = database.store().await;
    let clusters: Vec<_> = (1..=20).map(|number| report(1, number, &[("a|A", details.as_str())])).collect();
    write(&store, &clusters).await;
    let limits = Limits { response_bytes: 1_000_000, ..default_config().limits };
    (Graph::with_limits(store, &limits), database)
}

#[tokio::test]
async fn an_answer_that_grows_too_large_is_stopped() {
    let (graph, _database) = graph_with_large_details().await;
    let hits = "report { ruleHits(first: 1) { nodes { details } } }";
    let one = format!("{{ cluster(uuid: \"{}\") {{ {hits} }} }}", cluster(1));
    assert_eq!(graph.query(&one).await.get("errors"), None);

    // One cluster is read once, and its details are repeated.
    let uuids = format!("\"{}\" ", cluster(1)).repeat(100);
    let answer = graph.query(&format!("{{ clusters(uuids: [{uuids}]) {{ {hits} }} }}")).await;
    assert_eq!(answer["data"], Value::Null, "nothing of it is returned");
    assert_eq!(answer["errors"].as_array().map(Vec::len), Some(1), "{answer}");
    assert_eq!(answer["errors"][0]["extensions"]["code"], "RESPONSE_TOO_LARGE", "{answer}");
}

#[tokio::test]
async fn details_beyond_the_size_of_an_answer_are_not_read() {
    let (graph, _database) = graph_with_large_details().await;
    let page = |first: usize| {
        format!(
            "{{ organization(orgId: \"1\") {{ clusters(first: {first}) {{ totalCount nodes {{
                report {{ ruleHits(first: 1) {{ nodes {{ details }} }} }} }} }} }} }}"
        )
    };
    assert_eq!(graph.query(&page(5)).await.get("errors"), None);
    let (answer, statements) = graph.query_counting(&page(20)).await;
    // The organization and the clusters are read, and none of the details.
    assert!(statements <= 2, "{statements}");
    let clusters = &answer["data"]["organization"]["clusters"];
    assert_eq!(clusters["totalCount"], 20, "{answer}");
    assert_eq!(clusters["nodes"][0]["report"]["ruleHits"], Value::Null);
    assert_eq!(answer["errors"][0]["extensions"]["code"], "RESPONSE_TOO_LARGE", "{answer}");
    assert_eq!(answer["errors"].as_array().map(Vec::len), Some(20), "one error per cluster");
}
