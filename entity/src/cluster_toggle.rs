//! `cluster_toggle`: recommendations that an organization turned off, or on again, for one of its clusters.

use sea_orm::entity::prelude::*;

/// The last change for one cluster and recommendation.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "cluster_toggle")]
pub struct Model {
    /// The organization, which may no longer own the cluster.
    #[sea_orm(primary_key, auto_increment = false)]
    pub org_id: i64,
    /// The cluster.
    #[sea_orm(primary_key, auto_increment = false)]
    pub cluster_id: Uuid,
    /// The recommendation.
    #[sea_orm(primary_key, auto_increment = false)]
    pub recommendation_id: i32,
    /// Whether it was turned off.
    pub disabled: bool,
    /// When.
    pub changed_at: DateTimeUtc,
    /// The user who did; null if unknown.
    #[sea_orm(column_type = "Text")]
    pub changed_by: Option<String>,
    /// Why it was turned off; null if no reason was given.
    #[sea_orm(column_type = "Text")]
    pub feedback: Option<String>,
}

impl ActiveModelBehavior for ActiveModel {}
