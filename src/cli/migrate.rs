//! `migrate`: the database's schema up, down, or how it stands.

use clap::{Args, Subcommand};

use super::Failure;
use crate::{config::Config, store::Store};

/// Bring the database's schema up to date, take steps back, or tell how it stands.
#[derive(Debug, Args)]
pub(super) struct Migrate {
    #[command(subcommand)]
    direction: Direction,
}

#[derive(Clone, Copy, Debug, Subcommand)]
enum Direction {
    /// Apply all pending steps, all or none.
    Up,
    /// Take steps back, newest first, with everything that their tables hold.
    Down {
        /// How many.
        #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
        steps: u32,
    },
    /// List the steps, and which are applied.
    Status,
}

impl Migrate {
    pub(super) async fn run(self, config: Config) -> Result<(), Failure> {
        let store = Store::open(&config.database).await.map_err(Failure::Migration)?;
        match self.direction {
            Direction::Up => {
                let applied = store.migrate_up().await.map_err(Failure::Migration)?;
                println!("{applied} steps applied");
            }
            Direction::Down { steps } => {
                store.migrate_down(steps).await.map_err(Failure::Migration)?;
                println!("{steps} steps taken back");
            }
            Direction::Status => {
                for step in store.migrations().await.map_err(Failure::Migration)? {
                    println!("{:8} {}", if step.applied { "applied" } else { "pending" }, step.name);
                }
            }
        }
        store.close().await;
        Ok(())
    }
}
