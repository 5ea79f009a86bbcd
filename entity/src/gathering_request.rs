//! `gathering_request`: the uploads with a request id whose report was read, stale ones too.

use sea_orm::entity::prelude::*;

/// One upload.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "gathering_request")]
pub struct Model {
    /// The cluster in the message.
    #[sea_orm(primary_key, auto_increment = false)]
    pub cluster_id: Uuid,
    /// The organization in the message.
    #[sea_orm(primary_key, auto_increment = false)]
    pub org_id: i64,
    /// xxh3-128 of the request id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub request_key: Vec<u8>,
    /// The request id; never empty.
    #[sea_orm(column_type = "Text")]
    pub request_id: String,
    /// When the data were collected; null where the report does not say.
    pub received_at: Option<DateTimeUtc>,
    /// When the report was processed, by the service's clock.
    pub processed_at: DateTimeUtc,
    /// The selectors of the report's hits in their order: a JSON list of strings.
    #[sea_orm(column_type = "Text")]
    pub selectors: String,
}

impl ActiveModelBehavior for ActiveModel {}
