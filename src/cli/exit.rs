//! How a process ends, for scripts and for whoever watches it.

/// The exit codes. `docs/errors.md` tells the cause of each and what to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
    Impatience,
}

impl Exit {
    /// All of them, in the order of their declaration.
    pub const ALL: [Self; 7] =
        [Self::Success, Self::Usage, Self::Database, Self::Kafka, Self::Http, Self::Migration, Self::Impatience];

    /// The number that the process ends with.
    pub const fn code(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::Usage => 1,
            Self::Database => 2,
            Self::Kafka => 3,
            Self::Http => 4,
            Self::Migration => 5,
            Self::Impatience => 130,
        }
    }
}
