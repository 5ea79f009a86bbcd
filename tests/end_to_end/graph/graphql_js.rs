//! The answers to random documents are those of graphql-js, the reference implementation, over the same data: the same
//! text, so that the order of fields counts, errors with the same paths, and the same documents refused.

mod documents;

use std::fs;

use insights_results_aggregator::{
    graphql::sdl,
    identity::{Identity, User, UserKind, ViewerPolicy},
};
use serde::Deserialize;
use serde_json::value::RawValue;

use self::documents::{Document, Generator, Keys};
use super::*;
use crate::{
    harness::{each_database, node},
    model::seed,
    reports::{cluster, organization, report, reports, time},
    workloads::{workloads, write_workloads},
};

/// The number of documents that are compared.
const DOCUMENTS: usize = 300;
/// All data that the documents can select.
const EVERYTHING: &str = "{ viewer { isAdministrator isOrganizationAdministrator maySeeInternal organization { orgId }
        user { subject kind name } }
    service { contentLoadedAt contentVersion databaseVersion schemaVersion version }
    categories { key name description tags }
    recommendations(first: 100) { edges { cursor node { ...R } } }
    organizations(first: 100) { edges { cursor node { id orgId
        recommendations(first: 100) { edges { cursor node { ...R } } }
        acknowledgements(first: 100) { edges { cursor node { id justification createdBy createdAt updatedBy updatedAt
            recommendation { ...R } } } }
        clusterToggles(first: 100) { edges { cursor node { ...T } } }
        namespaces(first: 100) { edges { cursor node { ...N } } }
        summary { clusterCount hitClusterCount hitCount hitsByTotalRisk { totalRisk count }
            hitsByCategory { count category { key } } hitsByTag { tag count } versions { version count } }
        clusters(first: 100) { edges { cursor node {
            id uuid displayName managed status version lastCheckedAt hitCount hitsByTotalRisk { totalRisk count }
            namespaces(first: 100) { edges { cursor node { ...N } } }
            gatheringRequests { requestId status receivedAt processedAt ruleHits(first: 100) { edges { cursor node {
                selector recommendation { ...R } } } } }
            history(first: 100) { edges { cursor node { at clusterUuid kind selector recommendation { ...R } } } }
            report { id gatheredAt lastCheckedAt requestId storedAt ruleHits(first: 100) { edges { cursor node {
                id details errorKey impactedSince ruleFqdn selector totalRisk description reason resolution moreInfo
                recommendation { ...R } acknowledgement { id } toggle { ...T } vote { value message changedAt }
            } } } } } } } } }
    } }
    fragment N on Namespace { id uid name reportedAt lastCheckedAt objectCount highestTotalRisk
        hitsByTotalRisk { totalRisk count } cluster { uuid }
        recommendations(first: 100) { edges { cursor node { selector details recommendation { ...R }
            objects(first: 100) { edges { cursor node { kind name uid } } } } } } }
    fragment T on ClusterToggle { id clusterUuid disabled changedAt changedBy feedback recommendation { ...R } }
    fragment R on Recommendation { id selector ruleFqdn errorKey internal content { active }
        rating acknowledgement { id } clusterToggles(first: 100) { edges { cursor node { id } } }
        impactedClusters(first: 100) { edges { cursor impactedSince node { uuid } ruleHit { selector } } } }";

/// The levels of fields of the query for everything.
const DEPTH: usize = 20;

/// A recommendation that no longer hits a cluster of organization 1.
const ENDED: &str = "rule_ended|KEY";

/// The answer to a valid document.
#[derive(Debug, Deserialize, PartialEq, Eq)]
struct Answer {
    /// The JSON text of `data`.
    data: String,
    /// The paths of the errors.
    errors: Vec<Value>,
}

/// The members of a response that are compared.
#[derive(Deserialize)]
struct Response<'a> {
    #[serde(borrow)]
    data: Option<&'a RawValue>,
    #[serde(default)]
    errors: Vec<Value>,
}

/// Answers with the graph. Returns the response if the document is refused.
async fn answer(graph: &Graph, Document { query, variables }: &Document) -> Result<Answer, String> {
    let request = Request::new(query).variables(Variables::from_json(variables.clone()));
    let text = graph.text(Viewer::unrestricted(), request).await;
    let response: Response<'_> = serde_json::from_str(&text).expect("JSON");
    // `data` is absent, and not null, if nothing was executed.
    if !text.starts_with(r#"{"data":"#) {
        return Err(text);
    }
    let data = response.data.map_or("null", RawValue::get).to_owned();
    Ok(Answer { data, errors: response.errors.iter().map(|error| error["path"].clone()).collect() })
}

/// Answers with graphql-js over this data.
async fn answers_of_graphql_js(data: &Value, documents: &[Document]) -> Vec<Option<Answer>> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name).to_str().expect("text").to_owned();
    let documents: Vec<_> = documents
        .iter()
        .map(|Document { query, variables }| json!({ "query": query, "variables": variables }))
        .collect();
    fs::write(path("schema.graphql"), sdl()).expect("a written file");
    fs::write(path("input.json"), json!({ "data": data, "documents": documents }).to_string()).expect("a written file");
    let arguments = ["answer.js", &path("schema.graphql"), &path("input.json")];
    let printed = node::stdout("tests/graphql-js", "node", &arguments).await;
    serde_json::from_str(&printed).expect("a list of answers")
}

