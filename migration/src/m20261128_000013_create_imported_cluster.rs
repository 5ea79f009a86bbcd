//! The table of what is imported about clusters.

use sea_orm_migration::{
    prelude::*,
    schema::{big_integer, boolean, uuid},
};

use crate::columns::text;

/// This migration, named after the file.
#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::create()
            .table("imported_cluster")
            .col(big_integer("org_id"))
            .col(uuid("cluster_id"))
            .col(text(manager, "display_name").null())
            .col(boolean("managed"))
            .col(text(manager, "status").null())
            .primary_key(Index::create().col("org_id").col("cluster_id"))
            .to_owned();
        manager.create_table(table).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("imported_cluster").to_owned()).await
    }
}
