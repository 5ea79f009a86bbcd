//! The queries of `README.md` and `docs/coming-from-rest.md`, over the demo's clusters and content.

use std::{fs, path::Path};

use serde_json::Value;

use crate::{examples::demo, harness::each_database};

/// A block of code in a document.
struct Block {
    language: String,
    text: String,
}

fn document(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).expect("a document")
}

/// The blocks of code in these languages.
fn blocks(markdown: &str, languages: &[&str]) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut rest = markdown;
    while let Some((_, begun)) = rest.split_once("\n```") {
        let (language, begun) = begun.split_once('\n').expect("a language");
        let (text, ended) = begun.split_once("\n```").expect("the end of a block");
        if languages.contains(&language) {
            blocks.push(Block { language: language.to_owned(), text: text.to_owned() });
        }
        rest = ended;
    }
    blocks
}

/// The places outside of lists at which an answer has nothing, and those of lists that have nothing.
fn nothing_at(value: &Value, path: &str, found: &mut Vec<String>) {
    match value {
        Value::Null => found.push(path.to_owned()),
        Value::Array(items) if items.iter().all(Value::is_null) => found.push(path.to_owned()),
        Value::Object(fields) => {
            for (name, value) in fields {
                nothing_at(value, &format!("{path}/{name}"), found);
            }
        }
        _ => {}
    }
}

#[tokio::test]
async fn every_query_that_replaces_a_rest_operation_returns_something() {
    let queries = blocks(&document("docs/coming-from-rest.md"), &["graphql"]);
    assert!(queries.len() >= 15, "{} queries", queries.len());
    for database in each_database().await {
        let service = demo(&database).await;
        for Block { text, .. } in &queries {
            let data = service.data(text).await;
            let mut nothing = Vec::new();
            nothing_at(&data, "", &mut nothing);
            // No status is imported.
            nothing.retain(|path| path != "/cluster/status");
            assert_eq!(nothing, Vec::<String>::new(), "{text} on {}: {data}", database.name);
        }
    }
}

#[test]
fn every_query_that_replaces_a_rest_operation_is_linked_from_one() {
    let text = document("docs/coming-from-rest.md");
    let (operations, queries) = text.split_once("\n## Queries\n").expect("the queries");
    let anchor = |heading: &str| format!("(#{})", heading.to_lowercase().replace(' ', "-"));
    let headings: Vec<_> = queries.lines().filter_map(|line| line.strip_prefix("### ")).map(anchor).collect();
    for heading in &headings {
        assert!(operations.contains(heading), "no operation links to {heading}");
    }
    for link in operations.split("](#").skip(1) {
        let (link, _) = link.split_once(')').expect("the end of a link");
        assert!(headings.contains(&format!("(#{link})")), "there is no query #{link}");
    }
    assert_eq!(queries.matches("\n```graphql\n").count(), headings.len(), "each heading has one query");
}

#[tokio::test]
async fn the_queries_of_the_readme_return_what_it_says() {
    let blocks = blocks(&document("README.md"), &["graphql", "json"]);
    for database in each_database().await {
        let service = demo(&database).await;
        let mut answer = Value::Null;
        let mut compared = 0;
        for Block { language, text } in &blocks {
            if language == "graphql" {
                answer = service.query(text).await;
                assert_eq!(answer.get("errors"), None, "{text} on {}: {answer}", database.name);
            } else if let Some(expected) =
                serde_json::from_str::<Value>(text).ok().filter(|json| json.get("data").is_some())
            {
                assert_eq!(answer, expected, "on {}", database.name);
                compared += 1;
            }
        }
        assert_eq!(compared, 1, "the README has the answer of one query");
    }
}
