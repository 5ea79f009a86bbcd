//! A request that ends by its time limit, or whose client disconnects: each of its mutations is complete or has no effect.

use std::pin::pin;

use futures_util::poll;

use super::*;
use crate::harness::{LockedTable, postgres, until, user_actions};

const TWO: &str = "mutation {
    one: rateRecommendation(input: { selector: \"ccx.rules.shared|KEY\", rating: 1 }) { rating }
    two: acknowledgeRecommendation(input: { selector: \"ccx.rules.shared|KEY\" }) { clientMutationId } }";

/// Waits until one action is in the tables, and checks that it is the rating.
async fn only_the_rating(database: &Database) {
    let connection = database.connect().await;
    let actions = until("an action", async || Some(user_actions(&connection).await).filter(|rows| !rows.is_empty()));
    let actions = actions.await;
    assert!(actions.len() == 1 && actions.iter().all(|line| line.starts_with("rating 1 ")), "{actions:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mutation_that_began_is_completed_and_the_next_one_is_not_begun() {
    let database = postgres().await;
    let graph = graph(&database).await;
    let held = LockedTable::lock(&database, "rating").await;
    let answer = graph.executor.execute(ann(), Request::new(TWO), Duration::from_millis(200)).await;
    let answer: Value = serde_json::from_slice(&answer.into_json()).expect("JSON");
    assert_eq!(answer["errors"][0]["extensions"]["code"], "TIMEOUT", "{answer}");
    assert_eq!(answer.get("data"), None, "{answer}");
    held.until_waiters(1).await;
    held.unlock().await;
    only_the_rating(&database).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mutation_is_completed_after_its_client_has_disconnected() {
    let database = postgres().await;
    let graph = graph(&database).await;
    let held = LockedTable::lock(&database, "rating").await;
    {
        let mut dropped = pin!(graph.query_as(ann(), TWO, json!({})));
        let mut waits = pin!(held.until_waiters(1));
        while poll!(&mut waits).is_pending() {
            assert!(poll!(&mut dropped).is_pending());
            tokio::task::yield_now().await;
        }
    }
    held.unlock().await;
    only_the_rating(&database).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mutation_that_waits_for_its_turn_has_no_effect_if_its_request_ends() {
    let database = postgres().await;
    let graph = graph(&database).await;
    let held = LockedTable::lock(&database, "rating").await;
    let first = tokio::spawn({
        let graph = graph.clone();
        async move { graph.query_as(ann(), TWO, json!({})).await }
    });
    held.until_waiters(1).await;
    // The organization has its turn already.
    let other =
        "mutation { rateRecommendation(input: { selector: \"ccx.rules.never_hit|KEY\", rating: 1 }) { rating } }";
    let answer = graph.executor.execute(bob(), Request::new(other), Duration::from_millis(200)).await;
    assert_eq!(answer.errors()[0].message, "The request exceeded its time limit and was stopped.");
    held.unlock().await;
    let answer = first.await.expect("an answer");
    assert_eq!(answer["data"]["one"]["rating"], 1, "{answer}");
    let actions = user_actions(&database.connect().await).await;
    let kinds: Vec<_> = actions.iter().filter_map(|line| line.split(' ').next()).collect();
    assert_eq!(kinds, ["acknowledgement", "rating"]);
    assert!(actions.iter().all(|line| line.contains(SHARED)), "{actions:?}");
}
