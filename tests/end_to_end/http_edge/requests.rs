//! The routes: the graph, health and metrics, and no others.

use super::*;
use crate::{
    harness::{Topic, each_database},
    reports::{cluster, report, write},
};

#[tokio::test]
async fn a_query_has_variables_and_an_operation_name() {
    const DOCUMENT: &str =
        "query One($uuid: UUID!) { cluster(uuid: $uuid) { uuid } } query Other { viewer { isAdministrator } }";
    for database in each_database().await {
        write(&database.store().await, &[report(1, 1, &[])]).await;
        let service = Running::api(&database).await.ready().await;
        let uuid = cluster(1).to_string();
        let request = json!({ "query": DOCUMENT, "operationName": "One", "variables": { "uuid": uuid } });
        let (status, answer) = post(&service, Some("application/json"), request.to_string()).await;
        assert_eq!(status, StatusCode::OK, "{}", database.name);
        assert_eq!(answer, format!(r#"{{"data":{{"cluster":{{"uuid":"{uuid}"}}}}}}"#), "{}", database.name);

        let answer =
            service.query_with("query($first: Int) { organizations(first: $first) { totalCount } }", json!({})).await;
        assert_eq!(answer["data"]["organizations"]["totalCount"], 1, "{}: {answer}", database.name);
        let answer =
            service.query_with("query($uuid: UUID!) { cluster(uuid: $uuid) { uuid } }", json!({ "uuid": 1 })).await;
        assert_eq!(answer["errors"][0]["extensions"]["code"], "BAD_USER_INPUT", "{}: {answer}", database.name);
    }
}

#[tokio::test]
async fn a_connection_serves_one_request_after_another() {
    let service = Running::api(&sqlite()).await;
    let body = r#"{"query":"{ __typename }"}"#;
    let length = format!("Content-Length: {}\r\n", body.len());
    let two = head(&length) + body + &head(&format!("{length}Connection: close\r\n")) + body;
    let answers = send(service.address, two).await;
    assert_eq!(answers.matches("HTTP/1.1 200 OK").count(), 2, "{answers}");
    assert_eq!(answers.matches(r#"{"data":{"__typename":"Query"}}"#).count(), 2, "{answers}");
}

#[tokio::test]
async fn health_and_readiness_are_served() {
    for database in each_database().await {
        let service = Running::api(&database).await.ready().await;
        assert_eq!(get(&service, "/healthz").await, (StatusCode::OK, "ok\n".to_owned()), "{}", database.name);
        let (status, readiness) = get(&service, "/readyz").await;
        assert_eq!((status, readiness.as_str()), (StatusCode::OK, r#"{"missing":{},"ready":true}"#));
        service.readiness.missing("database", "set by a test");
        let (status, readiness) = get(&service, "/readyz").await;
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{readiness}");
        let readiness: Value = serde_json::from_str(&readiness).expect("JSON");
        assert_eq!(readiness["ready"], false, "{readiness}");
        assert_eq!(get(&service, "/healthz").await.0, StatusCode::OK, "a process that is not ready is alive");
        // A connection that is still logging in would delay the removal of the database by a minute.
        service.stop().await.expect("a clean end");
    }
}

#[tokio::test]
async fn other_paths_are_not_found() {
    let service = Running::api(&sqlite()).await;
    for path in ["/", "/graphql/", "/graphqli", "/healthz/x", "/metrics/", "/.git/HEAD", "/%00", "//graphql"] {
        assert_eq!(get(&service, path).await.0, StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn a_process_that_only_ingests_serves_no_graph() {
    let (database, topic) = (sqlite(), Topic::create(1).await);
    let service = Running::start(Running::config(&database, &topic), Role::Ingest).await;
    for path in ["/healthz", "/metrics"] {
        assert_eq!(get(&service, path).await.0, StatusCode::OK, "{path}");
    }
    for path in ["/graphiql", "/graphql"] {
        assert_eq!(get(&service, path).await.0, StatusCode::NOT_FOUND, "{path}");
    }
    assert_eq!(post(&service, Some("application/json"), "{}").await.0, StatusCode::NOT_FOUND);
    service.stop().await.expect("it stops");
}
