//! Namespaces: which are shown to whom, with which numbers, recommendations and objects, by whichever field they are read.

mod lists;
mod statements;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use insights_results_aggregator::{
    domain::{ListedObject, OrgId, Timestamp, WorkloadHit, WorkloadResult},
    store::{Actor, ImportedValues},
};

use super::*;
use crate::{
    content_files::{ContentFolder, FOR_MANAGED, RecommendationFiles},
    harness::each_database,
    reports::{cluster, organization, report, time},
    workloads::{object, workloads, write_workloads},
};

const CRITICAL: &str = "a.b.critical|K";
const LOW: &str = "a.b.low|K";
const INTERNAL: &str = "x.internal.i|K";
const ACKNOWLEDGED: &str = "a.b.acknowledged|K";
const WITHOUT_CONTENT: &str = "z.unknown|K";
const WITHOUT_OBJECTS: &str = "z.empty|K";
const NAMESPACE: &str = "name uid objectCount highestTotalRisk hitsByTotalRisk { totalRisk count }
    recommendations { totalCount nodes { selector } }";

fn content() -> ContentFolder {
    let folder = ContentFolder::new();
    for (selector, impact, likelihood, tags) in [
        (CRITICAL, "Data Loss", 4, &[FOR_MANAGED][..]),
        (INTERNAL, "Outage", 3, &[FOR_MANAGED]),
        (ACKNOWLEDGED, "Drift", 2, &[FOR_MANAGED]),
        (LOW, "Slow", 1, &[]),
    ] {
        folder.write(&RecommendationFiles {
            selector,
            rule_name: "A rule",
            description: "A description",
            impact,
            likelihood,
            risk_of_change: None,
            published: None,
            is_active: true,
            tags,
        });
    }
    folder
}

/// The time of a result.
fn at(minute: u32) -> Timestamp {
    time(&format!("2024-05-02T08:{minute:02}:00Z"))
}

fn result(owner: u32, number: u128, minute: u32) -> WorkloadResult {
    workloads(
        owner,
        number,
        at(minute),
        &[
            (CRITICAL, r#"{"n":  1}"#, &["shop/Deployment/pay", "shop/Deployment/cart", "shop/Pod/cart/"]),
            (LOW, "", &["shop/Deployment/cart", "till/Pod/x"]),
            (INTERNAL, "{}", &["hidden/Pod/y", "shop/Deployment/cart"]),
            (ACKNOWLEDGED, "{}", &["acknowledged/Pod/z"]),
            (WITHOUT_CONTENT, "{}", &["till/Pod/x", "/Pod/"]),
            (WITHOUT_OBJECTS, "{}", &[]),
        ],
    )
}

fn member(number: u32) -> Viewer {
    Viewer::member_of(organization(number))
}

/// A graph with two clusters of organization 1, of which the second is managed, and one of organization 2. All have the
/// same workloads. Organization 1 acknowledged a recommendation, and turned another one off for its first cluster.
async fn graph(database: &Database) -> Graph {
    let store = database.store().await;
    write_workloads(&store, &[result(1, 1, 1), result(1, 2, 2), result(2, 3, 3)]).await;
    let managed = ImportedValues { display_name: Some("A shop".to_owned()), is_managed: true, status: None };
    store.import_clusters(&[((organization(1), cluster(2)), managed)].into(), false, drop).await.expect("imported");
    let content = content().load_into(&store).await;
    let actor = Actor { organization: organization(1), user: "user".to_owned() };
    let [acknowledged, off] = [ACKNOWLEDGED, LOW].map(|selector| selector.parse().expect("a selector"));
    store.acknowledge(&actor, &acknowledged, None).await.expect("acknowledged");
    store.toggle(&actor, &off, &[cluster(1)], true, None).await.expect("turned off");
    Graph::with_content(store, content, &default_config().limits)
}

async fn data(graph: &Graph, viewer: &Viewer, query: &str) -> Value {
    let mut answer = graph.query_as(viewer.clone(), query, json!({})).await;
    assert_eq!(answer.get("errors"), None, "{query}: {answer}");
    answer["data"].take()
}

/// What is expected of a namespace: its name, the number of objects, the highest risk, the numbers of hits, critical
/// first, and the recommendations.
type Expected = (&'static str, u64, Option<&'static str>, [u64; 4], &'static [&'static str]);

