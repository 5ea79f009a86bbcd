//! The fields `node` and `nodes`: every type, the order of ids, and what a viewer may see.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

use super::*;
use crate::{
    harness::{each_database, sqlite},
    reports::{cluster, organization, report, time},
    workloads::{workloads, write_workloads},
};

const OF_EACH_TYPE: &str = "__typename id ... on Organization { orgId } ... on Cluster { uuid }
    ... on Report { cluster { uuid } lastCheckedAt } ... on RuleHit { selector details cluster { uuid } impactedSince }
    ... on Namespace { uid cluster { uuid } reportedAt }";

fn id(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(text)
}

/// On each database, a graph with two organizations, each with one cluster.
async fn graphs() -> [(Graph, Database); 2] {
    let [one, other] = each_database().await;
    let reports = [report(1, 1, &[("a.b|K|:L", r#"{"n":1}"#), ("é|É", "")]), report(2, 2, &[("a.b|K|:L", "")])];
    let workloads = [1, 2].map(|number| {
        let at = time(crate::reports::LAST_CHECKED);
        workloads(number, number.into(), at, &[("a.b|K|:L", "{}", &["a:b|/Pod/x"])])
    });
    let graphs =
        [(Graph::with_reports(&one, &reports).await, one), (Graph::with_reports(&other, &reports).await, other)];
    for (graph, _) in &graphs {
        write_workloads(&graph.store, &workloads).await;
    }
    graphs
}

/// The ids of an organization, its cluster, and the report, a hit and a namespace of that cluster.
fn ids_of(owner: u32, number: u128) -> [String; 5] {
    let uuid = cluster(number);
    [
        id(&format!("1:Organization:{owner}")),
        id(&format!("1:Cluster:{uuid}")),
        id(&format!("1:Report:{uuid}")),
        id(&format!("1:RuleHit:{uuid}:a.b|K|:L")),
        id(&format!("1:Namespace:{owner}:{uuid}:uid-of-a:b|")),
    ]
}

async fn nodes(graph: &Graph, viewer: Viewer, ids: &[impl AsRef<str>], selections: &str) -> Value {
    let query = format!("query($ids: [ID!]!) {{ nodes(ids: $ids) {{ {selections} }} }}");
    let ids: Vec<_> = ids.iter().map(AsRef::as_ref).collect();
    let mut answer = graph.query_as(viewer, &query, json!({ "ids": ids })).await;
    assert_eq!(answer.get("errors"), None, "{answer}");
    answer["data"]["nodes"].take()
}

#[tokio::test]
async fn a_node_of_each_type_is_found_by_its_id() {
    let (ids, uuid, checked) = (ids_of(1, 1), cluster(1).to_string(), crate::reports::LAST_CHECKED);
    let expected = json!([
        { "__typename": "Organization", "id": ids[0], "orgId": "1" },
        { "__typename": "Cluster", "id": ids[1], "uuid": uuid },
        { "__typename": "Report", "id": ids[2], "cluster": { "uuid": uuid }, "lastCheckedAt": checked },
        {
            "__typename": "RuleHit", "id": ids[3], "selector": "a.b|K|:L", "details": { "n": 1 },
            "cluster": { "uuid": uuid }, "impactedSince": checked,
        },
        {
            "__typename": "Namespace", "id": ids[4], "uid": "uid-of-a:b|", "cluster": { "uuid": uuid },
            "reportedAt": checked,
        },
    ]);
    for (graph, database) in graphs().await {
        assert_eq!(nodes(&graph, Viewer::unrestricted(), &ids, OF_EACH_TYPE).await, expected, "{}", database.name);
        for (id, expected) in ids.iter().zip(expected.as_array().expect("nodes")) {
            let answer = graph.query(&format!("{{ node(id: \"{id}\") {{ {OF_EACH_TYPE} }} }}")).await;
            assert_eq!(answer["data"]["node"], *expected, "{}: {answer}", database.name);
        }
    }
}

#[tokio::test]
async fn ids_in_lists_are_those_that_find_the_nodes() {
    const QUERY: &str = "{ organizations(first: 1) { nodes { id clusters { nodes { id report { id ruleHits(first: 1) {
        nodes { id } } } namespaces { nodes { id } } } } } } }";
    for (graph, database) in graphs().await {
        let answer = graph.query(QUERY).await;
        let organization = &answer["data"]["organizations"]["nodes"][0];
        let cluster = &organization["clusters"]["nodes"][0];
        let report = &cluster["report"];
        let hit = &report["ruleHits"]["nodes"][0];
        let found = [organization, cluster, report, hit, &cluster["namespaces"]["nodes"][0]];
        let found = found.map(|node| node["id"].clone());
        assert_eq!(json!(found), json!(ids_of(1, 1)), "{}", database.name);
    }
}

