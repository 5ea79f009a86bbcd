//! `cluster`: a cluster with the head of its current report, one row per UUID regardless of the owner.

use sea_orm::entity::prelude::*;

/// One cluster.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "cluster")]
pub struct Model {
    /// Its UUID.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The owner, according to the newest accepted result.
    pub org_id: i64,
    /// When the rules of the newest accepted result ran, whether or not that has a report.
    pub last_checked_at: DateTimeUtc,
    /// When the rules of the newest accepted report ran; null until one is stored. A workload result that moves the cluster
    /// removes the report and keeps this time: an older report is stale.
    pub report_checked_at: Option<DateTimeUtc>,
    /// When the current report's data were collected; null where the report does not say.
    pub gathered_at: Option<DateTimeUtc>,
    /// When the current report was written, by the service's clock; null without a report of the owner.
    pub stored_at: Option<DateTimeUtc>,
    /// The upload that led to the current report; null where the report does not say.
    #[sea_orm(column_type = "Text")]
    pub request_id: Option<String>,
    /// The version in the newest report that has one.
    #[sea_orm(column_type = "Text")]
    pub version: Option<String>,
    /// That version in a form whose order as text is the order of versions; null where it is not a valid version.
    #[sea_orm(column_type = "Text")]
    pub version_key: Option<String>,
    /// xxh3-128 of the current report's hits and their details; null without a report of the owner.
    pub hits_digest: Option<Vec<u8>>,
    /// The number of open hits.
    pub hit_count: i32,
    /// The bytes of the details of all open hits.
    pub details_bytes: i64,
    /// The number of closed hits in the history under the present owner.
    pub closed_hit_count: i32,
    /// The numbers of the shown hits of external recommendations: five of twelve bits.
    pub external_counts: i64,
    /// The same of internal recommendations.
    pub internal_counts: i64,
    /// The name in lower case; the UUID if the present owner imported none.
    #[sea_orm(column_type = "Text")]
    pub sort_name: String,
    /// Whether the present owner imported that it is managed.
    pub managed: bool,
    /// How often these four were written with a report. A trigger writes them for versions that do not.
    pub count_revision: i32,
    /// When the rules of the newest accepted workload result ran; null until one is stored. A report that moves the cluster
    /// keeps it.
    pub workload_checked_at: Option<DateTimeUtc>,
    /// xxh3-128 of the current workload result; null without one of the owner.
    pub workloads_digest: Option<Vec<u8>>,
}

impl ActiveModelBehavior for ActiveModel {}
