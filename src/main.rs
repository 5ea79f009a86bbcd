//! The program: runs the command line and exits with its exit code.

use std::process::ExitCode;

use insights_results_aggregator::cli;
use mimalloc::MiMalloc;

// A response takes thousands of small allocations. docs/performance.md has the gain.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    #[cfg(feature = "fault-points")]
    let _armed = insights_results_aggregator::fault_point::armed();
    // Variables that are not valid UTF-8 are not configuration keys.
    let environment =
        std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    cli::run(std::env::args_os(), &environment.collect())
}
