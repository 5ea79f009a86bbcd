//! `workload_hit`: the hits in the current workload results of clusters.

use sea_orm::entity::prelude::*;

/// One open hit.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "workload_hit")]
pub struct Model {
    /// The cluster.
    #[sea_orm(primary_key, auto_increment = false)]
    pub cluster_id: Uuid,
    /// The recommendation that applies to its workloads.
    #[sea_orm(primary_key, auto_increment = false)]
    pub recommendation_id: i32,
    /// The cluster's owner.
    pub org_id: i64,
    /// When the rules ran that first found it, without a break since.
    pub impacted_since: DateTimeUtc,
    /// xxh3-128 of the details, to detect unchanged hits without reading the details.
    pub digest: Vec<u8>,
    /// The template data: JSON text, byte for byte; null where the message had no details.
    #[sea_orm(column_type = "Text")]
    pub details: Option<String>,
}

impl ActiveModelBehavior for ActiveModel {}
