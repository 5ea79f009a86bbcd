//! The command line: one file a command.

mod config;
mod dead_letters;
mod demo;
mod exit;
mod migrate;
mod produce;
mod producer;
mod progress;
mod schema;
mod serve;
mod signals;

use std::{collections::BTreeMap, ffi::OsString, path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};

pub use self::exit::Exit;

use crate::{config::Config, config::Loaded, service, store, telemetry};

/// Cluster-health results from a Kafka topic, kept with their history and served as one GraphQL graph.
#[derive(Debug, Parser)]
#[command(name = "insights-results-aggregator", version = crate::VERSION, arg_required_else_help = true)]
#[command(
    after_help = "Exit codes: 0 all went well, 1 the command line or the configuration is wrong, 2 the database \
    failed,\n3 Kafka failed, 4 the HTTP server failed, 5 a migration failed, 130 a second signal.\n\n\
    Try it: insights-results-aggregator demo"
)]
struct CommandLine {
    /// The configuration file, in TOML. Environment variables override it:
    /// `INSIGHTS_RESULTS_AGGREGATOR__DATABASE__URL` and so on.
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Serve(serve::Serve),
    Demo(demo::Demo),
    Produce(produce::Produce),
    DeadLetters(dead_letters::DeadLetters),
    Migrate(migrate::Migrate),
    Schema(schema::Schema),
    Config(config::ShowConfig),
}

/// Why a command failed, by exit code.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("the configuration cannot be used")]
    Config(#[from] crate::config::ConfigError),
    #[error(transparent)]
    OpenBind(#[from] crate::config::OpenBind),
    #[error("{0}")]
    Usage(String),
    #[error(transparent)]
    Service(#[from] service::Error),
    #[error("migrating failed")]
    Migration(#[source] store::Error),
    #[error("{doing}")]
    Kafka {
        doing: String,
        #[source]
        source: rdkafka::error::KafkaError,
    },
    #[error("{doing}")]
    Io {
        doing: String,
        #[source]
        source: std::io::Error,
    },
    #[error("the database cannot be asked")]
    Database(#[source] store::Error),
    #[error(transparent)]
    DeadLetters(#[from] crate::ingest::ReadError),
    #[error(transparent)]
    Replay(#[from] crate::ingest::SendError),
    #[error(transparent)]
    Generator(#[from] crate::generator::NotAFleet),
}

impl Failure {
    fn exit(&self) -> Exit {
        match self {
            Self::Config(_) | Self::OpenBind(_) | Self::Usage(_) | Self::Io { .. } | Self::Generator(_) => Exit::Usage,
            Self::Service(service::Error::Store(_)) | Self::Database(_) => Exit::Database,
            Self::Service(service::Error::Ingest(_)) | Self::Kafka { .. } | Self::DeadLetters(_) | Self::Replay(_) => {
                Exit::Kafka
            }
            Self::Service(
                service::Error::Listen { .. } | service::Error::Schema(_) | service::Error::TaskEnded { .. },
            ) => Exit::Http,
            Self::Migration(_) => Exit::Migration,
        }
    }
}

/// Runs the command that the arguments name. The environment is an argument too, so that tests can say what it is.
pub fn run(arguments: impl IntoIterator<Item = OsString>, environment: &BTreeMap<String, String>) -> ExitCode {
    let command_line = match CommandLine::try_parse_from(arguments) {
        Ok(command_line) => command_line,
        Err(error) => {
            // Help and version are "errors" that go to standard output. If even that is closed, there is nobody to tell.
            let _ = error.print();
            let exit = if error.use_stderr() { Exit::Usage } else { Exit::Success };
            return ExitCode::from(exit.code());
        }
    };
    match dispatch(command_line, environment) {
        Ok(()) => ExitCode::from(Exit::Success.code()),
        Err(failure) => {
            eprintln!("error: {}", with_causes(&failure));
            ExitCode::from(failure.exit().code())
        }
    }
}

fn dispatch(command_line: CommandLine, environment: &BTreeMap<String, String>) -> Result<(), Failure> {
    let load = || Config::load(command_line.config.as_deref(), environment);
    match command_line.command {
        Command::Serve(serve) => on_runtime(serve.run(ready(load()?))),
        Command::Demo(demo) => on_runtime(demo.run(load()?.config)),
        Command::Produce(produce) => produce.run(&ready(load()?)),
        Command::DeadLetters(letters) => on_runtime(letters.run(ready(load()?))),
        Command::Migrate(migrate) => on_runtime(migrate.run(ready(load()?))),
        Command::Schema(schema) => schema.run(),
        Command::Config(show) => show.run(&load()?),
    }
}

/// Starts logging as the configuration says, and hands it on.
fn ready(loaded: Loaded) -> Config {
    telemetry::start(&loaded.config.log);
    loaded.config
}

fn on_runtime(command: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    let io = |source| Failure::Io { doing: "cannot start threads".to_owned(), source };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(io)?;
    let result = runtime.block_on(command);
    // Whatever still runs had its time: a client whose broker is away would hold the process up.
    runtime.shutdown_background();
    result
}

/// The failure and its causes on one line; each says only its own part.
fn with_causes(failure: &dyn std::error::Error) -> String {
    let mut line = failure.to_string();
    let mut cause = failure.source();
    while let Some(error) = cause {
        let told = error.to_string();
        // Some libraries repeat their cause in their own words.
        if !line.ends_with(&told) {
            line = format!("{line}: {told}");
        }
        cause = error.source();
    }
    line
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        CommandLine::command().debug_assert();
    }

    #[test]
    fn causes_stand_on_one_line() {
        let failure = Failure::Io { doing: "cannot read a".into(), source: std::io::Error::other("gone") };
        assert_eq!(with_causes(&failure), "cannot read a: gone");
    }
}
