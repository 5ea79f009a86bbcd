//! GraphiQL in a real browser: it works there, and its page asks nobody but us.

use serde::Deserialize;
use serde_json::Value;

use crate::{
    harness::{Running, node, sqlite},
    reports::{reports, write},
};

/// What the browser saw.
#[derive(Deserialize)]
struct Seen {
    /// The query in the editor.
    query: String,
    /// What stands in the answer's pane.
    answer: String,
    /// Every address that was asked for.
    requests: Vec<String>,
    /// What the page complained of.
    complaints: Vec<String>,
}

#[tokio::test]
async fn its_first_example_is_run_by_its_button_and_nobody_else_is_asked() {
    let database = sqlite();
    write(&database.store().await, &reports(1, 1, 5, 3)).await;
    let service = Running::api(&database).await.ready().await;
    let script = "tests/end_to_end/graphiql/first_example.js";
    let printed = node::printed(".", "node", &[script, &service.url("/graphiql")]).await;
    let seen: Seen = serde_json::from_str(&printed).expect("what the script prints");

    assert!(seen.query.starts_with("# 01-"), "the first tab holds {}", seen.query);
    let answer: Value = serde_json::from_str(&seen.answer).unwrap_or_else(|error| panic!("{error}: {}", seen.answer));
    assert_eq!(answer["errors"], Value::Null, "{answer}");
    let organization = &answer["data"]["organizations"]["nodes"][0];
    assert_eq!(organization["clusters"]["totalCount"], 5, "{answer}");
    assert_eq!(organization["clusters"]["nodes"][0]["report"]["ruleHits"]["totalCount"], 3, "{answer}");

    let ours = service.url("/");
    let foreign: Vec<_> =
        seen.requests.iter().filter(|url| !url.starts_with(&ours) && !url.starts_with("data:")).collect();
    assert!(foreign.is_empty(), "the page asked for {foreign:?}");
    assert!(seen.requests.contains(&service.url("/graphql")), "{:?}", seen.requests);
    assert!(seen.complaints.is_empty(), "{:?}", seen.complaints);
}
