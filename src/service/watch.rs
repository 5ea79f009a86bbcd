//! Watching what a process depends on, and telling readiness.

use std::{convert::Infallible, sync::Arc, time::Duration};

use crate::{
    http::Readiness,
    ingest::Health,
    store::{self, Class, Probe, SchemaState, Store},
};

/// The names under which readiness tells of each part.
pub(super) const DATABASE: &str = "database";
pub(super) const KAFKA: &str = "kafka";
pub(super) const MIGRATIONS: &str = "migrations";

/// How often each part is looked at; so long may readiness be behind.
const EVERY: Duration = Duration::from_secs(1);

/// Asks each database for an answer, again and again.
pub(super) async fn databases(probes: Vec<Probe>, readiness: Arc<Readiness>) -> Infallible {
    loop {
        match futures_util::future::try_join_all(probes.iter().map(Probe::ask)).await {
            Ok(_) => readiness.ready(DATABASE),
            Err(error) => readiness.missing(DATABASE, error.to_string()),
        }
        tokio::time::sleep(EVERY).await;
    }
}

/// Tells how ingestion is doing, again and again.
pub(super) async fn ingestion(health: &Health, readiness: &Readiness) -> Infallible {
    loop {
        match health.not_ready() {
            None => readiness.ready(KAFKA),
            Some(reason) => readiness.missing(KAFKA, reason),
        }
        tokio::time::sleep(EVERY / 5).await;
    }
}

/// Waits until the schema is the one that we know: by migrating, or for someone else to do so.
///
/// # Errors
/// When the database is newer than this program: waiting would not help.
pub(super) async fn bring_up_to_date(store: &Store, migrate: bool, readiness: &Readiness) -> Result<(), store::Error> {
    let mut told = String::new();
    loop {
        let reason = match look_or_migrate(store, migrate).await {
            Ok(SchemaState::Current) => {
                readiness.ready(MIGRATIONS);
                return Ok(());
            }
            Ok(SchemaState::Pending(steps)) => {
                format!("{steps} steps are pending; run `migrate up`, or set database.migrate = true")
            }
            Err(error @ store::Error::TooNew { .. }) => return Err(error),
            Err(error) => match error.class() {
                Class::Data | Class::TooLarge => return Err(error),
                Class::Transient | Class::StatementTimeout | Class::StaleStatement | Class::Setup | Class::Unknown => {
                    error.to_string()
                }
            },
        };
        if told != reason {
            tracing::warn!(reason, "the database's schema is not ready");
        }
        readiness.missing(MIGRATIONS, &reason);
        told = reason;
        tokio::time::sleep(EVERY).await;
    }
}

async fn look_or_migrate(store: &Store, migrate: bool) -> Result<SchemaState, store::Error> {
    if !migrate {
        return store.schema_state().await;
    }
    let applied = store.migrate_up().await?;
    if applied > 0 {
        tracing::info!(applied, "the database's schema was brought up to date");
    }
    Ok(SchemaState::Current)
}
