//! Actions of users: each is complete or has no effect, wherever the process that performs it is killed.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::*;
use crate::{
    harness::{serve_api, set_config, user_actions, wrong_kept_values},
    reports::{self, report, write},
};

/// All fault points of actions, in their order. Those before the last one are before the commit.
pub(super) const POINTS: [FaultPoint; 4] =
    [FaultPoint::ActionBegun, FaultPoint::ActionWritten, FaultPoint::ActionCounted, FaultPoint::ActionCommitted];
const SELECTOR: &str = "rule.module|KEY";

/// Each action with its input, and whether it changes counts.
fn actions() -> [(&'static str, Value, bool); 6] {
    let uuid = |number| reports::cluster(number).to_string();
    let clusters = json!({ "selector": SELECTOR, "clusterUuids": [uuid(1), uuid(2)] });
    [
        ("acknowledgeRecommendation", json!({ "selector": SELECTOR }), true),
        ("disableRecommendationOnClusters", clusters.clone(), true),
        ("voteOnRuleHit", json!({ "clusterUuid": uuid(1), "selector": SELECTOR, "vote": "UP" }), false),
        ("rateRecommendation", json!({ "selector": SELECTOR, "rating": 1 }), false),
        ("enableRecommendationOnClusters", clusters, true),
        ("deleteAcknowledgement", json!({ "selector": SELECTOR }), true),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn an_action_of_a_killed_process_is_complete_or_has_no_effect() {
    for database in each_database().await {
        let store = database.store().await;
        write(&store, &[1, 2, 3].map(|number| report(1, number, &[(SELECTOR, ""), ("other.rule|KEY", "")]))).await;
        store.close().await;
        for (mutation, input, changes_counts) in actions() {
            for point in POINTS {
                if point == FaultPoint::ActionWritten && !changes_counts {
                    continue;
                }
                let before = state(&database).await;
                perform_until_killed(&database, point, mutation, &input).await;
                let is_complete = state(&database).await != before;
                let is_committed = point == FaultPoint::ActionCommitted;
                assert_eq!(is_complete, is_committed, "{}: {mutation} killed at {point:?}", database.name);
                let wrong = wrong_kept_values(&database.connect().await).await;
                assert_eq!(wrong, [""; 0], "{}: {mutation} killed at {point:?}", database.name);
            }
        }
    }
}

async fn state(database: &Database) -> BTreeSet<String> {
    user_actions(&database.connect().await).await
}

/// Sends a mutation to a process that is killed at this point.
async fn perform_until_killed(database: &Database, point: FaultPoint, mutation: &str, input: &Value) {
    let mut command = serve_api(database);
    set_config(&mut command, "AUTH__DEV_IDENTITY__ORG_ID", "1");
    set_config(&mut command, "AUTH__DEV_IDENTITY__USER_ID", "ann");
    let name: &str = point.into();
    command.env("FAILPOINTS", format!("{name}=return"));
    let mut process = Process::spawn(command);
    let url = format!("http://{}/graphql", process.address().await);
    let ty = format!("{}{}Input", mutation[..1].to_uppercase(), &mutation[1..]);
    let query = format!("mutation($input: {ty}!) {{ payload: {mutation}(input: $input) {{ userErrors {{ code }} }} }}");
    let body = json!({ "query": query, "variables": { "input": input } });
    let answer = reqwest::Client::new()
        .post(url)
        .header("content-type", "application/json")
        .header("accept", "application/json")
        .body(body.to_string())
        .send()
        .await;
    let status = process.exit_status().await;
    assert_eq!(status.signal(), Some(SIGABRT), "{mutation} at {point:?}: {answer:?}\n{}", process.output());
}
