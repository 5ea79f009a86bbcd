//! A load that fails fails once for all fields that await it, and leaves the rest of the answer.

use std::collections::BTreeSet;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use sea_orm::ConnectionTrait as _;

use super::*;
use crate::{
    harness::each_database,
    reports::{cluster, report, reports, time},
    workloads::{workloads, write_workloads},
};

/// The relations that are views.
const VIEWS: [&str; 6] = [
    "open_hit",
    "hit_closed_event",
    "closed_hit_opened_event",
    "open_hit_opened_event",
    "listed_workload_object",
    "listed_gathering_request",
];

/// The graph over a database whose table or view is removed after the reports are written.
async fn graph_without(database: &Database, name: &str, reports: &[Report]) -> Graph {
    let graph = Graph::with_reports(database, reports).await;
    let remove = if VIEWS.contains(&name) {
        format!("DROP VIEW {name}")
    } else {
        format!("ALTER TABLE {name} RENAME TO elsewhere")
    };
    database.connect().await.execute_unprepared(&remove).await.expect("a removed relation");
    graph
}

/// The paths of an answer's errors, which must be masked and have one correlation id.
fn paths_of_one_masked_cause(answer: &Value) -> BTreeSet<String> {
    let errors = answer["errors"].as_array().expect("errors");
    let ids: BTreeSet<_> = errors.iter().map(|error| error["extensions"]["correlationId"].as_str()).collect();
    assert!(ids.len() == 1 && ids.iter().all(|id| id.is_some_and(|id| id.len() == 32)), "one cause, one id: {ids:?}");
    for error in errors {
        assert_eq!(error["extensions"]["code"], "UNAVAILABLE", "{error}");
        assert_eq!(error["message"], "The data cannot be read at the moment; please try again shortly.", "{error}");
    }
    let paths: BTreeSet<_> = errors.iter().map(|error| error["path"].to_string()).collect();
    assert_eq!(paths.len(), errors.len(), "one error per path");
    paths
}

/// The paths of all nulls in an answer's data.
fn paths_of_nulls(value: &Value, path: &mut Vec<Value>, found: &mut BTreeSet<String>) {
    let mut visit = |step: Value, child: &Value| {
        path.push(step);
        paths_of_nulls(child, path, found);
        path.pop();
    };
    match value {
        Value::Object(members) => members.iter().for_each(|(name, child)| visit(name.as_str().into(), child)),
        Value::Array(items) => items.iter().enumerate().for_each(|(index, child)| visit(index.into(), child)),
        Value::Null => drop(found.insert(Value::from(path.clone()).to_string())),
        _ => {}
    }
}

fn nulls(answer: &Value) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    paths_of_nulls(&answer["data"], &mut Vec::new(), &mut found);
    found
}

#[tokio::test]
async fn hits_that_cannot_be_read_are_loaded_once_and_leave_the_clusters() {
    const QUERY: &str = "{ organizations { nodes { orgId clusters { totalCount nodes { uuid
        report { lastCheckedAt ruleHits { nodes { selector } } } } } } } }";
    for database in each_database().await {
        let fleet = [reports(1, 1, 5, 2), reports(2, 6, 2, 1)].concat();
        let graph = graph_without(&database, "rule_hit", &fleet).await;
        let (answer, statements) = graph.query_counting(QUERY).await;
        // Organizations, clusters, and the hits of all seven once.
        assert_eq!(statements, 3, "{}", database.name);
        let errors = paths_of_one_masked_cause(&answer);
        assert_eq!(errors.len(), 7, "{}: {errors:?}", database.name);
        assert_eq!(nulls(&answer), errors, "{}: each null has an error and each error a null", database.name);
        let clusters = &answer["data"]["organizations"]["nodes"][0]["clusters"];
        assert_eq!(clusters["totalCount"], 5, "{}", database.name);
        assert_eq!(clusters["nodes"][4]["uuid"], cluster(5).to_string(), "{}", database.name);
        assert_eq!(clusters["nodes"][4]["report"]["lastCheckedAt"], crate::reports::LAST_CHECKED);
    }
}

#[tokio::test]
async fn clusters_that_cannot_be_read_leave_the_organizations() {
    const QUERY: &str = "{ organizations { totalCount nodes { orgId clusters { nodes { uuid } } } } }";
    for database in each_database().await {
        let fleet = [report(1, 1, &[]), report(2, 2, &[]), report(3, 3, &[])];
        let graph = graph_without(&database, "cluster", &fleet).await;
        let (answer, statements) = graph.query_counting(QUERY).await;
        // Organizations with their total, and the clusters of all three once.
        assert_eq!(statements, 2, "{}", database.name);
        let errors = paths_of_one_masked_cause(&answer);
        assert_eq!(errors.len(), 3, "{}: {errors:?}", database.name);
        assert_eq!(nulls(&answer), errors, "{}", database.name);
        assert_eq!(answer["data"]["organizations"]["nodes"][2]["orgId"], "3", "{}", database.name);
    }
}

