//! `schema`: the graph's SDL.

use clap::Args;

use super::Failure;
use crate::graphql;

/// Print the graph's schema, as it is checked in as `schema.graphql`.
#[derive(Debug, Args)]
pub(super) struct Schema {}

impl Schema {
    #[expect(clippy::unnecessary_wraps, reason = "all commands are run alike")]
    pub(super) fn run(self) -> Result<(), Failure> {
        let Self {} = self;
        print!("{}", graphql::sdl());
        Ok(())
    }
}
