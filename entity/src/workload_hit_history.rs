//! `workload_hit_history`: closed workload hits, each with its interval.

use sea_orm::entity::prelude::*;

/// One closed interval.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "workload_hit_history")]
pub struct Model {
    /// The cluster.
    #[sea_orm(primary_key, auto_increment = false)]
    pub cluster_id: Uuid,
    /// The recommendation that applied to its workloads.
    #[sea_orm(primary_key, auto_increment = false)]
    pub recommendation_id: i32,
    /// When the rules ran that first found it.
    #[sea_orm(primary_key, auto_increment = false)]
    pub opened_at: DateTimeUtc,
    /// When the rules ran that no longer found it, or found the cluster with another owner.
    pub closed_at: DateTimeUtc,
    /// The owner at that time.
    pub org_id: i64,
}

impl ActiveModelBehavior for ActiveModel {}
