//! The statements that read namespaces, their recommendations and details.

use insights_results_aggregator::store::record_statements;

use super::*;

#[tokio::test]
async fn each_relation_of_namespaces_takes_one_statement() {
    let nodes = "nodes { name cluster { uuid } objectCount highestTotalRisk hitsByTotalRisk { count } recommendations(first: 3) {
        totalCount nodes { selector details recommendation { acknowledgement { id } }
            objects(first: 2) { totalCount nodes { name } } } } }";
    // The namespaces, their numbers, recommendations, details, acknowledgements and objects; and the clusters.
    let of_organization = format!("{{ organization(orgId: \"1\") {{ namespaces {{ totalCount {nodes} }} }} }}");
    let of_clusters = format!(
        "{{ organization(orgId: \"1\") {{ clusters(first: 2) {{ nodes {{ namespaces(first: 5) {{ totalCount {nodes} }} }} }} }} }}"
    );
    let one = "{ organization(orgId: \"1\") { clusters { nodes { namespace(uid: \"uid-of-shop\") { name cluster { uuid } } } } } }";
    for database in each_database().await {
        let graph = graph(&database).await;
        for (query, expected) in [(of_organization.as_str(), 7), (&of_clusters, 7), (one, 2)] {
            let _ = graph.query(query).await;
            let (answer, statements) = record_statements(graph.query(query)).await;
            assert_eq!(answer.get("errors"), None, "{answer}");
            assert_eq!(statements.len(), expected, "{}: {query} {statements:#?}", database.name);
        }
    }
}

#[tokio::test]
async fn details_that_are_too_large_are_an_error_and_are_not_read() {
    let large = format!(r#""{}""#, "x".repeat(3_000));
    let result = |number| workloads(1, number, at(1), &[("r|K", &large, &["shop/Pod/cart"])]);
    let selected = "namespaces { nodes { name recommendations { nodes { details } } } }";
    for database in each_database().await {
        let store = database.store().await;
        write_workloads(&store, &[result(1), result(2)]).await;
        let graph = Graph::with_limits(store, &Limits { response_bytes: 5_000, ..default_config().limits });
        let of_both = graph.query(&format!("{{ organization(orgId: \"1\") {{ {selected} }} }}")).await;
        assert_eq!(of_both["errors"][0]["extensions"]["code"], "RESPONSE_TOO_LARGE", "{}: {of_both}", database.name);
        let of_one = graph.query(&format!("{{ cluster(uuid: \"{}\") {{ {selected} }} }}", cluster(1))).await;
        assert_eq!(of_one.get("errors"), None, "{}: {of_one}", database.name);
    }
}
