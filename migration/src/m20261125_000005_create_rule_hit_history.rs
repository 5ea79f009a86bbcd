//! The table of closed hits.

use sea_orm_migration::{
    prelude::*,
    schema::{big_integer, integer, timestamp_with_time_zone, uuid},
};

/// This migration, named after the file.
#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                Table::create()
                    .table("rule_hit_history")
                    .col(uuid("cluster_id"))
                    .col(integer("recommendation_id"))
                    .col(timestamp_with_time_zone("opened_at"))
                    .col(timestamp_with_time_zone("closed_at"))
                    .col(big_integer("org_id"))
                    .primary_key(Index::create().col("cluster_id").col("recommendation_id").col("opened_at"))
                    .to_owned(),
            )
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("rule_hit_history").to_owned()).await
    }
}
