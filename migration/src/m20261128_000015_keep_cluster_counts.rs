//! What lists of clusters are filtered and ordered by: the numbers of each cluster's shown hits, its name in lower case
//! and whether it is managed; the facts that the numbers were counted with; and a trigger that counts for processes of
//! the previous version.

use sea_orm_migration::{
    prelude::*,
    schema::{big_integer, boolean, boolean_null, integer, small_integer_null},
    sea_orm::{ConnectionTrait, DatabaseBackend, Statement, Value, prelude::Uuid},
};

use crate::columns::text;

/// This migration, named after the file.
#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

/// The name of the trigger, and of its function on PostgreSQL.
const TRIGGER: &str = "count_hits_of_cluster";
/// The lock that batches hold, see `store/batch_lock.rs`.
const BATCH_LOCK: i64 = 0x1256_1c47_0a9b;

/// The rule of what is counted, and for which processes the trigger counts.
pub(crate) struct Rule {
    /// The further condition on a hit `h` of the cluster whose row is named, which begins with `AND`.
    pub(crate) is_counted: fn(cluster: &str) -> String,
    /// By how much the processes that count increase the revision.
    pub(crate) revision: u8,
    /// The locks that the trigger takes on PostgreSQL.
    pub(crate) locks: &'static str,
}

/// The rule of this migration.
pub(crate) const RULE: Rule = Rule { is_counted: |_| String::new(), revision: 1, locks: "" };

/// The names whose lower case SQL does not know.
const NOT_ASCII: &str = "
    SELECT org_id, cluster_id, display_name
    FROM imported_cluster
    WHERE octet_length(display_name) <> length(display_name)";

/// The sum of the hits' weights, see `store/shown_counts.rs`. `cluster` is the name of the cluster's row.
fn counts(rule: &Rule, cluster: &str, is_managed: &str, is_internal: bool) -> String {
    let is_counted = (rule.is_counted)(cluster);
    let not = if is_internal { "" } else { "NOT " };
    format!(
        "coalesce((
            SELECT CAST(sum(CASE r.total_risk
                WHEN 1 THEN 4097 WHEN 2 THEN 16777217 WHEN 3 THEN 68719476737 WHEN 4 THEN 281474976710657 ELSE 1 END) AS bigint)
            FROM rule_hit AS h
            JOIN recommendation AS r ON r.id = h.recommendation_id
            WHERE h.cluster_id = {cluster}.id AND {not}r.internal AND (coalesce(r.for_managed, true) OR NOT {is_managed}){is_counted}), 0)"
    )
}

/// What was imported for the present owner of a cluster.
fn imported(column: &str, cluster: &str, otherwise: &str) -> String {
    format!(
        "coalesce((
            SELECT i.{column} FROM imported_cluster AS i
            WHERE i.org_id = {cluster}.org_id AND i.cluster_id = {cluster}.id), {otherwise})"
    )
}

/// A cluster's UUID as text.
pub(crate) fn uuid_text(backend: DatabaseBackend, cluster: &str) -> String {
    if backend != DatabaseBackend::Sqlite {
        return format!("{cluster}.id::text");
    }
    let part = |from, length| format!("substr(hex({cluster}.id), {from}, {length})");
    let parts = [(1, 8), (9, 4), (13, 4), (17, 4), (21, 12)].map(|(from, length)| part(from, length));
    format!("lower({})", parts.join(" || '-' || "))
}

/// Sets the imported values, then the numbers, which depend on them.
pub(crate) fn updates(rule: &Rule, backend: DatabaseBackend, condition: &str) -> [String; 2] {
    let name = imported("sort_name", "cluster", &uuid_text(backend, "cluster"));
    let managed = imported("managed", "cluster", "false");
    let [external, internal] = [false, true].map(|is_internal| counts(rule, "cluster", "cluster.managed", is_internal));
    [
        format!("UPDATE cluster SET sort_name = {name}, managed = {managed} {condition}"),
        format!("UPDATE cluster SET external_counts = {external}, internal_counts = {internal} {condition}"),
    ]
}

