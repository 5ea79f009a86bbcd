//! Mutations while the database cannot be reached, and what remains of earlier actions.

use super::*;
use crate::harness::{Proxy, postgres, until, user_actions};

#[tokio::test(flavor = "multi_thread")]
async fn without_the_database_a_mutation_is_unavailable_and_has_no_effect() {
    let database = postgres().await;
    let proxy = Proxy::open(database.server());
    let store = Store::open(&database.settings_through(&proxy)).await.expect("open");
    store.migrate_up().await.expect("migrate");
    let graph = graph_over(store).await;
    let proxy = proxy.close().await;
    let input = json!({ "selector": SHARED, "justification": "a" });
    let answer = graph.mutation(ann(), "acknowledgeRecommendation", input.clone(), ACKNOWLEDGED).await;
    let error = &answer["errors"][0];
    assert_eq!([&error["extensions"]["code"], &answer["data"]], [&json!("UNAVAILABLE"), &json!(null)], "{answer}");
    assert!(error["extensions"]["correlationId"].is_string(), "{answer}");
    assert!(user_actions(&database.connect().await).await.is_empty());

    let _proxy = proxy.reopen();
    until("the mutation is performed", async || {
        let answer = graph.mutation(ann(), "acknowledgeRecommendation", input.clone(), ACKNOWLEDGED).await;
        (answer["data"]["payload"]["acknowledgement"]["justification"] == "a").then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_vote_remains_when_its_hit_has_ended() {
    for database in each_database().await {
        let graph = graph(&database).await;
        let input = json!({ "selector": SHARED, "clusterUuid": uuid(1), "vote": "UP" });
        graph.mutate(ann(), "voteOnRuleHit", input, VOTED).await;
        let connection = database.connect().await;
        let votes = user_actions(&connection).await;
        write(&graph.store, &[later(report(1, 1, &[]), 3)]).await;
        let input = json!({ "selector": SHARED, "clusterUuid": uuid(1), "vote": "DOWN" });
        let payload = graph.mutate(ann(), "voteOnRuleHit", input, VOTED).await;
        assert_eq!(payload["userErrors"][0]["code"], "NOT_FOUND", "{}", database.name);
        assert_eq!(user_actions(&connection).await, votes, "{}", database.name);
        write(&graph.store, &[later(report(1, 1, &[(SHARED, "")]), 4)]).await;
        let query = format!(
            "{{ cluster(uuid: \"{}\") {{ ruleHit(selector: \"{SHARED}\") {{ vote {{ value }} }} }} }}",
            uuid(1)
        );
        let expected = json!({ "cluster": { "ruleHit": { "vote": { "value": "UP" } } } });
        assert_eq!(graph.data(ann(), &query).await, expected, "{}", database.name);
    }
}

/// A report of a later day.
fn later(mut report: Report, day: u32) -> Report {
    report.last_checked = crate::reports::time(&format!("2024-05-{day:02}T08:15:59Z"));
    report
}
