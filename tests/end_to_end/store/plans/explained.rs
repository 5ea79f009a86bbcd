//! Reads from query plans which tables a statement reads as a whole.

use sea_orm::{ConnectionTrait as _, DatabaseConnection, DbBackend, Statement};
use serde_json::Value;

use crate::harness::{Database, until};

/// Aliases that SQLite may read as a whole: the parents and intermediate results.
const INTERMEDIATE: [&str; 8] = ["p", "part", "merged", "numbered", "counted", "hidden", "grouped", "sized"];
/// A table that hardly grows, whose items SQLite may scan.
const NOT_GROWING: [&str; 1] = [r#"FROM "organization" AS "i""#];
/// The indexes of the few recommendations that are hidden from some viewers. All of them are read.
const INDEXES_OF_HIDDEN: [&str; 2] = ["INDEX recommendation_internal", "INDEX recommendation_not_for_managed"];
/// The statement that compares all facts with those of content. It is run where content changed.
const OF_FACTS: &str = r#"SELECT "recommendation"."id", "recommendation"."selector""#;
/// The statement that counts the clusters that each recommendation hits.
const OF_COUNTS: &str = r#"WITH "counted""#;
/// What that statement contains unless it counts for all organizations together, which reads all clusters.
const OF_EACH_ORGANIZATION: &str = r#"GROUP BY "i"."org_id""#;
/// The statements that find recommendations with new facts. They are run where content is loaded.
const OF_NEW_FACTS: &str = "IS DISTINCT FROM counted_risk";
/// The statement that removes some requests. How many is a parameter, so PostgreSQL expects a tenth of all, for which a
/// scan would be right; it is planned as the store's pools do, which avoid scans.
const OF_REMOVAL: &str = r#"DELETE FROM "gathering_request""#;
/// The tables that grow with clusters, reports and messages.
const GROWING_TABLES: [&str; 10] = [
    "cluster",
    "rule_hit",
    "rule_hit_history",
    "imported_cluster",
    "consumer_error",
    "workload_namespace",
    "workload_hit",
    "workload_hit_history",
    "workload_object",
    "gathering_request",
];

/// Updates the planner's statistics, as autovacuum does from time to time.
pub(super) async fn analyze(database: &Database) {
    let connection = database.connect().await;
    connection.execute_unprepared("ANALYZE").await.expect("analyze");
    connection.close().await.expect("close");
}

/// Makes the number of rows of each table known to the planner, also of empty ones.
pub(super) async fn vacuum(connection: &DatabaseConnection) {
    connection.execute_unprepared("VACUUM ANALYZE").await.expect("vacuum");
}

/// Resets PostgreSQL's statistics of reads.
pub(super) async fn reset_statistics(connection: &DatabaseConnection) {
    until_alone(connection).await;
    connection.execute_unprepared("SELECT pg_stat_reset()").await.expect("reset");
}

/// The growing tables that were read by a sequential scan, and those that were read by an index.
pub(super) async fn tables_read(connection: &DatabaseConnection) -> [Vec<String>; 2] {
    until_alone(connection).await;
    let read = async |how: &str| {
        let sql = format!("SELECT relname::text FROM pg_stat_user_tables WHERE {how} > 0 ORDER BY relname");
        let tables = rows(connection, &sql).await.into_iter();
        let tables = tables.map(|row| row.try_get_by_index::<String>(0).expect("a name"));
        tables.filter(|table| GROWING_TABLES.contains(&table.as_str())).collect()
    };
    [read("seq_scan").await, read("idx_scan").await]
}

/// Waits until the other sessions have ended, because sessions may report their reads as late as that.
async fn until_alone(connection: &DatabaseConnection) {
    let sql = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";
    until("the other sessions have ended", async || rows(connection, sql).await.is_empty().then_some(())).await;
}

/// The steps of a statement's plan that read all rows of a growing table.
pub(super) async fn scans(connection: &DatabaseConnection, statement: &str) -> Vec<String> {
    let mut scans = match connection.get_database_backend() {
        DbBackend::Sqlite => on_sqlite(connection, statement).await,
        _ => on_postgres(connection, statement).await,
    };
    if statement.starts_with(OF_COUNTS) && !statement.contains(OF_EACH_ORGANIZATION) {
        scans.retain(|scan| !["SCAN i", "Seq Scan of cluster "].contains(&scan.as_str()));
    }
    scans
}

/// A part of the statements for lists of toggles, on SQLite.
const OF_TOGGLES: &str = "LEFT JOIN \"listed_cluster_toggle\"";

async fn on_sqlite(connection: &DatabaseConnection, statement: &str) -> Vec<String> {
    let rows = rows(connection, &format!("EXPLAIN QUERY PLAN {statement}")).await;
    let steps = rows.iter().map(|row| row.try_get::<String>("", "detail").expect("a step"));
    let is_scan = |step: &String| step.strip_prefix("SCAN ").is_some_and(|scanned| !is_intermediate(scanned));
    // The items of a list are named by the same alias, whatever they are.
    let grows = |step: &String| step != "SCAN i" || !NOT_GROWING.iter().any(|from| statement.contains(from));
    let is_of_facts =
        is_of_recommendations(statement) || statement.starts_with(OF_FACTS) || statement.contains(OF_NEW_FACTS);
    let grows = |step: &String| grows(step) && !(step.starts_with("SCAN recommendation") && is_of_facts);
    // SQLite does not look into the view of toggles where it is left joined. Users write them one by one: they are few.
    let is_of_toggles = statement.contains(OF_TOGGLES);
    let grows = |step: &String| grows(step) && !(step == "SCAN t" && is_of_toggles);
    steps.filter(is_scan).filter(grows).collect()
}

/// Whether a statement is one of those that read all recommendations.
fn is_of_recommendations(statement: &str) -> bool {
    [OF_FACTS, OF_COUNTS].iter().any(|of| statement.starts_with(of))
}

/// Whether SQLite scans keys from the statement's parameters or an intermediate result. Steps name tables by their
/// aliases.
fn is_intermediate(scanned: &str) -> bool {
    let name = scanned.split(' ').next().unwrap_or(scanned);
    INTERMEDIATE.contains(&name)
        || INDEXES_OF_HIDDEN.iter().any(|index| scanned.ends_with(index))
        || name.starts_with("(subquery-")
        || scanned.contains(" VIRTUAL TABLE ")
        || scanned.contains("CONSTANT ROW")
        || scanned.ends_with("-ROW VALUES CLAUSE")
}

async fn on_postgres(connection: &DatabaseConnection, statement: &str) -> Vec<String> {
    let scans = if statement.starts_with(OF_REMOVAL) { "off" } else { "on" };
    scans_of_plan(connection, statement, scans).await
}

/// The steps that read all rows of a growing table, on PostgreSQL, in the plan that the store's pools make.
pub(super) async fn scans_of_pools(connection: &DatabaseConnection, statement: &str) -> Vec<String> {
    scans_of_plan(connection, statement, "off").await
}

/// Those of the generic plan, which the store's pools request too. `seqscan` says whether sequential scans are preferred
/// where they cost less, on or off.
async fn scans_of_plan(connection: &DatabaseConnection, statement: &str, seqscan: &str) -> Vec<String> {
    // A generic plan does not depend on the values.
    let values = (1..).take_while(|number| statement.contains(&format!("${number}"))).map(|_| "NULL");
    let values = values.collect::<Vec<_>>().join(", ");
    let values = if values.is_empty() { values } else { format!("({values})") };
    connection.execute_unprepared("SET plan_cache_mode = force_generic_plan").await.expect("set");
    connection.execute_unprepared(&format!("SET enable_seqscan = {seqscan}")).await.expect("set");
    connection.execute_unprepared(&format!("PREPARE explained AS {statement}")).await.expect(statement);
    let plan = rows(connection, &format!("EXPLAIN (FORMAT JSON) EXECUTE explained {values}")).await;
    connection.execute_unprepared("DEALLOCATE explained").await.expect("deallocate");
    let plan: Value = plan[0].try_get_by_index(0).expect("a plan");
    let mut scans = Vec::new();
    collect(&plan[0]["Plan"], &mut scans);
    scans
}

/// Collects the steps that read a whole table, sequentially or along a whole index.
fn collect(step: &Value, scans: &mut Vec<String>) {
    let text = |key: &str| step[key].as_str().unwrap_or_default();
    let (table, index) = (text("Relation Name"), text("Index Name"));
    let is_whole = match text("Node Type") {
        "Seq Scan" => true,
        "Index Scan" | "Index Only Scan" | "Bitmap Index Scan" => step.get("Index Cond").is_none(),
        _ => false,
    };
    if is_whole && GROWING_TABLES.iter().any(|name| table == *name || index.starts_with(name)) {
        scans.push(format!("{} of {table} {index}", text("Node Type")));
    }
    for below in step["Plans"].as_array().into_iter().flatten() {
        collect(below, scans);
    }
}

async fn rows(connection: &DatabaseConnection, sql: &str) -> Vec<sea_orm::QueryResult> {
    let statement = Statement::from_string(connection.get_database_backend(), sql);
    connection.query_all_raw(statement).await.expect(sql)
}