#[tokio::test]
async fn a_failed_load_is_cached_for_its_request_only() {
    let query = format!("{{ a: cluster(uuid: \"{0}\") {{ uuid }} b: cluster(uuid: \"{0}\") {{ uuid }} }}", cluster(1));
    for database in each_database().await {
        let graph = graph_without(&database, "cluster", &[report(1, 1, &[])]).await;
        let (answer, statements) = graph.query_counting(&query).await;
        assert_eq!(statements, 1, "{}", database.name);
        assert_eq!(paths_of_one_masked_cause(&answer), nulls(&answer), "{}", database.name);

        let restore = "ALTER TABLE elsewhere RENAME TO cluster";
        database.connect().await.execute_unprepared(restore).await.expect("rename a table");
        let answer = graph.query(&query).await;
        assert_eq!(answer["data"]["a"]["uuid"], cluster(1).to_string(), "{}: {answer}", database.name);
    }
}

#[tokio::test]
async fn no_detail_of_the_database_is_returned() {
    let query = format!(
        "{{ cluster(uuid: \"{}\") {{ report {{ ruleHits {{ totalCount nodes {{ details }} }} }} }} }}",
        cluster(1)
    );
    for database in each_database().await {
        let graph = graph_without(&database, "rule_hit", &[report(1, 1, &[("a|A", "1")])]).await;
        let answer = graph.query(&query).await["errors"].to_string().to_lowercase();
        assert!(answer.contains("unavailable"), "{}: {answer}", database.name);
        for detail in ["open_hit", "rule_hit", "select", "sql", "no such table", "does not exist", "42p01", "postgres"]
        {
            assert!(!answer.contains(detail), "{}: {detail} in {answer}", database.name);
        }
    }
}

#[tokio::test]
async fn history_that_cannot_be_read_leaves_the_hits() {
    const QUERY: &str = "{ organizations(first: 1) { nodes { clusters { nodes {
        history { totalCount nodes { selector } } report { ruleHits { totalCount } } } } } } }";
    for database in each_database().await {
        let graph = graph_without(&database, "hit_closed_event", &reports(1, 1, 4, 2)).await;
        let (answer, statements) = graph.query_counting(QUERY).await;
        // Organizations, clusters, their hits, and the history of all four once.
        assert_eq!(statements, 4, "{}", database.name);
        let errors = paths_of_one_masked_cause(&answer);
        assert_eq!((errors.len(), &nulls(&answer)), (4, &errors), "{}", database.name);
        let clusters = &answer["data"]["organizations"]["nodes"][0]["clusters"]["nodes"];
        assert_eq!(clusters[3]["report"]["ruleHits"]["totalCount"], 2, "{}: {answer}", database.name);
    }
}

#[tokio::test]
async fn a_total_that_cannot_be_counted_is_an_error_at_its_list() {
    const QUERY: &str = "{ service { version } organizations { totalCount nodes { orgId } }
        other: organizations(first: 1) { nodes { orgId } } }";
    for database in each_database().await {
        let graph = graph_without(&database, "organization", &[report(1, 1, &[])]).await;
        let answer = graph.query(QUERY).await;
        let errors = answer["errors"].as_array().expect("errors").len();
        assert_eq!((errors, nulls(&answer).len()), (2, 2), "{}: {answer}", database.name);
        assert_eq!(answer["data"]["organizations"], Value::Null, "{}: {answer}", database.name);
        assert!(answer["data"]["service"]["version"].is_string(), "{}: {answer}", database.name);
    }
}

