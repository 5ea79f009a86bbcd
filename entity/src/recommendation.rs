//! `recommendation`: a small number for each selector.

use sea_orm::entity::prelude::*;

/// One recommendation that has hit a cluster.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "recommendation")]
pub struct Model {
    /// Its number in this database; internal.
    #[sea_orm(primary_key)]
    pub id: i32,
    /// `rule_fqdn|ERROR_KEY`.
    #[sea_orm(column_type = "Text", unique)]
    pub selector: String,
    /// The rule, without the suffix `.report`.
    #[sea_orm(column_type = "Text")]
    pub rule_fqdn: String,
    /// The way in which the rule fails.
    #[sea_orm(column_type = "Text")]
    pub error_key: String,
}

impl ActiveModelBehavior for ActiveModel {}
