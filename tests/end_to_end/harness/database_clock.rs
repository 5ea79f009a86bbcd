//! A wrong clock of one database: a function that hides PostgreSQL's own.

use sea_orm::ConnectionTrait as _;

use super::databases::Database;

impl Database {
    /// Lets the database's clock differ by this many seconds from now on, for new sessions and those that this function
    /// changed before.
    pub(crate) async fn shift_clock(&self, seconds: i64) {
        let connection = self.connect().await;
        let name = self.settings.url.expose().rsplit('/').next().expect("a name").to_owned();
        // A schema before `pg_catalog` in the search path hides its functions.
        let sql = format!(
            "CREATE SCHEMA IF NOT EXISTS shifted; \
             CREATE OR REPLACE FUNCTION shifted.clock_timestamp() RETURNS timestamptz LANGUAGE sql AS \
             $$ SELECT pg_catalog.clock_timestamp() + interval '{seconds} seconds' $$; \
             ALTER DATABASE {name} SET search_path = public, shifted, pg_catalog"
        );
        connection.execute_unprepared(&sql).await.expect("the clock is shifted");
    }
}
