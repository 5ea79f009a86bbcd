//! The table of clusters with the heads of their current reports, and the index for an organization's list of clusters.

use sea_orm_migration::{
    prelude::*,
    schema::{big_integer, blob_null, timestamp_with_time_zone, timestamp_with_time_zone_null, uuid},
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
                    .table("cluster")
                    .col(uuid("id").primary_key())
                    .col(big_integer("org_id"))
                    .col(timestamp_with_time_zone("last_checked_at"))
                    .col(timestamp_with_time_zone_null("report_checked_at"))
                    .col(timestamp_with_time_zone_null("gathered_at"))
                    .col(timestamp_with_time_zone_null("stored_at"))
                    .col(text(manager, "request_id").null())
                    .col(text(manager, "version").null())
                    // The version again, in a form whose order as text is the order of versions.
                    .col(text(manager, "version_key").null())
                    .col(blob_null("hits_digest"))
                    .to_owned(),
            )
            .await?;
        manager
            .create_index(Index::create().name("cluster_org_id_id").table("cluster").col("org_id").col("id").to_owned())
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("cluster").to_owned()).await
    }
}
