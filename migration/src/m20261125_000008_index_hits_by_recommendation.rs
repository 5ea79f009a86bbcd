//! The index for the clusters of an organization that a recommendation hits.

use sea_orm_migration::prelude::*;

/// This migration, named after the file.
#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const INDEX: &str = "rule_hit_recommendation_id_org_id_cluster_id";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let index = Index::create()
            .name(INDEX)
            .table("rule_hit")
            .col("recommendation_id")
            .col("org_id")
            .col("cluster_id")
            .to_owned();
        manager.create_index(index).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_index(Index::drop().name(INDEX).table("rule_hit").to_owned()).await
    }
}
