//! What mutations and the fields of actions read: from which database, and in how many statements.

use super::*;
use crate::{
    harness::{postgres, sqlite},
    reports::reports,
};

#[tokio::test]
async fn a_payload_is_read_from_the_database_that_is_written_to() {
    for (database, replica) in [(postgres().await, postgres().await), (sqlite(), sqlite())] {
        replica.store().await;
        let mut settings = database.settings.clone();
        settings.read_url = Some(replica.settings.url.clone());
        let store = Store::open(&settings).await.expect("open");
        store.migrate_up().await.expect("migrate");
        let graph = graph_over(store).await;
        let input = json!({ "selector": WITHOUT_CONTENT, "clusterUuids": [uuid(1)] });
        let selections = "results { toggle { disabled cluster { uuid report { ruleHits(first: 5) { totalCount } } } } }
            recommendation { clusterToggles { totalCount } }";
        let payload = graph.mutate(ann(), "disableRecommendationOnClusters", input, selections).await;
        assert_eq!(payload["results"][0]["toggle"]["cluster"]["uuid"], uuid(1), "{}: {payload}", database.name);
        assert_eq!(payload["recommendation"]["clusterToggles"]["totalCount"], 1, "{}", database.name);
        let query = "{ viewer { organization { clusterToggles { totalCount } } } }";
        let read = graph.data(ann(), query).await;
        assert_eq!(read["viewer"]["organization"]["clusterToggles"]["totalCount"], 0, "{}", database.name);
        graph.store.close().await;
    }
}

#[tokio::test]
async fn a_hundred_clusters_take_as_many_statements_as_two() {
    for database in each_database().await {
        let graph = Graph::with_reports(&database, &reports(1, 1, 100, 3)).await;
        let mut counts = Vec::new();
        for (mutation, clusters) in [
            // The first one finds out the id of the recommendation.
            ("disableRecommendationOnClusters", 1),
            ("disableRecommendationOnClusters", 2),
            ("disableRecommendationOnClusters", 100),
            ("enableRecommendationOnClusters", 2),
            ("enableRecommendationOnClusters", 100),
        ] {
            let input = json!({ "selector": "rule_0|KEY", "clusterUuids": uuids(1..=clusters) });
            let (payload, statements) = count_statements(graph.mutate(ann(), mutation, input, TOGGLED)).await;
            assert_eq!(payload["results"].as_array().map(Vec::len), usize::try_from(clusters).ok());
            counts.push(statements);
        }
        println!("{}: {counts:?}", database.name);
        assert_eq!([counts[1], counts[3]], [counts[2], counts[4]], "{}", database.name);
    }
}

#[tokio::test]
async fn the_actions_of_any_number_of_hits_take_one_statement_per_relation() {
    let list = |clusters: usize, fields: &str| {
        format!(
            "{{ viewer {{ organization {{ clusters(first: {clusters}) {{ nodes {{ report {{ ruleHits(first: 3) {{ nodes {{
                selector {fields} }} }} }} }} }} }} }} }}"
        )
    };
    let fields = "acknowledgement { justification recommendation { rating } } toggle { disabled cluster { uuid } }
        vote { value } recommendation { rating acknowledgement { id } clusterToggles(first: 2) { nodes { clusterUuid } } }";
    for database in each_database().await {
        let graph = Graph::with_reports(&database, &reports(1, 1, 30, 3)).await;
        for input in [json!({ "selector": "rule_0|KEY" }), json!({ "selector": "rule_1|KEY" })] {
            graph.mutate(ann(), "acknowledgeRecommendation", input, ACKNOWLEDGED).await;
        }
        let input = json!({ "selector": "rule_2|KEY", "clusterUuids": uuids(1..=30) });
        graph.mutate(ann(), "disableRecommendationOnClusters", input, TOGGLED).await;
        for number in [1, 7, 30] {
            let input = json!({ "selector": "rule_0|KEY", "clusterUuid": uuid(number), "vote": "UP" });
            graph.mutate(ann(), "voteOnRuleHit", input, VOTED).await;
        }
        let mut counts = Vec::new();
        for clusters in [2, 30] {
            let (plain, with) = (list(clusters, ""), list(clusters, fields));
            let (_, without) = count_statements(graph.data(ann(), &plain)).await;
            let (_, with) = count_statements(graph.data(ann(), &with)).await;
            counts.push(with - without);
        }
        println!("{}: {counts:?}", database.name);
        assert_eq!(counts[0], counts[1], "{}", database.name);
        assert!(counts[1] <= 8, "{}: {counts:?}", database.name);
    }
}

