//! The table of messages that could not be ingested.

use sea_orm_migration::{
    prelude::*,
    schema::{big_integer, blob, blob_null, integer, timestamp_with_time_zone},
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
                    .table("consumer_error")
                    .col(text(manager, "topic").not_null())
                    .col(integer("partition"))
                    .col(big_integer("topic_offset"))
                    .col(big_integer("message_timestamp"))
                    .col(blob("value_digest"))
                    .col(big_integer("value_bytes"))
                    .col(blob_null("message_key"))
                    .col(timestamp_with_time_zone("consumed_at"))
                    .col(text(manager, "reason").not_null())
                    .col(text(manager, "detail").not_null())
                    .primary_key(
                        Index::create()
                            .col("topic")
                            .col("partition")
                            .col("topic_offset")
                            .col("message_timestamp")
                            .col("value_digest"),
                    )
                    .to_owned(),
            )
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("consumer_error").to_owned()).await
    }
}
