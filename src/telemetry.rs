//! Logging to standard error, and [metrics].

pub mod metrics;
mod throttle;

use std::io::IsTerminal as _;

use tracing::Metadata;
use tracing_subscriber::{
    EnvFilter, Layer as _, filter::filter_fn, fmt, layer::SubscriberExt as _, util::SubscriberInitExt as _,
};

pub use throttle::Throttle;

use crate::config::{Log, LogFormat};

/// Levels of modules that log each step of a migration several times.
const DEFAULT_DIRECTIVES: &str = "sea_orm_migration=warn,sqlx::postgres::notice=warn";

/// Starts logging. Later calls in the same process have no effect.
pub fn start(log: &Log) {
    // `log.level` is validated when the configuration is loaded. Later directives override earlier ones.
    let levels = EnvFilter::new(format!("{DEFAULT_DIRECTIVES},{}", log.level));
    let lines = fmt::layer().with_writer(std::io::stderr).with_ansi(std::io::stderr().is_terminal());
    let lines = match log.format {
        LogFormat::Text => lines.with_target(false).boxed(),
        LogFormat::Json => lines.json().flatten_event(true).boxed(),
    };
    let subscriber = tracing_subscriber::registry().with(levels).with(filter_fn(has_no_secret)).with(lines);
    if subscriber.try_init().is_err() {
        tracing::debug!("logging was already started");
    }
}

/// Whether a span or an event cannot contain the URL of a database. No level in `log.level` enables the others: at level
/// trace, the spans of sea-orm contain its options, of which the URL is one, and an event of sqlx at level warn contains
/// the value of each parameter of the URL that it does not know.
fn has_no_secret(metadata: &Metadata<'_>) -> bool {
    let is_from = |krate: &str| metadata.target().split("::").next() == Some(krate);
    let is_connection_option = metadata.target().starts_with("sqlx_postgres::options");
    !(is_connection_option || metadata.is_span() && (is_from("sea_orm") || is_from("sea_orm_migration")))
}
