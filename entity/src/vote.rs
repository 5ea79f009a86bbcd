//! `vote`: what users think of hits.

use sea_orm::entity::prelude::*;

/// The vote of one user on one hit.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "vote")]
pub struct Model {
    /// The user's organization, which may no longer own the cluster.
    #[sea_orm(primary_key, auto_increment = false)]
    pub org_id: i64,
    /// The cluster.
    #[sea_orm(primary_key, auto_increment = false)]
    pub cluster_id: Uuid,
    /// The recommendation.
    #[sea_orm(primary_key, auto_increment = false)]
    pub recommendation_id: i32,
    /// The user or service account.
    #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
    pub user_id: String,
    /// 1 for up, -1 for down, and 0 for a vote that was taken back.
    pub value: i16,
    /// A message; null if there is none.
    #[sea_orm(column_type = "Text")]
    pub message: Option<String>,
    /// When the user voted last.
    pub changed_at: DateTimeUtc,
}

impl ActiveModelBehavior for ActiveModel {}
