//! The rules, a file a subject. [`breaches`] has them all look at the project.

mod files;
mod places;
mod rooms;
mod statements;
mod waiting;

use crate::{architecture::Architecture, breach::Breach, project::Project};

/// All places of the project that a rule forbids.
pub fn breaches(project: &Project, architecture: &Architecture) -> Vec<Breach> {
    [
        files::breaches(project),
        places::breaches(project),
        rooms::breaches(project, architecture),
        statements::breaches(project),
        waiting::breaches(project),
    ]
    .concat()
}