#[tokio::test]
async fn nodes_keep_the_order_and_number_of_ids_with_null_for_unknown_ones() {
    let [organization, one, report, hit, namespace] = ids_of(1, 1);
    let unknown = [
        id("1:Organization:9"),
        id(&format!("1:Cluster:{}", cluster(9))),
        id(&format!("1:Report:{}", cluster(9))),
        id(&format!("1:RuleHit:{}:a.b|K|:L", cluster(9))),
        id(&format!("1:RuleHit:{}:un|KNOWN", cluster(1))),
        id(&format!("1:Namespace:1:{}:unknown", cluster(1))),
        id(&format!("1:Namespace:2:{}:uid-of-a:b|", cluster(1))),
        "not an id".to_owned(),
        id(&format!("1:RuleHit:{}:a|\0", cluster(1))),
    ];
    for (graph, database) in graphs().await {
        for unknown in &unknown {
            let requested = [&one, unknown, &hit, &one, &organization, &namespace, &report, unknown, &hit];
            let found = nodes(&graph, Viewer::unrestricted(), &requested, "id").await;
            let expected: Vec<_> =
                requested.iter().map(|id| if *id == unknown { Value::Null } else { json!({ "id": id }) }).collect();
            assert_eq!(found, json!(expected), "{}: {unknown}", database.name);
        }
        assert_eq!(nodes(&graph, Viewer::unrestricted(), &[] as &[&str], "id").await, json!([]), "{}", database.name);
    }
}

#[tokio::test]
async fn nodes_of_other_organizations_are_null_like_unknown_ones() {
    for (graph, database) in graphs().await {
        let member = Viewer::member_of(organization(1));
        let [own, foreign] = [ids_of(1, 1), ids_of(2, 2)];
        let requested: Vec<_> = own.iter().zip(&foreign).flat_map(|(own, foreign)| [own, foreign]).collect();
        let expected: Vec<_> = own.iter().flat_map(|id| [json!({ "id": id }), Value::Null]).collect();
        assert_eq!(nodes(&graph, member.clone(), &requested, "id").await, json!(expected), "{}", database.name);
        for id in &foreign {
            let answer = graph.query_as(member.clone(), &format!("{{ node(id: \"{id}\") {{ id }} }}"), json!({})).await;
            assert_eq!(answer, json!({ "data": { "node": null } }), "{}", database.name);
        }
    }
}

#[tokio::test]
async fn an_invalid_id_is_refused_by_node_and_null_in_nodes() {
    let [_, one, ..] = ids_of(1, 1);
    let bad = [
        String::new(),
        one[..one.len() - 3].to_owned(),
        one.replace('M', "N"),
        one.clone() + "AAAA",
        format!("{one}=="),
        id(&format!("2:Cluster:{}", cluster(1))),
        id(&format!("1:Cluster:{}", cluster(0xabc)).to_uppercase()),
        id("1:Recommendation:a|B"),
        id("1:Organization:01"),
        id("1:Organization:4294967296"),
        id(&format!("1:RuleHit:{}", cluster(1))),
        id(&format!("1:RuleHit:{}:a|\0", cluster(1))),
        "A".repeat(10_000),
        "\0".to_owned(),
    ];
    // Whether an id is valid does not depend on the database.
    let database = sqlite();
    let graph = Graph::with_reports(&database, &[]).await;
    for id in &bad {
        let answer = graph.query_with("query($id: ID!) { node(id: $id) { id } }", json!({ "id": id })).await;
        let error = &answer["errors"][0];
        assert_eq!(error["message"], "id: is not an id that this service issued", "{id}");
        assert_eq!(error["extensions"]["code"], "BAD_USER_INPUT", "{id}");
    }
    let (found, statements) = count_statements(nodes(&graph, Viewer::unrestricted(), &bad, "id")).await;
    assert_eq!((found, statements), (json!(vec![Value::Null; bad.len()]), 0));
}

#[tokio::test]
async fn nodes_takes_up_to_100_ids() {
    let database = sqlite();
    let graph = Graph::with_reports(&database, &[report(1, 1, &[])]).await;
    let [_, one, ..] = ids_of(1, 1);
    let ids = json!({ "ids": vec![&one; 101] });
    let answer = graph.query_with("query($ids: [ID!]!) { nodes(ids: $ids) { id } }", ids).await;
    assert_eq!(answer["errors"][0]["message"], "ids: has 101 ids; at most 100 are taken");
    assert_eq!(nodes(&graph, Viewer::unrestricted(), &vec![&one; 100], "id").await[99], json!({ "id": one }));
}
