//! The statistics of tables, by which PostgreSQL plans.

use insights_results_aggregator::{config::Database, store::Store};
use sea_orm::ConnectionTrait as _;

/// Keeps autovacuum from all tables.
const WITHOUT_AUTOVACUUM: &str = "
    DO $$ DECLARE name regclass; BEGIN
        FOR name IN SELECT oid FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace LOOP
            EXECUTE format('ALTER TABLE %s SET (autovacuum_enabled = off)', name);
        END LOOP;
    END $$";

/// Creates the tables, which are to stay without statistics.
pub(crate) async fn leave_out(database: &Database) {
    Store::open(database).await.expect("open").migrate_up().await.expect("migrate");
    run(database, WITHOUT_AUTOVACUUM).await;
}

/// Does what autovacuum would: without statistics, plans are guesses and differ from run to run.
pub(crate) async fn analyze(database: &Database) {
    run(database, "VACUUM ANALYZE").await;
}

async fn run(database: &Database, sql: &str) {
    let connection = sea_orm::Database::connect(database.url.expose()).await.expect("connect");
    connection.execute_unprepared(sql).await.expect("a statement without an error");
}
