//! The cost of a request: returned if the request has the extension `cost`, and limited.

use super::*;
use crate::{
    harness::{each_database, sqlite},
    reports::{organization, reports},
};

async fn execute(graph: &Graph, query: &str, extensions: Value) -> Value {
    let request = json!({ "query": query, "extensions": extensions });
    let request: Request = serde_json::from_value(request).expect("a request");
    graph.execute(Viewer::unrestricted(), request).await
}

#[tokio::test]
async fn the_extension_cost_returns_the_cost_and_the_limit() {
    const QUERY: &str = "{ organizations(first: 3) { nodes { orgId } } }";
    let graph = Graph::with_reports(&sqlite(), &[]).await;
    let answer = execute(&graph, QUERY, json!({ "cost": true })).await;
    assert_eq!(answer["extensions"], json!({ "cost": { "cost": 1 + 3 * 2, "limit": 20_000 } }));
    for extensions in [json!({}), json!({ "cost": false }), json!({ "cost": "true" })] {
        assert_eq!(execute(&graph, QUERY, extensions).await.get("extensions"), None);
    }
}

#[tokio::test]
async fn the_cost_is_returned_together_with_errors() {
    let graph = Graph::with_reports(&sqlite(), &[]).await;
    let answer = execute(&graph, "{ organizations(first: 1, last: 1) { totalCount } }", json!({ "cost": true })).await;
    assert_eq!(answer["errors"][0]["extensions"]["code"], "BAD_USER_INPUT", "{answer}");
    assert_eq!(answer["extensions"]["cost"]["cost"], 2, "{answer}");
}

#[tokio::test]
async fn a_request_at_the_limit_is_answered_and_one_beyond_is_refused() {
    const QUERY: &str = "query($n: Int) { organizations(first: $n) { nodes { orgId } } }";
    for database in each_database().await {
        let limits = Limits { query_cost: 101, ..default_config().limits };
        let graph = Graph::with_limits(database.store().await, &limits);
        assert_eq!(graph.query_with(QUERY, json!({ "n": 50 })).await.get("errors"), None, "{}", database.name);
        let refused = graph.query_with(QUERY, json!({ "n": 51 })).await;
        let expected = json!({ "errors": [{
            "message": "limits.query_cost allows 101 fields, where those of a page count once per item and \
                        reading all clusters of a list counts 1000; \
                        this request has at least 103",
            "extensions": { "code": "QUERY_TOO_LARGE" },
        }] });
        assert_eq!(refused, expected, "{}", database.name);
    }
}

#[tokio::test]
async fn a_hundred_clusters_with_twenty_hits_and_all_their_fields_fit() {
    const QUERY: &str = r#"{ organization(orgId: "1") { orgId clusters(first: 100) { totalCount pageInfo { hasNextPage endCursor }
        nodes { id uuid displayName version lastCheckedAt report { id lastCheckedAt gatheredAt storedAt requestId
            ruleHits(first: 20) { totalCount nodes {
                id selector ruleFqdn errorKey details impactedSince } } } } } } }"#;
    let database = sqlite();
    let graph = Graph::with_reports(&database, &reports(1, 1, 100, 20)).await;
    let answer = execute(&graph, QUERY, json!({ "cost": true })).await;
    assert_eq!(answer.get("errors"), None, "{}", organization(1));
    let cost = answer["extensions"]["cost"]["cost"].as_u64().expect("a cost");
    assert!((10_000..=20_000).contains(&cost), "{cost}");
}
