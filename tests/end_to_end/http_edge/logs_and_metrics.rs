//! Request ids, the log line of each request, and metrics.

use std::collections::BTreeSet;

use insights_results_aggregator::telemetry::metrics;

use super::*;
use crate::harness::{Process, serve_api, set_config, until};

/// A process that serves the graph of a database without tables, so that loads fail.
fn api_without_tables(database: &Database) -> Process {
    let mut command = serve_api(database);
    set_config(&mut command, "DATABASE__MIGRATE", "false");
    Process::spawn(command)
}

/// The log lines of a request, once there are `count`.
async fn lines_of(process: &Process, id: &str, count: usize) -> Vec<String> {
    let id = format!("id=\"{id}\"");
    until("the log has the lines of the request", async || {
        let lines: Vec<_> = process.output().lines().filter(|line| line.contains(&id)).map(str::to_owned).collect();
        (lines.len() >= count).then_some(lines)
    })
    .await
}

async fn metrics_text(address: SocketAddr) -> String {
    let answer = reqwest::get(format!("http://{address}/metrics")).await.expect("an answer");
    assert_eq!(answer.headers()[CONTENT_TYPE], "text/plain; version=0.0.4; charset=utf-8");
    answer.text().await.expect("text")
}

/// The metrics once all other requests are counted: a response is when its last byte is sent, which may be after its
/// client received it.
async fn metrics_of_complete_requests(address: SocketAddr) -> String {
    until("the other requests are complete", async || {
        let text = metrics_text(address).await;
        text.contains("http_requests_in_flight 1\n").then_some(text)
    })
    .await
}

/// Posts a request with a request id. Returns the id of the response.
async fn post_with_id(address: SocketAddr, id: &str, request: &Value) -> String {
    let post = reqwest::Client::new().post(format!("http://{address}/graphql?token=s3cr3t")).json(request);
    let answer = post.header("x-request-id", id).header("x-rh-identity", "s3cr3t").send().await.expect("an answer");
    answer.headers()["x-request-id"].to_str().expect("text").to_owned()
}

#[tokio::test]
async fn a_request_has_one_log_line_with_its_id_and_without_its_query() {
    let database = sqlite();
    let process = api_without_tables(&database);
    let address = process.address().await;
    let request = json!({
        "query": "query Page($a: String) { __typename @skip(if: false) viewer { isAdministrator } } # s3cr3t",
        "operationName": "Page",
        "variables": { "a": "s3cr3t" },
    });
    assert_eq!(post_with_id(address, "request-1", &request).await, "request-1");
    let lines = lines_of(&process, "request-1", 1).await;
    assert_eq!(lines.len(), 1, "{lines:?}");
    for part in ["method=\"POST\"", "path=\"/graphql\"", "status=200", "ms=", "bytes=", "operation=\"Page\""] {
        assert!(lines[0].contains(part), "{part}: {}", lines[0]);
    }
    assert!(!process.output().contains("s3cr3t"), "{}", process.output());
}

#[tokio::test]
async fn every_line_of_a_request_has_its_id() {
    let database = sqlite();
    let process = api_without_tables(&database);
    let address = process.address().await;
    let new_id =
        post_with_id(address, "not safe to log", &json!({ "query": "{ organizations { totalCount } }" })).await;
    assert_eq!(new_id.len(), 32, "an id that is not safe to log is replaced: {new_id}");
    let lines = lines_of(&process, &new_id, 2).await;
    assert!(lines[0].contains("a load failed") && lines[0].contains("correlation_id"), "{lines:?}");
    assert!(lines[1].contains("answered"), "{lines:?}");
}

#[tokio::test]
async fn the_metrics_served_are_exactly_the_known_ones() {
    let database = sqlite();
    let process = api_without_tables(&database);
    let address = process.address().await;
    post_with_id(address, "a", &json!({ "query": "query Page { organizations { totalCount } }" })).await;
    post_with_id(address, "b", &json!({ "query": "{" })).await;
    post_with_id(address, "c", &json!("s3cr3t, and no request")).await;
    reqwest::get(format!("http://{address}/nowhere/s3cr3t")).await.expect("an answer");
    let text = metrics_of_complete_requests(address).await;
    let served: BTreeSet<_> = text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next()).collect();
    // Only processes that ingest serve the metrics of ingestion, and only those with content the metrics of content.
    let is_served = |name: &&str| !name.starts_with("ingest_") && !name.starts_with("content_");
    let known = metrics::ALL.iter().map(|metric| metric.name).filter(is_served);
    assert_eq!(served, known.collect(), "{text}");
    for line in [
        r#"http_requests_total{method="POST",path="/graphql",status="200"} 2"#,
        r#"http_requests_total{method="GET",path="other",status="404"} 1"#,
        r#"http_request_duration_seconds_count{method="POST",path="/graphql"} 3"#,
        r#"graphql_operations_total{operation="Page"} 1"#,
        r#"graphql_errors_total{code="SYNTAX_ERROR"} 1"#,
        r#"graphql_errors_total{code="BAD_REQUEST"} 1"#,
        "graphql_operation_statements_count 1",
    ] {
        assert!(text.lines().any(|served| served == line), "{line} is not in {text}");
    }
    assert!(!text.contains("s3cr3t"), "{text}");
}

#[tokio::test]
async fn names_that_clients_invent_create_a_limited_number_of_series() {
    let database = sqlite();
    let process = api_without_tables(&database);
    let address = process.address().await;
    let series =
        async || metrics_of_complete_requests(address).await.lines().filter(|line| !line.starts_with('#')).count();
    post_with_id(address, "a", &json!({ "query": "{ __typename }" })).await;
    let before = series().await;
    let (client, url) = (reqwest::Client::new(), format!("http://{address}/graphql"));
    for number in 0..300 {
        let query = json!({ "query": format!("query Page{number} {{ __typename }}") });
        client.post(&url).json(&query).send().await.expect("an answer").bytes().await.expect("a body");
        client.get(format!("http://{address}/{number}")).send().await.expect("an answer");
    }
    let after = series().await;
    assert!(after - before < 80, "{before} series became {after}");
    assert!(metrics_text(address).await.contains(r#"graphql_operations_total{operation="other"} 260"#));
}
