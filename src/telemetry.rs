//! Logging to standard error, and [metrics].

pub mod metrics;

use std::io::IsTerminal as _;

use tracing_subscriber::EnvFilter;

use crate::config::{Log, LogFormat};

/// Levels of modules that log each step of a migration several times.
const DEFAULT_DIRECTIVES: &str = "sea_orm_migration=warn,sqlx::postgres::notice=warn";

/// Starts logging. Later calls in the same process have no effect.
pub fn start(log: &Log) {
    // `log.level` is validated when the configuration is loaded. Later directives override earlier ones.
    let filter = EnvFilter::new(format!("{DEFAULT_DIRECTIVES},{}", log.level));
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    let started = match log.format {
        LogFormat::Text => builder.with_target(false).try_init(),
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
    };
    if started.is_err() {
        tracing::debug!("logging was already started");
    }
}
