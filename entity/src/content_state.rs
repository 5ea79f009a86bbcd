//! `content_state`: which content's facts the table `recommendation` has.

use sea_orm::entity::prelude::*;

/// The only row.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "content_state")]
pub struct Model {
    /// Always 1.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: i32,
    /// The digest of the content whose facts are stored; null before, and while facts are being written.
    pub facts_digest: Option<Vec<u8>>,
}

impl ActiveModelBehavior for ActiveModel {}
