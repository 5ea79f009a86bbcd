//! What a page of a cluster's history needs in order to read no more than the page: indexes by time, a view for each kind
//! of event, and the number of each cluster's closed hits.

use sea_orm_migration::{prelude::*, schema::integer, sea_orm::ConnectionTrait};

/// This migration, named after the file.
#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

/// The indexes by the time of closing and of opening: name and column.
const INDEXES: [(&str, &str); 2] = [
    ("rule_hit_history_cluster_id_org_id_closed_at", "closed_at"),
    ("rule_hit_history_cluster_id_org_id_opened_at", "opened_at"),
];

/// The events: view, kind, time and table.
const EVENTS: [(&str, &str, &str, &str); 3] = [
    ("hit_closed_event", "closed", "closed_at", "rule_hit_history"),
    ("closed_hit_opened_event", "opened", "opened_at", "rule_hit_history"),
    ("open_hit_opened_event", "opened", "impacted_since", "rule_hit"),
];

/// Counts the closed hits of each cluster's present owner.
const COUNT: &str = "
    UPDATE cluster
    SET closed_hit_count = (
        SELECT count(*) FROM rule_hit_history AS h WHERE h.cluster_id = cluster.id AND h.org_id = cluster.org_id)";

/// The view of all events, as an earlier migration created it.
const HISTORY_EVENT: &str = "
    CREATE VIEW history_event AS
    SELECT h.cluster_id, h.org_id, h.closed_at AS happened_at, 'closed' AS kind, r.selector, 'closed ' || r.selector AS event_key
    FROM rule_hit_history AS h
    JOIN recommendation AS r ON r.id = h.recommendation_id
    UNION ALL
    SELECT h.cluster_id, h.org_id, h.opened_at, 'opened', r.selector, 'opened ' || r.selector
    FROM rule_hit_history AS h
    JOIN recommendation AS r ON r.id = h.recommendation_id
    UNION ALL
    SELECT h.cluster_id, h.org_id, h.impacted_since, 'opened', r.selector, 'opened ' || r.selector
    FROM rule_hit AS h
    JOIN recommendation AS r ON r.id = h.recommendation_id";

/// An event's key orders events of the same time: `closed` before `opened`, then by selector.
///
/// The selector is a subquery: with a join, PostgreSQL prefers to read and hash the cluster's whole history.
fn view(name: &str, kind: &str, time: &str, table: &str) -> String {
    let selector = "(SELECT r.selector FROM recommendation AS r WHERE r.id = h.recommendation_id)";
    format!(
        "CREATE VIEW {name} AS
         SELECT h.cluster_id, h.org_id, h.{time} AS happened_at, CAST('{kind}' AS text) AS kind, {selector} AS selector,
             '{kind} ' || {selector} AS event_key
         FROM {table} AS h"
    )
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (name, time) in INDEXES {
            let index = Index::create()
                .name(name)
                .table("rule_hit_history")
                .col("cluster_id")
                .col("org_id")
                .col(time)
                .to_owned();
            manager.create_index(index).await?;
        }
        let connection = manager.get_connection();
        connection.execute_unprepared("DROP VIEW history_event").await?;
        for (name, kind, time, table) in EVENTS {
            connection.execute_unprepared(&view(name, kind, time, table)).await?;
        }
        let added = Table::alter().table("cluster").add_column(integer("closed_hit_count").default(0)).to_owned();
        manager.alter_table(added).await?;
        connection.execute_unprepared(COUNT).await.map(drop)
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.alter_table(Table::alter().table("cluster").drop_column("closed_hit_count").to_owned()).await?;
        let connection = manager.get_connection();
        for (name, ..) in EVENTS {
            connection.execute_unprepared(&format!("DROP VIEW {name}")).await?;
        }
        connection.execute_unprepared(HISTORY_EVENT).await?;
        for (name, _) in INDEXES {
            manager.drop_index(Index::drop().name(name).table("rule_hit_history").to_owned()).await?;
        }
        Ok(())
    }
}
