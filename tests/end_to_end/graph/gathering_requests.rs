//! Requests to gather data: which are found by whom, in which order, with which hits.

use ::entity::{gathering_request, recommendation};
use insights_results_aggregator::{
    domain::{Digest, Timestamp},
    store::{Actor, Batch, ImportedValues, Results, record_statements},
};
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, sea_query::Expr};

use super::*;
use crate::{
    content_files::{ContentFolder, FOR_MANAGED},
    harness::each_database,
    reports::{cluster, organization, report, time},
};

const SHOWN: &str = "a.b.shown|K";
const NOT_FOR_MANAGED: &str = "a.b.unmanaged|K";
const ACKNOWLEDGED: &str = "a.b.acknowledged|K";
const DISABLED: &str = "a.b.disabled|K";
const INTERNAL: &str = "a.internal.i|K";
const WITHOUT_CONTENT: &str = "z.unknown|K";
const HITS: [&str; 6] = [SHOWN, NOT_FOR_MANAGED, ACKNOWLEDGED, DISABLED, INTERNAL, WITHOUT_CONTENT];
/// Ids that are found unchanged.
const IDS: [&str; 5] = ["3nl2vda87ld6e3s25jlk7n2dna", "b0/x-000003", "a:b c", "%2F_'\"\\", "é🦀"];

fn at(minute: usize) -> Timestamp {
    time(&format!("2024-05-02T08:{minute:02}:00Z"))
}

/// A report of a request.
fn requested(owner: u32, number: u128, minute: usize, id: &str, hits: &[&str]) -> Report {
    let hits: Vec<_> = hits.iter().map(|selector| (*selector, "")).collect();
    let mut report = report(owner, number, &hits);
    report.last_checked = at(minute);
    report.gathered_at = (minute != 50).then(|| at(minute));
    report.request_id = Some(id.to_owned());
    report
}

fn member(number: u32) -> Viewer {
    Viewer::member_of(organization(number))
}

async fn data(graph: &Graph, viewer: &Viewer, query: &str, variables: Value) -> Value {
    let mut answer = graph.query_as(viewer.clone(), query, variables).await;
    assert_eq!(answer.get("errors"), None, "{query}: {answer}");
    answer["data"].take()
}

/// Writes reports one after another, whether or not they are stale.
async fn write_each(graph: &Graph, reports: &[Report]) {
    for report in reports {
        let batch = Batch { results: Results::Reports(std::slice::from_ref(report)), rejected: &[] };
        graph.store.write(batch).await.expect("written");
    }
}

/// Sets the times at which requests were processed, which are those of a clock: one minute later for each.
async fn set_processed(database: &Database, ids: &[&str]) {
    let connection = database.connect().await;
    for (minute, id) in ids.iter().enumerate() {
        let key = Digest::of(id.as_bytes()).as_bytes().to_vec();
        gathering_request::Entity::update_many()
            .col_expr(gathering_request::Column::ProcessedAt, Expr::val(at(minute).utc()))
            .filter(gathering_request::Column::RequestKey.eq(key))
            .exec(&connection)
            .await
            .expect("the time is set");
    }
}

/// A graph with content whose cluster 1 belongs to organization 1, cluster 2 also, and is managed.
async fn graph(database: &Database) -> Graph {
    let store = database.store().await;
    let for_all: &[&str] = &[FOR_MANAGED];
    let content = ContentFolder::with(&[
        (SHOWN, for_all),
        (NOT_FOR_MANAGED, &[]),
        (ACKNOWLEDGED, for_all),
        (DISABLED, for_all),
        (INTERNAL, for_all),
    ]);
    write(&store, &[report(1, 1, &[]), report(1, 2, &[]), report(2, 3, &[])]).await;
    let managed = ImportedValues { display_name: None, is_managed: true, status: None };
    store.import_clusters(&[((organization(1), cluster(2)), managed)].into(), false, drop).await.expect("imported");
    let content = content.load_into(&store).await;
    Graph::with_content(store, content, &default_config().limits)
}

