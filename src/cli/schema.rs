//! `schema`: prints the GraphQL schema.

use clap::Args;

use super::Error;
use crate::graphql;

/// Print the GraphQL schema in SDL, the content of `schema.graphql`.
#[derive(Debug, Args)]
pub(super) struct Schema {}

impl Schema {
    #[expect(clippy::unnecessary_wraps, reason = "all commands return the same type")]
    pub(super) fn run(self) -> Result<(), Error> {
        let Self {} = self;
        print!("{}", graphql::sdl());
        Ok(())
    }
}
