//! Bringing the schema up to date, down again, and telling how it stands.

use migration::Migrator;
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, DbErr};
use sea_orm_migration::{MigrationStatus as Applied, MigratorTrait};

use super::{error::Error, pools::Store, probe::Probe};

/// Any number will do, so long as all versions of this program use it: it keeps two that start at once on an empty
/// database from migrating side by side.
const ADVISORY_LOCK: i64 = 0x1256_1c47_0a99;

/// One step and whether the database has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MigrationStatus {
    /// The step's name.
    pub name: String,
    /// Has it been applied?
    pub applied: bool,
}

/// Does the database's schema fit this program?
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SchemaState {
    /// It does.
    Current,
    /// So many steps are not applied yet.
    Pending(usize),
}

impl Store {
    /// Applies all pending steps, all or none; returns how many there were. Others that do so at the same time wait.
    ///
    /// # Errors
    /// When the database is away or newer than this program, or when a step fails.
    pub async fn migrate_up(&self) -> Result<usize, Error> {
        let during = "migrating the database up";
        self.reach().await?;
        let transaction = self.begin_migration().await.map_err(Error::during(during))?;
        let pending = pending(&transaction).await?;
        Migrator::up(&transaction, None).await.map_err(Error::during(during))?;
        transaction.commit().await.map_err(Error::during(during))?;
        Ok(pending)
    }

    /// Takes the last `steps` steps back, with what their tables hold.
    ///
    /// # Errors
    /// When the database is away or newer than this program, or when a step fails.
    pub async fn migrate_down(&self, steps: u32) -> Result<(), Error> {
        let during = "migrating the database down";
        self.reach().await?;
        let transaction = self.begin_migration().await.map_err(Error::during(during))?;
        pending(&transaction).await?;
        Migrator::down(&transaction, Some(steps)).await.map_err(Error::during(during))?;
        transaction.commit().await.map_err(Error::during(during))
    }

    /// Every step this program knows, and whether the database has it.
    ///
    /// # Errors
    /// When the database is away or newer than this program.
    pub async fn migrations(&self) -> Result<Vec<MigrationStatus>, Error> {
        self.reach().await?;
        statuses(&self.writer).await
    }

    /// Does the database's schema fit this program?
    ///
    /// # Errors
    /// When the database is away or newer than this program.
    pub async fn schema_state(&self) -> Result<SchemaState, Error> {
        let pending = self.migrations().await?.iter().filter(|step| !step.applied).count();
        Ok(if pending == 0 { SchemaState::Current } else { SchemaState::Pending(pending) })
    }

    /// Fails where the database cannot be reached. The pool retries for some seconds and then reports only a timeout; a
    /// probe reports the reason.
    async fn reach(&self) -> Result<(), Error> {
        let Err(error) = self.writer.ping().await else { return Ok(()) };
        Probe::new(&self.url)?.check().await?;
        Err(Error::during("connecting to the database")(error))
    }

    /// A transaction that keeps all others who migrate out; on SQLite the write lock does.
    async fn begin_migration(&self) -> Result<DatabaseTransaction, DbErr> {
        let transaction = self.begin_write().await?;
        if self.backend() == DbBackend::Postgres {
            // A step, and another's steps before it, may take longer than a batch's statement.
            transaction.execute_unprepared("SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0").await?;
            transaction.execute_unprepared(&format!("SELECT pg_advisory_xact_lock({ADVISORY_LOCK})")).await?;
        }
        Ok(transaction)
    }
}

/// The newest step this program knows; a database that is ready to be used has it.
pub fn newest_migration() -> String {
    Migrator::migrations().last().map(|step| step.name().to_owned()).unwrap_or_default()
}

async fn pending(transaction: &DatabaseTransaction) -> Result<usize, Error> {
    Ok(statuses(transaction).await?.iter().filter(|step| !step.applied).count())
}

async fn statuses(connection: &impl ConnectionTrait) -> Result<Vec<MigrationStatus>, Error> {
    let steps = match Migrator::get_migration_with_status_read_only(connection).await {
        Ok(steps) => steps,
        // The only refusal of this kind: the database has steps that are not among ours. It quotes their names.
        Err(DbErr::Custom(refusal)) => {
            let unknown = refusal.split('\'').skip(1).step_by(2).collect::<Vec<_>>().join(", ");
            return Err(Error::TooNew { unknown });
        }
        Err(error) => return Err(Error::during("reading which migrations are applied")(error)),
    };
    let status = |step: &sea_orm_migration::Migration| MigrationStatus {
        name: step.name().to_owned(),
        applied: matches!(step.status(), Applied::Applied),
    };
    Ok(steps.iter().map(status).collect())
}
