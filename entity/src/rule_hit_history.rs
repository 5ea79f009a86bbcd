//! `rule_hit_history`: the hits that went, each with the time it lasted.

use sea_orm::entity::prelude::*;

/// One closed interval.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "rule_hit_history")]
pub struct Model {
    /// The cluster that was hit.
    #[sea_orm(primary_key, auto_increment = false)]
    pub cluster_id: Uuid,
    /// What hit it.
    #[sea_orm(primary_key, auto_increment = false)]
    pub recommendation_id: i32,
    /// When the rules ran that found it first.
    #[sea_orm(primary_key, auto_increment = false)]
    pub opened_at: DateTimeUtc,
    /// When the rules ran that found it no more, or that found the cluster with another owner.
    pub closed_at: DateTimeUtc,
    /// The owner at that time; its history stays with it.
    pub org_id: i64,
}

impl ActiveModelBehavior for ActiveModel {}
