//! The view of open hits with the facts that they are ordered by.

use sea_orm_migration::{prelude::*, sea_orm::ConnectionTrait};

/// This migration, named after the file.
#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const FACTS: &str = ", r.total_risk, r.description, r.published_at";

/// The view, with or without the facts.
fn view(facts: &str) -> String {
    format!(
        "CREATE VIEW open_hit AS
         SELECT h.cluster_id, h.org_id, h.recommendation_id, r.selector, h.impacted_since, h.details{facts}
         FROM rule_hit AS h
         JOIN recommendation AS r ON r.id = h.recommendation_id"
    )
}

async fn replace(manager: &SchemaManager<'_>, facts: &str) -> Result<(), DbErr> {
    let connection = manager.get_connection();
    connection.execute_unprepared("DROP VIEW open_hit").await?;
    connection.execute_unprepared(&view(facts)).await.map(drop)
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        replace(manager, FACTS).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        replace(manager, "").await
    }
}