#[tokio::test]
async fn requests_are_found_by_ids_of_any_form_in_the_order_of_the_ids() {
    let longest = "é".repeat(255);
    let ids: Vec<&str> = IDS.into_iter().chain([longest.as_str()]).collect();
    let one = format!(
        "query($id: String!) {{ cluster(uuid: \"{}\") {{ gatheringRequest(requestId: $id) {{ requestId status receivedAt }} }} }}",
        cluster(1)
    );
    let many = format!(
        "query($ids: [String!]) {{ cluster(uuid: \"{}\") {{ gatheringRequests(requestIds: $ids) {{ requestId }} }} }}",
        cluster(1)
    );
    for database in each_database().await {
        let graph = graph(&database).await;
        let reports: Vec<_> =
            ids.iter().enumerate().map(|(place, id)| requested(1, 1, 20 + place, id, &[SHOWN])).collect();
        write_each(&graph, &reports).await;
        set_processed(&database, &ids).await;
        for (place, id) in ids.iter().enumerate() {
            let found = data(&graph, &member(1), &one, json!({ "id": id })).await;
            let received = at(20 + place).to_string();
            let expected = json!({ "requestId": id, "status": "PROCESSED", "receivedAt": received });
            assert_eq!(found["cluster"]["gatheringRequest"], expected, "{}", database.name);
        }
        let requests = |ids: &[&str]| json!(ids.iter().map(|id| json!({ "requestId": id })).collect::<Vec<_>>());
        let newest: Vec<_> = ids.iter().rev().copied().collect();
        for (requested, expected) in [
            (json!([ids[3], "unknown", ids[0], ids[3], ids[1], ids[0], "", "\0"]), vec![ids[3], ids[0], ids[1]]),
            (json!([]), vec![]),
            (json!(ids), ids.clone()),
            (Value::Null, newest),
        ] {
            let found = data(&graph, &member(1), &many, json!({ "ids": requested })).await;
            let found = &found["cluster"]["gatheringRequests"];
            assert_eq!(*found, requests(&expected), "{requested} on {}", database.name);
        }
    }
}

#[tokio::test]
async fn requests_of_others_are_unknown_also_after_a_cluster_moved() {
    let query = |number: u128| {
        format!(
            "{{ cluster(uuid: \"{}\") {{ gatheringRequest(requestId: \"one\") {{ requestId }}
                other: gatheringRequest(requestId: \"other\") {{ requestId }} gatheringRequests {{ requestId }} }} }}",
            cluster(number)
        )
    };
    let answer = |one: bool, other: bool| {
        let found = |known: bool, id: &str| if known { json!({ "requestId": id }) } else { Value::Null };
        let all: Vec<_> = [found(other, "other"), found(one, "one")].into_iter().filter(|id| !id.is_null()).collect();
        json!({ "gatheringRequest": found(one, "one"), "other": found(other, "other"), "gatheringRequests": all })
    };
    for database in each_database().await {
        let graph = graph(&database).await;
        write_each(&graph, &[requested(1, 1, 20, "one", &[SHOWN])]).await;
        // A stale report of another organization does not move the cluster.
        write_each(&graph, &[requested(2, 1, 10, "other", &[SHOWN])]).await;
        set_processed(&database, &["one", "other"]).await;
        for viewer in [member(1), Viewer::unrestricted()] {
            let found = data(&graph, &viewer, &query(1), json!({})).await;
            assert_eq!(found["cluster"], answer(true, false), "{viewer:?} on {}", database.name);
            let found = data(&graph, &viewer, &query(2), json!({})).await;
            assert_eq!(found["cluster"], answer(false, false), "{}: of another cluster", database.name);
        }
        assert_eq!(data(&graph, &member(2), &query(1), json!({})).await, json!({ "cluster": null }));

        // Its requests under the new owner are those that the new owner sent.
        let mut moving = report(2, 1, &[]);
        moving.last_checked = at(30);
        write_each(&graph, &[moving]).await;
        for viewer in [member(2), Viewer::unrestricted()] {
            let found = data(&graph, &viewer, &query(1), json!({})).await;
            assert_eq!(found["cluster"], answer(false, true), "{viewer:?} on {}", database.name);
        }
        let connection = database.connect().await;
        gathering_request::Entity::delete_many().exec(&connection).await.expect("removed");
        let found = data(&graph, &member(2), &query(1), json!({})).await;
        assert_eq!(found["cluster"], answer(false, false), "{}: removed", database.name);
    }
}

#[tokio::test]
async fn the_hits_of_a_request_are_those_that_the_viewer_sees_by_default() {
    let query = |number: u128| {
        format!(
            "{{ cluster(uuid: \"{}\") {{ gatheringRequest(requestId: \"r\") {{ receivedAt ruleHits {{ totalCount nodes {{
                selector recommendation {{ selector content {{ totalRisk }} }} }} }} }} }} }}",
            cluster(number)
        )
    };
    for database in each_database().await {
        let graph = graph(&database).await;
        // Both are stale: what they have is stored nowhere else.
        write_each(&graph, &[requested(1, 1, 5, "r", &HITS), requested(1, 2, 5, "r", &HITS)]).await;
        let actor = Actor { organization: organization(1), user: "user".to_owned() };
        let [acknowledged, disabled] = [ACKNOWLEDGED, DISABLED].map(|selector| selector.parse().expect("a selector"));
        graph.store.acknowledge(&actor, &acknowledged, None).await.expect("acknowledged");
        graph.store.toggle(&actor, &disabled, &[cluster(1)], true, None).await.expect("turned off");
        for (viewer, number, expected) in [
            (member(1), 1, vec![SHOWN, NOT_FOR_MANAGED, WITHOUT_CONTENT]),
            (member(1).seeing_internal(), 1, vec![SHOWN, NOT_FOR_MANAGED, INTERNAL, WITHOUT_CONTENT]),
            (Viewer::unrestricted(), 1, vec![SHOWN, NOT_FOR_MANAGED, INTERNAL, WITHOUT_CONTENT]),
            (member(1), 2, vec![SHOWN, DISABLED, WITHOUT_CONTENT]),
            (member(1).seeing_internal(), 2, vec![SHOWN, DISABLED, INTERNAL, WITHOUT_CONTENT]),
        ] {
            let mut expected = expected;
            expected.sort_unstable();
            let nodes = expected.iter().map(|selector| {
                let content = (*selector != WITHOUT_CONTENT).then(|| json!({ "totalRisk": "IMPORTANT" }));
                json!({ "selector": selector, "recommendation": { "selector": selector, "content": content } })
            });
            let hits = json!({ "totalCount": expected.len(), "nodes": nodes.collect::<Vec<_>>() });
            let found = data(&graph, &viewer, &query(number), json!({})).await;
            let expected = json!({ "receivedAt": at(5).to_string(), "ruleHits": hits });
            assert_eq!(found["cluster"]["gatheringRequest"], expected, "{viewer:?} {number} on {}", database.name);
        }
    }
}

