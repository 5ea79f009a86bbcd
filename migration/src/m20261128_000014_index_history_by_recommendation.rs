//! The index for whether a recommendation ever hit a cluster of an organization.

use sea_orm_migration::prelude::*;

/// This migration, named after the file.
#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const INDEX: &str = "rule_hit_history_recommendation_id_org_id";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let index =
            Index::create().name(INDEX).table("rule_hit_history").col("recommendation_id").col("org_id").to_owned();
        manager.create_index(index).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_index(Index::drop().name(INDEX).table("rule_hit_history").to_owned()).await
    }
}
