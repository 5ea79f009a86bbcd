//! Exit codes of the process.

use std::fmt::Write as _;

use strum::{EnumMessage, VariantArray};

/// Exit codes. `--help` lists them with these comments; `docs/errors.md` lists the cause and the remedy of each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumMessage, VariantArray)]
pub enum Exit {
    /// The command succeeded.
    Success,
    /// The command line, the configuration or rule content is invalid, or a file or thread is unavailable.
    Usage,
    /// The database cannot be used, and waiting would not help.
    Database,
    /// Kafka failed.
    Kafka,
    /// The HTTP server failed.
    Http,
    /// A migration failed.
    Migration,
    /// A second signal arrived.
    Interrupted,
}

impl Exit {
    /// Returns the exit code.
    pub const fn code(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::Usage => 1,
            Self::Database => 2,
            Self::Kafka => 3,
            Self::Http => 4,
            Self::Migration => 5,
            Self::Interrupted => 130,
        }
    }

    /// Returns the section of `--help` that lists all exit codes.
    pub(super) fn help() -> String {
        Self::VARIANTS.iter().fold("Exit codes:".to_owned(), |mut help, exit| {
            let meaning = exit.get_documentation().unwrap_or_default();
            let _ = write!(help, "\n  {:<4} {meaning}", exit.code());
            help
        })
    }
}
