//! The queries of `README.md` and `docs/coming-from-rest.md`, over the demo's clusters and content.

use std::{collections::BTreeSet, fs, path::Path};

use serde_json::Value;

use crate::{
    examples::{demo, user_errors},
    harness::{each_database, sqlite},
};

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

/// The fields that are null, or a list of nothing. Of the items of a list, those that are so in all of them.
fn nothing_at(value: &Value, path: &str) -> BTreeSet<String> {
    match value {
        Value::Null => BTreeSet::from([path.to_owned()]),
        Value::Array(items) => {
            let in_all = items.iter().map(|item| nothing_at(item, path)).reduce(|all, one| &all & &one);
            in_all.unwrap_or_else(|| BTreeSet::from([path.to_owned()]))
        }
        // `userErrors` is empty after an action that was performed.
        Value::Object(fields) => fields
            .iter()
            .filter(|(name, _)| *name != "userErrors")
            .flat_map(|(name, value)| nothing_at(value, &format!("{path}/{name}")))
            .collect(),
        _ => BTreeSet::new(),
    }
}

/// Whether a field has a value only after something that the document does not show, or shows later.
fn is_empty_yet(path: &str, acted: bool) -> bool {
    let field = path.rsplit('/').next();
    // No status is imported, and nothing is acknowledged twice.
    let never = path == "/cluster/status" || matches!(field, Some("updatedAt" | "updatedBy"));
    never || !acted && matches!(field, Some("acknowledgement" | "toggle" | "vote"))
}

/// The queries run in their order, because some read what a mutation before them wrote.
#[tokio::test]
async fn every_query_that_replaces_a_rest_operation_returns_something() {
    let queries = blocks(&document("docs/coming-from-rest.md"), &["graphql"]);
    assert!(queries.len() >= 25, "{} queries", queries.len());
    for database in each_database().await {
        let service = demo(&database).await;
        let mut acted = false;
        for Block { text, .. } in &queries {
            acted |= text.starts_with("mutation");
            let data = service.data(text).await;
            assert_eq!(user_errors(&data), Vec::<&Value>::new(), "{text} on {}", database.name);
            let mut nothing = nothing_at(&data, "");
            nothing.retain(|path| !is_empty_yet(path, acted));
            assert_eq!(nothing, BTreeSet::new(), "{text} on {}: {data}", database.name);
        }
    }
}

#[tokio::test]
async fn the_documents_name_the_organization_of_the_demos_viewers() {
    let service = demo(&sqlite()).await;
    let data = service.data("{ viewer { organization { orgId } } }").await;
    let organization = data["viewer"]["organization"]["orgId"].as_str().expect("an organization");
    for path in ["README.md", "docs/coming-from-rest.md", "examples/typescript/README.md"] {
        assert!(document(path).contains(organization), "{path} does not name {organization}");
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
                assert_eq!(user_errors(&answer), Vec::<&Value>::new(), "{text} on {}", database.name);
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
