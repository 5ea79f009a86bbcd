//! The views that lists read: open hits with their selectors, and the events of a cluster's history.

use sea_orm_migration::{prelude::*, sea_orm::ConnectionTrait};

/// This migration, named after the file.
#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const OPEN_HIT: &str = "
    CREATE VIEW open_hit AS
    SELECT h.cluster_id, h.org_id, r.selector, h.impacted_since, h.details
    FROM rule_hit AS h
    JOIN recommendation AS r ON r.id = h.recommendation_id";

/// An event's key orders events of the same time: `closed` before `opened`, then by selector.
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

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared(OPEN_HIT).await?;
        manager.get_connection().execute_unprepared(HISTORY_EVENT).await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared("DROP VIEW history_event").await?;
        manager.get_connection().execute_unprepared("DROP VIEW open_hit").await?;
        Ok(())
    }
}
