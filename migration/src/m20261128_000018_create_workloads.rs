//! The tables of workload results and of on-demand requests, and what the cluster's row has of workload results.
//!
//! Keys over texts of a message use a digest, because a row of an index is limited to 2,704 bytes in PostgreSQL.

use sea_orm_migration::{
    prelude::*,
    schema::{big_integer, blob, blob_null, integer, timestamp_with_time_zone, timestamp_with_time_zone_null, uuid},
};

use crate::columns::text;

/// This migration, named after the file.
#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

/// A namespace of a cluster with at least one object to which a recommendation applies.
fn namespace(manager: &SchemaManager<'_>) -> TableCreateStatement {
    Table::create()
        .table("workload_namespace")
        .col(uuid("cluster_id"))
        .col(blob("namespace_key"))
        .col(big_integer("org_id"))
        .col(text(manager, "uid").not_null())
        .col(text(manager, "name").not_null())
        .col(timestamp_with_time_zone("reported_at"))
        .col(blob("digest"))
        .primary_key(Index::create().col("cluster_id").col("namespace_key"))
        .to_owned()
}

/// An open hit of a recommendation on workloads of a cluster, with the columns of `rule_hit`.
fn hit(manager: &SchemaManager<'_>) -> TableCreateStatement {
    Table::create()
        .table("workload_hit")
        .col(uuid("cluster_id"))
        .col(integer("recommendation_id"))
        .col(big_integer("org_id"))
        .col(timestamp_with_time_zone("impacted_since"))
        .col(blob("digest"))
        .col(text(manager, "details").null())
        .primary_key(Index::create().col("cluster_id").col("recommendation_id"))
        .to_owned()
}

/// A closed hit of a recommendation on workloads of a cluster, with the columns of `rule_hit_history`.
fn hit_history(_: &SchemaManager<'_>) -> TableCreateStatement {
    Table::create()
        .table("workload_hit_history")
        .col(uuid("cluster_id"))
        .col(integer("recommendation_id"))
        .col(timestamp_with_time_zone("opened_at"))
        .col(timestamp_with_time_zone("closed_at"))
        .col(big_integer("org_id"))
        .primary_key(Index::create().col("cluster_id").col("recommendation_id").col("opened_at"))
        .to_owned()
}

/// An object to which a recommendation applies.
fn object(manager: &SchemaManager<'_>) -> TableCreateStatement {
    Table::create()
        .table("workload_object")
        .col(uuid("cluster_id"))
        .col(blob("namespace_key"))
        .col(integer("recommendation_id"))
        .col(blob("object_key"))
        .col(big_integer("org_id"))
        .col(text(manager, "kind").not_null())
        .col(text(manager, "name").not_null())
        .col(text(manager, "uid").not_null())
        .primary_key(Index::create().col("cluster_id").col("namespace_key").col("recommendation_id").col("object_key"))
        .to_owned()
}

/// An upload with a request id, of which a report was read.
fn gathering_request(manager: &SchemaManager<'_>) -> TableCreateStatement {
    Table::create()
        .table("gathering_request")
        .col(uuid("cluster_id"))
        .col(big_integer("org_id"))
        .col(blob("request_key"))
        .col(text(manager, "request_id").not_null())
        .col(timestamp_with_time_zone_null("received_at"))
        .col(timestamp_with_time_zone("processed_at"))
        .col(text(manager, "selectors").not_null())
        .primary_key(Index::create().col("cluster_id").col("org_id").col("request_key"))
        .to_owned()
}

/// Names, tables and columns.
const INDEXES: [(&str, &str, &[&str]); 4] = [
    ("workload_namespace_org_id_cluster_id", "workload_namespace", &["org_id", "cluster_id", "namespace_key"]),
    ("workload_hit_recommendation_id_org_id", "workload_hit", &["recommendation_id", "org_id"]),
    ("workload_hit_history_recommendation_id_org_id", "workload_hit_history", &["recommendation_id", "org_id"]),
    ("gathering_request_processed_at", "gathering_request", &["processed_at"]),
];

/// The columns of `cluster`.
fn of_cluster() -> [ColumnDef; 2] {
    [timestamp_with_time_zone_null("workload_checked_at"), blob_null("workloads_digest")]
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in [namespace, hit, hit_history, object, gathering_request] {
            manager.create_table(table(manager)).await?;
        }
        for (name, table, columns) in INDEXES {
            let mut index = Index::create();
            index.name(name).table(table);
            for column in columns {
                index.col(*column);
            }
            manager.create_index(index).await?;
        }
        // SQLite adds one column per statement.
        for column in of_cluster() {
            manager.alter_table(Table::alter().table("cluster").add_column(column).to_owned()).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for column in of_cluster() {
            let name = column.get_column_name();
            manager.alter_table(Table::alter().table("cluster").drop_column(name).to_owned()).await?;
        }
        for table in
            ["gathering_request", "workload_object", "workload_hit_history", "workload_hit", "workload_namespace"]
        {
            manager.drop_table(Table::drop().table(table).to_owned()).await?;
        }
        Ok(())
    }
}
