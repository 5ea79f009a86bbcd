//! Apollo Client's normalised cache, which keeps every node once by its type and id.

use insights_results_aggregator::{config::DevIdentity, service::Role};
use serde_json::{Map, Value, json};

use crate::{
    harness::{Running, default_config, node, sqlite},
    reports::{organization, reports, write},
};

/// The number of clusters.
const CLUSTERS: usize = 7;
/// The size of each of the two pages that the client reads.
const PAGE: usize = 3;

const LIST: &str = r#"{ organization(orgId: "1") { id clusters(first: 100) { edges { cursor node { id uuid } } } } }"#;

/// A reference to a node in the cache.
fn reference(type_name: &str, id: &Value) -> Value {
    json!({ "__ref": key(type_name, id) })
}

fn key(type_name: &str, id: &Value) -> String {
    format!("{type_name}:{}", id.as_str().expect("an id"))
}

/// The cache after two pages and a node. The organization has one list with the clusters of both pages, each cluster is
/// there once, and the first one also has the fields that were read by `node`.
fn expected_store(organization: &Value) -> Map<String, Value> {
    let id = &organization["id"];
    let edges = &organization["clusters"]["edges"].as_array().expect("edges")[..2 * PAGE];
    let merged: Vec<_> = edges
        .iter()
        .map(|edge| {
            let node = reference("Cluster", &edge["node"]["id"]);
            json!({ "__typename": "ClusterEdge", "cursor": edge["cursor"], "node": node })
        })
        .collect();
    let info = json!({ "__typename": "PageInfo", "hasNextPage": true, "hasPreviousPage": false,
        "startCursor": edges[0]["cursor"], "endCursor": edges[2 * PAGE - 1]["cursor"] });
    let mut store = Map::new();
    let list = json!({ "__typename": "ClusterConnection", "edges": merged, "pageInfo": info });
    let owner = json!({ "__typename": "Organization", "id": id, "orgId": "1", "clusters": list });
    store.insert(key("Organization", id), owner);
    for edge in edges {
        let (id, uuid) = (&edge["node"]["id"], &edge["node"]["uuid"]);
        store.insert(key("Cluster", id), json!({ "__typename": "Cluster", "id": id, "uuid": uuid }));
    }
    let (first, uuid) = (&edges[0]["node"]["id"], &edges[0]["node"]["uuid"]);
    let known = &mut store[&key("Cluster", first)];
    known["displayName"] = uuid.clone();
    known["organization"] = reference("Organization", id);
    let root = json!({
        "__typename": "Query",
        "organization({\"orgId\":\"1\"})": reference("Organization", id),
        format!("node({})", json!({ "id": first })): reference("Cluster", first),
    });
    store.insert("ROOT_QUERY".to_owned(), root);
    store
}

#[tokio::test]
async fn two_pages_and_a_node_are_cached_as_one_list_with_each_node_once() {
    let database = sqlite();
    write(&database.store().await, &reports(1, 1, CLUSTERS, 2)).await;
    let service = Running::api(&database).await.ready().await;
    let organization = service.data(LIST).await["organization"].take();
    let arguments = ["read.js", &service.url("/graphql"), "1", &PAGE.to_string()];
    let printed = node::stdout("tests/apollo", "node", &arguments).await;
    let mut store: Map<String, Value> = serde_json::from_str(&printed).expect("the cache as JSON");
    store.remove("__META"); // internal data of the client
    assert_eq!(Value::from(store), Value::from(expected_store(&organization)));
}

#[tokio::test]
async fn a_client_that_sends_hashes_of_queries_sends_the_queries_instead() {
    let database = sqlite();
    let service = Running::api(&database).await.ready().await;
    for method in ["POST", "GET"] {
        let printed = node::stdout("tests/apollo", "node", &["persisted.js", &service.url("/graphql"), method]).await;
        let seen: Value = serde_json::from_str(&printed).expect("the data as JSON");
        assert_eq!(seen["data"][0]["viewer"]["isAdministrator"], true, "{method}: {seen}");
        assert!(seen["data"][1]["service"].is_object(), "{method}: {seen}");
        assert_eq!(seen["hashes"], 1, "{method}: after the first answer it sends no further hashes: {seen}");
    }
}

/// The recommendation that is acknowledged, as an organization's list has it.
fn acknowledged<'a>(list: &'a Value, organization: &str, selector: &str) -> &'a Value {
    let nodes = list.pointer(&format!("{organization}/recommendations/nodes")).and_then(Value::as_array);
    nodes.expect("a list").iter().find(|node| node["selector"] == selector).expect("the recommendation")
}

/// The ids differ where organizations see different content, so that the other organization's list is unaffected.
#[tokio::test]
async fn an_acknowledgement_and_its_deletion_update_the_cache_without_another_request() {
    let selector = "rule_0|KEY";
    let database = sqlite();
    let store = database.store().await;
    write(&store, &reports(1, 1, 3, 2)).await;
    write(&store, &reports(2, 4, 2, 2)).await;
    let mut config = default_config();
    config.database = database.settings.clone();
    config.auth.dev_identity = DevIdentity { org_id: Some(organization(1)), user_id: Some("ann".to_owned()) };
    let service = Running::start(config, Role::Api).await.ready().await;
    let arguments = ["acknowledge.js", &service.url("/graphql"), selector, "2"];
    let printed = node::stdout("tests/apollo", "node", &arguments).await;
    let mut seen: Value = serde_json::from_str(&printed).expect("JSON");
    let states = seen["states"].take();
    let states = states.as_array().expect("states");
    // One request for the lists, then one for each mutation.
    for (requests, (state, text)) in (1..).zip(states.iter().zip([None, Some("first"), Some("second"), None])) {
        assert_eq!(state["cached"], state["read"], "after {requests} requests");
        assert_eq!(state["requests"], requests);
        let list = &state["cached"];
        let own = acknowledged(list, "/viewer/organization", selector);
        assert_eq!(own["acknowledgement"]["justification"], json!(text), "{own}");
        let edges = own["impactedClusters"]["edges"].as_array().expect("edges");
        let counts: Vec<_> = edges.iter().map(|edge| edge["node"]["hitCount"].clone()).collect();
        assert_eq!(counts, vec![json!(if text.is_some() { 1 } else { 2 }); 3], "{own}");
        assert!(edges.iter().all(|edge| edge["disabledAt"].is_string() == text.is_some()), "{own}");
        assert!(
            edges.iter().all(|edge| edge["ruleHit"]["acknowledgement"]["id"].is_string() == text.is_some()),
            "{own}"
        );
        let others = acknowledged(list, "/other", selector);
        assert!(others["acknowledgement"].is_null() && others["id"] != own["id"], "{others}");
        assert_eq!(states[0]["cached"]["other"], list["other"]);
    }
    assert_eq!((states.len(), &seen["left"]), (4, &json!([])), "the cache has no acknowledgement that was deleted");
}
