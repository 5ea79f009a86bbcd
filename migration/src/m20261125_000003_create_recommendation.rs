//! The table of recommendations.

use sea_orm_migration::{prelude::*, schema::pk_auto};

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
                    .table("recommendation")
                    .col(pk_auto("id"))
                    // Two names of at most 255 characters: at most 2,041 bytes, which fit into a b-tree.
                    .col(text(manager, "selector").not_null().unique_key())
                    .col(text(manager, "rule_fqdn").not_null())
                    .col(text(manager, "error_key").not_null())
                    .to_owned(),
            )
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("recommendation").to_owned()).await
    }
}