/// The statements that create the trigger.
pub(crate) fn trigger(rule: &Rule, backend: DatabaseBackend) -> Vec<String> {
    let Rule { revision, locks, .. } = rule;
    // A process that does not know the rule wrote a cluster's hits or moved it.
    let is_not_counted = format!(
        "(NEW.hits_digest IS DISTINCT FROM OLD.hits_digest OR NEW.org_id <> OLD.org_id)
         AND NEW.count_revision <> OLD.count_revision + {revision}"
    );
    if backend == DatabaseBackend::Sqlite {
        let updates = updates(rule, backend, "WHERE id = NEW.id").join(";\n");
        return vec![format!(
            "CREATE TRIGGER {TRIGGER} AFTER UPDATE OF org_id, hits_digest ON cluster WHEN {is_not_counted}
             BEGIN {updates}; END"
        )];
    }
    let name = imported("sort_name", "NEW", &uuid_text(backend, "NEW"));
    let managed = imported("managed", "NEW", "false");
    let [external, internal] = [false, true].map(|is_internal| counts(rule, "NEW", "NEW.managed", is_internal));
    let function = format!(
        "CREATE FUNCTION {TRIGGER}() RETURNS trigger LANGUAGE plpgsql AS $$
         BEGIN
             PERFORM pg_advisory_xact_lock_shared({BATCH_LOCK});
             {locks}
             NEW.sort_name := {name};
             NEW.managed := {managed};
             NEW.external_counts := {external};
             NEW.internal_counts := {internal};
             RETURN NEW;
         END $$"
    );
    let trigger = format!(
        "CREATE TRIGGER {TRIGGER} BEFORE UPDATE OF org_id, hits_digest ON cluster FOR EACH ROW WHEN ({is_not_counted})
         EXECUTE FUNCTION {TRIGGER}()"
    );
    vec![function, trigger]
}

pub(crate) async fn drop_trigger(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let statements = if manager.get_database_backend() == DatabaseBackend::Sqlite {
        vec![format!("DROP TRIGGER {TRIGGER}")]
    } else {
        vec![format!("DROP TRIGGER {TRIGGER} ON cluster"), format!("DROP FUNCTION {TRIGGER}()")]
    };
    for statement in statements {
        manager.get_connection().execute_unprepared(&statement).await?;
    }
    Ok(())
}

/// The columns of `cluster`.
fn kept(manager: &SchemaManager<'_>) -> [ColumnDef; 5] {
    [
        big_integer("external_counts").default(0).take(),
        big_integer("internal_counts").default(0).take(),
        text(manager, "sort_name").not_null().default("").take(),
        boolean("managed").default(false).take(),
        integer("count_revision").default(0).take(),
    ]
}

/// The columns of `recommendation`.
fn counted() -> [ColumnDef; 2] {
    [small_integer_null("counted_risk"), boolean_null("counted_for_managed")]
}

async fn add(
    manager: &SchemaManager<'_>,
    table: &'static str,
    columns: impl IntoIterator<Item = ColumnDef>,
) -> Result<(), DbErr> {
    // SQLite adds one column per statement.
    for column in columns {
        manager.alter_table(Table::alter().table(table).add_column(column).to_owned()).await?;
    }
    Ok(())
}

async fn remove(
    manager: &SchemaManager<'_>,
    table: &'static str,
    columns: impl IntoIterator<Item = ColumnDef>,
) -> Result<(), DbErr> {
    for column in columns {
        let name = column.get_column_name();
        manager.alter_table(Table::alter().table(table).drop_column(name).to_owned()).await?;
    }
    Ok(())
}

/// Fills the names in lower case: by SQL, which knows ASCII, and the others here.
async fn fold_names(connection: &SchemaManagerConnection<'_>) -> Result<(), DbErr> {
    connection.execute_unprepared("UPDATE imported_cluster SET sort_name = lower(display_name)").await?;
    let backend = connection.get_database_backend();
    for row in connection.query_all_raw(Statement::from_string(backend, NOT_ASCII)).await? {
        let (organization, cluster): (i64, Uuid) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
        let name: String = row.try_get_by_index(2)?;
        // As `domain::lower_case` when this migration was written.
        let folded: String =
            name.chars().flat_map(char::to_lowercase).map(|letter| if letter == 'ς' { 'σ' } else { letter }).collect();
        let values: [Value; 3] = [folded.into(), organization.into(), cluster.into()];
        let update = "UPDATE imported_cluster SET sort_name = $1 WHERE org_id = $2 AND cluster_id = $3";
        connection.execute_raw(Statement::from_sql_and_values(backend, update, values)).await?;
    }
    Ok(())
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let (connection, backend) = (manager.get_connection(), manager.get_database_backend());
        add(manager, "imported_cluster", [text(manager, "sort_name").null().take()]).await?;
        add(manager, "cluster", kept(manager)).await?;
        add(manager, "recommendation", counted()).await?;
        fold_names(connection).await?;
        let facts = "UPDATE recommendation SET counted_risk = total_risk, counted_for_managed = for_managed";
        let statements =
            updates(&RULE, backend, "").into_iter().chain([facts.to_owned()]).chain(trigger(&RULE, backend));
        for statement in statements {
            connection.execute_unprepared(&statement).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_trigger(manager).await?;
        remove(manager, "recommendation", counted()).await?;
        remove(manager, "cluster", kept(manager)).await?;
        remove(manager, "imported_cluster", [text(manager, "sort_name")]).await
    }
}
