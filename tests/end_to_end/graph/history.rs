//! What happened to a cluster's hits: opened and closed, newest first, each owner's own.

use insights_results_aggregator::domain::Timestamp;

use super::*;
use crate::{
    harness::each_database,
    reports::{cluster, organization, report, time},
};

const HISTORY: &str = "totalCount nodes { kind at selector clusterUuid cluster { uuid organization { orgId } } }";

fn at(hour: u32) -> Timestamp {
    time(&format!("2024-05-02T{hour:02}:00:00Z"))
}

/// A report of cluster 1 at an hour.
fn told(owner: u32, hour: u32, hits: &[&str]) -> Report {
    let hits: Vec<_> = hits.iter().map(|hit| (*hit, "")).collect();
    let mut report = report(owner, 1, &hits);
    report.last_checked = at(hour);
    report
}

async fn graph_after(database: &Database, reports: &[Report]) -> Graph {
    let graph = Graph::of(database, &[]).await;
    for report in reports {
        write(&graph.store, std::slice::from_ref(report)).await;
    }
    graph
}

/// The history of cluster 1 as somebody sees it: its total, and each event in words.
async fn history(graph: &Graph, viewer: Viewer) -> Option<(Value, Vec<String>)> {
    let query = format!("{{ cluster(uuid: \"{}\") {{ history(first: 100) {{ {HISTORY} }} }} }}", cluster(1));
    let answer = graph.ask_as(viewer, &query, json!({})).await;
    assert_eq!(answer.get("errors"), None, "{answer}");
    let history = answer["data"]["cluster"].as_object()?["history"].clone();
    let told = |event: &Value| {
        assert_eq!(event["clusterUuid"], cluster(1).to_string());
        assert_eq!(event["cluster"]["uuid"], event["clusterUuid"]);
        let [kind, at, selector] = ["kind", "at", "selector"].map(|field| event[field].as_str().expect("text"));
        format!("{kind} {selector} {at}")
    };
    let events = history["nodes"].as_array().expect("nodes").iter().map(told).collect();
    Some((history["totalCount"].clone(), events))
}

fn events(told: &[(&str, &str, u32)]) -> (Value, Vec<String>) {
    let events: Vec<_> = told.iter().map(|(kind, selector, hour)| format!("{kind} {selector} {}", at(*hour))).collect();
    (events.len().into(), events)
}

#[tokio::test]
async fn what_opened_and_what_closed_comes_newest_first() {
    for database in each_database().await {
        let reports =
            [told(1, 1, &["b|B", "a|A"]), told(1, 2, &["a|A"]), told(1, 3, &["a|A"]), told(1, 4, &["b|B", "c|C"])];
        let graph = graph_after(&database, &reports).await;
        let expected = events(&[
            // At one time: what closed, then what opened, each by selector.
            ("CLOSED", "a|A", 4),
            ("OPENED", "b|B", 4),
            ("OPENED", "c|C", 4),
            ("CLOSED", "b|B", 2),
            ("OPENED", "a|A", 1),
            ("OPENED", "b|B", 1),
        ]);
        assert_eq!(history(&graph, Viewer::unrestricted()).await, Some(expected), "{}", database.name);
    }
}

#[tokio::test]
async fn a_cluster_that_moved_shows_its_new_owner_what_happened_since() {
    for database in each_database().await {
        let reports = [told(1, 1, &["a|A"]), told(1, 2, &["a|A", "b|B"]), told(2, 3, &["a|A"]), told(2, 4, &[])];
        let graph = graph_after(&database, &reports).await;
        let since = events(&[("CLOSED", "a|A", 4), ("OPENED", "a|A", 3)]);
        let [old, new] = [1, 2].map(|owner| Viewer::member_of(organization(owner)));
        assert_eq!(history(&graph, new).await, Some(since.clone()), "{}", database.name);
        assert_eq!(history(&graph, old).await, None, "{}: the cluster is not its any more", database.name);
        assert_eq!(history(&graph, Viewer::unrestricted()).await, Some(since), "{}", database.name);

        // Back again: the former owner's own is there again, with what closed when it moved away.
        write(&graph.store, &[told(1, 5, &["c|C"])]).await;
        let all = events(&[
            ("OPENED", "c|C", 5),
            ("CLOSED", "a|A", 3),
            ("CLOSED", "b|B", 3),
            ("OPENED", "b|B", 2),
            ("OPENED", "a|A", 1),
        ]);
        assert_eq!(history(&graph, old).await, Some(all), "{}", database.name);
        assert_eq!(history(&graph, new).await, None, "{}", database.name);
    }
}

#[tokio::test]
async fn a_cluster_to_which_nothing_happened_has_an_empty_history() {
    for database in each_database().await {
        let graph = graph_after(&database, &[told(1, 1, &[]), told(1, 2, &[])]).await;
        assert_eq!(history(&graph, Viewer::unrestricted()).await, Some(events(&[])), "{}", database.name);
    }
}
