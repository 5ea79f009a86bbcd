//! Each action with its payload, and what the users of both organizations read afterwards.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

use super::*;

fn id(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(text)
}

/// What an organization's user reads of all actions.
async fn read(graph: &Graph, viewer: Viewer) -> Value {
    let query = "{ viewer { organization {
        acknowledgements { totalCount nodes { recommendation { selector } justification createdBy updatedBy } }
        clusterToggles { totalCount nodes { recommendation { selector } cluster { uuid } disabled feedback } } } }
        recommendation(selector: \"ccx.rules.shared|KEY\") { rating acknowledgement { justification }
            clusterToggles { totalCount nodes { clusterUuid } } } }";
    graph.data(viewer, query).await
}

#[tokio::test]
async fn an_acknowledgement_is_changed_and_deleted() {
    for database in each_database().await {
        let graph = graph(&database).await;
        let (ann_before, eve_before) = (read(&graph, ann()).await, read(&graph, eve()).await);
        let input = json!({ "selector": "ccx.rules.shared.report|KEY", "justification": " <b>known</b>\n",
            "clientMutationId": "a" });
        let payload = graph.mutate(ann(), "acknowledgeRecommendation", input, ACKNOWLEDGED).await;
        let node = id("1:Acknowledgement:1:ccx.rules.shared|KEY");
        let expected = json!({
            "acknowledgement": { "id": node, "justification": "<b>known</b>", "createdBy": "ann", "updatedBy": null,
                "updatedAt": null, "recommendation": { "selector": SHARED } },
            "recommendation": { "selector": SHARED, "acknowledgement": { "justification": "<b>known</b>" } },
            "userErrors": [], "clientMutationId": "a",
        });
        assert_eq!(payload, expected, "{}", database.name);

        let created = format!("{{ node(id: \"{node}\") {{ ... on Acknowledgement {{ createdAt justification }} }} }}");
        let first = graph.data(bob(), &created).await;
        let input = json!({ "selector": SHARED, "justification": " " });
        let payload = graph.mutate(bob(), "acknowledgeRecommendation", input, ACKNOWLEDGED).await;
        let again = &payload["acknowledgement"];
        assert_eq!([&again["createdBy"], &again["updatedBy"]], ["ann", "bob"], "{}", database.name);
        assert!(again["justification"].is_null() && again["updatedAt"].is_string(), "{}: {payload}", database.name);
        let second = graph.data(ann(), &created).await;
        assert_eq!(first["node"]["createdAt"], second["node"]["createdAt"], "{}", database.name);
        assert_eq!(graph.data(eve(), &created).await, json!({ "node": null }), "{}", database.name);
        let list = &read(&graph, bob()).await["viewer"]["organization"]["acknowledgements"];
        let row = json!({ "recommendation": { "selector": SHARED }, "justification": null, "createdBy": "ann",
            "updatedBy": "bob" });
        assert_eq!(*list, json!({ "totalCount": 1, "nodes": [row] }), "{}", database.name);
        assert_eq!(read(&graph, eve()).await, eve_before, "{}", database.name);

        let payload = graph.mutate(bob(), "deleteAcknowledgement", json!({ "selector": SHARED }), DELETED).await;
        let expected = json!({ "deletedAcknowledgementId": node, "userErrors": [], "clientMutationId": null,
            "recommendation": { "selector": SHARED, "acknowledgement": null } });
        assert_eq!(payload, expected, "{}", database.name);
        assert_eq!(read(&graph, ann()).await, ann_before, "{}", database.name);
    }
}

