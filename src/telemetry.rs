//! What the process tells of itself: log lines on standard error, and [metrics].

pub mod metrics;

use std::io::IsTerminal as _;

use tracing_subscriber::EnvFilter;

use crate::config::{Log, LogFormat};

/// What would tell of each step of a migration several times.
const QUIET: &str = "sea_orm_migration=warn,sqlx::postgres::notice=warn";

/// Starts logging. The first call counts; a process logs in one way.
pub fn start(log: &Log) {
    // The level was checked when the configuration was loaded. It has the last word, also on what stands before it.
    let level = EnvFilter::new(format!("{QUIET},{}", log.level));
    let builder = tracing_subscriber::fmt()
        .with_env_filter(level)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    let started = match log.format {
        LogFormat::Text => builder.with_target(false).try_init(),
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
    };
    if started.is_err() {
        tracing::debug!("logging was started before");
    }
}
