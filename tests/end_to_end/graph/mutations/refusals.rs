//! What is refused: expected refusals are data, change nothing, and do not depend on other organizations.

use super::*;
use crate::harness::user_actions;

/// All mutations with an input for a selector, and what is selected of their payloads.
fn all(selector: &str) -> [(&'static str, Value, &'static str); 6] {
    let clusters = json!([uuid(1)]);
    [
        ("acknowledgeRecommendation", json!({ "selector": selector, "justification": "a" }), ACKNOWLEDGED),
        ("deleteAcknowledgement", json!({ "selector": selector }), DELETED),
        ("disableRecommendationOnClusters", json!({ "selector": selector, "clusterUuids": clusters }), TOGGLED),
        ("enableRecommendationOnClusters", json!({ "selector": selector, "clusterUuids": clusters }), TOGGLED),
        ("voteOnRuleHit", json!({ "selector": selector, "clusterUuid": uuid(1), "vote": "UP" }), VOTED),
        ("rateRecommendation", json!({ "selector": selector, "rating": 1 }), RATED),
    ]
}

/// The user errors of a payload of which nothing else may be present.
fn refusal(payload: &Value) -> &Value {
    for (name, value) in payload.as_object().expect("a payload") {
        let is_empty = value.is_null() || *value == json!([]) || name == "userErrors";
        assert!(is_empty, "{name} of {payload}");
    }
    &payload["userErrors"]
}

#[tokio::test]
async fn without_a_user_or_an_organization_every_action_is_forbidden() {
    let expected = json!([{ "code": "FORBIDDEN", "field": null,
        "message": "an action needs an organization and a user, and the request's identity does not have both; without \
            authentication, auth.dev_identity sets them" }]);
    for database in each_database().await {
        let graph = graph(&database).await;
        let before = user_actions(&database.connect().await).await;
        let viewers =
            [Viewer::member_of(organization(1)), Viewer::unrestricted(), user(1, "a\0b"), user(1, &"a".repeat(256))];
        for viewer in viewers {
            for (mutation, input, selections) in all(SHARED) {
                let (payload, statements) =
                    count_statements(graph.mutate(viewer.clone(), mutation, input, selections)).await;
                assert_eq!((refusal(&payload), statements), (&expected, 0), "{}: {mutation}", database.name);
            }
        }
        assert_eq!(user_actions(&database.connect().await).await, before, "{}", database.name);
    }
}

#[tokio::test]
async fn a_recommendation_that_the_organization_does_not_know_is_refused_like_one_that_does_not_exist() {
    let unknown = [FOREIGN, INTERNAL, "un.known|KEY", "un.internal.known|KEY", "invalid", "", "a|\0", "|"];
    for database in each_database().await {
        let graph = graph(&database).await;
        // The other organization did all of this.
        for (mutation, mut input, selections) in all(FOREIGN) {
            for (name, value) in [("clusterUuids", json!([uuid(4)])), ("clusterUuid", json!(uuid(4)))] {
                if let Some(clusters) = input.get_mut(name) {
                    *clusters = value;
                }
            }
            if mutation != "deleteAcknowledgement" {
                assert_eq!(graph.mutate(eve(), mutation, input, selections).await["userErrors"], json!([]));
            }
        }
        let before = user_actions(&database.connect().await).await;
        for (place, (mutation, ..)) in all(SHARED).iter().enumerate() {
            let mut refusals = Vec::new();
            for selector in unknown {
                let (_, input, selections) = all(selector)[place].clone();
                refusals.push(count_statements(graph.mutate(ann(), mutation, input, selections)).await);
            }
            let (payload, statements) = &refusals[0];
            let errors = refusal(payload);
            assert_eq!([&errors[0]["code"], &errors[0]["field"]], [&json!("NOT_FOUND"), &json!(["selector"])]);
            assert_eq!(*statements, 1, "{}: {mutation}", database.name);
            for (selector, refusal) in unknown.iter().zip(&refusals) {
                assert_eq!(*refusal, refusals[0], "{}: {mutation} of {selector:?}", database.name);
            }
        }
        assert_eq!(user_actions(&database.connect().await).await, before, "{}", database.name);
    }
}

