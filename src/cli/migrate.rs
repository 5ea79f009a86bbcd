//! `migrate`: applies or reverts migrations of the database, or lists them.

use clap::{Args, Subcommand};

use super::Error;
use crate::{config::Config, store::Store};

/// Apply or revert migrations of the database, or list them.
#[derive(Debug, Args)]
pub(super) struct Migrate {
    #[command(subcommand)]
    action: Action,
}

#[derive(Clone, Copy, Debug, Subcommand)]
enum Action {
    /// Apply all pending migrations in one transaction.
    Up,
    /// Revert migrations, newest first. Deletes all data in the tables that they created.
    Down {
        /// Number of migrations to revert.
        #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
        steps: u32,
    },
    /// List all migrations and whether they are applied.
    Status,
}

impl Migrate {
    pub(super) async fn run(self, config: Config) -> Result<(), Error> {
        let store = Store::open(&config.database).await.map_err(Error::Migration)?;
        match self.action {
            Action::Up => {
                let applied = store.migrate_up().await.map_err(Error::Migration)?;
                println!("{applied} migrations applied");
            }
            Action::Down { steps } => {
                store.migrate_down(steps).await.map_err(Error::Migration)?;
                println!("{steps} migrations reverted");
            }
            Action::Status => {
                for migration in store.migrations().await.map_err(Error::Migration)? {
                    println!("{:8} {}", if migration.applied { "applied" } else { "pending" }, migration.name);
                }
            }
        }
        store.close().await;
        Ok(())
    }
}