/// The answer without what the specification leaves open: the order of errors, and which fields are executed beside one
/// that makes the data null.
fn comparable(mut answer: Answer) -> Answer {
    answer.errors.sort_by_key(ToString::to_string);
    if answer.data == "null" {
        assert!(!answer.errors.is_empty(), "null has a reason");
        answer.errors.clear();
    }
    answer
}

/// A graph with three organizations, clusters with and without hits, and without limits that a document may exceed.
async fn graph(database: &Database) -> Graph {
    let mut stored = reports(1, 1, 3, 3);
    stored.extend(reports(2, 10, 1, 1));
    stored.push(report(3, 20, &[]));
    stored.push(report(1, 30, &[(ENDED, "")]));
    for (number, report) in stored.iter_mut().enumerate().step_by(2) {
        report.request_id = Some(format!("request {number}"));
    }
    let store = database.store().await;
    write(&store, &stored).await;
    let objects: &[&str] = &["shop/Pod/cart", "shop/Pod/cart/", "till/Job/x", "/Pod/"];
    let of = |owner, number| {
        let at = time("2024-05-02T08:15:59Z");
        workloads(owner, number, at, &[("rule_0|KEY", r#"{"n":1}"#, objects), ("w|W", "", &objects[1..3])])
    };
    write_workloads(&store, &[of(1, 1), of(1, 2), of(2, 10)]).await;
    let mut without_hit = report(1, 30, &[]);
    without_hit.last_checked = time("2024-05-03T08:15:59Z");
    write(&store, &[without_hit]).await;
    let limits = default_config().limits;
    let wide = Limits { query_cost: usize::MAX, query_root_fields: usize::MAX, query_depth: DEPTH, ..limits };
    let graph = Graph::with_limits(store, &wide);
    act(&graph).await;
    graph
}

/// Performs actions of which no open hit is hidden: graphql-js knows only the hits that are listed.
async fn act(graph: &Graph) {
    let user = User { subject: "ann".to_owned(), kind: UserKind::User, name: None };
    let identity = Identity { organization: organization(1), user: Some(user), is_organization_administrator: false };
    let viewer = ViewerPolicy::default().viewer(identity);
    let [one, two] = [1, 2].map(|number| cluster(number).to_string());
    let mutation = format!(
        "mutation {{
            a: acknowledgeRecommendation(input: {{ selector: \"{ENDED}\", justification: \"it has ended\" }}) {{ ...A }}
            b: acknowledgeRecommendation(input: {{ selector: \"{ENDED}\" }}) {{ ...A }}
            c: disableRecommendationOnClusters(input: {{ selector: \"{ENDED}\", clusterUuids: [\"{one}\", \"{two}\"] }}) {{ ...T }}
            d: disableRecommendationOnClusters(input: {{ selector: \"rule_0|KEY\", clusterUuids: [\"{one}\"] }}) {{ ...T }}
            e: enableRecommendationOnClusters(input: {{ selector: \"rule_0|KEY\", clusterUuids: [\"{one}\"],
                feedback: \"works\" }}) {{ ...T }}
            f: rateRecommendation(input: {{ selector: \"rule_0|KEY\", rating: -1 }}) {{ userErrors {{ code }} }}
        }}
        fragment A on AcknowledgeRecommendationPayload {{ userErrors {{ code }} }}
        fragment T on ClusterTogglesPayload {{ userErrors {{ code }} }}"
    );
    let answer = graph.query_as(viewer, &mutation, json!({})).await;
    let none = json!({ "userErrors": [] });
    assert!(answer["data"].as_object().is_some_and(|done| done.values().all(|payload| *payload == none)), "{answer}");
}

#[tokio::test]
async fn random_documents_have_the_answers_of_graphql_js() {
    let seed = seed();
    for database in each_database().await {
        let graph = graph(&database).await;
        let mut everything = graph.query(EVERYTHING).await;
        assert_eq!(everything.get("errors"), None, "{everything}");
        let data = everything["data"].take();
        let mut generator = Generator::new(seed, Keys::of(&data));
        let documents: Vec<_> = (0..DOCUMENTS).map(|_| generator.document()).collect();
        let expected = answers_of_graphql_js(&data, &documents).await;
        assert_eq!(expected.len(), DOCUMENTS);
        let (mut valid, mut failed) = (0, 0);
        for (document, expected) in documents.iter().zip(expected) {
            let found = answer(&graph, document).await;
            let refusal = found.as_ref().err().cloned().unwrap_or_default();
            if refusal.contains("\"QUERY_TOO_LARGE\"") {
                continue; // more aliases than are allowed, once its fragments are spread
            }
            let [found, expected] = [found.ok(), expected].map(|answer| answer.map(comparable));
            assert_eq!(found, expected, "{}: {document:#?} {refusal}", database.name);
            valid += usize::from(found.is_some());
            failed += usize::from(found.is_some_and(|answer| !answer.errors.is_empty()));
        }
        println!("{}: {valid} of {DOCUMENTS} documents are valid, {failed} of them with errors", database.name);
        assert!((DOCUMENTS * 3 / 4..DOCUMENTS).contains(&valid) && failed > 0, "not all kinds of documents");
    }
}
