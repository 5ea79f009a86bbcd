//! The project keeps its own rules.

use std::path::Path;

use tidy::{Architecture, Exceptions, Project, violations};

/// Number of exceptions; may only decrease.
const EXCEPTIONS: usize = 2;
/// Number of exceptions from the rule `words`; may only decrease.
const WORD_EXCEPTIONS: usize = 0;

#[test]
fn the_project_keeps_its_rules() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().expect("the project's folder");
    let project = Project::read(&folder).expect("the project's files");
    let architecture = Architecture::read(&project).expect("the tables of rooms and crates");
    let exceptions = Exceptions::read(include_str!("../exceptions.toml")).expect("the list of exceptions");

    let (open, unneeded) = exceptions.apply(&violations(&project, &architecture));
    let open: Vec<_> = open.iter().map(ToString::to_string).collect();
    assert!(open.is_empty(), "{} places break a rule (see tools/tidy/src/rules/):\n{}\n", open.len(), open.join("\n"));
    assert!(unneeded.is_empty(), "exceptions are larger than needed:\n{}\n", unneeded.join("\n"));
    let numbers = (exceptions.list.len(), exceptions.words.len());
    assert_eq!(numbers, (EXCEPTIONS, WORD_EXCEPTIONS), "add no exceptions; lower the number when one is removed");
}
