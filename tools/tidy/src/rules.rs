//! The rules, one file per subject. [`violations`] checks the project against all of them.

mod files;
mod portability;
mod rooms;
mod statements;
mod test_code;
mod words;

use crate::{architecture::Architecture, project::Project, violation::Violation};

/// All places of the project that break a rule.
pub fn violations(project: &Project, architecture: &Architecture) -> Vec<Violation> {
    [
        files::violations(project),
        portability::violations(project),
        rooms::violations(project, architecture),
        statements::violations(project),
        test_code::violations(project),
        words::violations(project),
    ]
    .concat()
}
