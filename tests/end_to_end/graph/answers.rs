//! The answers of the graph, the same on both databases: each folder in `cases/` contains a query and its answer, over
//! the reports below. A query's first line gives its reason.

use std::{fs, path::Path};

use ::entity::{cluster, organization};
use sea_orm::{ActiveModelTrait as _, IntoActiveModel as _};

use super::*;
use crate::{
    harness::{Running, each_database},
    reports::{self, report, time},
};

/// Template data in a format that a JSON library would change. They are returned unchanged.
const DETAILS: &str = r#"{"b":1.0, "a":[1e2,"\u0000é\u00e9"],"b":12345678901234567890123 ,"n":null}"#;

/// The reports that all cases read.
fn stored_reports() -> Vec<Report> {
    let mut current = report(
        1,
        0xa1,
        &[
            ("b_rule|KEY", ""),
            ("a_rule|z", "null"),
            ("a_rule|É", r#"{"é":1}"#),
            ("B_rule|KEY", "[]"),
            ("a_rule|Z", r#"{"a":1}"#),
            ("a.rule|Z|Y", "\"text\""),
        ],
    );
    current.version = Some("4.15.3".to_owned());
    current.gathered_at = Some(time("2024-05-02T09:15:00+02:00"));
    current.request_id = Some("3nl2vda87ld6e3s25jlk7n2dna".to_owned());
    let mut other = report(1, 0xa3, &[("a_rule|Z", DETAILS)]);
    other.version = Some("4.9.0".to_owned());
    let last_organization = report(u32::MAX, u128::MAX, &[("a_rule|Z", "")]);
    vec![current, report(1, 0xa2, &[]), other, report(2, 0xb1, &[]), last_organization]
}

/// Inserts a cluster without a report, as other kinds of results leave it, and an organization without clusters.
async fn insert_rows_without_reports(database: &Database) {
    let connection = database.connect().await;
    let unreported = cluster::Model {
        id: reports::cluster(0xa4).uuid(),
        org_id: 1,
        last_checked_at: time("2024-05-03T00:00:00Z").utc(),
        report_checked_at: None,
        gathered_at: None,
        stored_at: None,
        request_id: None,
        version: None,
        version_key: None,
        hits_digest: None,
        workload_checked_at: None,
        workloads_digest: None,
        hit_count: 0,
        details_bytes: 0,
        closed_hit_count: 0,
        external_counts: 0,
        internal_counts: 0,
        sort_name: reports::cluster(0xa4).to_string(),
        managed: false,
        count_revision: 0,
    };
    unreported.into_active_model().insert(&connection).await.expect("a cluster");
    organization::Model { id: 3 }.into_active_model().insert(&connection).await.expect("an organization");
}

async fn graph_with_reports(database: &Database) -> Graph {
    let graph = Graph::with_reports(database, &stored_reports()).await;
    insert_rows_without_reports(database).await;
    graph
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[tokio::test]
async fn every_case_returns_its_answer_on_both_databases() {
    let mut cases: Vec<_> = fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/end_to_end/graph/cases"))
        .expect("the cases")
        .map(|entry| entry.expect("a case").path())
        .collect();
    cases.sort();
    assert!(!cases.is_empty());
    let mut wrong = Vec::new();
    for database in each_database().await {
        let graph = graph_with_reports(&database).await;
        for case in &cases {
            let query = read(&case.join("query.graphql"));
            assert!(query.starts_with("# "), "{}: the first line gives the reason for the case", case.display());
            let expected: Value = serde_json::from_str(&read(&case.join("answer.json"))).expect("JSON");
            let answer = graph.query(&query).await;
            if answer != expected {
                wrong.push(format!("{} on {} returned\n{answer:#}", case.display(), database.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn details_are_returned_byte_for_byte() {
    for database in each_database().await {
        graph_with_reports(&database).await;
        let service = Running::api(&database).await.ready().await;
        let query = format!(
            "{{ cluster(uuid: \"{}\") {{ report {{ ruleHits {{ nodes {{ details }} }} }} }} }}",
            reports::cluster(0xa3)
        );
        let response = reqwest::Client::new().post(service.url("/graphql")).json(&json!({ "query": query })).send();
        let answer = response.await.expect("an answer").text().await.expect("text");
        let expected =
            format!(r#"{{"data":{{"cluster":{{"report":{{"ruleHits":{{"nodes":[{{"details":{DETAILS}}}]}}}}}}}}}}"#);
        assert_eq!(answer, expected, "{}", database.name);
    }
}

#[tokio::test]
async fn stored_at_is_the_time_of_the_write() {
    for database in each_database().await {
        let before = time(&chrono::Utc::now().to_rfc3339());
        let graph = graph_with_reports(&database).await;
        let query = format!("{{ cluster(uuid: \"{}\") {{ report {{ storedAt }} }} }}", reports::cluster(0xa1));
        let answer = graph.query(&query).await;
        let stored_at = answer["data"]["cluster"]["report"]["storedAt"].as_str().expect("a time");
        let written = before..=time(&chrono::Utc::now().to_rfc3339());
        assert!(written.contains(&time(stored_at)), "{}: {stored_at} in {written:?}", database.name);
    }
}

#[tokio::test]
async fn fields_are_in_the_order_in_which_they_are_selected() {
    for database in each_database().await {
        let graph = graph_with_reports(&database).await;
        let query = "{ organizations(first: 1) { totalCount nodes { orgId clusters(first: 1) { pageInfo { endCursor } nodes { report \
                     { ruleHits { nodes { selector } totalCount } } uuid } totalCount } } pageInfo { hasNextPage } } viewer { isAdministrator } }";
        let answer = graph.text(Viewer::unrestricted(), Request::new(query)).await;
        let keys = [
            "organizations",
            "totalCount",
            "nodes",
            "orgId",
            "clusters",
            "pageInfo",
            "endCursor",
            "report",
            "ruleHits",
        ];
        let places: Vec<_> = keys.iter().map(|key| answer.find(&format!("\"{key}\"")).expect(key)).collect();
        assert!(places.is_sorted(), "{answer}");
        assert!(answer.ends_with(r#""viewer":{"isAdministrator":true}}}"#), "{answer}");
    }
}
