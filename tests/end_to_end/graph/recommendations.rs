//! Recommendations with their content, and which hits each viewer sees.

use std::collections::BTreeMap;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use insights_results_aggregator::{
    identity::{Identity, User, UserKind, ViewerPolicy},
    store::ImportedValues,
};

use super::*;
use crate::{
    content_files::{ContentFolder, FOR_MANAGED},
    harness::each_database,
    reports::{cluster, organization, report, time},
};

const FOR_ALL: &str = "ccx.external.for_all|KEY";
const NOT_FOR_MANAGED: &str = "ccx.external.not_for_managed|KEY";
const INTERNAL: &str = "ccx.internal.secret|KEY";
const WITHOUT_CONTENT: &str = "ccx.external.unknown|KEY";
/// Has content and hits nothing.
const NEVER_HIT: &str = "ccx.external.never_hit|KEY";

fn content() -> ContentFolder {
    ContentFolder::with(&[
        (FOR_ALL, &[FOR_MANAGED, "security"]),
        (NOT_FOR_MANAGED, &["performance"]),
        (INTERNAL, &[FOR_MANAGED]),
        (NEVER_HIT, &[]),
    ])
}

/// On each database, a cluster of organization 1 with four hits, and one of organization 2 with one hit.
async fn graphs() -> Vec<(Graph, Database)> {
    let hits = [(FOR_ALL, ""), (NOT_FOR_MANAGED, ""), (INTERNAL, ""), (WITHOUT_CONTENT, "")];
    let reports = [report(1, 1, &hits), report(2, 2, &[("ccx.external.other|KEY", "")])];
    let mut graphs = Vec::new();
    for database in each_database().await {
        let store = database.store().await;
        write(&store, &reports).await;
        let content = content().load_into(&store).await;
        graphs.push((Graph::with_content(store, content, &default_config().limits), database));
    }
    graphs
}

fn member() -> Viewer {
    Viewer::member_of(organization(1))
}

/// A member of organization 1 who reads all organizations.
fn administrator(sees_internal: bool) -> Viewer {
    const SUBJECT: &str = "1234";
    let user = User { subject: SUBJECT.to_owned(), kind: UserKind::User, name: None };
    let identity = Identity { organization: organization(1), user: Some(user), is_organization_administrator: false };
    ViewerPolicy::new([SUBJECT.to_owned()], sees_internal.then(|| organization(1))).viewer(identity)
}

fn id(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(text)
}

async fn data(graph: &Graph, viewer: Viewer, query: &str) -> Value {
    let mut answer = graph.query_as(viewer, query, json!({})).await;
    assert_eq!(answer.get("errors"), None, "{query}: {answer}");
    answer["data"].take()
}

async fn manage(graph: &Graph, owner: u32, is_managed: bool) {
    let values =
        ImportedValues { display_name: Some("shop".to_owned()), is_managed, status: Some("Active".to_owned()) };
    let imported = BTreeMap::from([((organization(owner), cluster(1)), values)]);
    graph.store.import_clusters(&imported, false, |_| {}).await.expect("the values are imported");
}

