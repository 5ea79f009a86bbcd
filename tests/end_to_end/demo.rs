//! `demo`: everything in one process.

use std::{fs, path::Path, process::Command};

use ::entity::workload_namespace;
use reqwest::Url;
use sea_orm::EntityTrait as _;
use serde_json::{Value, json};

use crate::harness::{Process, program, set_config, until};

/// Returns `demo` on a free port, with its temporary files in this folder.
fn demo(temporary: &Path) -> Command {
    let mut command = program();
    command.arg("demo").env("TMPDIR", temporary);
    set_config(&mut command, "HTTP__ADDRESS", "127.0.0.1:0");
    command
}

/// Returns the URL of the editor and the first query, which the demo prints when it is ready.
async fn instructions(process: &mut Process) -> (Url, String) {
    until("the demo prints instructions", async || {
        let output = process.output();
        let (_, rest) = output.split_once("\nOpen ")?;
        let (url, rest) = rest.split_once(' ')?;
        let (_, rest) = rest.split_once("\n\n")?;
        let (query, _) = rest.split_once("\nCtrl-C ends the demo")?;
        Some((url.parse().expect("a URL"), query.to_owned()))
    })
    .await
}

async fn run_query(editor: &Url, query: &str) -> Value {
    let url = editor.join("/graphql").expect("a URL");
    let response = reqwest::Client::new().post(url).json(&json!({ "query": query })).send().await.expect("a response");
    let response: Value = response.json().await.expect("JSON");
    assert_eq!(response.get("errors"), None, "{query}");
    response["data"].clone()
}

async fn end(mut process: Process, signal: &str) {
    process.signal(signal);
    assert_eq!(process.exit_status().await.code(), Some(0), "{}", process.output());
}

fn is_empty(folder: &Path) -> bool {
    fs::read_dir(folder).expect("a folder").next().is_none()
}

/// The namespaces of organizations, and the hits of a cluster's request by its id.
async fn shows_workloads_and_a_request(editor: &Url, uuid: &str) {
    let data =
        run_query(editor, "{ organizations { nodes { namespaces { totalCount nodes { objectCount } } } } }").await;
    let organizations = data["organizations"]["nodes"].as_array().expect("organizations");
    let namespaces = organizations.iter().map(|organization| &organization["namespaces"]);
    let total: u64 = namespaces.map(|namespaces| namespaces["totalCount"].as_u64().expect("a number")).sum();
    assert!(total > 1_000, "{total} namespaces: {data}");

    let hits = "ruleHits { totalCount nodes { recommendation { selector } } }";
    let newest = format!("{{ cluster(uuid: \"{uuid}\") {{ report {{ requestId {hits} }} }} }}");
    let newest = run_query(editor, &newest).await["cluster"]["report"].clone();
    let id = &newest["requestId"];
    let request =
        format!("{{ cluster(uuid: \"{uuid}\") {{ gatheringRequest(requestId: {id}) {{ requestId {hits} }} }} }}");
    let request = run_query(editor, &request).await["cluster"]["gatheringRequest"].clone();
    assert_eq!(request, newest);
}

#[tokio::test]
async fn its_editor_is_served_its_queries_succeed_and_no_files_are_left() {
    let temporary = tempfile::tempdir().expect("a folder");
    let mut process = Process::spawn(demo(temporary.path()));
    let (editor, query) = instructions(&mut process).await;
    let page = reqwest::get(editor.clone()).await.expect("a response");
    assert!(page.status().is_success() && page.text().await.expect("text").contains("<title>"));

    let data = run_query(&editor, &query).await;
    assert_eq!(data["organizations"]["totalCount"], json!(20), "{data}");
    let clusters = &data["organizations"]["nodes"][0]["clusters"];
    assert!(clusters["totalCount"].as_u64().is_some_and(|total| total > 0), "{data}");
    assert!(clusters["nodes"][0]["report"]["ruleHits"]["totalCount"].is_u64(), "{data}");

    let uuid = data["organizations"]["nodes"][0]["clusters"]["nodes"][0]["uuid"].as_str().expect("a cluster");
    shows_workloads_and_a_request(&editor, uuid).await;

    let viewer = run_query(&editor, "{ viewer { user { subject } organization { clusters { totalCount } } } }").await;
    assert_eq!(viewer["viewer"]["user"]["subject"], "demo", "{viewer}");
    let clusters = viewer["viewer"]["organization"]["clusters"]["totalCount"].as_u64();
    assert!(clusters.is_some_and(|clusters| clusters > 0), "{viewer}");

    let acknowledged = run_query(&editor, include_str!("../../examples/queries/12-acknowledge.graphql")).await;
    let acknowledgement = &acknowledged["acknowledgeRecommendation"]["acknowledgement"];
    assert_eq!(acknowledgement["createdBy"], "demo", "{acknowledged}");

    assert!(!is_empty(temporary.path()), "the database is in this folder");
    // The signal that Ctrl-C sends.
    end(process, "INT").await;
    assert!(is_empty(temporary.path()));
}

#[tokio::test]
async fn a_kept_folder_has_the_same_clusters_the_next_time() {
    let (temporary, kept) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let folder = kept.path().join("made/by/the/demo");
    let query = "{ organizations { nodes { orgId clusters(first: 100) { totalCount nodes { uuid } } } } }";
    let mut seen = vec![];
    for _ in 0..2 {
        let mut command = demo(temporary.path());
        command.arg("--keep").arg(&folder);
        let mut process = Process::spawn(command);
        let (editor, _) = instructions(&mut process).await;
        seen.push(run_query(&editor, query).await);
        end(process, "TERM").await;
        assert!(folder.join("insights.db").is_file());
    }
    assert_eq!(seen[0], seen[1]);
    let url = format!("sqlite://{}", folder.join("insights.db").display());
    let connection = sea_orm::Database::connect(url).await.expect("the database is opened");
    let namespaces = workload_namespace::Entity::find().all(&connection).await.expect("the namespaces are read");
    assert!(namespaces.len() > 1_000, "{} namespaces", namespaces.len());
}
