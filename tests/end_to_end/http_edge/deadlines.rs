//! Nobody waits for ever: not for a body, not for the database; and whoever was let in is answered before the end.

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
async fn a_body_that_does_not_arrive_is_not_waited_for() {
    let service = api(&sqlite(), |config| config.http.request_timeout = Duration::from_millis(200)).await;
    let answer = send(service.address, head("Content-Length: 100\r\nConnection: close\r\n") + "{\"query\":").await;
    assert_eq!(status(&answer), "408", "{answer}");
    assert!(answer.contains("the body did not arrive in time"), "{answer}");
}

#[tokio::test]
async fn a_query_that_takes_too_long_is_told_so_and_the_service_lives_on() {
    let database = postgres().await;
    let service = api_with_hits(&database, Duration::from_secs(1)).await;
    let held = LockedTable::lock(&database, "rule_hit").await;
    let (status, answer) = post(&service, JSON, hits()).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    let answer: Value = serde_json::from_str(&answer).expect("JSON");
    assert_eq!(answer["errors"][0]["extensions"]["code"], "TIMEOUT", "{answer}");
    assert_eq!(answer["data"], Value::Null, "{answer}");
    // What does not need the table is answered while it is held.
    service.data("{ organizations { totalCount } }").await;
    held.unlock().await;
    let answer = service.data(HITS).await;
    assert_eq!(answer["organizations"]["nodes"][0]["clusters"]["nodes"][2]["report"]["ruleHits"]["totalCount"], 2);
}

#[tokio::test]
async fn a_request_under_way_is_answered_before_the_process_stops() {
    let database = postgres().await;
    let service = api_with_hits(&database, Duration::from_mins(1)).await;
    let (address, url) = (service.address, service.url("/graphql"));
    let held = LockedTable::lock(&database, "rule_hit").await;
    let under_way = tokio::spawn(async move {
        let asked = reqwest::Client::new().post(url).header(CONTENT_TYPE, "application/json").body(hits());
        asked.send().await.expect("an answer").json::<Value>().await.expect("JSON")
    });
    held.until_waiters(1).await;
    let stopped = tokio::spawn(service.stop());
    until("nobody else is let in", async || tokio::net::TcpStream::connect(address).await.is_err().then_some(())).await;
    assert!(!under_way.is_finished(), "the request is still under way");
    held.unlock().await;
    let answer = under_way.await.expect("an answer");
    assert_eq!(answer.get("errors"), None, "{answer}");
    assert_eq!(
        answer["data"]["organizations"]["nodes"][0]["clusters"]["nodes"][0]["report"]["ruleHits"]["totalCount"],
        2
    );
    stopped.await.expect("no panic").expect("the service stops well");
}
