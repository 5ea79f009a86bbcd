//! The command line: one file per command.

mod clusters;
mod config;
mod content;
mod database;
mod dead_letters;
mod demo;
mod error;
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

use self::error::{Error, with_causes};
use crate::{
    config::{Config, Loaded},
    telemetry,
};

/// Stores cluster-health results from a Kafka topic with their history, and serves them as a GraphQL graph.
#[derive(Debug, Parser)]
#[command(name = "insights-results-aggregator", version = crate::VERSION, arg_required_else_help = true)]
#[command(after_help = format!("{}\n\nTo try it: insights-results-aggregator demo", Exit::help()))]
struct CommandLine {
    /// Configuration file, in TOML. Environment variables such as `INSIGHTS_RESULTS_AGGREGATOR__DATABASE__URL` override
    /// it.
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
    Clusters(clusters::Clusters),
    Migrate(migrate::Migrate),
    Content(content::Content),
    Schema(schema::Schema),
    Config(config::ShowConfig),
}

/// Runs the command that the arguments name. The environment is a parameter so that tests can set it.
pub fn run(arguments: impl IntoIterator<Item = OsString>, environment: &BTreeMap<String, String>) -> ExitCode {
    let command_line = match CommandLine::try_parse_from(arguments) {
        Ok(command_line) => command_line,
        Err(error) => {
            // clap returns help and version as errors for standard output. If it is closed, nothing can be printed.
            let _ = error.print();
            let exit = if error.use_stderr() { Exit::Usage } else { Exit::Success };
            return ExitCode::from(exit.code());
        }
    };
    match dispatch(command_line, environment) {
        Ok(()) => ExitCode::from(Exit::Success.code()),
        Err(error) => {
            eprintln!("error: {}", with_causes(&error));
            ExitCode::from(error.exit().code())
        }
    }
}

fn dispatch(command_line: CommandLine, environment: &BTreeMap<String, String>) -> Result<(), Error> {
    let load = || Config::load(command_line.config.as_deref(), environment);
    match command_line.command {
        Command::Serve(serve) => on_runtime(serve.run(with_logging(load()?))),
        Command::Demo(demo) => on_runtime(demo.run(load()?.config)),
        Command::Produce(produce) => produce.run(&with_logging(load()?)),
        Command::DeadLetters(dead_letters) => on_runtime(dead_letters.run(with_logging(load()?))),
        Command::Clusters(clusters) => on_runtime(clusters.run(with_logging(load()?))),
        Command::Migrate(migrate) => on_runtime(migrate.run(with_logging(load()?))),
        Command::Content(content) => content.run(),
        Command::Schema(schema) => schema.run(),
        Command::Config(show) => show.run(&load()?),
    }
}

/// Starts logging as configured and returns the configuration.
fn with_logging(loaded: Loaded) -> Config {
    telemetry::start(&loaded.config.log);
    loaded.config
}

fn on_runtime(command: impl Future<Output = Result<(), Error>>) -> Result<(), Error> {
    let io = |source| Error::Io { context: "cannot start threads".to_owned(), source };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(io)?;
    let result = runtime.block_on(command);
    // Does not wait for tasks that still run: a Kafka client whose broker is unreachable would delay the exit.
    runtime.shutdown_background();
    result
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_valid() {
        CommandLine::command().debug_assert();
    }
}
