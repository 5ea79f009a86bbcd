//! Checks of the database, Kafka and the schema, which update readiness.

use std::{convert::Infallible, sync::Arc, time::Duration};

use crate::{
    http::Readiness,
    ingest::Health,
    store::{self, Class, Probe, SchemaState, Store},
};

/// The names of the parts in readiness.
pub(super) const DATABASE: &str = "database";
pub(super) const KAFKA: &str = "kafka";
pub(super) const MIGRATIONS: &str = "migrations";

/// Pause between two checks of the database or the schema: the delay with which readiness follows.
const CHECK_INTERVAL: Duration = Duration::from_secs(1);
/// Pause between two reads of the ingestion status, which is in memory.
const INGESTION_INTERVAL: Duration = Duration::from_millis(200);

/// Probes each database repeatedly.
pub(super) async fn databases(mut probes: Vec<Probe>, readiness: Arc<Readiness>) -> Infallible {
    loop {
        match futures_util::future::try_join_all(probes.iter_mut().map(Probe::check)).await {
            Ok(_) => readiness.ready(DATABASE),
            Err(error) => readiness.missing(DATABASE, error.to_string()),
        }
        tokio::time::sleep(CHECK_INTERVAL).await;
    }
}

/// Updates readiness from the health of ingestion repeatedly.
pub(super) async fn ingestion(health: &Health, readiness: &Readiness) -> Infallible {
    loop {
        match health.not_ready() {
            None => readiness.ready(KAFKA),
            Some(reason) => readiness.missing(KAFKA, reason),
        }
        tokio::time::sleep(INGESTION_INTERVAL).await;
    }
}

/// Waits until the schema is current: migrates it, or waits for another process to do so.
///
/// # Errors
/// When waiting cannot help, as when the schema is newer than this program.
pub(super) async fn until_schema_is_current(
    store: &Store,
    migrate: bool,
    readiness: &Readiness,
) -> Result<(), store::Error> {
    let mut logged = String::new();
    loop {
        let reason = match check_or_migrate(store, migrate).await {
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
        if logged != reason {
            tracing::warn!(reason, "the database schema is not current");
        }
        readiness.missing(MIGRATIONS, &reason);
        logged = reason;
        tokio::time::sleep(CHECK_INTERVAL).await;
    }
}

async fn check_or_migrate(store: &Store, migrate: bool) -> Result<SchemaState, store::Error> {
    if !migrate {
        return store.schema_state().await;
    }
    let applied = store.migrate_up().await?;
    if applied > 0 {
        tracing::info!(applied, "the database schema was migrated");
    }
    Ok(SchemaState::Current)
}
