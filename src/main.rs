//! The program: hands the command line to the library and ends with its exit code.

use std::process::ExitCode;

use insights_results_aggregator::cli;

fn main() -> ExitCode {
    cli::run(std::env::args_os(), &std::env::vars().collect())
}
