//! `imported_cluster`: what the command `clusters import` wrote about a cluster while an organization owns it.

use sea_orm::entity::prelude::*;

/// The values of one cluster under one owner, whether or not the cluster has reported.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "imported_cluster")]
pub struct Model {
    /// The owner to which the values apply.
    #[sea_orm(primary_key, auto_increment = false)]
    pub org_id: i64,
    /// The cluster.
    #[sea_orm(primary_key, auto_increment = false)]
    pub cluster_id: Uuid,
    /// The name to display; null if it has none.
    #[sea_orm(column_type = "Text")]
    pub display_name: Option<String>,
    /// Whether the cluster is managed by Red Hat.
    pub managed: bool,
    /// The status of its subscription; null if unknown.
    #[sea_orm(column_type = "Text")]
    pub status: Option<String>,
    /// The name in lower case, by Unicode.
    #[sea_orm(column_type = "Text")]
    pub sort_name: Option<String>,
}

impl ActiveModelBehavior for ActiveModel {}
