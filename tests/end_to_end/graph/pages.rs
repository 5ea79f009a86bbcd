//! The pages of a front-end for OpenShift clusters, each one request over HTTP: `pages/NAME.graphql` is the request,
//! `pages/NAME.json` has values of its variables, each with the answer that a member of an organization receives.

mod fleet;

use std::{env, fs, path::PathBuf};

use self::fleet::{add_clusters, member, write_fleet};
use super::{
    statement_counts::{check_count, statements},
    *,
};
use crate::{
    content_files::{example_content, load_into},
    harness::{Running, each_database, sqlite},
    identity::{self, IDENTITY, user_of},
};

/// The pages, each with the number of statements that it takes with the default values of its variables.
const PAGES: [(&str, usize); 4] = [("recommendations", 1), ("clusters", 3), ("cluster", 2), ("recommendation", 1)];
/// The variable that, if set, has the answers written instead of checked.
const WRITE: &str = "TEST_WRITE_ANSWERS";

fn file(page: &str, extension: &str) -> PathBuf {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/end_to_end/graph/pages");
    PathBuf::from(format!("{folder}/{page}.{extension}"))
}

fn query_of(page: &str) -> String {
    fs::read_to_string(file(page, "graphql")).expect("a query")
}

/// The cases of a page: objects with `variables` and `answer`.
fn cases_of(page: &str) -> Vec<Value> {
    serde_json::from_str(&fs::read_to_string(file(page, "json")).expect("answers")).expect("a list of cases")
}

async fn answer(service: &Running, query: &str, variables: &Value) -> Value {
    let body = json!({ "query": query, "variables": variables });
    let request = reqwest::Client::new().post(service.url("/graphql")).header(IDENTITY, user_of(fleet::OWN, "1234"));
    request.json(&body).send().await.expect("an answer").json().await.expect("JSON")
}

#[tokio::test]
async fn every_page_is_one_request_with_the_same_answer_on_both_databases() {
    let mut must_write = env::var_os(WRITE).is_some();
    for database in each_database().await {
        write_fleet(&database.store().await).await;
        let service = identity::api(&database, |config| config.content = example_content()).await;
        for (page, _) in PAGES {
            let (query, mut cases) = (query_of(page), cases_of(page));
            for case in &mut cases {
                let answer = answer(&service, &query, &case["variables"]).await;
                assert_eq!(answer.get("errors"), None, "{page} with {}", case["variables"]);
                if must_write {
                    case["answer"] = answer;
                } else {
                    let (variables, expected) = (&case["variables"], &case["answer"]);
                    assert_eq!(
                        &answer, expected,
                        "{page} with {variables} on {} (to write the answers, set {WRITE}=1):\n{answer:#}",
                        database.name
                    );
                }
            }
            if must_write {
                fs::write(file(page, "json"), format!("{:#}\n", Value::from(cases))).expect("the answers are written");
            }
        }
        // The second database has the answers of the first one.
        must_write = false;
    }
}

/// The graph over the fleet and its content.
async fn graph(database: &Database) -> Graph {
    let store = database.store().await;
    write_fleet(&store).await;
    let content = load_into(&example_content(), &store).await;
    Graph::with_content(store, content, &default_config().limits)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_statements_of_a_page_do_not_depend_on_the_number_of_rows() {
    for mut database in each_database().await {
        // Few, because opening connections takes long in a debug build.
        database.settings.max_connections = 4;
        let graph = graph(&database).await;
        let few = count_statements_of_pages(&graph, &format!("few rows of {}", database.name)).await;
        add_clusters(&graph.store).await;
        let many = count_statements_of_pages(&graph, &format!("many rows of {}", database.name)).await;
        assert_eq!(few, many, "{}", database.name);
    }
}

/// Checks the number of statements of each page, alone and concurrently, and returns that of each of its cases.
async fn count_statements_of_pages(graph: &Graph, rows: &str) -> Vec<(&'static str, Value, usize)> {
    let mut counts = Vec::new();
    for (page, expected) in PAGES {
        let query = query_of(page);
        check_count(graph, &member(), &query, &json!({}), expected, rows).await;
        for mut case in cases_of(page) {
            let variables = case["variables"].take();
            let count = statements(graph, &member(), &query, &variables).await;
            counts.push((page, variables, count));
        }
    }
    counts
}

/// The cost of a member's request, and the limit.
async fn cost(graph: &Graph, query: &str) -> (u64, u64) {
    let request = json!({ "query": query, "extensions": { "cost": true } });
    let answer = graph.execute(member(), serde_json::from_value(request).expect("a request")).await;
    assert_eq!(answer.get("errors"), None, "{query}: {answer}");
    let cost = &answer["extensions"]["cost"];
    (cost["cost"].as_u64().expect("a cost"), cost["limit"].as_u64().expect("a limit"))
}

#[tokio::test]
async fn every_page_costs_less_than_half_of_what_a_request_may_cost() {
    let database = sqlite();
    let graph = graph(&database).await;
    for (page, _) in PAGES {
        let (cost, limit) = cost(&graph, &query_of(page)).await;
        println!("{page}: {cost} of {limit}");
        assert!(cost < limit / 2, "{page} costs {cost} of {limit}");
    }
}

#[tokio::test]
async fn a_connection_of_which_only_the_total_is_selected_costs_no_page() {
    let database = sqlite();
    let graph = graph(&database).await;
    for (list, name) in [
        ("viewer { organization { LIST } }", "clusters"),
        ("viewer { organization { LIST } }", "recommendations"),
        ("recommendations(first: 1) { nodes { LIST } }", "impactedClusters"),
        (r#"cluster(uuid: "00000000-0000-0000-0000-0000000000a1") { report { LIST } }"#, "ruleHits"),
    ] {
        let of = |selection: &str| format!("{{ {} }}", list.replace("LIST", &format!("{name}{selection}")));
        let (small, _) = cost(&graph, &of("(first: 1) { totalCount }")).await;
        for total in ["(first: 100) { totalCount }", "(last: 100) { count: totalCount __typename }"] {
            let (cost, _) = cost(&graph, &of(total)).await;
            assert!(cost <= small + 1, "{name}{total}: {cost}, and {small} for one item");
        }
        let (page, _) = cost(&graph, &of("(first: 100) { totalCount nodes { id } }")).await;
        assert!(page >= small + 100, "{name}: {page} for a page");
    }
}
