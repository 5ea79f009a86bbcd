//! The entities declare exactly the columns that the tables have.

use std::collections::BTreeSet;

use ::entity::{
    acknowledgement, cluster, cluster_toggle, consumer_error, content_state, gathering_request, imported_cluster,
    organization, rating, recommendation, rule_hit, rule_hit_history, vote, workload_hit, workload_hit_history,
    workload_namespace, workload_object,
};
use sea_orm::{
    ColumnTrait, ColumnType, ConnectionTrait, DatabaseConnection, DbBackend, EntityName, EntityTrait, IdenStatic,
    Iterable, PrimaryKeyToColumn, Statement,
};

use crate::harness::{each_database, postgres};

/// The columns of a table, each as `name kind nullable key`.
type Columns = BTreeSet<String>;

#[tokio::test]
async fn every_entity_has_the_columns_that_its_table_has() {
    for database in each_database().await {
        database.store().await;
        let connection = database.connect().await;
        for (table, declared) in entities(connection.get_database_backend()) {
            assert_eq!(columns(&connection, table).await, declared, "{table} on {}", database.name);
        }
    }
}

#[tokio::test]
async fn every_table_has_an_entity() {
    for database in each_database().await {
        database.store().await;
        let connection = database.connect().await;
        let declared = entities(connection.get_database_backend()).map(|(table, _)| table.to_owned());
        assert_eq!(tables(&connection).await, declared.into(), "{}", database.name);
    }
}

#[tokio::test]
async fn postgres_orders_every_text_by_its_bytes() {
    let database = postgres().await;
    database.store().await;
    let sql = "SELECT table_name || '.' || column_name FROM information_schema.columns
               WHERE table_schema = 'public' AND data_type = 'text' AND collation_name IS DISTINCT FROM 'C'
                 -- A constant, which nothing is ordered by.
                 AND NOT (table_name LIKE '%_event' AND column_name = 'kind')";
    assert_eq!(texts(&database.connect().await, sql).await, BTreeSet::new());
}

/// The name of each table, and the columns that its entity declares.
fn entities(backend: DbBackend) -> [(&'static str, Columns); 17] {
    [
        declared(acknowledgement::Entity, backend),
        declared(cluster::Entity, backend),
        declared(cluster_toggle::Entity, backend),
        declared(consumer_error::Entity, backend),
        declared(content_state::Entity, backend),
        declared(gathering_request::Entity, backend),
        declared(imported_cluster::Entity, backend),
        declared(organization::Entity, backend),
        declared(rating::Entity, backend),
        declared(recommendation::Entity, backend),
        declared(rule_hit::Entity, backend),
        declared(rule_hit_history::Entity, backend),
        declared(vote::Entity, backend),
        declared(workload_hit::Entity, backend),
        declared(workload_hit_history::Entity, backend),
        declared(workload_namespace::Entity, backend),
        declared(workload_object::Entity, backend),
    ]
}

/// The name of a table, and the columns that its entity declares.
fn declared<E: EntityTrait + EntityName>(entity: E, backend: DbBackend) -> (&'static str, Columns) {
    (entity.table_name(), declared_columns::<E>(backend))
}

/// The columns that an entity declares.
fn declared_columns<E: EntityTrait>(backend: DbBackend) -> Columns {
    let keys: BTreeSet<_> = E::PrimaryKey::iter().map(|key| key.into_column().as_str().to_owned()).collect();
    let column = |column: E::Column| {
        let (name, definition) = (column.as_str(), column.def());
        let kind = kind_of(definition.get_column_type(), backend);
        line(name, kind, definition.is_null(), keys.contains(name))
    };
    E::Column::iter().map(column).collect()
}

/// The columns that a table has.
async fn columns(connection: &DatabaseConnection, table: &str) -> Columns {
    let sql = match connection.get_database_backend() {
        DbBackend::Sqlite => r#"SELECT name, type, "notnull" = 0, pk > 0 FROM pragma_table_xinfo(?)"#,
        _ => {
            "SELECT column_name::text, data_type::text, is_nullable = 'YES', column_name = ANY (
                 SELECT attribute.attname
                 FROM pg_index JOIN pg_attribute AS attribute ON attrelid = indrelid AND attnum = ANY (indkey)
                 WHERE indisprimary AND indrelid = table_name::regclass)
             FROM information_schema.columns WHERE table_schema = 'public' AND table_name = $1"
        }
    };
    let statement = Statement::from_sql_and_values(connection.get_database_backend(), sql, [table.into()]);
    let rows = connection.query_all_raw(statement).await.expect("the columns");
    let column = |row: &sea_orm::QueryResult| {
        let (name, kind): (String, String) = row.try_get_many_by_index().expect("name and type");
        let (nullable, key) = (row.try_get_by_index(2).expect("nullable"), row.try_get_by_index(3).expect("key"));
        line(&name, kind_named(&kind), nullable, key)
    };
    rows.iter().map(column).collect()
}

fn line(name: &str, kind: &str, nullable: bool, key: bool) -> String {
    let (nullable, key) = (if nullable { "null" } else { "not null" }, if key { " key" } else { "" });
    format!("{name} {kind} {nullable}{key}")
}

/// The kind of values in a column of an entity.
fn kind_of(column: &ColumnType, backend: DbBackend) -> &'static str {
    match column {
        // SQLite has only one integer type.
        ColumnType::BigInteger if backend == DbBackend::Postgres => "long number",
        ColumnType::Integer | ColumnType::BigInteger => "number",
        ColumnType::SmallInteger => "short number",
        ColumnType::Boolean => "boolean",
        ColumnType::Text => "text",
        ColumnType::Uuid => "uuid",
        ColumnType::TimestampWithTimeZone => "time",
        ColumnType::Blob | ColumnType::VarBinary(_) => "bytes",
        other => panic!("a column of a kind that no table has: {other:?}"),
    }
}

/// The kind of values in a column with this database type.
fn kind_named(database_type: &str) -> &'static str {
    match database_type.to_lowercase().as_str() {
        "bigint" => "long number",
        "integer" => "number",
        "smallint" => "short number",
        "boolean" => "boolean",
        "text" => "text",
        "uuid" | "uuid_text" => "uuid",
        "timestamp with time zone" | "timestamp_with_timezone_text" => "time",
        "bytea" | "blob" => "bytes",
        _ => panic!("a column of a type that no entity has: {database_type}"),
    }
}

async fn tables(connection: &DatabaseConnection) -> BTreeSet<String> {
    let sql = match connection.get_database_backend() {
        DbBackend::Sqlite => "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'",
        _ => {
            "SELECT table_name::text FROM information_schema.tables WHERE table_schema = 'public' AND table_type = 'BASE TABLE'"
        }
    };
    let mut tables = texts(connection, sql).await;
    assert!(tables.remove("seaql_migrations"), "the table of applied migrations exists");
    tables
}

async fn texts(connection: &DatabaseConnection, sql: &str) -> BTreeSet<String> {
    let rows = connection.query_all_raw(Statement::from_string(connection.get_database_backend(), sql)).await;
    rows.expect("rows").iter().map(|row| row.try_get_by_index(0).expect("a text")).collect()
}