#[tokio::test]
async fn a_recommendation_is_known_by_content_or_by_a_hit_of_the_organization() {
    let clusters = || json!([uuid(1)]);
    for database in each_database().await {
        let graph = graph(&database).await;
        let known = [(ann(), SHARED), (ann(), NEVER_HIT), (ann(), WITHOUT_CONTENT), (eve(), FOREIGN)];
        let suffixed = [(ann(), "ccx.rules.never_hit.report|KEY"), (eve(), "ccx.rules.foreign.report|KEY")];
        for (viewer, selector) in known.into_iter().chain(suffixed).chain([(ann().seeing_internal(), INTERNAL)]) {
            let input = json!({ "selector": selector, "clusterUuids": clusters() });
            let payload = graph.mutate(viewer, "disableRecommendationOnClusters", input, TOGGLED).await;
            let expected =
                if selector == WITHOUT_CONTENT { selector.to_owned() } else { selector.replace(".report", "") };
            assert_eq!(payload["recommendation"]["selector"], expected, "{}", database.name);
        }
        // It hit a cluster that has moved, and no longer does.
        write(&graph.store, &[moved_report()]).await;
        let payload =
            graph.mutate(ann(), "rateRecommendation", json!({ "selector": WITHOUT_CONTENT, "rating": 1 }), RATED);
        assert_eq!(payload.await["rating"], 1, "{}", database.name);
    }
}

/// Moves cluster 1 to organization 2.
fn moved_report() -> Report {
    let mut moved = report(2, 1, &[]);
    moved.last_checked = crate::reports::time("2024-05-03T08:15:59Z");
    moved
}

#[tokio::test]
async fn texts_numbers_and_clusters_beyond_their_limits_are_refused() {
    let long = |length: usize| format!(" {}\u{3000}", "é".repeat(length));
    let error =
        |code: &str, field: &str, message: &str| json!([{ "code": code, "field": [field], "message": message }]);
    let too_long = |field| error("TOO_LONG", field, "limits.text_characters allows 255 characters; this text has 256");
    let many: Vec<_> = uuids(1..=101);
    let toggles = |clusters: &[String], feedback: &str| json!({ "selector": SHARED, "clusterUuids": clusters, "feedback": feedback });
    let vote = |message: &str| json!({ "selector": SHARED, "clusterUuid": uuid(1), "vote": "UP", "message": message });
    let disable = "disableRecommendationOnClusters";
    let cases = [
        (
            "acknowledgeRecommendation",
            json!({ "selector": SHARED, "justification": long(256) }),
            too_long("justification"),
        ),
        (disable, toggles(&many[..1], &long(256)), too_long("feedback")),
        ("enableRecommendationOnClusters", toggles(&many[..1], &long(256)), too_long("feedback")),
        ("voteOnRuleHit", vote(&long(256)), too_long("message")),
        (disable, toggles(&[], ""), error("OUT_OF_RANGE", "clusterUuids", "has no cluster; at least 1 is required")),
        (disable, toggles(&many, ""), error("TOO_MANY", "clusterUuids", "has 101 clusters; at most 100 are taken")),
        (
            "rateRecommendation",
            json!({ "selector": SHARED, "rating": 2 }),
            error("OUT_OF_RANGE", "rating", "the rating must be -1, 0 or 1"),
        ),
        (
            "rateRecommendation",
            json!({ "selector": SHARED, "rating": -2 }),
            error("OUT_OF_RANGE", "rating", "the rating must be -1, 0 or 1"),
        ),
    ];
    for database in each_database().await {
        let graph = graph(&database).await;
        for (mutation, input, expected) in &cases {
            let (payload, statements) =
                count_statements(graph.mutate(ann(), mutation, input.clone(), "userErrors { code field message }"))
                    .await;
            assert_eq!((refusal(&payload), statements), (expected, 0), "{}: {mutation}", database.name);
        }
        let both = graph.mutate(ann(), disable, toggles(&many, &long(256)), TOGGLED).await;
        let codes: Vec<_> = refusal(&both).as_array().expect("errors").iter().map(|error| &error["code"]).collect();
        assert_eq!(codes, ["TOO_LONG", "TOO_MANY"], "{}", database.name);
        let input = json!({ "selector": SHARED, "justification": long(255) });
        let payload = graph.mutate(ann(), "acknowledgeRecommendation", input, ACKNOWLEDGED).await;
        assert_eq!(payload["acknowledgement"]["justification"], "é".repeat(255), "{}", database.name);
        let payload = graph.mutate(ann(), disable, toggles(&many[..100], ""), TOGGLED).await;
        assert_eq!(payload["recommendation"]["clusterToggles"]["totalCount"], 3, "{}", database.name);
    }
}

