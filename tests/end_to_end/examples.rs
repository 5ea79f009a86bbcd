//! The example queries of the repository, which GraphiQL opens with.

use std::{collections::BTreeSet, fs};

use async_graphql::parser::parse_query;
use generator::FleetSize;
use insights_results_aggregator::{config::DevIdentity, domain::OrgId, service::Role};
use serde_json::{Value, json};

use crate::{
    content_files::example_content,
    harness::{Database, Running, default_config, each_database, sqlite},
    reports::{reports_of_a_fleet, workloads_of_a_fleet, write},
    workloads::write_workloads,
};

/// The fleet of the demo, where users try the examples.
const DEMO: FleetSize = FleetSize { organizations: 20, clusters: 1_000 };

/// The API over a database with the content and the first results of the demo. As in the demo, every viewer is a user of
/// the first organization.
pub(crate) async fn demo(database: &Database) -> Running {
    let reports = reports_of_a_fleet(DEMO);
    let store = database.store().await;
    write(&store, &reports).await;
    write_workloads(&store, &workloads_of_a_fleet(DEMO)).await;
    api_with_content(database, reports[0].organization).await
}

/// The API over a database with the demo's content. Every viewer is a user of the organization.
pub(crate) async fn api_with_content(database: &Database, organization: OrgId) -> Running {
    let mut config = default_config();
    config.database = database.settings.clone();
    config.content = example_content();
    config.auth.dev_identity = DevIdentity { org_id: Some(organization), user_id: Some("demo".to_owned()) };
    Running::start(config, Role::Api).await.ready().await
}

/// The title and query of each example, ordered by title.
fn examples() -> Vec<(String, String)> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/queries");
    let mut examples: Vec<_> = fs::read_dir(folder)
        .expect("the examples")
        .map(|entry| {
            let path = entry.expect("an example").path();
            assert!(path.extension().is_some_and(|extension| extension == "graphql"), "{}", path.display());
            let title = path.file_stem().expect("a name").to_string_lossy().into_owned();
            (title, fs::read_to_string(path).expect("a query"))
        })
        .collect();
    examples.sort();
    examples
}

#[test]
fn every_example_is_an_operation_with_a_unique_name() {
    let mut names = BTreeSet::new();
    for (title, query) in examples() {
        let document = parse_query(&query).unwrap_or_else(|error| panic!("{title}: {error}"));
        let operations: Vec<_> = document.operations.iter().collect();
        assert_eq!(operations.len(), 1, "{title}");
        let name =
            operations[0].0.unwrap_or_else(|| panic!("{title} has no name: its tab in GraphiQL would have none"));
        assert!(names.insert(name.to_string()), "{title}: there is another {name}");
    }
}

#[test]
fn every_example_ends_with_the_command_that_sends_it_from_a_shell() {
    for (title, query) in examples() {
        let line = format!(
            "# jq -Rs '{{query: .}}' examples/queries/{title}.graphql | \
             curl -s http://127.0.0.1:8080/graphql -H 'Content-Type: application/json' -d @-"
        );
        assert_eq!(query.lines().last(), Some(line.as_str()), "{title}");
    }
}

#[tokio::test]
async fn graphiql_lists_all_examples() {
    let service = Running::api(&sqlite()).await;
    let answer = reqwest::get(service.url("/graphiql/examples.json")).await.expect("an answer");
    let listed: Value = answer.json().await.expect("JSON");
    let expected: Value = examples().iter().map(|(title, query)| json!({ "title": title, "query": query })).collect();
    assert_eq!(listed, expected, "a build embeds the examples that exist at that time: was one added since?");
}

/// The examples run in their order: one deletes what an earlier one wrote.
#[tokio::test]
async fn every_example_works_without_changes() {
    for database in each_database().await {
        let service = demo(&database).await;
        for (title, query) in examples() {
            let data = service.data(&query).await;
            let root = data.as_object().and_then(|fields| fields.values().next()).cloned();
            assert!(root.is_some_and(|root| root.is_object()), "{title} on {}: {data}", database.name);
            assert_eq!(user_errors(&data), Vec::<&Value>::new(), "{title} on {}", database.name);
            let list = first_list(&data);
            assert!(list.is_none_or(|list| !list.is_empty()), "{title} on {} shows nothing: {data}", database.name);
        }
    }
}

/// The first of the outermost lists other than `userErrors`.
fn first_list(answer: &Value) -> Option<&Vec<Value>> {
    match answer {
        Value::Array(list) => Some(list),
        Value::Object(fields) => {
            fields.iter().filter(|(name, _)| *name != "userErrors").find_map(|(_, value)| first_list(value))
        }
        _ => None,
    }
}

/// The user errors anywhere in an answer.
pub(crate) fn user_errors(answer: &Value) -> Vec<&Value> {
    match answer {
        Value::Array(items) => items.iter().flat_map(user_errors).collect(),
        Value::Object(fields) => fields
            .iter()
            .flat_map(|(name, value)| match value {
                Value::Array(errors) if name == "userErrors" => errors.iter().collect(),
                _ => user_errors(value),
            })
            .collect(),
        _ => Vec::new(),
    }
}
