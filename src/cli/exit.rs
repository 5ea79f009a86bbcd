//! How a process ends, for scripts and for whoever watches it.

use strum::VariantArray;

/// The exit codes. `docs/errors.md` tells the cause of each and what to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, VariantArray)]
pub enum Exit {
    /// All went well.
    Success,
    /// The command line or the configuration is wrong, or a file or thread could not be had.
    Usage,
    /// The database cannot be used, and waiting would not help.
    Database,
    /// Kafka failed.
    Kafka,
    /// The HTTP server failed.
    Http,
    /// A migration failed.
    Migration,
    /// A second signal came.
    Interrupted,
}

impl Exit {
    /// The number that the process ends with.
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
}
