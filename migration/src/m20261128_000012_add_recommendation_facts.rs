//! What is known of recommendations: whether each is internal, and facts of its content; and the views with the key of
//! that.

use sea_orm_migration::{
    prelude::*,
    schema::{blob_null, boolean_null, integer, small_integer_null, timestamp_with_time_zone_null},
    sea_orm::{ConnectionTrait, DatabaseBackend},
};

use crate::columns::text;

/// This migration, named after the file.
#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

/// Whether the second part of the rule's name makes it internal. The database computes it, because rows may be inserted
/// by a version of the service that does not know the column.
const INTERNAL_ON_POSTGRES: &str = "
    ALTER TABLE recommendation ADD COLUMN internal boolean NOT NULL
    GENERATED ALWAYS AS (split_part(rule_fqdn, '.', 2) IN ('internal', 'ocs')) STORED";
/// SQLite adds only virtual columns.
const INTERNAL_ON_SQLITE: &str = "
    ALTER TABLE recommendation ADD COLUMN internal boolean NOT NULL
    GENERATED ALWAYS AS (
        instr(rule_fqdn, '.') > 0
        AND (substr(rule_fqdn || '.', instr(rule_fqdn, '.') + 1, 9) = 'internal.'
            OR substr(rule_fqdn || '.', instr(rule_fqdn, '.') + 1, 4) = 'ocs.')) VIRTUAL";

/// The recommendations that may be hidden: name and condition. They are few, and every statement that hides them reads
/// all of them.
const HIDDEN: [(&str, &str); 2] =
    [("recommendation_internal", "internal"), ("recommendation_not_for_managed", "NOT for_managed")];

/// The columns in which the earlier views have no recommendation, and these views have one.
#[derive(Clone, Copy)]
enum Version {
    Earlier,
    WithRecommendation,
}

/// The views of events: name, kind, time and table.
const EVENTS: [(&str, &str, &str, &str); 3] = [
    ("hit_closed_event", "closed", "closed_at", "rule_hit_history"),
    ("closed_hit_opened_event", "opened", "opened_at", "rule_hit_history"),
    ("open_hit_opened_event", "opened", "impacted_since", "rule_hit"),
];

impl Version {
    fn recommendation(self) -> &'static str {
        match self {
            Self::Earlier => "",
            Self::WithRecommendation => "h.recommendation_id, ",
        }
    }

    fn open_hit(self) -> String {
        format!(
            "CREATE VIEW open_hit AS
             SELECT h.cluster_id, h.org_id, {}r.selector, h.impacted_since, h.details
             FROM rule_hit AS h
             JOIN recommendation AS r ON r.id = h.recommendation_id",
            self.recommendation()
        )
    }

    /// The selector is a subquery: with a join, PostgreSQL prefers to read and hash the cluster's whole history.
    fn event(self, name: &str, kind: &str, time: &str, table: &str) -> String {
        let selector = "(SELECT r.selector FROM recommendation AS r WHERE r.id = h.recommendation_id)";
        format!(
            "CREATE VIEW {name} AS
             SELECT h.cluster_id, h.org_id, {}h.{time} AS happened_at, CAST('{kind}' AS text) AS kind,
                 {selector} AS selector, '{kind} ' || {selector} AS event_key
             FROM {table} AS h",
            self.recommendation()
        )
    }

    async fn create_views(self, connection: &SchemaManagerConnection<'_>) -> Result<(), DbErr> {
        connection.execute_unprepared(&self.open_hit()).await?;
        for (name, kind, time, table) in EVENTS {
            connection.execute_unprepared(&self.event(name, kind, time, table)).await?;
        }
        Ok(())
    }
}

async fn drop_views(connection: &SchemaManagerConnection<'_>) -> Result<(), DbErr> {
    for (name, ..) in [("open_hit", "", "", "")].into_iter().chain(EVENTS) {
        connection.execute_unprepared(&format!("DROP VIEW {name}")).await?;
    }
    Ok(())
}

/// The facts, all null without content.
fn facts(manager: &SchemaManager<'_>) -> [ColumnDef; 7] {
    [
        small_integer_null("total_risk"),
        small_integer_null("likelihood"),
        small_integer_null("impact"),
        small_integer_null("resolution_risk"),
        boolean_null("for_managed"),
        timestamp_with_time_zone_null("published_at"),
        text(manager, "description").null().take(),
    ]
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        let internal = match manager.get_database_backend() {
            DatabaseBackend::Sqlite => INTERNAL_ON_SQLITE,
            _ => INTERNAL_ON_POSTGRES,
        };
        connection.execute_unprepared(internal).await?;
        // SQLite adds one column per statement.
        for column in facts(manager) {
            manager.alter_table(Table::alter().table("recommendation").add_column(column).to_owned()).await?;
        }
        for (name, condition) in HIDDEN {
            let index = format!("CREATE INDEX {name} ON recommendation (id) WHERE {condition}");
            connection.execute_unprepared(&index).await?;
        }
        drop_views(connection).await?;
        Version::WithRecommendation.create_views(connection).await?;

        let state = Table::create()
            .table("content_state")
            .col(integer("id").primary_key())
            .col(blob_null("facts_digest"))
            .to_owned();
        manager.create_table(state).await?;
        connection.execute_unprepared("INSERT INTO content_state (id) VALUES (1)").await.map(drop)
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        manager.drop_table(Table::drop().table("content_state").to_owned()).await?;
        drop_views(connection).await?;
        for (name, _) in HIDDEN {
            manager.drop_index(Index::drop().name(name).table("recommendation").to_owned()).await?;
        }
        for column in facts(manager) {
            let name = column.get_column_name();
            manager.alter_table(Table::alter().table("recommendation").drop_column(name).to_owned()).await?;
        }
        manager.alter_table(Table::alter().table("recommendation").drop_column("internal").to_owned()).await?;
        Version::Earlier.create_views(connection).await
    }
}
