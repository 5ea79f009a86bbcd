//! This project keeps its own rules.

use std::path::Path;

use tidy::{Architecture, Exceptions, Project, breaches};

/// How many exceptions there are. It may only shrink.
const EXCEPTIONS: usize = 2;

#[test]
fn the_project_keeps_its_rules() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().expect("the project's folder");
    let project = Project::read(&folder).expect("the project's files");
    let architecture = Architecture::of(&project).expect("the tables of rooms and crates");
    let exceptions = Exceptions::read(include_str!("../exceptions.toml")).expect("the list of exceptions");

    let (open, unneeded) = exceptions.part(breaches(&project, &architecture));
    let open: Vec<_> = open.iter().map(ToString::to_string).collect();
    assert!(open.is_empty(), "these places break a rule (tools/tidy/src/rules/ says why):\n{}\n", open.join("\n"));
    assert!(unneeded.is_empty(), "these exceptions are no longer needed, remove them: {unneeded:#?}");
    assert_eq!(exceptions.list.len(), EXCEPTIONS, "the list of exceptions may only shrink: lower the number with it");
}