#[tokio::test]
async fn a_hit_has_its_recommendation_with_content() {
    let query = "{ clusters(uuids: [\"00000000-0000-0000-0000-000000000001\"]) { report { ruleHits { nodes { totalRisk
        recommendation { id selector ruleFqdn errorKey internal content { ruleName description reason resolution moreInfo
            totalRisk impact likelihood riskOfChange categories { key name description tags } tags publishedAt active
            knowledgeBase } } } } } } }";
    for (graph, database) in graphs().await {
        let found = data(&graph, member(), query).await;
        let hits = &found["clusters"][0]["report"]["ruleHits"]["nodes"];
        assert_eq!(
            hits[0],
            json!({ "totalRisk": "IMPORTANT", "recommendation": {
                "id": id("1:Recommendation:1:ccx.external.for_all|KEY"), "selector": FOR_ALL,
                "ruleFqdn": "ccx.external.for_all", "errorKey": "KEY", "internal": false,
                "content": { "ruleName": "A rule", "description": format!("Title of {FOR_ALL}"),
                    "reason": "Why {{=pydata.name}}.", "resolution": "How.", "moreInfo": null,
                    "totalRisk": "IMPORTANT", "impact": "CRITICAL", "likelihood": "MEDIUM", "riskOfChange": "LOW",
                    "categories": [{ "key": "security", "name": "Security",
                        "description": "What attackers may use.", "tags": ["security"] }],
                    "tags": [FOR_MANAGED, "security"], "publishedAt": "2024-04-08T00:42:00.000000Z", "active": true,
                    "knowledgeBase": "https://access.redhat.com/solutions/1234" } } }),
            "{}",
            database.name
        );
        let unknown =
            hits.as_array().expect("hits").iter().find(|hit| hit["recommendation"]["selector"] == WITHOUT_CONTENT);
        let unknown = unknown.expect("a hit without content is a hit");
        assert_eq!((&unknown["totalRisk"], &unknown["recommendation"]["content"]), (&Value::Null, &Value::Null));
    }
}

