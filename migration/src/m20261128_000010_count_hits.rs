//! The number of each cluster's open hits, and the size of their details.

use sea_orm_migration::{
    prelude::*,
    schema::{big_integer, integer},
    sea_orm::ConnectionTrait,
};

/// This step; its name is the file's.
#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const COUNT: &str = "
    UPDATE cluster
    SET hit_count = (SELECT count(*) FROM rule_hit WHERE rule_hit.cluster_id = cluster.id),
        details_bytes = (SELECT coalesce(sum(octet_length(details)), 0) FROM rule_hit WHERE rule_hit.cluster_id = cluster.id)";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // SQLite adds one column at a time.
        for column in [integer("hit_count").default(0).take(), big_integer("details_bytes").default(0).take()] {
            manager.alter_table(Table::alter().table("cluster").add_column(column).to_owned()).await?;
        }
        manager.get_connection().execute_unprepared(COUNT).await.map(drop)
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for column in ["hit_count", "details_bytes"] {
            manager.alter_table(Table::alter().table("cluster").drop_column(column).to_owned()).await?;
        }
        Ok(())
    }
}
