//! The table of open hits.

use sea_orm_migration::{
    prelude::*,
    schema::{big_integer, blob, integer, timestamp_with_time_zone, uuid},
};

use crate::columns::text;

/// This migration, named after the file.
#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                Table::create()
                    .table("rule_hit")
                    .col(uuid("cluster_id"))
                    .col(integer("recommendation_id"))
                    .col(big_integer("org_id"))
                    .col(timestamp_with_time_zone("impacted_since"))
                    .col(blob("digest"))
                    .col(text(manager, "details").null())
                    .primary_key(Index::create().col("cluster_id").col("recommendation_id"))
                    .to_owned(),
            )
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("rule_hit").to_owned()).await
    }
}
