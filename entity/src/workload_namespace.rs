//! `workload_namespace`: the namespaces of clusters with objects to which recommendations apply.

use sea_orm::entity::prelude::*;

/// One namespace.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "workload_namespace")]
pub struct Model {
    /// The cluster.
    #[sea_orm(primary_key, auto_increment = false)]
    pub cluster_id: Uuid,
    /// xxh3-128 of the uid.
    #[sea_orm(primary_key, auto_increment = false)]
    pub namespace_key: Vec<u8>,
    /// The cluster's owner.
    pub org_id: i64,
    /// What identifies it within the cluster; may be empty.
    #[sea_orm(column_type = "Text")]
    pub uid: String,
    /// The first name in the newest result, or the uid where it has none.
    #[sea_orm(column_type = "Text")]
    pub name: String,
    /// When the rules ran that first found it, without a break since.
    pub reported_at: DateTimeUtc,
    /// xxh3-128 of its name and objects, to detect unchanged namespaces without reading the objects.
    pub digest: Vec<u8>,
}

impl ActiveModelBehavior for ActiveModel {}