fn node((name, objects, highest, counts, selectors): Expected) -> Value {
    let risks = ["CRITICAL", "IMPORTANT", "MODERATE", "LOW"].iter().zip(counts);
    let uid = if name.is_empty() { String::new() } else { format!("uid-of-{name}") };
    json!({
        "name": name, "uid": uid, "objectCount": objects, "highestTotalRisk": highest,
        "hitsByTotalRisk": risks.map(|(risk, count)| json!({ "totalRisk": risk, "count": count })).collect::<Vec<_>>(),
        "recommendations": {
            "totalCount": selectors.len(),
            "nodes": selectors.iter().map(|selector| json!({ "selector": selector })).collect::<Vec<_>>(),
        },
    })
}

const NOTHING: [Expected; 2] = [("acknowledged", 0, None, [0; 4], &[]), ("hidden", 0, None, [0; 4], &[])];
const OF_UNNAMED: Expected = ("", 1, None, [0; 4], &[WITHOUT_CONTENT]);

#[tokio::test]
async fn numbers_and_recommendations_of_a_namespace_are_those_that_the_viewer_sees() {
    let [acknowledged, hidden] = NOTHING;
    let internal: Expected = ("hidden", 1, Some("IMPORTANT"), [0, 1, 0, 0], &[INTERNAL]);
    let plain = [
        OF_UNNAMED,
        acknowledged,
        hidden,
        ("shop", 3, Some("CRITICAL"), [3, 0, 0, 1], &[CRITICAL, LOW]),
        ("till", 1, Some("LOW"), [0, 0, 0, 1], &[LOW, WITHOUT_CONTENT]),
    ];
    let with_internal = [
        OF_UNNAMED,
        acknowledged,
        internal,
        ("shop", 3, Some("CRITICAL"), [3, 1, 0, 1], &[CRITICAL, LOW, INTERNAL]),
        ("till", 1, Some("LOW"), [0, 0, 0, 1], &[LOW, WITHOUT_CONTENT]),
    ];
    let managed = [
        OF_UNNAMED,
        acknowledged,
        hidden,
        ("shop", 3, Some("CRITICAL"), [3, 0, 0, 0], &[CRITICAL]),
        ("till", 1, None, [0; 4], &[WITHOUT_CONTENT]),
    ];
    let managed_with_internal = [
        OF_UNNAMED,
        acknowledged,
        internal,
        ("shop", 3, Some("CRITICAL"), [3, 1, 0, 0], &[CRITICAL, INTERNAL]),
        ("till", 1, None, [0; 4], &[WITHOUT_CONTENT]),
    ];
    // Organization 2 acknowledged nothing.
    let others = [
        OF_UNNAMED,
        ("acknowledged", 1, Some("MODERATE"), [0, 0, 1, 0], &[ACKNOWLEDGED] as &[_]),
        hidden,
        plain[3],
        plain[4],
    ];
    for database in each_database().await {
        let graph = graph(&database).await;
        for (viewer, number, expected) in [
            (member(1), 1, plain),
            (member(1).seeing_internal(), 1, with_internal),
            (Viewer::unrestricted(), 1, with_internal),
            (member(1), 2, managed),
            (member(1).seeing_internal(), 2, managed_with_internal),
            (member(2), 3, others),
        ] {
            let query = format!(
                "{{ cluster(uuid: \"{}\") {{ namespaces {{ totalCount nodes {{ {NAMESPACE} }} }} }} }}",
                cluster(number)
            );
            let found = data(&graph, &viewer, &query).await;
            let expected = json!({ "totalCount": 5, "nodes": expected.map(node) });
            assert_eq!(found["cluster"]["namespaces"], expected, "{viewer:?} {number} on {}", database.name);
        }
        for (viewer, number) in [(member(1), 3), (member(2), 1), (member(3), 1)] {
            let query = format!("{{ cluster(uuid: \"{}\") {{ namespaces {{ totalCount }} }} }}", cluster(number));
            assert_eq!(data(&graph, &viewer, &query).await, json!({ "cluster": null }), "{}", database.name);
        }
    }
}

