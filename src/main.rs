//! The program: hands the command line to the library and ends with its exit code.

use std::process::ExitCode;

use insights_results_aggregator::cli;
use mimalloc::MiMalloc;

// An answer is thousands of small pieces: docs/performance.md says what this gave.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    #[cfg(feature = "fault-points")]
    let _armed = insights_results_aggregator::fault_point::armed();
    // A variable that is no text is none of ours.
    let environment =
        std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    cli::run(std::env::args_os(), &environment.collect())
}