#[tokio::test]
async fn the_texts_of_a_hit_are_filled_in_with_its_details() {
    for database in each_database().await {
        let store = database.store().await;
        let details = r#"{"name": "<b>node</b>"}"#;
        write(&store, &[report(1, 1, &[(FOR_ALL, details), (WITHOUT_CONTENT, details)])]).await;
        let content = content().load_into(&store).await;
        let graph = Graph::with_content(store, content, &default_config().limits);
        let texts = "description reason resolution moreInfo html: reason(format: HTML)";
        let query = format!(
            "{{ cluster(uuid: \"{}\") {{ report {{ ruleHits {{ nodes {{ {texts} }} }} }}
                ruleHit(selector: \"{FOR_ALL}\") {{ html: reason(format: HTML) }} }} }}",
            cluster(1)
        );
        let found = data(&graph, member(), &query).await;
        let hits = &found["cluster"]["report"]["ruleHits"]["nodes"];
        let html = "<p>Why &lt;b&gt;node&lt;/b&gt;.</p>\n";
        assert_eq!(hits[0]["html"], html, "{}", database.name);
        assert_eq!(found["cluster"]["ruleHit"]["html"], html, "{}", database.name);
        assert_eq!(hits[0]["description"], format!("Title of {FOR_ALL}"), "{}", database.name);
        let reason = hits[0]["reason"].as_str().expect("a reason");
        assert!(reason.starts_with("Why ") && !reason.contains("<b>"), "{reason}");
        assert_eq!((&hits[0]["resolution"], &hits[0]["moreInfo"]), (&json!("How."), &Value::Null));
        assert_eq!(
            hits[1],
            json!({ "description": null, "reason": null, "resolution": null, "moreInfo": null, "html": null })
        );
    }
}

/// What a viewer sees of the hits by a recommendation, in every place that shows or counts hits.
async fn seen(graph: &Graph, viewer: Viewer, selector: &str) -> Value {
    let (cluster, node) = (cluster(1), id(&format!("1:RuleHit:{}:{selector}", cluster(1))));
    let recommendation = id(&format!("1:Recommendation:1:{selector}"));
    let query = format!(
        "{{ organization(orgId: \"1\") {{ hit: clusters(filter: {{hitBy: [\"{selector}\"]}}) {{ totalCount nodes {{ uuid }} }} }}
        cluster(uuid: \"{cluster}\") {{
            report {{ ruleHits {{ totalCount nodes {{ selector }} }} }}
            history {{ totalCount nodes {{ selector }} }}
            ruleHit(selector: \"{selector}\") {{ selector }}
        }}
        recommendation(selector: \"{selector}\") {{ selector }}
        hit: node(id: \"{node}\") {{ id }}
        node(id: \"{recommendation}\") {{ id }} }}"
    );
    let data = data(graph, viewer, &query).await;
    let is_listed = |list: &Value| {
        let nodes = list["nodes"].as_array().expect("nodes");
        assert_eq!(list["totalCount"], nodes.len(), "{list}");
        nodes.iter().any(|node| node["selector"] == selector)
    };
    let cluster = &data["cluster"];
    json!({
        "list": is_listed(&cluster["report"]["ruleHits"]),
        "history": is_listed(&cluster["history"]),
        "hitBy": data["organization"]["hit"]["totalCount"] == 1,
        "ruleHit": cluster["ruleHit"] != Value::Null,
        "recommendation": data["recommendation"] != Value::Null,
        "hitNode": data["hit"] != Value::Null,
        "node": data["node"] != Value::Null,
    })
}

fn everywhere(is_seen: bool) -> Value {
    json!({ "list": is_seen, "history": is_seen, "hitBy": is_seen, "ruleHit": is_seen, "recommendation": is_seen,
        "hitNode": is_seen, "node": is_seen })
}

#[tokio::test]
async fn internal_recommendations_are_seen_only_by_those_who_may() {
    for (graph, database) in graphs().await {
        let name = database.name;
        for viewer in [Viewer::unrestricted(), member().seeing_internal(), administrator(true)] {
            assert_eq!(seen(&graph, viewer.clone(), INTERNAL).await, everywhere(true), "{name}: {viewer:?}");
        }
        for viewer in [member(), administrator(false)] {
            assert_eq!(seen(&graph, viewer.clone(), INTERNAL).await, everywhere(false), "{name}: {viewer:?}");
            assert_eq!(seen(&graph, viewer, FOR_ALL).await, everywhere(true), "{name}");
        }
    }
}

#[tokio::test]
async fn a_cluster_with_internal_hits_only_has_no_hits_for_others() {
    let query = "{ organization(orgId: \"1\") { with: clusters(filter: {hasHits: true}) { totalCount }
        without: clusters(filter: {hasHits: false}) { totalCount } } }";
    for database in each_database().await {
        let graph = Graph::with_reports(&database, &[report(1, 1, &[(INTERNAL, "")])]).await;
        let counts = async |viewer| {
            let data = data(&graph, viewer, query).await;
            ["with", "without"].map(|list| data["organization"][list]["totalCount"].as_u64().expect("a count"))
        };
        assert_eq!(counts(member()).await, [0, 1], "{}", database.name);
        assert_eq!(counts(member().seeing_internal()).await, [1, 0], "{}", database.name);
    }
}

#[tokio::test]
async fn hits_that_are_not_for_managed_clusters_are_hidden_while_the_owner_says_that_a_cluster_is_managed() {
    let hidden = json!({ "list": false, "history": true, "hitBy": false, "ruleHit": true, "recommendation": true,
        "hitNode": false, "node": true });
    let include = "{ cluster(uuid: \"00000000-0000-0000-0000-000000000001\") { displayName managed status
        report { ruleHits(include: [NOT_FOR_MANAGED]) { totalCount nodes { selector } } } } }";
    for (graph, database) in graphs().await {
        let name = database.name;
        let all = data(&graph, member(), include).await;
        let unnamed = json!([cluster(1).to_string(), false, null]);
        let imported =
            |data: &Value| json!(["displayName", "managed", "status"].map(|field| data["cluster"][field].clone()));
        assert_eq!(imported(&all), unnamed, "{name}");

        manage(&graph, 1, true).await;
        assert_eq!(seen(&graph, member(), NOT_FOR_MANAGED).await, hidden, "{name}");
        for shown in [FOR_ALL, WITHOUT_CONTENT] {
            assert_eq!(seen(&graph, member(), shown).await, everywhere(true), "{name}: {shown}");
        }
        let included = data(&graph, member(), include).await;
        assert_eq!(imported(&included), json!(["shop", true, "Active"]), "{name}");
        assert_eq!(included["cluster"]["report"], all["cluster"]["report"], "{name}");

        manage(&graph, 1, false).await;
        assert_eq!(seen(&graph, member(), NOT_FOR_MANAGED).await, everywhere(true), "{name}");

        // The new owner does not see the old owner's values.
        manage(&graph, 1, true).await;
        let mut moved = report(2, 1, &[(NOT_FOR_MANAGED, "")]);
        moved.last_checked = time("2024-05-03T00:00:00Z");
        write(&graph.store, &[moved]).await;
        let other = Viewer::member_of(organization(2));
        let found = data(&graph, other.clone(), include).await;
        assert_eq!(imported(&found), unnamed, "{name}");
        assert_eq!(found["cluster"]["report"]["ruleHits"]["totalCount"], 1, "{name}");
        let mut returned = report(1, 1, &[(NOT_FOR_MANAGED, "")]);
        returned.last_checked = time("2024-05-04T00:00:00Z");
        write(&graph.store, &[returned]).await;
        assert_eq!(seen(&graph, member(), NOT_FOR_MANAGED).await, hidden, "{name}");
        assert_eq!(data(&graph, other, include).await["cluster"], Value::Null, "{name}");
    }
}