#[tokio::test]
async fn a_namespace_has_its_recommendations_with_details_and_its_own_objects() {
    let query = format!(
        r#"{{ cluster(uuid: "{}") {{ namespace(uid: "uid-of-shop") {{ reportedAt lastCheckedAt
            cluster {{ uuid lastCheckedAt version report {{ storedAt }} }}
            recommendations {{ nodes {{ selector details recommendation {{ id internal content {{ totalRisk }} acknowledgement {{ id }} }}
                objects {{ totalCount nodes {{ kind name uid }} }} }} }} }}
            unknown: namespace(uid: "shop") {{ uid }} nul: namespace(uid: "\u0000") {{ uid }} }} }}"#,
        cluster(1)
    );
    let recommendation = |selector: &str, risk: &str, details: Value, objects: &[[&str; 3]]| {
        json!({
            "selector": selector, "details": details,
            "recommendation": {
                "id": URL_SAFE_NO_PAD.encode(format!("1:Recommendation:1:{selector}")),
                "internal": selector == INTERNAL, "content": { "totalRisk": risk }, "acknowledgement": null,
            },
            "objects": {
                "totalCount": objects.len(),
                "nodes": objects.iter().map(|[kind, name, uid]| json!({ "kind": kind, "name": name, "uid": uid }))
                    .collect::<Vec<_>>(),
            },
        })
    };
    let [cart, pay, without_uid] =
        [["Deployment", "cart", "uid-of-cart"], ["Deployment", "pay", "uid-of-pay"], ["Pod", "cart", ""]];
    let critical = recommendation(CRITICAL, "CRITICAL", json!({ "n": 1 }), &[cart, pay, without_uid]);
    let low = recommendation(LOW, "LOW", Value::Null, &[cart]);
    let internal = recommendation(INTERNAL, "IMPORTANT", json!({}), &[cart]);
    for database in each_database().await {
        let graph = graph(&database).await;
        for (viewer, recommendations) in
            [(member(1), vec![&critical, &low]), (member(1).seeing_internal(), vec![&critical, &low, &internal])]
        {
            let found = data(&graph, &viewer, &query).await;
            let expected = json!({
                "namespace": {
                    "reportedAt": "2024-05-02T08:01:00.000000Z", "lastCheckedAt": "2024-05-02T08:01:00.000000Z",
                    "cluster": {
                        "uuid": cluster(1).to_string(), "lastCheckedAt": "2024-05-02T08:01:00.000000Z",
                        "version": null, "report": null,
                    },
                    "recommendations": { "nodes": recommendations },
                },
                "unknown": null,
                "nul": null,
            });
            assert_eq!(found["cluster"], expected, "{viewer:?} on {}", database.name);
        }
        // The details are byte for byte as received.
        let text = graph.text(member(1), Request::new(&query)).await;
        assert!(text.contains(r#""details":{"n":  1}"#), "{}: {text}", database.name);
    }
}

#[tokio::test]
async fn a_later_result_closes_namespaces_and_keeps_since_when_others_are_reported() {
    let query = format!(
        "{{ cluster(uuid: \"{}\") {{ lastCheckedAt namespaces {{ nodes {{ name reportedAt lastCheckedAt objectCount }} }} }} }}",
        cluster(1)
    );
    for database in each_database().await {
        let graph = graph(&database).await;
        let later = workloads(1, 1, at(9), &[(CRITICAL, "{}", &["shop/Deployment/cart", "new/Pod/x"])]);
        write_workloads(&graph.store, &[later]).await;
        let [first, last] = ["2024-05-02T08:01:00.000000Z", "2024-05-02T08:09:00.000000Z"];
        let namespace =
            |name, reported| json!({ "name": name, "reportedAt": reported, "lastCheckedAt": last, "objectCount": 1 });
        let expected = json!({
            "lastCheckedAt": last, "namespaces": { "nodes": [namespace("new", last), namespace("shop", first)] },
        });
        assert_eq!(data(&graph, &member(1), &query).await["cluster"], expected, "{}", database.name);

        write_workloads(&graph.store, &[workloads(1, 1, at(10), &[])]).await;
        let found = data(&graph, &member(1), &query).await;
        assert_eq!(found["cluster"]["namespaces"]["nodes"], json!([]), "{}", database.name);
    }
}

#[tokio::test]
async fn a_cluster_that_moves_takes_its_namespaces_with_it() {
    let query = "{ organizations { nodes { orgId namespaces { totalCount nodes { cluster { uuid } } } } } }";
    for database in each_database().await {
        let graph = graph(&database).await;
        // A report moves the cluster and closes the hits of both kinds.
        let mut moving = report(2, 1, &[]);
        moving.last_checked = at(30);
        write(&graph.store, &[moving]).await;
        let counts = async |viewer: Viewer| -> Vec<(String, Value)> {
            let found = data(&graph, &viewer, query).await;
            let nodes = found["organizations"]["nodes"].as_array().expect("organizations").clone();
            let count = |node: &Value| {
                (node["orgId"].as_str().expect("a number").to_owned(), node["namespaces"]["totalCount"].clone())
            };
            nodes.iter().map(count).collect()
        };
        let expected = [("1".to_owned(), json!(5)), ("2".to_owned(), json!(5))];
        assert_eq!(counts(Viewer::unrestricted()).await, expected, "{}", database.name);
        assert_eq!(counts(member(1)).await, expected[..1], "{}", database.name);
    }
}

#[tokio::test]
async fn a_namespace_is_a_node_within_the_scope() {
    let id = |of: u32, number: u128, uid: &str| {
        URL_SAFE_NO_PAD.encode(format!("1:Namespace:{of}:{}:{uid}", cluster(number)))
    };
    for database in each_database().await {
        let graph = graph(&database).await;
        let ids = [
            id(1, 1, "uid-of-shop"),
            id(1, 2, ""),
            id(2, 3, "uid-of-shop"),
            id(2, 1, "uid-of-shop"),
            id(1, 1, "shop"),
            id(1, 9, "uid-of-shop"),
        ];
        let query =
            "query($ids: [ID!]!) { nodes(ids: $ids) { id ... on Namespace { name cluster { uuid } objectCount } } }";
        for (viewer, found) in [(member(1), vec![0, 1]), (member(2), vec![2]), (Viewer::unrestricted(), vec![0, 1, 2])]
        {
            let answer = graph.query_as(viewer.clone(), query, json!({ "ids": ids })).await;
            let of = [("shop", 1, 3), ("", 2, 1), ("shop", 3, 3)];
            let expected: Vec<_> = (0..ids.len())
                .map(|place| match of.get(place).filter(|_| found.contains(&place)) {
                    Some((name, number, objects)) => json!({
                        "id": ids[place], "name": name, "cluster": { "uuid": cluster(*number).to_string() },
                        "objectCount": objects,
                    }),
                    None => Value::Null,
                })
                .collect();
            assert_eq!(answer["data"]["nodes"], json!(expected), "{viewer:?} on {}: {answer}", database.name);
        }
        let listed =
            data(&graph, &member(1), "{ viewer { organization { namespaces(first: 7) { nodes { id } } } } }").await;
        assert_eq!(listed["viewer"]["organization"]["namespaces"]["nodes"][6]["id"], ids[0], "{}", database.name);
        let gone = workloads(1, 1, at(20), &[]);
        write_workloads(&graph.store, &[gone]).await;
        let answer = graph.query_as(member(1), query, json!({ "ids": ids })).await;
        assert_eq!(answer["data"]["nodes"][0], Value::Null, "{}: it is gone", database.name);
    }
}

#[tokio::test]
async fn names_and_uids_of_any_form_are_found() {
    let uids = ["a:b", "é/%", " ", "'\"\\", &"ü".repeat(255)];
    let listed = |uid: &str| ListedObject { namespace_uid: uid.to_owned(), ..object("x/Pod/p") };
    // A namespace without a name has its uid as name.
    let unnamed = ListedObject { namespace: String::new(), namespace_uid: "no-name".to_owned(), ..object("x/Pod/p") };
    let objects = uids.iter().map(|uid| listed(uid)).chain([unnamed]).collect();
    let hit = WorkloadHit { selector: "r|K".parse().expect("a selector"), details: None, objects };
    let result = WorkloadResult::new(organization(1), cluster(1), at(1), vec![hit]);
    for database in each_database().await {
        let store = database.store().await;
        write_workloads(&store, std::slice::from_ref(&result)).await;
        let graph = Graph::with_limits(store, &default_config().limits);
        for (uid, name) in uids.map(|uid| (uid, "x")).into_iter().chain([("no-name", "no-name")]) {
            let query = format!(
                "query($uid: String!) {{ cluster(uuid: \"{}\") {{ namespace(uid: $uid) {{ id uid name objectCount }} }} }}",
                cluster(1)
            );
            let answer = graph.query_with(&query, json!({ "uid": uid })).await;
            let found = &answer["data"]["cluster"]["namespace"];
            assert_eq!((&found["uid"], &found["name"]), (&json!(uid), &json!(name)), "{}: {answer}", database.name);
            assert_eq!(found["objectCount"], 1, "{}", database.name);
            let node = graph.query(&format!("{{ node(id: {}) {{ ... on Namespace {{ uid }} }} }}", found["id"])).await;
            assert_eq!(node["data"]["node"]["uid"], uid, "{}", database.name);
        }
    }
}

#[tokio::test]
async fn a_recommendation_that_only_workloads_have_is_known_and_can_be_acknowledged() {
    let query = format!(r#"{{ recommendation(selector: "{WITHOUT_CONTENT}") {{ id content {{ totalRisk }} }} }}"#);
    let mutation = format!(
        r#"mutation {{ acknowledgeRecommendation(input: {{selector: "{WITHOUT_CONTENT}"}}) {{ userErrors {{ code }} }} }}"#
    );
    for database in each_database().await {
        let graph = graph(&database).await;
        let known = async |viewer: Viewer| !data(&graph, &viewer, &query).await["recommendation"].is_null();
        assert!(known(member(1)).await && known(Viewer::unrestricted()).await, "{}", database.name);
        assert!(!known(member(4)).await, "{}: of another organization", database.name);
        // Also once it is closed.
        write_workloads(&graph.store, &[workloads(1, 1, at(20), &[]), workloads(1, 2, at(20), &[])]).await;
        assert!(known(member(1)).await, "{}", database.name);
        let user = |of: OrgId| {
            use insights_results_aggregator::identity::{Identity, User, UserKind, ViewerPolicy};
            let user = User { subject: "ann".to_owned(), kind: UserKind::User, name: None };
            ViewerPolicy::default().viewer(Identity {
                organization: of,
                user: Some(user),
                is_organization_administrator: false,
            })
        };
        for (number, expected) in [(1, json!([])), (4, json!([{ "code": "NOT_FOUND" }]))] {
            let answer = graph.query_as(user(organization(number)), &mutation, json!({})).await;
            let errors = &answer["data"]["acknowledgeRecommendation"]["userErrors"];
            assert_eq!(*errors, expected, "{number} on {}: {answer}", database.name);
        }
    }
}
