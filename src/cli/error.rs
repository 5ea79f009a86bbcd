//! Why a command failed, and with which exit code.

use super::Exit;
use crate::{config, content, ingest, service, store};

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    #[error(transparent)]
    Config(#[from] config::Error),
    #[error(transparent)]
    InsecureBind(#[from] config::InsecureBind),
    #[error("{0}")]
    Usage(String),
    #[error(transparent)]
    Content(#[from] content::Error),
    #[error("the content has {count} problems")]
    InvalidContent { count: usize },
    #[error(transparent)]
    Service(#[from] service::Error),
    #[error("the migration failed")]
    Migration(#[source] store::Error),
    #[error("{context}")]
    Kafka {
        context: String,
        #[source]
        source: rdkafka::error::KafkaError,
    },
    #[error("{context}")]
    Io {
        context: String,
        #[source]
        source: std::io::Error,
    },
    #[error("the database cannot be queried")]
    Database(#[source] store::Error),
    #[error(transparent)]
    DeadLetters(#[from] ingest::ReadError),
    #[error(transparent)]
    Replay(#[from] ingest::SendError),
    #[error("{invalid} lines are invalid, so nothing is written")]
    InvalidLines { invalid: usize },
    #[error(transparent)]
    Generator(#[from] generator::FleetError),
}

impl Error {
    pub(super) fn exit(&self) -> Exit {
        match self {
            Self::Config(_)
            | Self::InsecureBind(_)
            | Self::Usage(_)
            | Self::Content(_)
            | Self::InvalidContent { .. }
            | Self::InvalidLines { .. }
            | Self::Io { .. }
            | Self::Generator(_) => Exit::Usage,
            Self::Service(service::Error::Store(_)) | Self::Database(_) => Exit::Database,
            Self::Service(service::Error::Ingest(_)) | Self::Kafka { .. } | Self::DeadLetters(_) | Self::Replay(_) => {
                Exit::Kafka
            }
            Self::Service(
                service::Error::Listen { .. }
                | service::Error::Health(_)
                | service::Error::Graph(_)
                | service::Error::TaskEnded { .. },
            ) => Exit::Http,
            Self::Migration(_) => Exit::Migration,
        }
    }
}

/// Returns an error and its causes on one line.
pub(super) fn with_causes(error: &dyn std::error::Error) -> String {
    let mut line = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        let message = error.to_string();
        // The messages of some libraries already end with their cause.
        if !line.ends_with(&message) {
            line = format!("{line}: {message}");
        }
        source = error.source();
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn causes_are_on_one_line() {
        let error = Error::Io { context: "cannot read a".into(), source: std::io::Error::other("gone") };
        assert_eq!(with_causes(&error), "cannot read a: gone");
    }
}
