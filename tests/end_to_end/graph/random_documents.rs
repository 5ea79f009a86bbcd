//! Random documents over the whole schema: those that the guard admits end within their bounds and without an internal
//! error. `make bench-hostile` measures the dearest of them with the same generator.

#[path = "../../../benches/hostile/document.rs"]
mod document;
#[path = "../../../benches/hostile/generator.rs"]
mod generator;

use insights_results_aggregator::graphql::sdl;

use self::{
    document::{Document, Selection, SelectionSet},
    generator::{Generator, Keys},
};
use super::*;
use crate::{
    harness::each_database,
    model::seed,
    reports::{cluster, report, time},
};

/// The number of documents that are executed on each database.
const DOCUMENTS: usize = 200;
/// A field that returns nodes reads those of each relation: organizations, clusters and hits.
const RELATIONS: usize = 3;
const ORGANIZATIONS: u32 = 3;
const CLUSTERS: u128 = 20;
/// Small, so that some answers exceed it.
const RESPONSE_BYTES: usize = 65_536;
/// The guard measures an answer before it is serialized, and does not count introspection, whose fields are bounded by
/// their cost.
const MAX_ANSWER_BYTES: usize = 1_000_000;

/// The graph over clusters whose hits have changed once, so that they have a history; and the keys of the data.
async fn graph(database: &Database) -> (Graph, Keys) {
    let selectors: Vec<String> = (0..8).map(|number| format!("rule_{number}|KEY")).collect();
    let store = database.store().await;
    for (day, hits) in [("03", &selectors[..5]), ("04", &selectors[3..])] {
        let hits: Vec<_> = hits.iter().map(|selector| (selector.as_str(), r#"{"type": "rule"}"#)).collect();
        let reports = (1..=CLUSTERS).map(|number| {
            let owner = 1 + u32::try_from(number).expect("small") % ORGANIZATIONS;
            let mut report = report(owner, number, &hits);
            report.last_checked = time(&format!("2024-06-{day}T08:15:59Z"));
            report.version = Some(format!("4.16.{number}"));
            report
        });
        write(&store, &reports.collect::<Vec<_>>()).await;
    }
    let keys = Keys {
        organizations: (1..=ORGANIZATIONS).map(|number| number.to_string()).collect(),
        clusters: (1..=CLUSTERS + 1).map(|number| cluster(number).to_string()).collect(),
        selectors,
    };
    let limits = Limits { response_bytes: RESPONSE_BYTES, ..default_config().limits };
    (Graph::with_limits(store, &limits), keys)
}

fn request(document: &Document) -> Request {
    let (query, variables) = document.render();
    Request::new(query).variables(Variables::from_json(variables))
}

/// The number of selections in a set after spreading fragments.
fn unfolded(set: &SelectionSet, fragments: &[SelectionSet]) -> usize {
    let below = |item: &Selection| match item {
        Selection::Field(field) => field.selections.as_ref().map_or(0, |set| unfolded(set, fragments)),
        Selection::Inline(set) => unfolded(set, fragments),
        Selection::Spread(index) => unfolded(&fragments[*index], fragments),
    };
    set.items.iter().map(|item| 1 + below(item)).sum()
}

/// The code of each error of an answer.
fn codes(answer: &Value) -> Vec<String> {
    let errors = answer["errors"].as_array().into_iter().flatten();
    errors.map(|error| error["extensions"]["code"].as_str().expect("a code").to_owned()).collect()
}

#[tokio::test]
async fn admitted_documents_end_within_their_bounds() {
    let seed = seed();
    for database in each_database().await {
        let (graph, keys) = graph(&database).await;
        let mut generator = Generator::new(&sdl(), keys, seed);
        let mut document = generator.document();
        let (mut without_errors, mut with_statements) = (0, 0);
        for number in 0..DOCUMENTS {
            document = if number % 3 == 0 { generator.document() } else { generator.mutated(&document) };
            while graph.executor.admit(request(&document)).is_err() {
                generator.shrink(&mut document);
            }
            let (text, statements) = count_statements(graph.text(Viewer::unrestricted(), request(&document))).await;
            let answer: Value = serde_json::from_str(&text).expect("JSON");
            let codes = codes(&answer);
            let context = || format!("{}: {:?}\n{}", database.name, document.render(), answer["errors"]);
            assert!(!codes.iter().any(|code| code == "INTERNAL" || code == "TIMEOUT"), "{}", context());
            assert!(
                statements <= RELATIONS * unfolded(&document.root, &document.fragments),
                "{statements} statements: {}",
                context()
            );
            assert!(text.len() <= MAX_ANSWER_BYTES, "{} bytes: {}", text.len(), context());
            without_errors += usize::from(codes.is_empty());
            with_statements += usize::from(statements > 0);
        }
        // The documents are valid, and many of them read something: of ten fields of the root, three never do.
        assert!(without_errors >= DOCUMENTS * 8 / 10, "{without_errors} without errors on {}", database.name);
        assert!(with_statements >= DOCUMENTS / 3, "{with_statements} with statements on {}", database.name);
    }
}
