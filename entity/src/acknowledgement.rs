//! `acknowledgement`: recommendations whose hits an organization has chosen to hide.

use sea_orm::entity::prelude::*;

/// One acknowledged recommendation.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "acknowledgement")]
pub struct Model {
    /// The organization.
    #[sea_orm(primary_key, auto_increment = false)]
    pub org_id: i64,
    /// The recommendation.
    #[sea_orm(primary_key, auto_increment = false)]
    pub recommendation_id: i32,
    /// Why; null if no reason was given.
    #[sea_orm(column_type = "Text")]
    pub justification: Option<String>,
    /// The user who acknowledged it first; null if unknown.
    #[sea_orm(column_type = "Text")]
    pub created_by: Option<String>,
    /// When that was.
    pub created_at: DateTimeUtc,
    /// The user who acknowledged it last; null if it was done once.
    #[sea_orm(column_type = "Text")]
    pub updated_by: Option<String>,
    /// When that was; null if it was done once.
    pub updated_at: Option<DateTimeUtc>,
}

impl ActiveModelBehavior for ActiveModel {}
