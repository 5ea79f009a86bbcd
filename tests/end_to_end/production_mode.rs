//! The API with the settings for production: without introspection, suggestions and editor. The tests cover the checks
//! of graphql-cop.

use insights_results_aggregator::service::Role;
use reqwest::{
    StatusCode,
    header::{CONTENT_TYPE, HOST},
};
use serde_json::{Value, json};

use crate::{
    graph::each,
    harness::{Database, Running, default_config, sqlite},
};

async fn production() -> (Running, Database) {
    let database = sqlite();
    let mut config = default_config();
    // Beyond loopback, behind a gateway.
    config.http.address = "0.0.0.0:0".parse().expect("an address");
    config.database = database.settings.clone();
    config.limits.introspection = false;
    config.http.graphiql = false;
    (Running::start(config, Role::Api).await.ready().await, database)
}

/// Posts a body. Returns the status and the response as text.
async fn post(service: &Running, content_type: &str, body: String) -> (StatusCode, String) {
    let request = reqwest::Client::new().post(service.url("/graphql")).header(CONTENT_TYPE, content_type).body(body);
    let answer = request.send().await.expect("a response");
    (answer.status(), answer.text().await.expect("text"))
}

/// Checks that a query is refused with a code and a short response.
async fn check_refused(service: &Running, query: &str, code: &str) {
    let answer = service.query(query).await;
    assert_eq!(answer["data"], Value::Null, "{query}: {answer}");
    assert_eq!(answer["errors"][0]["extensions"]["code"], code, "{query}: {answer}");
    assert!(answer.to_string().len() <= 4_096, "{query}: {answer}");
}

#[tokio::test]
async fn many_aliases_many_fields_and_many_directives_are_refused() {
    let (service, _database) = production().await;
    let aliases = each(101, |number| format!("a{number}:__typename "));
    check_refused(&service, &format!("{{ {aliases} }}"), "QUERY_TOO_LARGE").await;
    check_refused(&service, &format!("{{ {} }}", "__typename ".repeat(500)), "QUERY_TOO_LARGE").await;
    check_refused(&service, &format!("{{ viewer {{ isAdministrator{} }} }}", "@aa".repeat(500)), "QUERY_TOO_LARGE")
        .await;

    // Ten unknown directives are within the limit, but the response does not contain one error for each.
    let answer = service.query(&format!("{{ viewer {{ isAdministrator{} }} }}", "@aa".repeat(10))).await;
    assert_eq!(answer["data"], Value::Null, "{answer}");
    assert!(answer["errors"].as_array().expect("errors").len() < 10, "{answer}");
}

#[tokio::test]
async fn a_list_of_requests_is_refused() {
    let (service, _database) = production().await;
    for count in [10, 10_000] {
        let batch = json!(vec![json!({ "query": "{ __typename }" }); count]).to_string();
        let (status, answer) = post(&service, "application/json", batch).await;
        assert!(matches!(status.as_u16(), 400 | 413), "{count}: {status} {answer}");
        assert!(!answer.contains("__typename"), "{answer}");
    }
}

#[tokio::test]
async fn introspection_is_refused() {
    let (service, _database) = production().await;
    let circular = "fields { name type { ".repeat(5) + "name" + &" } }".repeat(5);
    for query in [
        "{ __schema { types { name } } }".to_owned(),
        "{ __type(name: \"Query\") { name } }".to_owned(),
        format!("{{ __schema {{ types {{ {circular} }} }} }}"),
        "{ ...F } fragment F on Query { schema: __schema { types { name } } }".to_owned(),
        "query A { __typename } query B { __schema { types { name } } }".to_owned(),
    ] {
        check_refused(&service, &query, "INTROSPECTION_DISABLED").await;
    }
    // The query for the schema in Apollo Federation.
    check_refused(&service, "{ _service { sdl } }", "BAD_USER_INPUT").await;
    // Clients need __typename to distinguish types.
    assert_eq!(service.query("{ __typename }").await["data"]["__typename"], "Query");
}

