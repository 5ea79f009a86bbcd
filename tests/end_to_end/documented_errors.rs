//! `docs/errors.md` documents every error code, rejection reason and exit code of the service, and no other.

use std::{collections::BTreeSet, fs};

use insights_results_aggregator::{
    cli::Exit,
    graphql::{Code, UserErrorCode},
    message::Reason,
};
use strum::VariantArray as _;

/// The rows of a section's table: word, cause and remedy.
fn rows(section: &str) -> impl Iterator<Item = [String; 3]> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/errors.md");
    let page = fs::read_to_string(path).expect("docs/errors.md");
    let heading = format!("\n## {section}\n");
    let (_, section) = page.split_once(&heading).unwrap_or_else(|| panic!("no section {section}"));
    let section = section.split("\n## ").next().unwrap_or_default();
    let rows: Vec<_> = section.lines().filter_map(|line| line.strip_prefix("| `")).map(cells).collect();
    rows.into_iter()
}

fn cells(row: &str) -> [String; 3] {
    let cells: Vec<_> = row.trim_end_matches('|').split(" | ").map(|cell| cell.trim().to_owned()).collect();
    let [word, cause, remedy] = cells.try_into().unwrap_or_else(|_| panic!("word, cause and remedy: {row}"));
    assert!(!cause.is_empty() && !remedy.is_empty(), "{row}");
    [word.trim_end_matches('`').to_owned(), cause, remedy]
}

fn documented(section: &str) -> BTreeSet<String> {
    rows(section).map(|[word, ..]| word).collect()
}

fn known<T: ToString>(words: impl IntoIterator<Item = T>) -> BTreeSet<String> {
    words.into_iter().map(|word| word.to_string()).collect()
}

#[test]
fn every_code_of_the_graph_is_documented_and_no_other() {
    assert_eq!(documented("Codes of the graph"), known(Code::VARIANTS.iter().map(|code| code.as_str())));
}

#[test]
fn every_code_of_a_user_error_is_documented_and_no_other() {
    assert_eq!(documented("User errors"), known(UserErrorCode::VARIANTS.iter().map(|code| code.as_str())));
}

#[test]
fn every_reason_of_a_bad_message_is_documented_and_no_other() {
    assert_eq!(documented("Reasons of bad messages"), known(Reason::VARIANTS.iter().map(|reason| reason.as_str())));
}

/// `dead-letters show` prints the same cause of a reason as the page.
#[test]
fn every_reason_has_one_cause_on_the_page_and_in_the_program() {
    for [word, cause, _] in rows("Reasons of bad messages") {
        let reason: Reason = word.parse().expect("a reason");
        // The text in the table begins with a lower-case letter and has no full stop.
        let (first, rest) = cause.split_at(1);
        assert_eq!(format!("{}{rest}.", first.to_uppercase()), reason.cause(), "{word}");
    }
}

#[test]
fn every_exit_code_is_documented_and_no_other() {
    assert_eq!(documented("Exit codes"), known(Exit::VARIANTS.iter().map(|exit| exit.code())));
}
