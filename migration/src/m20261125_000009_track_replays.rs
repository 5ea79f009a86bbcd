//! Columns for how often a message was rejected and when it was last replayed.

use sea_orm_migration::{
    prelude::*,
    schema::{integer, timestamp_with_time_zone_null},
};

/// This migration, named after the file.
#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // SQLite adds one column per statement.
        for column in [integer("attempts").default(1).take(), timestamp_with_time_zone_null("replayed_at")] {
            let added = Table::alter().table("consumer_error").add_column(column).to_owned();
            manager.alter_table(added).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for column in ["attempts", "replayed_at"] {
            manager.alter_table(Table::alter().table("consumer_error").drop_column(column).to_owned()).await?;
        }
        Ok(())
    }
}