#[tokio::test]
async fn a_recommendation_is_disabled_on_some_clusters_and_enabled_on_one() {
    for database in each_database().await {
        let graph = graph(&database).await;
        let eve_before = read(&graph, eve()).await;
        let toggle = |number: u128, disabled: bool, by: &str, feedback: Value| {
            json!({ "uuid": uuid(number), "userErrors": [], "toggle": {
                "id": id(&format!("1:ClusterToggle:1:{}:{SHARED}", uuid(number))), "clusterUuid": uuid(number),
                "disabled": disabled, "changedBy": by, "feedback": feedback, "cluster": { "uuid": uuid(number) },
                "recommendation": { "selector": SHARED } } })
        };
        let refused = |number: u128, place: &str| {
            json!({ "uuid": uuid(number), "toggle": null, "userErrors": [{ "code": "NOT_FOUND",
                "message": "your organization does not have a cluster with this UUID",
                "field": ["clusterUuids", place] }] })
        };
        let upper = uuid(1).to_uppercase();
        let input = json!({ "selector": SHARED, "clusterUuids": [uuid(2), uuid(4), uuid(1), upper, uuid(9)],
            "feedback": "later", "clientMutationId": "b" });
        let payload = graph.mutate(ann(), "disableRecommendationOnClusters", input, TOGGLED).await;
        let later = || json!("later");
        assert_eq!(
            payload["results"],
            json!([
                toggle(2, true, "ann", later()),
                refused(4, "1"),
                toggle(1, true, "ann", later()),
                toggle(1, true, "ann", later()),
                refused(9, "4")
            ]),
            "{}",
            database.name
        );
        assert_eq!(payload["recommendation"]["clusterToggles"]["totalCount"], 2, "{}", database.name);
        assert_eq!([&payload["userErrors"], &payload["clientMutationId"]], [&json!([]), &json!("b")]);

        let input = json!({ "selector": SHARED, "clusterUuids": [uuid(1)] });
        let payload = graph.mutate(bob(), "enableRecommendationOnClusters", input, TOGGLED).await;
        assert_eq!(payload["results"], json!([toggle(1, false, "bob", json!(null))]), "{}", database.name);
        let nodes = json!([{ "clusterUuid": uuid(2) }]);
        let left = json!({ "selector": SHARED, "clusterToggles": { "nodes": nodes, "totalCount": 1 } });
        assert_eq!(payload["recommendation"], left, "{}", database.name);

        let row = json!({ "recommendation": { "selector": SHARED }, "cluster": { "uuid": uuid(2) }, "disabled": true,
            "feedback": "later" });
        let list = &read(&graph, bob()).await["viewer"]["organization"]["clusterToggles"];
        assert_eq!(*list, json!({ "totalCount": 1, "nodes": [row] }), "{}", database.name);
        assert_eq!(read(&graph, eve()).await, eve_before, "{}", database.name);
        let of_cluster = format!(
            "{{ viewer {{ organization {{ clusterToggles(clusterUuids: [\"{}\", \"{}\"]) {{ totalCount }} }} }}
               cluster(uuid: \"{}\") {{ ruleHit(selector: \"{SHARED}\") {{ toggle {{ disabled changedBy }} }} }} }}",
            uuid(1),
            uuid(3),
            uuid(1)
        );
        let expected = json!({ "viewer": { "organization": { "clusterToggles": { "totalCount": 0 } } },
            "cluster": { "ruleHit": { "toggle": { "disabled": false, "changedBy": "bob" } } } });
        assert_eq!(graph.data(ann(), &of_cluster).await, expected, "{}", database.name);
    }
}

#[tokio::test]
async fn a_vote_is_the_users_own() {
    let vote_of = |number: u128| {
        format!(
            "{{ cluster(uuid: \"{}\") {{ ruleHit(selector: \"{SHARED}\") {{ vote {{ value }} }} }} }}",
            uuid(number)
        )
    };
    for database in each_database().await {
        let graph = graph(&database).await;
        let votes = [
            ("UP", json!(" good "), json!("good")),
            ("NONE", json!(null), json!(null)),
            ("DOWN", json!(""), json!(null)),
        ];
        for (value, message, stored) in votes {
            let input = json!({ "selector": SHARED, "clusterUuid": uuid(1), "vote": value, "message": message });
            let payload = graph.mutate(ann(), "voteOnRuleHit", input, VOTED).await;
            let vote = json!({ "value": value, "message": stored });
            let hit = json!({ "selector": SHARED, "cluster": { "uuid": uuid(1) }, "vote": vote });
            let expected = json!({ "ruleHit": hit, "vote": vote, "userErrors": [], "clientMutationId": null });
            assert_eq!(payload, expected, "{}", database.name);
            let own = json!({ "cluster": { "ruleHit": { "vote": { "value": value } } } });
            assert_eq!(graph.data(ann(), &vote_of(1)).await, own, "{}", database.name);
            for (viewer, number) in [(bob(), 1), (ann(), 2), (Viewer::member_of(organization(1)), 1), (eve(), 4)] {
                let none = json!({ "cluster": { "ruleHit": { "vote": null } } });
                assert_eq!(graph.data(viewer, &vote_of(number)).await, none, "{}", database.name);
            }
        }
        // An acknowledged hit can be voted on: it still hits.
        graph.mutate(ann(), "acknowledgeRecommendation", json!({ "selector": SHARED }), ACKNOWLEDGED).await;
        let input = json!({ "selector": SHARED, "clusterUuid": uuid(1), "vote": "UP" });
        let payload = graph.mutate(bob(), "voteOnRuleHit", input, VOTED).await;
        assert_eq!(payload["ruleHit"]["vote"]["value"], "UP", "{}", database.name);
    }
}

#[tokio::test]
async fn a_rating_is_that_of_the_organization() {
    for database in each_database().await {
        let graph = graph(&database).await;
        for (viewer, rating) in [(ann(), 1), (bob(), 0), (ann(), -1)] {
            let input = json!({ "selector": SHARED, "rating": rating, "clientMutationId": "" });
            let payload = graph.mutate(viewer, "rateRecommendation", input, RATED).await;
            let expected = json!({ "recommendation": { "selector": SHARED, "rating": rating }, "rating": rating,
                "userErrors": [], "clientMutationId": "" });
            assert_eq!(payload, expected, "{}", database.name);
            assert_eq!(read(&graph, bob()).await["recommendation"]["rating"], rating, "{}", database.name);
            assert_eq!(read(&graph, eve()).await["recommendation"]["rating"], json!(null), "{}", database.name);
        }
    }
}

#[tokio::test]
async fn without_an_organization_in_scope_a_recommendation_has_no_actions() {
    let query = "{ recommendation(selector: \"ccx.rules.shared|KEY\") { rating acknowledgement { id }
        clusterToggles(first: 5) { totalCount nodes { id } edges { cursor } pageInfo { hasNextPage endCursor } } } }";
    for database in each_database().await {
        let graph = graph(&database).await;
        for (mutation, input, selections) in [
            ("acknowledgeRecommendation", json!({ "selector": SHARED }), ACKNOWLEDGED),
            ("rateRecommendation", json!({ "selector": SHARED, "rating": 1 }), RATED),
            ("disableRecommendationOnClusters", json!({ "selector": SHARED, "clusterUuids": [uuid(1)] }), TOGGLED),
        ] {
            graph.mutate(ann(), mutation, input, selections).await;
        }
        let page_info = json!({ "hasNextPage": false, "endCursor": null });
        let toggles = json!({ "totalCount": 0, "nodes": [], "edges": [], "pageInfo": page_info });
        let expected =
            json!({ "recommendation": { "rating": null, "acknowledgement": null, "clusterToggles": toggles } });
        assert_eq!(graph.data(Viewer::unrestricted(), query).await, expected, "{}", database.name);
        let answer = graph.query(&query.replace("first: 5", "first: 101")).await;
        assert_eq!(answer["errors"][0]["message"], "first: must be from 1 to 100", "{}", database.name);
    }
}
