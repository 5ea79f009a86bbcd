//! The guard, null propagation, introspection and the limits of the library hold for mutations as for queries.

use super::*;
use crate::harness::{sqlite, user_actions};

const RATE: &str = "rateRecommendation(input: { selector: \"ccx.rules.shared|KEY\", rating: 1 }) { rating }";

#[tokio::test]
async fn a_mutation_that_the_guard_refuses_changes_nothing() {
    let (database, limits) = (sqlite(), default_config().limits);
    let graph = graph(&database).await;
    let nested = format!(
        "recommendation {{ {} selector {}",
        "impactedClusters { nodes { organization { recommendations { nodes { ".repeat(4),
        "} } } } } ".repeat(4)
    );
    let page = "recommendation { clusterToggles(first: 100) { nodes { cluster { report { ruleHits(first: 100) { nodes {
        toggle { cluster { uuid } } } } } } } } }";
    let many = each(limits.query_root_fields + 1, |n| format!("a{n}: {RATE} "));
    let uuid = uuid(1);
    for (document, code, message) in [
        (format!("mutation {{ {many} }}"), "QUERY_TOO_LARGE", "limits.query_root_fields allows 20 root fields"),
        (
            format!("mutation {{ ...F }} fragment F on Mutation {{ {many} }}"),
            "QUERY_TOO_LARGE",
            "limits.query_root_fields",
        ),
        (
            format!("mutation {{ {} }}", RATE.replace("rating }", &format!("{nested} }} }}"))),
            "QUERY_TOO_LARGE",
            "limits.query_depth",
        ),
        (
            format!("mutation {{ {} }}", RATE.replace("rating }", &format!("{page} }}"))),
            "QUERY_TOO_LARGE",
            "limits.query_cost",
        ),
        (format!("mutation {{ a: {RATE} a: {} }}", RATE.replace(": 1", ": 0")), "BAD_USER_INPUT", "cannot be merged"),
        (
            format!("mutation($n: String!) {{ {} }}", RATE.replace(": 1", ": $n")),
            "BAD_USER_INPUT",
            "\"String!\" is used where \"Int!\" is expected",
        ),
        (
            format!("mutation {{ {} }}", RATE.replace(": 1", ": \"1\"")),
            "BAD_USER_INPUT",
            "Invalid value for argument \"input.rating\"",
        ),
        (
            format!("mutation {{ {} }}", RATE.replace(", rating: 1", "")),
            "BAD_USER_INPUT",
            "Invalid value for argument \"input",
        ),
        (format!("mutation {{ {RATE} unknown }}"), "BAD_USER_INPUT", "Unknown field \"unknown\""),
        (
            format!("mutation {{ {RATE} __schema {{ queryType {{ name }} }} }}"),
            "BAD_USER_INPUT",
            "Unknown field \"__schema\"",
        ),
        (
            format!(
                "mutation {{ voteOnRuleHit(input: {{ selector: \"a|B\", clusterUuid: \"{uuid}\", vote: \"UP\" }}) {{ clientMutationId }} }}"
            ),
            "BAD_USER_INPUT",
            "input.vote",
        ),
        (format!("query {{ {RATE} }}"), "BAD_USER_INPUT", "Unknown field \"rateRecommendation\""),
        (format!("subscription {{ {RATE} }}"), "BAD_USER_INPUT", ""),
    ] {
        let variables = if document.contains("$n") { json!({ "n": "1" }) } else { json!({}) };
        let answer = graph.query_as(ann(), &document, variables).await;
        let error = &answer["errors"][0];
        assert_eq!(error["extensions"]["code"], code, "{document}: {answer}");
        assert!(error["message"].as_str().is_some_and(|text| text.contains(message)), "{document}: {answer}");
        assert_eq!(answer.get("data"), None, "{document}: {answer}");
    }
    assert!(user_actions(&database.connect().await).await.is_empty());
    let accepted = each(limits.query_root_fields, |n| format!("a{n}: {RATE} "));
    let answer = graph.data(ann(), &format!("mutation {{ {accepted} }}")).await;
    assert_eq!(answer["a19"], json!({ "rating": 1 }));
}

#[tokio::test]
async fn ten_thousand_clusters_are_refused() {
    let database = sqlite();
    let graph = graph(&database).await;
    let (selector, clusters) = (SHARED, uuids(1..=10_000));
    let input = json!({ "selector": selector, "clusterUuids": clusters });
    let answer = graph.mutation(ann(), "disableRecommendationOnClusters", input, "clientMutationId").await;
    assert_eq!(answer["errors"][0]["extensions"]["code"], "QUERY_TOO_LARGE", "{answer}");
    assert!(user_actions(&database.connect().await).await.is_empty());
}

#[tokio::test]
async fn introspection_has_the_mutations() {
    let database = sqlite();
    let graph = graph(&database).await;
    let query = "{ __schema { mutationType { name fields { name } } subscriptionType { name } } }";
    let answer = graph.data(ann(), query).await;
    let schema = &answer["__schema"];
    assert_eq!([&schema["mutationType"]["name"], &schema["subscriptionType"]], [&json!("Mutation"), &json!(null)]);
    assert_eq!(schema["mutationType"]["fields"].as_array().map(Vec::len), Some(6));
}

#[tokio::test]
async fn a_skipped_mutation_is_not_performed() {
    let database = sqlite();
    let graph = graph(&database).await;
    for (document, expected) in [
        (
            format!(
                "mutation {{ t: __typename {} }}",
                RATE.replace(" {", " @skip(if: true) {").replacen(" @skip(if: true) {", " {", 1)
            ),
            json!({ "t": "Mutation" }),
        ),
        (format!("mutation {{ ... @include(if: false) {{ {RATE} }} }}"), json!({})),
    ] {
        assert_eq!(graph.data(ann(), &document).await, expected, "{document}");
    }
    assert!(user_actions(&database.connect().await).await.is_empty());
}
