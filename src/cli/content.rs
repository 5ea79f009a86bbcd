//! `content`: validates rule content.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::Error;
use crate::content::Source;

/// Validate rule content.
#[derive(Debug, Args)]
pub(super) struct Content {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Load a folder as `content.path` and print one line per problem: file, line if known, and reason.
    Check {
        /// The folder with config.yaml, external, internal and ocs.
        #[arg(value_name = "DIR")]
        folder: PathBuf,
        /// File with the categories, as in `content.groups`.
        #[arg(long, value_name = "FILE")]
        groups: Option<PathBuf>,
    },
}

impl Content {
    pub(super) fn run(self) -> Result<(), Error> {
        let Action::Check { folder, groups } = self.action;
        let loaded = Source { folder, groups }.load()?;
        for problem in &loaded.problems {
            println!("{problem}");
        }
        println!("{} recommendations", loaded.content.recommendations().len());
        match loaded.problems.len() {
            0 => Ok(()),
            count => Err(Error::InvalidContent { count }),
        }
    }
}
