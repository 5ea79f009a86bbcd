//! Every code, reason and exit code that the service has is in `docs/errors.md`, and no other.

use std::{collections::BTreeSet, fs};

use insights_results_aggregator::{cli::Exit, graphql::Code, message::Reason};

/// The words at the beginning of the rows of a section's table, each with what its cells hold.
fn documented(section: &str) -> BTreeSet<String> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/errors.md");
    let page = fs::read_to_string(path).expect("docs/errors.md");
    let heading = format!("\n## {section}\n");
    let (_, section) = page.split_once(&heading).unwrap_or_else(|| panic!("no section {section}"));
    let section = section.split("\n## ").next().unwrap_or_default();
    let rows = section.lines().filter_map(|line| line.strip_prefix("| `"));
    let words = rows.map(|row| {
        let cells: Vec<_> = row.trim_end_matches('|').split(" | ").map(str::trim).collect();
        assert!(cells.len() == 3 && cells.iter().all(|cell| !cell.is_empty()), "cause and remedy of {row}");
        cells[0].trim_end_matches('`').to_owned()
    });
    words.collect()
}

fn known<T: ToString>(words: impl IntoIterator<Item = T>) -> BTreeSet<String> {
    words.into_iter().map(|word| word.to_string()).collect()
}

#[test]
fn every_code_of_the_graph_is_documented_and_no_other() {
    assert_eq!(documented("Codes of the graph"), known(Code::ALL.map(Code::as_str)));
}

#[test]
fn every_reason_of_a_bad_message_is_documented_and_no_other() {
    assert_eq!(documented("Reasons of bad messages"), known(Reason::ALL.map(Reason::as_str)));
}

#[test]
fn every_exit_code_is_documented_and_no_other() {
    assert_eq!(documented("Exit codes"), known(Exit::ALL.map(Exit::code)));
}
