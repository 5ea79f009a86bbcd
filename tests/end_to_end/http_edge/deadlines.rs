//! Deadlines: requests that wait for their body or for the database time out, and requests under way are answered
//! before the process stops.

use super::*;
use crate::{
    harness::{LockedTable, until},
    reports::{reports, write},
};

const HITS: &str = "{ organizations { nodes { clusters { nodes { report { ruleHits { totalCount } } } } } } }";
const JSON: Option<&str> = Some("application/json");

fn hits() -> String {
    json!({ "query": HITS }).to_string()
}

/// The API over three clusters with two hits each.
async fn api_with_hits(database: &Database, request_timeout: Duration) -> Running {
    write(&database.store().await, &reports(1, 1, 3, 2)).await;
    api(database, |config| config.http.request_timeout = request_timeout).await
}

#[tokio::test]
async fn a_request_whose_body_does_not_arrive_times_out() {
    let service = api(&sqlite(), |config| config.http.request_timeout = Duration::from_millis(200)).await;
    let answer = send(service.address, head("Content-Length: 100\r\nConnection: close\r\n") + "{\"query\":").await;
    assert_eq!(status(&answer), "408", "{answer}");
    assert!(answer.contains("the body did not arrive in time"), "{answer}");
}

/// Repeats a query until it succeeds, and returns its `data`. With a short timeout, a busy machine may be too slow at
/// first.
async fn until_data(service: &Running, query: &str) -> Value {
    until("the query succeeds", async || {
        let mut answer = service.query(query).await;
        answer.get("errors").is_none().then(|| answer["data"].take())
    })
    .await
}

#[tokio::test]
async fn a_query_that_takes_too_long_times_out_and_the_service_continues() {
    let database = postgres().await;
    let service = api_with_hits(&database, Duration::from_secs(1)).await;
    let table = LockedTable::lock(&database, "rule_hit").await;
    let (status, answer) = post(&service, JSON, hits()).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    let answer: Value = serde_json::from_str(&answer).expect("JSON");
    assert_eq!(answer["errors"][0]["extensions"]["code"], "TIMEOUT", "{answer}");
    assert_eq!(answer["data"], Value::Null, "{answer}");
    // Queries that do not read the table are answered while it is locked.
    until_data(&service, "{ organizations { totalCount } }").await;
    table.unlock().await;
    let answer = until_data(&service, HITS).await;
    assert_eq!(answer["organizations"]["nodes"][0]["clusters"]["nodes"][2]["report"]["ruleHits"]["totalCount"], 2);
}

#[tokio::test]
async fn a_request_in_progress_is_answered_before_the_process_stops() {
    let database = postgres().await;
    let service = api_with_hits(&database, Duration::from_mins(1)).await;
    let (address, url) = (service.address, service.url("/graphql"));
    let table = LockedTable::lock(&database, "rule_hit").await;
    let under_way = tokio::spawn(async move {
        let request = reqwest::Client::new().post(url).header(CONTENT_TYPE, "application/json").body(hits());
        request.send().await.expect("an answer").json::<Value>().await.expect("JSON")
    });
    table.until_waiters(1).await;
    let stopped = tokio::spawn(service.stop());
    until("new connections are refused", async || tokio::net::TcpStream::connect(address).await.is_err().then_some(()))
        .await;
    assert!(!under_way.is_finished(), "the request is still under way");
    table.unlock().await;
    let answer = under_way.await.expect("an answer");
    assert_eq!(answer.get("errors"), None, "{answer}");
    assert_eq!(
        answer["data"]["organizations"]["nodes"][0]["clusters"]["nodes"][0]["report"]["ruleHits"]["totalCount"],
        2
    );
    stopped.await.expect("no panic").expect("a clean end");
}
