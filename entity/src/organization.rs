//! `organization`: every organization with at least one accepted report.

use sea_orm::entity::prelude::*;

/// One organization.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "organization")]
pub struct Model {
    /// Its number, 1 to 4,294,967,295.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: i64,
}

impl ActiveModelBehavior for ActiveModel {}
