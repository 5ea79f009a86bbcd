//! Errors of the configuration. No message repeats a value, which may be a secret.

use std::{fmt, io, path::PathBuf};

use super::CONFIG_FILE_VARIABLE;

/// Where a value was set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// It is the default.
    Default,
    /// It is the default with `auth.mode = "identity-header"`.
    DefaultWithIdentityHeader,
    /// In a file.
    File(PathBuf),
    /// In the environment variable of this name.
    Environment(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::DefaultWithIdentityHeader => f.write_str("default for auth.mode = \"identity-header\""),
            Self::File(path) => write!(f, "file {}", path.display()),
            Self::Environment(name) => write!(f, "environment variable {name}"),
        }
    }
}

/// An unknown key or an invalid value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{key}` (from {origin}) {reason}")]
pub struct KeyError {
    /// The key, with its section.
    pub key: String,
    /// Where it was set.
    pub origin: Origin,
    /// What is wrong and how to fix it, as the rest of a sentence.
    pub reason: String,
}

/// Why the configuration cannot be loaded.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file cannot be read.
    #[error(
        "cannot read the configuration file {}, named by --config or {CONFIG_FILE_VARIABLE}: correct the path or its \
         permissions",
        path.display()
    )]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The error of the operating system.
        source: io::Error,
    },
    /// The file is not TOML.
    #[error("{origin}, line {line}, column {column}: {reason}")]
    InvalidToml {
        /// The file.
        origin: Origin,
        /// The line, from 1.
        line: usize,
        /// The column in characters, from 1.
        column: usize,
        /// What the parser expected.
        reason: String,
    },
    /// Keys are unknown or values are invalid. All of them are listed, so that they can be fixed at once.
    #[error("the configuration has {}", listed(.0))]
    InvalidKeys(Vec<KeyError>),
}

fn listed(errors: &[KeyError]) -> String {
    let count = match errors {
        [_] => "an error:".to_owned(),
        _ => format!("{} errors:", errors.len()),
    };
    errors.iter().fold(count, |text, error| format!("{text}\n  - {error}"))
}