#[tokio::test]
async fn names_are_not_suggested() {
    let (service, _database) = production().await;
    for query in [
        "{ viewe { isAdministrator } }",
        "{ viewer { isAdministrato } }",
        "{ organizations(firs: 1) { totalCount } }",
        "{ organization(orgId: \"1\") { clusters(filter: { tex: \"a\" }) { totalCount } } }",
        "{ service @includ(if: true) { version } }",
    ] {
        check_refused(&service, query, "BAD_USER_INPUT").await;
        let answer = service.query(query).await.to_string();
        assert!(!answer.to_lowercase().contains("did you mean"), "{query}: {answer}");
    }
    // With introspection they are suggested.
    let database = sqlite();
    let open = Running::api(&database).await.ready().await;
    let answer = open.query("{ viewe { isAdministrator } }").await.to_string();
    assert!(answer.contains("Did you mean"), "{answer}");
}

#[tokio::test]
async fn the_editor_is_not_served() {
    let (service, _database) = production().await;
    for path in [
        "/",
        "/graphiql",
        "/graphiql/index.html",
        "/graphiql/examples.json",
        "/playground",
        "/console",
        "/voyager",
        "/altair",
    ] {
        let request = reqwest::Client::new().get(service.url(path)).header("accept", "text/html");
        let answer = request.send().await.expect("a response");
        assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{path}");
    }
    let request = reqwest::Client::new().get(service.url("/graphql")).header("accept", "text/html");
    let answer = request.send().await.expect("a response");
    assert!(answer.status().is_client_error(), "{}", answer.status());
    assert!(!answer.text().await.expect("text").to_lowercase().contains("graphiql"));
}

#[tokio::test]
async fn forms_links_and_mutations_by_get_are_refused() {
    let (service, _database) = production().await;
    let (status, _) = post(&service, "application/x-www-form-urlencoded", "query=%7B__typename%7D".to_owned()).await;
    assert_eq!(status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    let mutation = service.url("/graphql?query=mutation%20cop%20%7B__typename%7D");
    let answer = reqwest::get(mutation).await.expect("a response");
    assert!(answer.status().is_client_error(), "{}", answer.status());
    assert!(!answer.text().await.expect("text").contains("Mutation"));

    let query = || reqwest::Client::new().get(service.url("/graphql?query=query%20cop%20%7B__typename%7D"));
    let answer = query().send().await.expect("a response");
    assert_eq!(answer.status(), StatusCode::FORBIDDEN);
    let answer: Value = answer.json().await.expect("JSON");
    assert_eq!(answer.get("data"), None, "{answer}");
    let message = answer["errors"][0]["message"].as_str().expect("a message");
    assert!(message.contains("Apollo-Require-Preflight"), "{message}");
    for name in ["apollo-require-preflight", "x-requested-with"] {
        let answer = query().header(name, "1").send().await.expect("a response");
        assert_eq!(answer.status(), StatusCode::OK, "{name}");
    }
}

#[tokio::test]
async fn every_host_name_is_accepted() {
    let (service, _database) = production().await;
    let request = reqwest::Client::new().post(service.url("/graphql")).header(HOST, "insights.example.com");
    let answer = request.json(&json!({ "query": "{ __typename }" })).send().await.expect("a response");
    assert_eq!(answer.status(), StatusCode::OK);
}

#[tokio::test]
async fn responses_contain_no_traces_and_no_exceptions() {
    let (service, _database) = production().await;
    let answer = service.query("{ __typename }").await;
    assert_eq!(answer, json!({ "data": { "__typename": "Query" } }), "no extensions");
    for query in ["qwerty cop { abc }", "{ viewer { \u{0} } }", "{ node(id: 1) { id } }", "}", ""] {
        let answer = service.query(query).await;
        let error = &answer["errors"][0];
        let members: Vec<_> = error["extensions"].as_object().expect("extensions").keys().collect();
        assert_eq!(members, ["code"], "{query}: {answer}");
        for inside in ["panicked", "src/", ".rs", "async_graphql", "stack"] {
            assert!(!answer.to_string().contains(inside), "{query}: {answer}");
        }
    }
}