#[tokio::test]
async fn the_hits_of_a_request_have_pages_from_both_ends() {
    let query = format!(
        "query($first: Int, $after: String, $last: Int, $before: String) {{ cluster(uuid: \"{}\") {{
            gatheringRequest(requestId: \"r\") {{ ruleHits(first: $first, after: $after, last: $last, before: $before) {{
                totalCount nodes {{ selector }} pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }} }} }} }} }}",
        cluster(1)
    );
    let mut expected = HITS;
    expected.sort_unstable();
    for database in each_database().await {
        let graph = graph(&database).await;
        write_each(&graph, &[requested(1, 1, 5, "r", &HITS)]).await;
        let viewer = member(1).seeing_internal();
        for from_end in [false, true] {
            let (mut found, mut cursor) = (Vec::new(), Value::Null);
            loop {
                let page = if from_end {
                    json!({ "last": 1, "before": cursor })
                } else {
                    json!({ "first": 1, "after": cursor })
                };
                let answer = data(&graph, &viewer, &query, page).await;
                let list = &answer["cluster"]["gatheringRequest"]["ruleHits"];
                assert_eq!(list["totalCount"], HITS.len(), "{}", database.name);
                found.push(list["nodes"][0]["selector"].as_str().expect("a selector").to_owned());
                let (more, next) =
                    if from_end { ("hasPreviousPage", "startCursor") } else { ("hasNextPage", "endCursor") };
                cursor = list["pageInfo"][next].clone();
                if list["pageInfo"][more] == false {
                    break;
                }
            }
            if from_end {
                found.reverse();
            }
            assert_eq!(found, expected, "{}", database.name);
        }
    }
}

