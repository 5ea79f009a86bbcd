//! What can be wrong with a configuration. No message repeats a value that was found: it may be a secret.

use std::{fmt, io, path::PathBuf};

use super::load::CONFIG_FILE_VARIABLE;

/// Where a value was set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Nowhere: it is the default.
    Default,
    /// In a file.
    File(PathBuf),
    /// In an environment variable of this name.
    Environment(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(path) => write!(f, "file {}", path.display()),
            Self::Environment(name) => write!(f, "environment variable {name}"),
        }
    }
}

/// One thing wrong: which key, where it was set, and what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// A key that nothing obeys.
    #[error("unknown key `{key}` in {origin}{}", did_you_mean(nearest.as_deref()))]
    UnknownKey {
        /// The key, with its section.
        key: String,
        /// Where it was set.
        origin: Origin,
        /// The known key that was probably meant.
        nearest: Option<String>,
    },
    /// A value that cannot be taken.
    #[error("`{key}` (from {origin}) {fault}")]
    Value {
        /// The key, with its section.
        key: String,
        /// Where it was set.
        origin: Origin,
        /// What is wrong and how to mend it, as the rest of a sentence.
        fault: String,
    },
}

impl Problem {
    /// The key that it is about.
    pub fn key(&self) -> &str {
        match self {
            Self::UnknownKey { key, .. } | Self::Value { key, .. } => key,
        }
    }

    /// An unknown key, with the nearest among `known`: a slip of a few letters, or the right name in the wrong section.
    pub(super) fn unknown(key: String, origin: Origin, known: &[&str]) -> Self {
        let by_letters = known.iter().map(|known| (strsim::damerau_levenshtein(&key, known), known)).min();
        let nearest = match by_letters {
            Some((distance, nearest)) if distance <= FARTHEST_SLIP => Some(nearest),
            _ => known.iter().find(|known| name_in_section(known) == name_in_section(&key)),
        };
        let nearest = nearest.map(|&nearest| nearest.to_owned());
        Self::UnknownKey { key, origin, nearest }
    }
}

/// Letters swapped, missing or too many up to which a key is taken for another's misspelling.
const FARTHEST_SLIP: usize = 3;

fn name_in_section(key: &str) -> Option<&str> {
    key.rsplit('.').next()
}

fn did_you_mean(nearest: Option<&str>) -> String {
    nearest.map_or_else(
        || "; the command `config` prints all known keys".to_owned(),
        |nearest| format!(", did you mean `{nearest}`?"),
    )
}

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error(
        "cannot read the configuration file {}, named by --config or {CONFIG_FILE_VARIABLE}: correct the path or its \
         permissions",
        path.display()
    )]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The file is not TOML.
    #[error("{origin}, line {line}, column {column}: {reason}")]
    NotToml {
        /// The file.
        origin: Origin,
        /// The line, from 1.
        line: usize,
        /// The column in characters, from 1.
        column: usize,
        /// What the parser expected.
        reason: String,
    },
    /// Keys are unknown or values cannot be taken: all of them, so that one look mends all.
    #[error("the configuration has {}", listed(.0))]
    Unsound(Vec<Problem>),
}

fn listed(problems: &[Problem]) -> String {
    let count = match problems {
        [_] => "a problem:".to_owned(),
        _ => format!("{} problems:", problems.len()),
    };
    problems.iter().fold(count, |text, problem| format!("{text}\n  - {problem}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nearest(key: &str) -> Option<String> {
        let known = ["http.address", "ingest.batch_messages", "ingest.batch_bytes"];
        match Problem::unknown(key.to_owned(), Origin::Default, &known) {
            Problem::UnknownKey { nearest, .. } => nearest,
            Problem::Value { .. } => None,
        }
    }

    #[test]
    fn the_nearest_key_is_suggested() {
        assert_eq!(nearest("ingest.batch_mesages").as_deref(), Some("ingest.batch_messages"));
        assert_eq!(nearest("htpp.adress").as_deref(), Some("http.address"));
        assert_eq!(nearest("kafka.batch_bytes").as_deref(), Some("ingest.batch_bytes"), "in the wrong section");
        assert_eq!(nearest("weather.tomorrow"), None);
    }
}
