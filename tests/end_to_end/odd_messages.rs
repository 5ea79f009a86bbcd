//! Unusual but valid messages: each is interpreted as intended, and the graph returns its details byte for byte.

use insights_results_aggregator::service::Role;
use serde_json::Value;

use crate::{
    harness::{Database, Running, Topic, each_database},
    messages::{Message, cluster},
};

const CHECKED: &str = "2024-05-02T08:00:00Z";
/// Values for the details of a hit.
const DETAILS: [&str; 9] = [
    r#"{"nul": "\u0000", "escaped": "\u003c\u00e9"}"#,
    "[9007199254740993, 123456789012345678901234567890, -0, -0.0, 1e308, 1E+2]",
    r#"{"a": 1, "a": 2, "A": 3}"#,
    r#""plain \ud83e\udd80 🦀 \u202eright to left""#,
    "0",
    "false",
    r#"{"; DROP TABLE rule_hit; --": "' \" $1 ?1 {{x}}"}"#,
    "[ ]",
    r#"{ "spaces" : [ 1 ,2 ] }"#,
];

fn hit(number: u16, details: &str) -> Message {
    Message::new(1, &cluster(number), CHECKED).hit("rules.a", "A", details)
}

fn with_replaced(message: &Message, text: &str, other: &str) -> Vec<u8> {
    let json = String::from_utf8(message.json()).expect("text");
    assert_eq!(json.matches(text).count(), 1, "{text} in {json}");
    json.replace(text, other).into_bytes()
}

async fn ingested(database: &Database, values: &[Vec<u8>]) -> Running {
    let topic = Topic::create(1).await;
    topic.send_all(values.iter().map(|value| (0, value.as_slice()))).await;
    let running = Running::start(Running::config(database, &topic), Role::All).await;
    topic.until_all_committed().await;
    assert!(topic.dead_letter_topic().records(0).is_empty(), "{}: none of them is bad", database.name);
    running
}

/// Sends a query and returns the response's text, because details are compared byte for byte.
async fn text(running: &Running, query: &str) -> String {
    let body = serde_json::json!({ "query": query });
    let response = reqwest::Client::new().post(running.url("/graphql")).json(&body).send().await.expect("a response");
    response.text().await.expect("text")
}

#[tokio::test(flavor = "multi_thread")]
async fn details_are_returned_byte_for_byte() {
    for database in each_database().await {
        let deep = format!("{}{}", "[".repeat(64), "]".repeat(64));
        let details: Vec<_> = DETAILS.into_iter().chain([deep.as_str()]).collect();
        let values: Vec<_> = (0..).zip(&details).map(|(number, details)| hit(number, details).json()).collect();
        let running = ingested(&database, &values).await;
        for (number, details) in (0..).zip(&details) {
            let query = format!(
                "{{ cluster(uuid: \"{}\") {{ report {{ ruleHits {{ nodes {{ details }} }} }} }} }}",
                cluster(number)
            );
            let expected = format!(
                r#"{{"data":{{"cluster":{{"report":{{"ruleHits":{{"nodes":[{{"details":{details}}}]}}}}}}}}}}"#
            );
            assert_eq!(text(&running, &query).await, expected, "{}", database.name);
        }
        running.stop().await.expect("a clean end");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn other_spellings_of_values_are_accepted() {
    for database in each_database().await {
        let one = |number| hit(number, "1");
        let plain = |number| cluster(number).replace('-', "");
        let values = vec![
            with_replaced(&one(1), &cluster(1), &format!("{{{}}}", cluster(1).to_uppercase())),
            with_replaced(&one(2), &cluster(2), &format!("urn:uuid:{}", cluster(2))),
            with_replaced(&one(3), &cluster(3), &plain(3)),
            with_replaced(&one(4), CHECKED, "2024-05-02t10:00:00.1234567891+02:00"),
            with_replaced(&one(5), CHECKED, "2024-05-03T07:59:00+23:59"),
            with_replaced(&one(6), "\"OrgID\": 1", "\"OrgID\": 4294967295"),
            with_replaced(&one(7), "\"OrgID\": 1", "\"OrgID\": 9, \"orgid\": 1"),
            with_replaced(&one(8), "\"ClusterName\"", "\"CLUSTERNAME\""),
            [b" \n\t".to_vec(), one(9).json(), b"\r\n ".to_vec()].concat(),
            // The same hit twice: the last one counts.
            hit(10, "1").hit("rules.a", "A", "2").json(),
        ];
        let running = ingested(&database, &values).await;
        for number in 1..=10 {
            let fields = "organization { orgId } lastCheckedAt report { ruleHits { totalCount nodes { details } } }";
            let query = format!("{{ cluster(uuid: \"{}\") {{ {fields} }} }}", cluster(number));
            let answer: Value = serde_json::from_str(&text(&running, &query).await).expect("JSON");
            let found = &answer["data"]["cluster"];
            let owner = if number == 6 { "4294967295" } else { "1" };
            assert_eq!(found["organization"]["orgId"], owner, "{}: {number}: {answer}", database.name);
            let checked = match number {
                4 => "2024-05-02T08:00:00.123456Z",
                _ => "2024-05-02T08:00:00.000000Z",
            };
            assert_eq!(found["lastCheckedAt"], checked, "{}: {number}: {answer}", database.name);
            let details = if number == 10 { 2 } else { 1 };
            let hits = serde_json::json!({ "totalCount": 1, "nodes": [{ "details": details }] });
            assert_eq!(found["report"]["ruleHits"], hits, "{}: {number}: {answer}", database.name);
        }
        running.stop().await.expect("a clean end");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_hits_and_names_of_255_characters_fit() {
    for database in each_database().await {
        let long = |letter: &str| letter.repeat(248);
        let many = (0..1_000).fold(Message::new(1, &cluster(1), CHECKED), |message, number| {
            message.hit("rules.many", &format!("KEY{number}"), "1")
        });
        // With the suffix `.report`, the rule's component has the maximal length.
        let wide = Message::new(1, &cluster(2), CHECKED).hit(&long("🦀"), &long("K"), "1");
        let running = ingested(&database, &[many.json(), wide.json()]).await;
        for (number, hits) in [(1, 1_000), (2, 1)] {
            let query =
                format!("{{ cluster(uuid: \"{}\") {{ report {{ ruleHits {{ totalCount }} }} }} }}", cluster(number));
            let answer: Value = serde_json::from_str(&text(&running, &query).await).expect("JSON");
            let found = &answer["data"]["cluster"]["report"]["ruleHits"]["totalCount"];
            assert_eq!(found, &Value::from(hits), "{}: {answer}", database.name);
        }
        running.stop().await.expect("a clean end");
    }
}
