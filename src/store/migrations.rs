//! Applies and reverts migrations, and returns their status.

use std::sync::Once;

use migration::Migrator;
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, DbErr};
use sea_orm_migration::{MigrationStatus as Applied, MigratorTrait};

use super::{
    error::Error,
    pools::Store,
    probe::{Access, Probe},
};

/// Key of the advisory lock that keeps two processes from migrating at the same time. The number is arbitrary, but all
/// versions of this program must use the same one.
const ADVISORY_LOCK: i64 = 0x1256_1c47_0a99;

/// A migration and whether it is applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MigrationStatus {
    /// The migration's name.
    pub name: String,
    /// Whether the database has it.
    pub applied: bool,
}

/// Whether the database has the schema that this program needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SchemaState {
    /// All migrations are applied.
    Current,
    /// This many migrations are not applied yet.
    Pending(usize),
}

impl Store {
    /// Applies all pending migrations, or none if one fails, and returns their number. Waits for another process that
    /// migrates at the same time.
    ///
    /// # Errors
    /// When the database is unreachable or newer than this program, or when a migration fails.
    pub async fn migrate_up(&self) -> Result<usize, Error> {
        let during = "applying migrations";
        self.reach().await?;
        let transaction = self.begin_migration().await.map_err(Error::during(during))?;
        let pending = pending(&transaction).await?;
        Migrator::up(&transaction, None).await.map_err(Error::during(during))?;
        transaction.commit().await.map_err(Error::during(during))?;
        Ok(pending)
    }

    /// Reverts the last `steps` migrations. The rows of their tables are lost.
    ///
    /// # Errors
    /// When the database is unreachable or newer than this program, or when a migration fails.
    pub async fn migrate_down(&self, steps: u32) -> Result<(), Error> {
        let during = "reverting migrations";
        self.reach().await?;
        let transaction = self.begin_migration().await.map_err(Error::during(during))?;
        pending(&transaction).await?;
        Migrator::down(&transaction, Some(steps)).await.map_err(Error::during(during))?;
        transaction.commit().await.map_err(Error::during(during))
    }

    /// Returns every migration that this program knows, and whether it is applied.
    ///
    /// # Errors
    /// When the database is unreachable or newer than this program.
    pub async fn migrations(&self) -> Result<Vec<MigrationStatus>, Error> {
        self.reach().await?;
        self.writer.on(async |writer| Ok(statuses(&writer).await)).await.map_err(Error::during("reading migrations"))?
    }

    /// Returns whether the database has the schema that this program needs.
    ///
    /// # Errors
    /// When the database is unreachable or newer than this program.
    pub async fn schema_state(&self) -> Result<SchemaState, Error> {
        let pending = self.migrations().await?.iter().filter(|migration| !migration.applied).count();
        Ok(if pending == 0 { SchemaState::Current } else { SchemaState::Pending(pending) })
    }

    /// Returns whether the database that is read has the schema that this program needs.
    ///
    /// # Errors
    /// When the database is unreachable or newer than this program.
    pub async fn schema_state_of_replica(&self) -> Result<SchemaState, Error> {
        let url = self.replica.as_ref().unwrap_or(&self.url);
        Probe::new(url, Access::Read)?.check().await?;
        let during = "reading migrations of the replica";
        let statuses = self.reader.on(async |reader| Ok(statuses(&reader).await)).await;
        let pending = statuses.map_err(Error::during(during))??.iter().filter(|migration| !migration.applied).count();
        Ok(if pending == 0 { SchemaState::Current } else { SchemaState::Pending(pending) })
    }

    /// Fails where the database cannot be reached, or cannot store every text. The pool retries for some seconds and
    /// then reports only a timeout; a probe reports the reason.
    async fn reach(&self) -> Result<(), Error> {
        let mut probe = Probe::new(&self.url, Access::Read)?;
        probe.check().await?;
        match probe.encoding().await?.as_deref() {
            None | Some("UTF8") => Ok(()),
            Some("SQL_ASCII") => {
                static WARNED: Once = Once::new();
                WARNED.call_once(|| {
                    tracing::warn!(
                        encoding = "SQL_ASCII",
                        "the database does not check texts; create databases with ENCODING 'UTF8'"
                    );
                });
                Ok(())
            }
            Some(encoding) => Err(Error::Encoding { encoding: encoding.to_owned() }),
        }
    }

    /// Begins a transaction that keeps other processes from migrating: on PostgreSQL by an advisory lock, on SQLite by
    /// the write lock.
    async fn begin_migration(&self) -> Result<DatabaseTransaction, DbErr> {
        let transaction = self.begin_write().await?;
        if self.backend() == DbBackend::Postgres {
            // A migration, and the wait for another process's migrations, may take longer than a batch's statement.
            transaction.execute_unprepared("SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0").await?;
            transaction.execute_unprepared(&format!("SELECT pg_advisory_xact_lock({ADVISORY_LOCK})")).await?;
        }
        Ok(transaction)
    }
}

/// Returns the name of the newest migration that this program knows.
pub fn newest_migration() -> String {
    Migrator::migrations().last().map(|migration| migration.name().to_owned()).unwrap_or_default()
}

async fn pending(transaction: &DatabaseTransaction) -> Result<usize, Error> {
    Ok(statuses(transaction).await?.iter().filter(|migration| !migration.applied).count())
}

async fn statuses(connection: &impl ConnectionTrait) -> Result<Vec<MigrationStatus>, Error> {
    let migrations = match Migrator::get_migration_with_status_read_only(connection).await {
        Ok(migrations) => migrations,
        // Returned only where the database has migrations that this program does not know. The text quotes their names.
        Err(DbErr::Custom(message)) => {
            let unknown = message.split('\'').skip(1).step_by(2).collect::<Vec<_>>().join(", ");
            return Err(Error::TooNew { unknown });
        }
        Err(error) => return Err(Error::during("reading which migrations are applied")(error)),
    };
    let status = |migration: &sea_orm_migration::Migration| MigrationStatus {
        name: migration.name().to_owned(),
        applied: matches!(migration.status(), Applied::Applied),
    };
    Ok(migrations.iter().map(status).collect())
}