#[tokio::test]
async fn a_recommendation_is_known_by_its_content_or_by_a_hit_of_any_time() {
    for (graph, database) in graphs().await {
        let mut healthy = report(1, 1, &[]);
        healthy.last_checked = time("2024-05-03T00:00:00Z");
        write(&graph.store, &[healthy]).await;
        for (selector, is_known) in [
            (FOR_ALL, true),
            (NEVER_HIT, true),
            (WITHOUT_CONTENT, true),
            ("ccx.external.other|KEY", false),
            ("ccx.external.nowhere|KEY", false),
            ("not a selector", false),
        ] {
            let query = format!("{{ recommendation(selector: \"{selector}\") {{ selector }} }}");
            let found = data(&graph, member(), &query).await;
            assert_eq!(found["recommendation"] != Value::Null, is_known, "{}: {selector}", database.name);
        }
        let other = "{ recommendation(selector: \"ccx.external.other|KEY\") { id content { active } } }";
        let found = data(&graph, Viewer::unrestricted(), other).await;
        assert_eq!(
            found["recommendation"],
            json!({ "id": id("1:Recommendation:*:ccx.external.other|KEY"), "content": null }),
            "{}",
            database.name
        );
    }
}

#[tokio::test]
async fn ids_of_recommendations_are_found_in_their_organization_only() {
    let ids = [
        format!("1:Recommendation:1:{FOR_ALL}"),
        format!("1:Recommendation:1:{WITHOUT_CONTENT}"),
        format!("1:Recommendation:2:{FOR_ALL}"),
        format!("1:Recommendation:*:{FOR_ALL}"),
        format!("1:Recommendation:1:{INTERNAL}"),
        "1:Recommendation:1:ccx.external.nowhere|KEY".to_owned(),
    ]
    .map(|text| id(&text));
    let query = format!("{{ nodes(ids: {ids:?}) {{ id ... on Recommendation {{ selector }} }} }}");
    for (graph, database) in graphs().await {
        let found = async |viewer| {
            let data = data(&graph, viewer, &query).await;
            data["nodes"].as_array().expect("nodes").iter().map(|node| node["id"].clone()).collect::<Vec<_>>()
        };
        let expected = |known: [bool; 6]| -> Vec<Value> {
            ids.iter().zip(known).map(|(id, known)| if known { json!(id) } else { Value::Null }).collect()
        };
        let name = database.name;
        assert_eq!(found(member()).await, expected([true, true, false, false, false, false]), "{name}");
        assert_eq!(found(Viewer::unrestricted()).await, expected([true, true, true, true, true, false]), "{name}");
    }
}

#[tokio::test]
async fn categories_are_listed_by_key_and_are_empty_without_content() {
    for (graph, _) in graphs().await {
        let found = data(&graph, member(), "{ categories { key name tags } }").await;
        assert_eq!(
            found["categories"],
            json!([
                { "key": "performance", "name": "Performance", "tags": ["performance"] },
                { "key": "security", "name": "Security", "tags": ["security"] },
            ])
        );
        let without = Graph::with_limits(graph.store.clone(), &default_config().limits);
        assert_eq!(data(&without, member(), "{ categories { key } }").await["categories"], json!([]));
    }
}