#[tokio::test]
async fn nodes_fails_as_a_whole_if_one_type_cannot_be_read() {
    for database in each_database().await {
        let graph = graph_without(&database, "open_hit", &reports(1, 1, 1, 1)).await;
        let hit = URL_SAFE_NO_PAD.encode(format!("1:RuleHit:{}:rule_0|KEY", cluster(1)));
        let one = URL_SAFE_NO_PAD.encode(format!("1:Cluster:{}", cluster(1)));
        let query = format!(
            r#"{{ node(id: "{hit}") {{ id }} all: nodes(ids: ["{one}" "{hit}"]) {{ id }} fine: nodes(ids: ["{one}"]) {{ id }} }}"#
        );
        let answer = graph.query(&query).await;
        // `nodes` must not be null, so its failure makes the whole `data` null.
        assert_eq!(answer["data"], Value::Null, "{}: {answer}", database.name);
        let paths: Vec<_> = answer["errors"].as_array().expect("errors").iter().map(|error| &error["path"]).collect();
        assert!(paths.contains(&&json!(["all"])), "{}: {answer}", database.name);

        let answer =
            graph.query(&format!(r#"{{ node(id: "{hit}") {{ id }} fine: node(id: "{one}") {{ id }} }}"#)).await;
        assert_eq!(answer["data"], json!({ "node": null, "fine": { "id": one } }), "{}", database.name);
        assert_eq!(answer["errors"][0]["path"], json!(["node"]), "{}: {answer}", database.name);
    }
}

#[tokio::test]
async fn a_long_list_of_errors_is_cut_and_all_failed_fields_are_null() {
    const QUERY: &str = "{ organizations(first: 2) { nodes { clusters(first: 100) { nodes { report { ruleHits { nodes { selector } } } } } } } }";
    for database in each_database().await {
        let fleet = [reports(1, 1, 100, 1), reports(2, 101, 50, 1)].concat();
        let graph = graph_without(&database, "rule_hit", &fleet).await;
        let answer = graph.query(QUERY).await;
        let errors = answer["errors"].as_array().expect("errors");
        assert_eq!((errors.len(), nulls(&answer).len()), (100, 150), "{}", database.name);
        let expected =
            json!({ "message": "There are 51 more errors like these.", "extensions": { "code": "MORE_ERRORS" } });
        assert_eq!(errors[99], expected, "{}", database.name);
    }
}

#[tokio::test]
async fn objects_that_cannot_be_read_are_loaded_once_and_leave_the_namespaces() {
    const QUERY: &str = "{ organizations(first: 1) { nodes { namespaces { totalCount nodes { name
        recommendations { totalCount nodes { selector objects { totalCount } } } } } } } }";
    const COUNTED: &str =
        "{ organizations(first: 1) { nodes { namespaces { nodes { name objectCount hitsByTotalRisk { count } } } } } }";
    for database in each_database().await {
        let graph = graph_without(&database, "listed_workload_object", &[]).await;
        let result = workloads(
            1,
            1,
            time("2024-05-02T08:15:59Z"),
            &[("a|A", "", &["shop/Pod/cart", "till/Pod/x"]), ("b|B", "", &["till/Pod/x"])],
        );
        write_workloads(&graph.store, &[result]).await;
        let (answer, statements) = graph.query_counting(QUERY).await;
        // Organizations, namespaces, their recommendations, and the objects of all three once.
        assert_eq!(statements, 4, "{}", database.name);
        let errors = paths_of_one_masked_cause(&answer);
        assert_eq!((errors.len(), &nulls(&answer)), (3, &errors), "{}", database.name);
        let namespaces = &answer["data"]["organizations"]["nodes"][0]["namespaces"];
        assert_eq!(namespaces["totalCount"], 2, "{}: {answer}", database.name);
        assert_eq!(namespaces["nodes"][1]["recommendations"]["nodes"][1]["selector"], "b|B", "{}", database.name);

        database.connect().await.execute_unprepared(DROP_OBJECTS).await.expect("a removed table");
        let (answer, statements) = graph.query_counting(COUNTED).await;
        assert_eq!(statements, 3, "{}", database.name);
        let errors = paths_of_one_masked_cause(&answer);
        assert_eq!((errors.len(), &nulls(&answer)), (4, &errors), "{}", database.name);
    }
}

/// A view that remains refers to the table, so PostgreSQL would rename it there too.
const DROP_OBJECTS: &str = "ALTER TABLE workload_object RENAME COLUMN object_key TO elsewhere";

#[tokio::test]
async fn requests_that_cannot_be_read_leave_the_clusters() {
    const QUERY: &str = "{ organizations(first: 1) { nodes { clusters { nodes { uuid
        gatheringRequests { requestId } gatheringRequest(requestId: \"a\") { requestId } } } } } }";
    for database in each_database().await {
        let graph = graph_without(&database, "listed_gathering_request", &reports(1, 1, 3, 1)).await;
        let (answer, statements) = graph.query_counting(QUERY).await;
        // Organizations, clusters, and the two sets of requests of all three once.
        assert_eq!(statements, 4, "{}", database.name);
        assert_eq!(nulls(&answer).len(), 6, "{}: {answer}", database.name);
        let clusters = &answer["data"]["organizations"]["nodes"][0]["clusters"]["nodes"];
        assert_eq!(clusters[2]["uuid"], cluster(3).to_string(), "{}: {answer}", database.name);
    }
}
