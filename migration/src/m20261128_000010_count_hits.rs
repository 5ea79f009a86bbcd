//! The number of each cluster's open hits.

use sea_orm_migration::{prelude::*, schema::integer, sea_orm::ConnectionTrait};

/// This step; its name is the file's.
#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const COUNT: &str = "
    UPDATE cluster
    SET hit_count = (SELECT count(*) FROM rule_hit WHERE rule_hit.cluster_id = cluster.id)";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let added = Table::alter().table("cluster").add_column(integer("hit_count").default(0)).to_owned();
        manager.alter_table(added).await?;
        manager.get_connection().execute_unprepared(COUNT).await.map(drop)
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.alter_table(Table::alter().table("cluster").drop_column("hit_count").to_owned()).await
    }
}
