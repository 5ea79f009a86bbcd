//! `cluster`: a cluster with its current report's head, one row by its UUID whoever owns it.

use sea_orm::entity::prelude::*;

/// One cluster.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "cluster")]
pub struct Model {
    /// Its UUID.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The owner, as the newest accepted result says.
    pub org_id: i64,
    /// When the rules of the newest accepted result ran, of whatever kind it is.
    pub last_checked_at: DateTimeUtc,
    /// When the rules of the current report ran; null until a report is stored.
    pub report_checked_at: Option<DateTimeUtc>,
    /// When the current report's data were collected, where it says so.
    pub gathered_at: Option<DateTimeUtc>,
    /// When the current report was written, by our clock.
    pub stored_at: Option<DateTimeUtc>,
    /// The upload that the current report answers, where it says so.
    #[sea_orm(column_type = "Text")]
    pub request_id: Option<String>,
    /// The version that was told last.
    #[sea_orm(column_type = "Text")]
    pub version: Option<String>,
    /// That version in a form that orders as versions do; null where it is no version.
    #[sea_orm(column_type = "Text")]
    pub version_key: Option<String>,
    /// xxh3-128 over the current report's hits and their details; null until a report is stored.
    pub hits_digest: Option<Vec<u8>>,
}

impl ActiveModelBehavior for ActiveModel {}