#[tokio::test]
async fn a_request_makes_no_recommendation_known() {
    let query = format!(
        "{{ recommendation(selector: {WITHOUT_CONTENT:?}) {{ selector }}
            cluster(uuid: \"{}\") {{ report {{ ruleHits {{ totalCount }} }} gatheringRequest(requestId: \"r\") {{
                ruleHits {{ nodes {{ recommendation {{ id }} }} }} }} }} }}",
        cluster(1)
    );
    for database in each_database().await {
        let graph = graph(&database).await;
        write_each(&graph, &[requested(1, 1, 5, "r", &[WITHOUT_CONTENT])]).await;
        let found = data(&graph, &member(1), &query, json!({})).await;
        assert_eq!(found["recommendation"], Value::Null, "{}", database.name);
        assert_eq!(found["cluster"]["report"]["ruleHits"]["totalCount"], 0, "{}", database.name);
        let id = &found["cluster"]["gatheringRequest"]["ruleHits"]["nodes"][0]["recommendation"]["id"];
        let node = data(&graph, &member(1), &format!("{{ node(id: {id}) {{ id }} }}"), json!({})).await;
        assert_eq!(node, json!({ "node": null }), "{}", database.name);
        let is_it = recommendation::Column::Selector.eq(WITHOUT_CONTENT);
        let rows = recommendation::Entity::find().filter(is_it).all(&database.connect().await).await.expect("rows");
        assert!(rows.is_empty(), "{}: a stale report leaves no other trace", database.name);
    }
}

#[tokio::test]
async fn at_most_100_requests_are_returned_and_taken() {
    let of_cluster = |arguments: &str| {
        format!(
            "query($ids: [String!]) {{ cluster(uuid: \"{}\") {{ gatheringRequests{arguments} {{ requestId }}
                used: gatheringRequests(requestIds: $ids, first: 1) {{ requestId }} }} }}",
            cluster(1)
        )
    };
    for database in each_database().await {
        let graph = graph(&database).await;
        let ids: Vec<_> = (0..103).map(|number| format!("request {number}")).collect();
        let reports: Vec<_> = ids.iter().map(|id| requested(1, 1, 5, id, &[])).collect();
        graph.store.write(Batch { results: Results::Reports(&reports), rejected: &[] }).await.expect("written");
        let count = async |arguments: &str, ids: Value| {
            let found = data(&graph, &member(1), &of_cluster(arguments), json!({ "ids": ids })).await;
            found["cluster"]["gatheringRequests"].as_array().expect("requests").len()
        };
        assert_eq!(count("", Value::Null).await, 100, "{}", database.name);
        assert_eq!(count("(requestIds: $ids)", json!(ids[..100])).await, 100, "{}", database.name);
        assert_eq!(count("(first: 7)", Value::Null).await, 7, "{}", database.name);
        assert_eq!(count("(requestIds: $ids, first: 7)", json!(ids[..100])).await, 7, "{}", database.name);
        for (arguments, requested, message) in [
            ("(requestIds: $ids)", json!(ids[..101]), "requestIds: has 101 values; at most 100 are taken"),
            ("(first: 0)", Value::Null, "first: must be from 1 to 100"),
            ("(first: 101)", Value::Null, "first: must be from 1 to 100"),
        ] {
            let answer = graph.query_with(&of_cluster(arguments), json!({ "ids": requested })).await;
            let error = &answer["errors"][0];
            assert_eq!(error["message"], message, "{}: {answer}", database.name);
            assert_eq!(error["extensions"]["code"], "BAD_USER_INPUT", "{}", database.name);
        }
    }
}

#[tokio::test]
async fn requests_of_many_clusters_and_their_hits_take_a_constant_number_of_statements() {
    let query = |selected: &str| {
        format!(
            "{{ organization(orgId: \"1\") {{ clusters {{ nodes {{
                gatheringRequest(requestId: \"a\") {{ {selected} }} gatheringRequests(first: 9) {{ {selected} }} }} }} }} }}"
        )
    };
    for database in each_database().await {
        let graph = graph(&database).await;
        let reports: Vec<_> = ["a", "b", "c"]
            .iter()
            .flat_map(|id| [requested(1, 1, 50, id, &HITS), requested(1, 2, 50, id, &HITS[..3])])
            .collect();
        write_each(&graph, &reports).await;
        for (selected, expected) in [
            // The clusters, their requests by id, and their newest ones; then, once for both, what hides their hits.
            ("requestId receivedAt", 3),
            ("ruleHits(first: 1) { totalCount nodes { selector recommendation { selector } } }", 5),
        ] {
            let _ = graph.query(&query(selected)).await;
            let (answer, statements) = record_statements(graph.query(&query(selected))).await;
            assert_eq!(answer.get("errors"), None, "{answer}");
            assert_eq!(statements.len(), expected, "{}: {statements:#?}", database.name);
            let has_hits = selected.contains("ruleHits");
            let reads = statements.iter().any(|statement| statement.contains("\"i\".\"selectors\""));
            assert!(has_hits || !reads, "{}: selectors are read only if they are selected", database.name);
        }
    }
}
