//! `workload_object`: the objects to which recommendations apply, each with each of these.

use sea_orm::entity::prelude::*;

/// One object with one recommendation.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "workload_object")]
pub struct Model {
    /// The cluster.
    #[sea_orm(primary_key, auto_increment = false)]
    pub cluster_id: Uuid,
    /// xxh3-128 of the namespace's uid.
    #[sea_orm(primary_key, auto_increment = false)]
    pub namespace_key: Vec<u8>,
    /// The recommendation that applies to it.
    #[sea_orm(primary_key, auto_increment = false)]
    pub recommendation_id: i32,
    /// xxh3-128 of the uid, or of kind and name where it has none.
    #[sea_orm(primary_key, auto_increment = false)]
    pub object_key: Vec<u8>,
    /// The cluster's owner.
    pub org_id: i64,
    /// Its kind; may be empty.
    #[sea_orm(column_type = "Text")]
    pub kind: String,
    /// Its name; may be empty.
    #[sea_orm(column_type = "Text")]
    pub name: String,
    /// What identifies it; may be empty.
    #[sea_orm(column_type = "Text")]
    pub uid: String,
}

impl ActiveModelBehavior for ActiveModel {}
