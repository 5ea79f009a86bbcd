//! `config`: prints the effective configuration.

use clap::Args;

use super::Error;
use crate::config::Loaded;

/// Print the effective configuration with the origin of each value. Secrets are masked.
#[derive(Debug, Args)]
pub(super) struct ShowConfig {}

impl ShowConfig {
    #[expect(clippy::unnecessary_wraps, reason = "all commands return the same type")]
    pub(super) fn run(self, loaded: &Loaded) -> Result<(), Error> {
        let Self {} = self;
        print!("{}", loaded.describe());
        Ok(())
    }
}
