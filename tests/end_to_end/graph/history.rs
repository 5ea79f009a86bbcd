//! The field `history`: when a cluster's hits opened and closed, newest first, separately for each owner.

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
fn report_at(owner: u32, hour: u32, hits: &[&str]) -> Report {
    let hits: Vec<_> = hits.iter().map(|hit| (*hit, "")).collect();
    let mut report = report(owner, 1, &hits);
    report.last_checked = at(hour);
    report
}

async fn graph_after(database: &Database, reports: &[Report]) -> Graph {
    let graph = Graph::with_reports(database, &[]).await;
    for report in reports {
        write(&graph.store, std::slice::from_ref(report)).await;
    }
    graph
}

/// The history of cluster 1 as a viewer sees it: its total, and each event as `kind selector time`.
async fn history(graph: &Graph, viewer: Viewer) -> Option<(Value, Vec<String>)> {
    let query = format!("{{ cluster(uuid: \"{}\") {{ history(first: 100) {{ {HISTORY} }} }} }}", cluster(1));
    let answer = graph.query_as(viewer, &query, json!({})).await;
    assert_eq!(answer.get("errors"), None, "{answer}");
    let history = answer["data"]["cluster"].as_object()?["history"].clone();
    let line = |event: &Value| {
        assert_eq!(event["clusterUuid"], cluster(1).to_string());
        assert_eq!(event["cluster"]["uuid"], event["clusterUuid"]);
        let [kind, at, selector] = ["kind", "at", "selector"].map(|field| event[field].as_str().expect("text"));
        format!("{kind} {selector} {at}")
    };
    let events = history["nodes"].as_array().expect("nodes").iter().map(line).collect();
    Some((history["totalCount"].clone(), events))
}

/// The expected result of [`history`] for these events, each `(kind, selector, hour)`.
fn events(events: &[(&str, &str, u32)]) -> (Value, Vec<String>) {
    let events: Vec<_> =
        events.iter().map(|(kind, selector, hour)| format!("{kind} {selector} {}", at(*hour))).collect();
    (events.len().into(), events)
}

#[tokio::test]
async fn hits_that_opened_and_closed_are_listed_newest_first() {
    for database in each_database().await {
        let reports = [
            report_at(1, 1, &["b|B", "a|A"]),
            report_at(1, 2, &["a|A"]),
            report_at(1, 3, &["a|A"]),
            report_at(1, 4, &["b|B", "c|C"]),
        ];
        let graph = graph_after(&database, &reports).await;
        let expected = events(&[
            // At the same time, closed hits precede opened ones, each ordered by selector.
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
async fn the_new_owner_of_a_cluster_sees_only_the_history_since_the_move() {
    for database in each_database().await {
        let reports = [
            report_at(1, 1, &["a|A"]),
            report_at(1, 2, &["a|A", "b|B"]),
            report_at(2, 3, &["a|A"]),
            report_at(2, 4, &[]),
        ];
        let graph = graph_after(&database, &reports).await;
        let since = events(&[("CLOSED", "a|A", 4), ("OPENED", "a|A", 3)]);
        let [old, new] = [1, 2].map(|owner| Viewer::member_of(organization(owner)));
        assert_eq!(history(&graph, new.clone()).await, Some(since.clone()), "{}", database.name);
        assert_eq!(history(&graph, old.clone()).await, None, "{}: the cluster belongs to the new owner", database.name);
        assert_eq!(history(&graph, Viewer::unrestricted()).await, Some(since), "{}", database.name);

        // After the move back, the former owner sees its history again, with the hits that closed at the first move.
        write(&graph.store, &[report_at(1, 5, &["c|C"])]).await;
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
async fn a_cluster_without_hits_has_an_empty_history() {
    for database in each_database().await {
        let graph = graph_after(&database, &[report_at(1, 1, &[]), report_at(1, 2, &[])]).await;
        assert_eq!(history(&graph, Viewer::unrestricted()).await, Some(events(&[])), "{}", database.name);
    }
}
