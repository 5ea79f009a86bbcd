//! What outlives reports, restarts, new content and moves: actions belong to the organization, and ingestion never changes
//! them.

use insights_results_aggregator::domain::Report;

use super::*;
use crate::reports::time;

/// Another problem that the same rule finds.
const OTHER_KEY: &str = "ccx.rules.shared|OTHER";

/// A report of a cluster at this hour, with hits by these recommendations.
fn report_at(hour: u32, owner: u32, number: u128, selectors: &[&str]) -> Report {
    let hits: Vec<_> = selectors.iter().map(|selector| (*selector, "")).collect();
    let mut report = report(owner, number, &hits);
    report.last_checked = time(&format!("2024-05-03T{hour:02}:00:00Z"));
    report
}

/// Each cluster of the viewer's organization, as `number: shown hits / all hits, disabled ones`.
async fn clusters(graph: &Graph, viewer: Viewer) -> Vec<String> {
    let query = "{ viewer { organization { clusters { nodes { uuid hitCount report {
        ruleHits { totalCount } all: ruleHits(include: [DISABLED ACKNOWLEDGED]) { totalCount }
        disabled: ruleHits(include: [DISABLED]) { totalCount } } } } } } }";
    let data = graph.data(viewer, query).await;
    let of_cluster = |node: &Value| {
        let number = (1..10).find(|number| node["uuid"] == uuid(*number)).expect("a cluster of this test");
        let total = |list: &str| node["report"][list]["totalCount"].as_u64().expect("a number");
        assert_eq!(node["hitCount"], total("ruleHits"), "{node}");
        format!("{number}: {} / {}, {}", total("ruleHits"), total("all"), total("disabled") - total("ruleHits"))
    };
    data["viewer"]["organization"]["clusters"]["nodes"].as_array().expect("a list").iter().map(of_cluster).collect()
}

/// The clusters in the organization's toggles, and those in the recommendation's.
async fn toggles(graph: &Graph, viewer: Viewer) -> [Vec<String>; 2] {
    let query = "{ viewer { organization { clusterToggles { nodes { clusterUuid } } } }
        recommendation(selector: \"ccx.rules.shared|KEY\") { clusterToggles { nodes { clusterUuid } } } }";
    let data = graph.data(viewer, query).await;
    [&data["viewer"]["organization"], &data["recommendation"]].map(|of| {
        let nodes = of["clusterToggles"]["nodes"].as_array().expect("a list");
        nodes.iter().map(|node| node["clusterUuid"].as_str().expect("a text").to_owned()).collect()
    })
}

/// Acknowledges one recommendation and turns another one off for the clusters 1 and 2.
async fn act(graph: &Graph) {
    graph.mutate(ann(), "acknowledgeRecommendation", json!({ "selector": WITHOUT_CONTENT }), ACKNOWLEDGED).await;
    let input = json!({ "selector": SHARED, "clusterUuids": uuids(1..=2) });
    graph.mutate(ann(), "disableRecommendationOnClusters", input, TOGGLED).await;
}

#[tokio::test]
async fn actions_outlive_reports_without_the_hit_and_leave_other_keys_of_the_rule() {
    for database in each_database().await {
        let graph = graph(&database).await;
        act(&graph).await;
        let shown = ["1: 0 / 2, 1", "2: 0 / 1, 1", "3: 1 / 1, 0"];
        assert_eq!(clusters(&graph, bob()).await, shown, "{}", database.name);
        let steps: [(&[&str], &str); 4] = [
            (&[SHARED], "1: 0 / 1, 1"),
            (&[OTHER_KEY], "1: 1 / 1, 0"),
            (&[OTHER_KEY, WITHOUT_CONTENT], "1: 1 / 2, 0"),
            (&[OTHER_KEY, SHARED, WITHOUT_CONTENT], "1: 1 / 3, 1"),
        ];
        for (hour, (hits, expected)) in (1..).zip(steps) {
            write(&graph.store, &[report_at(hour, 1, 1, hits)]).await;
            assert_eq!(clusters(&graph, bob()).await[0], expected, "{}: {hits:?}", database.name);
            assert_eq!(toggles(&graph, bob()).await[0].len(), 2, "{}: hit or not", database.name);
        }
    }
}

#[tokio::test]
async fn actions_outlive_a_restart_and_new_content() {
    for database in each_database().await {
        let graph = graph(&database).await;
        act(&graph).await;
        let before = clusters(&graph, bob()).await;
        graph.store.close().await;
        let store = database.store().await;
        // Without content the recommendations are still known by their hits; and with it again.
        let without = Graph::with_limits(store.clone(), &default_config().limits);
        assert_eq!(clusters(&without, bob()).await, before, "{}", database.name);
        let folder = ContentFolder::with(&[(SHARED, &["other"]), (WITHOUT_CONTENT, &[])]);
        let content = folder.load_into(&store).await;
        let graph = Graph::with_content(store, content, &default_config().limits);
        assert_eq!(clusters(&graph, bob()).await, before, "{}", database.name);
        graph.mutate(bob(), "deleteAcknowledgement", json!({ "selector": WITHOUT_CONTENT }), DELETED).await;
        assert_eq!(clusters(&graph, ann()).await[0], "1: 1 / 2, 1", "{}", database.name);
    }
}

#[tokio::test]
async fn a_new_owner_does_not_see_actions_and_they_count_again_when_the_cluster_returns() {
    for database in each_database().await {
        let graph = graph(&database).await;
        act(&graph).await;
        let ours = ["1: 0 / 2, 1", "2: 0 / 1, 1", "3: 1 / 1, 0"];
        assert_eq!(clusters(&graph, ann()).await, ours, "{}", database.name);

        write(&graph.store, &[report_at(1, 2, 1, &[SHARED, WITHOUT_CONTENT])]).await;
        assert_eq!(clusters(&graph, ann()).await, &ours[1..], "{}", database.name);
        assert_eq!(clusters(&graph, eve()).await, ["1: 2 / 2, 0", "4: 2 / 2, 0"], "{}", database.name);
        assert_eq!(toggles(&graph, ann()).await, [uuids([2]), uuids([2])], "{}: while it is away", database.name);
        assert_eq!(toggles(&graph, eve()).await, [uuids([]), uuids([])], "{}", database.name);
        let input = json!({ "selector": SHARED, "clusterUuids": [uuid(1)] });
        let payload = graph.mutate(ann(), "enableRecommendationOnClusters", input, TOGGLED).await;
        assert_eq!(payload["results"][0]["userErrors"][0]["code"], "NOT_FOUND", "{}: {payload}", database.name);

        write(&graph.store, &[report_at(2, 1, 1, &[SHARED, WITHOUT_CONTENT])]).await;
        assert_eq!(clusters(&graph, bob()).await, ours, "{}", database.name);
        let [all, _] = toggles(&graph, bob()).await;
        assert_eq!(all.len(), 2, "{}: {all:?}", database.name);
    }
}
