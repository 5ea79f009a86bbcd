//! Keeps the rule content current: loads it, writes its facts to the database, and repeats both after changes.

use std::{convert::Infallible, time::Duration};

use tokio::signal::unix::{SignalKind, signal};

use crate::{
    content::{self, Changes, CurrentContent, Loaded, Problem, Source},
    http::Readiness,
    store::{self, Store},
    telemetry::metrics::{CONTENT_FAILED_LOADS, CONTENT_LOADED_AT, CONTENT_PROBLEMS, CONTENT_RECOMMENDATIONS},
};

/// The name of the content in readiness.
pub(super) const CONTENT: &str = "content";

/// Pause before content that failed to load is loaded again, unless it changes before.
const RETRY_INTERVAL: Duration = Duration::from_secs(5);
/// Most problems of one load that are logged.
const MAX_LOGGED_PROBLEMS: usize = 20;

/// Why content is not in force.
#[derive(Debug, thiserror::Error)]
enum Error {
    #[error(transparent)]
    Load(#[from] content::Error),
    #[error("its facts cannot be written to the database: {0}")]
    Save(#[from] store::Error),
}

/// Loads the content now, and again when its files change and on SIGHUP. Content that cannot be loaded is loaded again
/// after a pause; the previous one stays in force.
pub(super) async fn keep_current(
    source: Source,
    store: &Store,
    current: &CurrentContent,
    readiness: &Readiness,
) -> Infallible {
    let mut hangups = signal(SignalKind::hangup())
        .inspect_err(|error| tracing::warn!(%error, "SIGHUP does not reload the content"))
        .ok();
    let mut changes = Changes::watch(&source).await;
    let mut logged = String::new();
    loop {
        let failure = match load(&source, store, current).await {
            Ok(()) => {
                readiness.ready(CONTENT);
                String::new()
            }
            Err(error) => error.to_string(),
        };
        let has_failed = !failure.is_empty();
        if has_failed {
            metrics::counter!(CONTENT_FAILED_LOADS.name).increment(1);
            if failure != logged {
                tracing::error!(reason = failure, "the rule content could not be loaded");
            }
            if current.get().is_none() {
                readiness.missing(CONTENT, &failure);
            }
        }
        logged = failure;
        let hangup = async {
            match &mut hangups {
                Some(hangups) => hangups.recv().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = changes.next() => {}
            _ = hangup => {}
            () = tokio::time::sleep(RETRY_INTERVAL), if has_failed => {}
        }
    }
}

/// Loads the content, writes its facts, then puts it in force.
async fn load(source: &Source, store: &Store, current: &CurrentContent) -> Result<(), Error> {
    let Loaded { content, problems } = source.load_in_background().await?;
    store.save_recommendation_facts(content.version(), &content.facts()).await?;
    record(content.recommendations().len(), problems.len());
    if current.get().is_some_and(|current| current.version() == content.version()) {
        return Ok(());
    }
    tracing::info!(
        recommendations = content.recommendations().len(),
        problems = problems.len(),
        version = ?content.version(),
        "the rule content was loaded"
    );
    log(&problems);
    current.set(content);
    Ok(())
}

fn log(problems: &[Problem]) {
    for problem in problems.iter().take(MAX_LOGGED_PROBLEMS) {
        tracing::warn!(%problem, "a part of the rule content is invalid");
    }
    if problems.len() > MAX_LOGGED_PROBLEMS {
        let more = problems.len() - MAX_LOGGED_PROBLEMS;
        tracing::warn!(more, "further parts of the rule content are invalid; `content check` lists all");
    }
}

fn record(recommendations: usize, problems: usize) {
    // Far below 2^52, where every whole number is exact.
    #[expect(clippy::cast_precision_loss)]
    let (recommendations, problems) = (recommendations as f64, problems as f64);
    metrics::gauge!(CONTENT_RECOMMENDATIONS.name).set(recommendations);
    metrics::gauge!(CONTENT_PROBLEMS.name).set(problems);
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    metrics::gauge!(CONTENT_LOADED_AT.name).set(now.as_secs_f64());
}
