//! `config`: the configuration in force.

use clap::Args;

use super::Failure;
use crate::config::Loaded;

/// Print the configuration in force, each value with where it came from. Secrets are masked.
#[derive(Debug, Args)]
pub(super) struct ShowConfig {}

impl ShowConfig {
    #[expect(clippy::unnecessary_wraps, reason = "all commands are run alike")]
    pub(super) fn run(self, loaded: &Loaded) -> Result<(), Failure> {
        let Self {} = self;
        print!("{}", loaded.describe());
        Ok(())
    }
}
