//! Checks of the database, Kafka and the schema, which update readiness.

use std::{
    convert::Infallible,
    sync::Arc,
    time::{Duration, Instant},
};

use crate::{
    config::Database,
    http::Readiness,
    ingest::Health,
    service::Role,
    store::{self, Access, Class, Probe, SchemaState, Store},
};

/// The names of the parts in readiness. The database of `database.url` ..
pub(super) const DATABASE: &str = "database";
/// .. and that of `database.read_url`.
pub(super) const REPLICA: &str = "replica";
pub(super) const KAFKA: &str = "kafka";
pub(super) const MIGRATIONS: &str = "migrations";

/// Pause between two checks of the database or the schema: the delay with which readiness follows.
const CHECK_INTERVAL: Duration = Duration::from_secs(1);
/// Pause between two reads of the ingestion status, which is in memory.
const INGESTION_INTERVAL: Duration = Duration::from_millis(200);
/// Pause between two log lines about ingestion that is not ready.
const REMINDER_INTERVAL: Duration = Duration::from_mins(1);

/// Creates the probes of the databases that a role uses, each with its part in readiness.
pub(super) fn probes(database: &Database, role: Role) -> Result<Vec<(&'static str, Probe)>, store::Error> {
    let writes = role.ingests().then_some((DATABASE, &database.url, Access::Write));
    let reads = match &database.read_url {
        Some(replica) => Some((REPLICA, replica, Access::Read)),
        None => Some((DATABASE, &database.url, Access::Read)).filter(|_| writes.is_none()),
    };
    let used = writes.into_iter().chain(reads.filter(|_| role.serves()));
    used.map(|(part, url, access)| Ok((part, Probe::new(url, access)?))).collect()
}

/// Probes each database repeatedly. Wakes the writers when the database accepts writes again.
pub(super) async fn databases(
    probes: Vec<(&'static str, Probe)>,
    store: Store,
    readiness: Arc<Readiness>,
) -> Infallible {
    let watch = async |(part, mut probe): (&'static str, Probe)| -> Infallible {
        let mut was_ready = false;
        loop {
            let checked = probe.check().await;
            match &checked {
                Ok(ahead) => {
                    if part == DATABASE {
                        store.set_clock_ahead(*ahead);
                    }
                    readiness.ready(part);
                }
                Err(error) => readiness.missing(part, error.to_string()),
            }
            if part == DATABASE && checked.is_ok() && !was_ready {
                store.wake_writers();
            }
            was_ready = checked.is_ok();
            tokio::time::sleep(CHECK_INTERVAL).await;
        }
    };
    futures_util::future::select_all(probes.into_iter().map(|probe| Box::pin(watch(probe)))).await.0
}

/// Updates readiness from the health of ingestion repeatedly, and logs each minute why it is not ready: the line of the
/// event itself is soon far back in the log.
pub(super) async fn ingestion(health: &Health, readiness: &Readiness) -> Infallible {
    let mut last_line = Instant::now();
    loop {
        match health.not_ready() {
            None => {
                readiness.ready(KAFKA);
                last_line = Instant::now();
            }
            Some(reason) => {
                if last_line.elapsed() >= REMINDER_INTERVAL {
                    tracing::warn!(reason, "ingestion is not ready");
                    last_line = Instant::now();
                }
                readiness.missing(KAFKA, reason);
            }
        }
        tokio::time::sleep(INGESTION_INTERVAL).await;
    }
}

/// Waits until the schema of the databases that a role uses is current: migrates it, or waits for another process to do
/// so.
///
/// # Errors
/// When waiting cannot help, as when the schema is newer than this program.
pub(super) async fn until_schema_is_current(
    store: &Store,
    role: Role,
    migrate: bool,
    readiness: &Readiness,
) -> Result<(), store::Error> {
    let mut logged = String::new();
    loop {
        let reason = match check_or_migrate(store, role, migrate).await {
            Ok(SchemaState::Current) => {
                readiness.ready(MIGRATIONS);
                return Ok(());
            }
            Ok(SchemaState::Pending(steps)) => {
                format!("{steps} steps are pending; run `migrate up`, or set database.migrate = true")
            }
            Err(error) if error.is_unsuitable() => return Err(error),
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

async fn check_or_migrate(store: &Store, role: Role, migrate: bool) -> Result<SchemaState, store::Error> {
    let reads_replica = role.serves() && store.has_replica();
    // A role that only reads does not need the primary while the replica has the schema.
    if reads_replica && !role.ingests() && store.schema_state_of_replica().await? == SchemaState::Current {
        return Ok(SchemaState::Current);
    }
    let state = store.schema_state().await?;
    if state != SchemaState::Current {
        if !migrate {
            return Ok(state);
        }
        let applied = store.migrate_up().await?;
        if applied > 0 {
            tracing::info!(applied, "the database schema was migrated");
        }
    }
    if reads_replica { store.schema_state_of_replica().await } else { Ok(SchemaState::Current) }
}
