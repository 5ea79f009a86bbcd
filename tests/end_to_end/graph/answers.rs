//! What the graph answers, the same on both databases: each folder in `cases/` holds a query and its answer, over the
//! reports below. A query's first line says why it is there.

use std::{fs, path::Path};

use ::entity::{cluster, organization};
use sea_orm::{ActiveModelTrait as _, IntoActiveModel as _};

use super::*;
use crate::{
    harness::{Running, each_database},
    reports::{self, report, time},
};

/// Template data as a careless writer would write them. They come out as they went in.
const DETAILS: &str = r#"{"b":1.0, "a":[1e2,"\u0000é\u00e9"],"b":12345678901234567890123 ,"n":null}"#;

/// What all cases are asked over.
fn stored() -> Vec<Report> {
    let mut told = report(
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
    told.version = Some("4.15.3".to_owned());
    told.gathered_at = Some(time("2024-05-02T09:15:00+02:00"));
    told.request_id = Some("3nl2vda87ld6e3s25jlk7n2dna".to_owned());
    let mut hits_elsewhere = report(1, 0xa3, &[("a_rule|Z", DETAILS)]);
    hits_elsewhere.version = Some("4.9.0".to_owned());
    let last_organization = report(u32::MAX, u128::MAX, &[("a_rule|Z", "")]);
    vec![told, report(1, 0xa2, &[]), hits_elsewhere, report(2, 0xb1, &[]), last_organization]
}

/// A cluster that was checked and has no report, as results of other kinds leave it; and an organization without any.
async fn store_what_no_report_leaves(database: &Database) {
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
    };
    unreported.into_active_model().insert(&connection).await.expect("a cluster");
    organization::Model { id: 3 }.into_active_model().insert(&connection).await.expect("an organization");
}

async fn answering(database: &Database) -> Graph {
    let graph = Graph::with_reports(database, &stored()).await;
    store_what_no_report_leaves(database).await;
    graph
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[tokio::test]
async fn every_case_has_its_answer_on_both_databases() {
    let mut cases: Vec<_> = fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/end_to_end/graph/cases"))
        .expect("the cases")
        .map(|entry| entry.expect("a case").path())
        .collect();
    cases.sort();
    assert!(!cases.is_empty());
    let mut wrong = Vec::new();
    for database in each_database().await {
        let graph = answering(&database).await;
        for case in &cases {
            let query = read(&case.join("query.graphql"));
            assert!(query.starts_with("# "), "{}: the first line says why the case is there", case.display());
            let expected: Value = serde_json::from_str(&read(&case.join("answer.json"))).expect("JSON");
            let answer = graph.query(&query).await;
            if answer != expected {
                wrong.push(format!("{} on {} is answered with\n{answer:#}", case.display(), database.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn details_come_out_byte_for_byte() {
    for database in each_database().await {
        answering(&database).await;
        let service = Running::api(&database).await.ready().await;
        let query = format!(
            "{{ cluster(uuid: \"{}\") {{ report {{ ruleHits {{ nodes {{ details }} }} }} }} }}",
            reports::cluster(0xa3)
        );
        let asked = reqwest::Client::new().post(service.url("/graphql")).json(&json!({ "query": query })).send();
        let answer = asked.await.expect("an answer").text().await.expect("text");
        let expected =
            format!(r#"{{"data":{{"cluster":{{"report":{{"ruleHits":{{"nodes":[{{"details":{DETAILS}}}]}}}}}}}}}}"#);
        assert_eq!(answer, expected, "{}", database.name);
    }
}

#[tokio::test]
async fn a_report_was_stored_when_it_was_written() {
    for database in each_database().await {
        let before = time(&chrono::Utc::now().to_rfc3339());
        let graph = answering(&database).await;
        let query = format!("{{ cluster(uuid: \"{}\") {{ report {{ storedAt }} }} }}", reports::cluster(0xa1));
        let answer = graph.query(&query).await;
        let stored_at = answer["data"]["cluster"]["report"]["storedAt"].as_str().expect("a time");
        let written = before..=time(&chrono::Utc::now().to_rfc3339());
        assert!(written.contains(&time(stored_at)), "{}: {stored_at} in {written:?}", database.name);
    }
}

#[tokio::test]
async fn fields_are_answered_in_the_order_in_which_they_are_asked_for() {
    for database in each_database().await {
        let graph = answering(&database).await;
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
