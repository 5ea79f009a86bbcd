//! GraphiQL in a real browser: it works, and its page sends requests only to the service.

use serde::Deserialize;
use serde_json::Value;

use crate::{
    harness::{Gateway, Running, node, sqlite},
    reports::{reports, write},
};

/// The output of the script.
#[derive(Deserialize)]
struct Page {
    /// The query in the editor.
    query: String,
    /// The text of the response pane.
    answer: String,
    /// The URLs of all requests of the page.
    requests: Vec<String>,
    /// The errors that the page logged.
    complaints: Vec<String>,
}

/// Opens GraphiQL at `root`, which ends with a slash, and checks that its first example runs and that only URLs below
/// `root` are requested.
async fn check_first_example(root: &str) {
    let script = "tests/end_to_end/graphiql/first_example.js";
    let stdout = node::stdout(".", "node", &[script, &format!("{root}graphiql")]).await;
    let page: Page = serde_json::from_str(&stdout).expect("the script prints JSON");

    assert!(page.query.starts_with("# 01-"), "the first tab holds {}", page.query);
    let answer: Value = serde_json::from_str(&page.answer).unwrap_or_else(|error| panic!("{error}: {}", page.answer));
    assert_eq!(answer["errors"], Value::Null, "{answer}");
    let organization = &answer["data"]["organizations"]["nodes"][0];
    assert_eq!(organization["clusters"]["totalCount"], 5, "{answer}");
    assert_eq!(organization["clusters"]["nodes"][0]["report"]["ruleHits"]["totalCount"], 3, "{answer}");

    let foreign: Vec<_> =
        page.requests.iter().filter(|url| !url.starts_with(root) && !url.starts_with("data:")).collect();
    assert!(foreign.is_empty(), "the page requested {foreign:?}");
    assert!(page.requests.contains(&format!("{root}graphql")), "{:?}", page.requests);
    assert!(page.complaints.is_empty(), "{:?}", page.complaints);
}

#[tokio::test]
async fn the_first_example_runs_by_its_button_and_no_other_server_receives_a_request() {
    let database = sqlite();
    write(&database.store().await, &reports(1, 1, 5, 3)).await;
    let service = Running::api(&database).await.ready().await;
    check_first_example(&service.url("/")).await;
}

#[tokio::test]
async fn the_first_example_runs_behind_a_gateway_that_adds_a_path() {
    let database = sqlite();
    write(&database.store().await, &reports(1, 1, 5, 3)).await;
    let service = Running::api(&database).await.ready().await;
    let gateway = Gateway::below("/insights", service.address).await;
    check_first_example(&format!("http://{}/insights/", gateway.address)).await;
}