#[tokio::test]
async fn lists_of_organizations_read_their_actions_together() {
    let query = |number: usize| {
        format!(
            "{{ organizations(first: {number}) {{ nodes {{ acknowledgements(first: 5) {{ totalCount nodes {{ id recommendation
                {{ id rating }} }} }} clusterToggles(first: 5) {{ totalCount nodes {{ id cluster {{ uuid }} recommendation
                {{ acknowledgement {{ id }} }} }} }} }} }} }}"
        )
    };
    for database in each_database().await {
        let all: Vec<_> = (1..=5).flat_map(|owner| reports(owner, u128::from(owner) * 10, 2, 2)).collect();
        let graph = Graph::with_reports(&database, &all).await;
        for owner in 1..=5 {
            let input = json!({ "selector": "rule_0|KEY" });
            graph.mutate(user(owner, "a"), "acknowledgeRecommendation", input, ACKNOWLEDGED).await;
            let input = json!({ "selector": "rule_1|KEY", "clusterUuids": [uuid(u128::from(owner) * 10)] });
            graph.mutate(user(owner, "a"), "disableRecommendationOnClusters", input, TOGGLED).await;
        }
        let mut counts = Vec::new();
        for number in [1, 5] {
            let (answer, statements) = graph.query_counting(&query(number)).await;
            let nodes = answer["data"]["organizations"]["nodes"].as_array().expect("nodes");
            assert_eq!(nodes.len(), number, "{}: {answer}", database.name);
            for node in nodes {
                assert_eq!([&node["acknowledgements"]["totalCount"], &node["clusterToggles"]["totalCount"]], [1, 1]);
            }
            counts.push(statements);
        }
        assert_eq!(counts[0], counts[1], "{}", database.name);
    }
}

#[tokio::test]
async fn nodes_of_actions_are_found_by_their_owners_only() {
    for database in each_database().await {
        let graph = graph(&database).await;
        let input = json!({ "selector": SHARED });
        let acknowledged = graph.mutate(ann(), "acknowledgeRecommendation", input, ACKNOWLEDGED).await;
        let input = json!({ "selector": SHARED, "clusterUuids": uuids(1..=2) });
        let toggled = graph.mutate(ann(), "disableRecommendationOnClusters", input, TOGGLED).await;
        let ids = json!([
            acknowledged["acknowledgement"]["id"],
            toggled["results"][0]["toggle"]["id"],
            toggled["results"][1]["toggle"]["id"]
        ]);
        let query =
            "query($ids: [ID!]!) { nodes(ids: $ids) { __typename id ... on ClusterToggle { cluster { uuid } } } }";
        let (answer, statements) = count_statements(graph.query_as(bob(), query, json!({ "ids": ids }))).await;
        let nodes = answer["data"]["nodes"].as_array().expect("nodes");
        let types: Vec<_> = nodes.iter().map(|node| node["__typename"].as_str().unwrap_or_default()).collect();
        assert_eq!(types, ["Acknowledgement", "ClusterToggle", "ClusterToggle"], "{}: {answer}", database.name);
        assert_eq!(statements, 3, "{}: acknowledgements, toggles, and clusters", database.name);
        let answer = graph.query_as(eve(), query, json!({ "ids": ids })).await;
        assert_eq!(answer["data"]["nodes"], json!([null, null, null]), "{}", database.name);
        let administrator = graph.query_as(Viewer::unrestricted(), query, json!({ "ids": ids })).await;
        assert_eq!(administrator["data"]["nodes"][0]["__typename"], "Acknowledgement", "{}", database.name);
    }
}
