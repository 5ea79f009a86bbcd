//! `clusters`: imports what messages do not contain about clusters.

mod import;
mod import_file;

use clap::{Args, Subcommand};

use super::Error;
use crate::config::Config;

/// Import names, managed flags and statuses of clusters, which messages do not contain.
#[derive(Debug, Args)]
pub(super) struct Clusters {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    Import(import::Import),
}

impl Clusters {
    pub(super) async fn run(self, config: Config) -> Result<(), Error> {
        match self.action {
            Action::Import(import) => import.run(&config).await,
        }
    }
}