#[tokio::test]
async fn a_nul_in_a_text_and_what_does_not_fit_the_schema_are_errors_of_the_request() {
    let database = crate::harness::sqlite();
    let graph = graph(&database).await;
    let before = user_actions(&database.connect().await).await;
    let vote = |vote: &str, message: &str| json!({ "selector": SHARED, "clusterUuid": uuid(1), "vote": vote, "message": message });
    for (mutation, input, message) in [
        (
            "acknowledgeRecommendation",
            json!({ "selector": SHARED, "justification": "a\0" }),
            "input.justification: has a NUL",
        ),
        ("voteOnRuleHit", vote("UP", "\0"), "input.message: has a NUL"),
        ("voteOnRuleHit", vote("SIDEWAYS", ""), "has an invalid value at vote"),
        ("rateRecommendation", json!({ "selector": SHARED, "rating": 0.5 }), "has an invalid value at rating"),
        ("rateRecommendation", json!({ "selector": SHARED }), "field \"rating\" of type \"Int!\" is required"),
        (
            "disableRecommendationOnClusters",
            json!({ "selector": SHARED, "clusterUuids": ["x"] }),
            "has an invalid value at clusterUuids",
        ),
    ] {
        let answer = graph.mutation(ann(), mutation, input, "clientMutationId").await;
        let error = &answer["errors"][0];
        assert!(error["message"].as_str().is_some_and(|text| text.contains(message)), "{answer}");
        assert_eq!(error["extensions"]["code"], "BAD_USER_INPUT", "{answer}");
    }
    assert_eq!(user_actions(&database.connect().await).await, before);
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let not_acknowledged = json!([{ "code": "NOT_FOUND", "field": ["selector"],
        "message": "your organization did not acknowledge a recommendation with this selector" }]);
    let not_hit = json!([{ "code": "NOT_FOUND", "field": ["clusterUuid"],
        "message": "the recommendation does not hit a cluster of your organization with this UUID" }]);
    for database in each_database().await {
        let graph = graph(&database).await;
        let payload = graph.mutate(ann(), "deleteAcknowledgement", json!({ "selector": SHARED }), DELETED).await;
        assert_eq!(*refusal(&payload), not_acknowledged, "{}", database.name);
        let mut counts = Vec::new();
        // Of another organization, unknown, and not hit by it.
        for (selector, number) in [(SHARED, 4), (SHARED, 9), (NEVER_HIT, 1)] {
            let input = json!({ "selector": selector, "clusterUuid": uuid(number), "vote": "UP" });
            let (payload, statements) = count_statements(graph.mutate(ann(), "voteOnRuleHit", input, VOTED)).await;
            assert_eq!(*refusal(&payload), not_hit, "{}: {selector} {number}", database.name);
            counts.push(statements);
        }
        assert_eq!(counts[0], counts[1], "{}", database.name);
    }
}
