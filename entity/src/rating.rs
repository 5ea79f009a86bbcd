//! `rating`: what organizations think of recommendations.

use sea_orm::entity::prelude::*;

/// The last rating of one recommendation.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "rating")]
pub struct Model {
    /// The organization.
    #[sea_orm(primary_key, auto_increment = false)]
    pub org_id: i64,
    /// The recommendation.
    #[sea_orm(primary_key, auto_increment = false)]
    pub recommendation_id: i32,
    /// -1, 0 or 1.
    pub value: i16,
    /// The user who rated it last; null if unknown.
    #[sea_orm(column_type = "Text")]
    pub rated_by: Option<String>,
    /// When that was.
    pub rated_at: DateTimeUtc,
}

impl ActiveModelBehavior for ActiveModel {}
