//! What a database says it would do for a statement, as far as whole tables are concerned.

use sea_orm::{ConnectionTrait as _, DatabaseConnection, DbBackend, Statement};
use serde_json::Value;

use crate::harness::{Database, until};

/// What SQLite may read as a whole, beside the keys that a statement brings: the parents, and what it has found so far.
const FOUND: [&str; 3] = ["p", "numbered", "history_event"];
/// The tables that grow with clusters, reports and messages.
const GROW: [&str; 4] = ["cluster", "rule_hit", "rule_hit_history", "consumer_error"];

/// Has the database count what it holds, as it does from time to time by itself.
pub(super) async fn analyze(database: &Database) {
    let connection = database.connect().await;
    connection.execute_unprepared("ANALYZE").await.expect("analyze");
    connection.close().await.expect("close");
}

/// Has PostgreSQL count anew what is read of each table.
pub(super) async fn forget_what_was_read(connection: &DatabaseConnection) {
    until_alone(connection).await;
    connection.execute_unprepared("SELECT pg_stat_reset()").await.expect("reset");
}

/// Of the tables that grow, those that were read from end to end, and those that were read by an index.
pub(super) async fn what_was_read(connection: &DatabaseConnection) -> [Vec<String>; 2] {
    until_alone(connection).await;
    let read = async |how: &str| {
        let sql = format!("SELECT relname::text FROM pg_stat_user_tables WHERE {how} > 0 ORDER BY relname");
        let tables = rows(connection, &sql).await.into_iter();
        let tables = tables.map(|row| row.try_get_by_index::<String>(0).expect("a name"));
        tables.filter(|table| GROW.contains(&table.as_str())).collect()
    };
    [read("seq_scan").await, read("idx_scan").await]
}

/// Sessions tell what they read at the latest when they end.
async fn until_alone(connection: &DatabaseConnection) {
    let sql = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";
    until("the other sessions have ended", async || rows(connection, sql).await.is_empty().then_some(())).await;
}

/// The steps of a statement's plan that read all of a table that grows.
pub(super) async fn scans(connection: &DatabaseConnection, statement: &str) -> Vec<String> {
    match connection.get_database_backend() {
        DbBackend::Sqlite => on_sqlite(connection, statement).await,
        _ => on_postgres(connection, statement).await,
    }
}

async fn on_sqlite(connection: &DatabaseConnection, statement: &str) -> Vec<String> {
    let rows = rows(connection, &format!("EXPLAIN QUERY PLAN {statement}")).await;
    let steps = rows.iter().map(|row| row.try_get::<String>("", "detail").expect("a step"));
    let is_scan = |step: &String| step.strip_prefix("SCAN ").is_some_and(|of| !is_brought_or_found(of));
    steps.filter(is_scan).collect()
}

/// Steps name tables and views by their aliases.
fn is_brought_or_found(scanned: &str) -> bool {
    let name = scanned.split(' ').next().unwrap_or(scanned);
    FOUND.contains(&name)
        || name.starts_with("(subquery-")
        || scanned.contains(" VIRTUAL TABLE ")
        || scanned.contains(" CONSTANT ROW")
}

/// The plan that serves for any values, as the store's pools ask for.
async fn on_postgres(connection: &DatabaseConnection, statement: &str) -> Vec<String> {
    // The values do not matter, which is what makes the plan one for all.
    let values = (1..).take_while(|number| statement.contains(&format!("${number}"))).map(|_| "NULL");
    let values = values.collect::<Vec<_>>().join(", ");
    connection.execute_unprepared("SET plan_cache_mode = force_generic_plan").await.expect("set");
    connection.execute_unprepared(&format!("PREPARE explained AS {statement}")).await.expect(statement);
    let plan = rows(connection, &format!("EXPLAIN (FORMAT JSON) EXECUTE explained ({values})")).await;
    connection.execute_unprepared("DEALLOCATE explained").await.expect("deallocate");
    let plan: Value = plan[0].try_get_by_index(0).expect("a plan");
    let mut scans = Vec::new();
    collect(&plan[0]["Plan"], &mut scans);
    scans
}

/// Steps that read a table from end to end, by itself or along all of an index.
fn collect(step: &Value, scans: &mut Vec<String>) {
    let told = |key: &str| step[key].as_str().unwrap_or_default();
    let (table, index) = (told("Relation Name"), told("Index Name"));
    let is_whole = match told("Node Type") {
        "Seq Scan" => true,
        "Index Scan" | "Index Only Scan" | "Bitmap Index Scan" => step.get("Index Cond").is_none(),
        _ => false,
    };
    if is_whole && GROW.iter().any(|grows| table == *grows || index.starts_with(grows)) {
        scans.push(format!("{} of {table} {index}", told("Node Type")));
    }
    for below in step["Plans"].as_array().into_iter().flatten() {
        collect(below, scans);
    }
}

async fn rows(connection: &DatabaseConnection, sql: &str) -> Vec<sea_orm::QueryResult> {
    let statement = Statement::from_string(connection.get_database_backend(), sql);
    connection.query_all_raw(statement).await.expect(sql)
}
