//! The roles of the program: it serves the graph, ingests messages, or both.

use insights_results_aggregator::service::Role;
use reqwest::StatusCode;
use serde_json::json;

use crate::{
    harness::{Running, Topic, each_database, tables},
    messages::{Message, cluster},
};

async fn status(running: &Running, path: &str) -> StatusCode {
    reqwest::get(running.url(path)).await.expect("an answer").status()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_api_reads_what_the_ingester_writes_and_each_does_only_its_own_work() {
    for database in each_database().await {
        let topic = Topic::create(1).await;
        let uuid = cluster(1);
        let sent = topic.send(&Message::new(42, &uuid, "2024-05-02T08:00:00Z").json()).await;
        let start = |role| Running::start(Running::config(&database, &topic), role);

        let api = start(Role::Api).await.ready().await;
        assert_eq!(status(&api, "/readyz").await, StatusCode::OK, "{}: without Kafka", database.name);
        let ingester = start(Role::Ingest).await.ready().await;
        for (path, expected) in [
            ("/healthz", StatusCode::OK),
            ("/readyz", StatusCode::OK),
            ("/graphql", StatusCode::NOT_FOUND),
            ("/graphiql", StatusCode::NOT_FOUND),
        ] {
            assert_eq!(status(&ingester, path).await, expected, "{path}");
        }

        topic.until_committed(0, sent + 1).await;
        ingester.stop().await.expect("a clean end");
        let query = "query ($uuid: UUID!) { cluster(uuid: $uuid) { organization { orgId } } }";
        let answer = api.query_with(query, json!({ "uuid": uuid })).await;
        assert_eq!(answer, json!({ "data": { "cluster": { "organization": { "orgId": "42" } } } }));

        // The API alone does not read the topic.
        topic.send(&Message::new(42, &cluster(2), "2024-05-02T08:00:00Z").json()).await;
        api.stop().await.expect("a clean end");
        assert_eq!(topic.committed(0).await, sent + 1, "{}", database.name);
        assert_eq!(tables(&database.connect().await).await.clusters.len(), 1, "{}", database.name);
    }
}
