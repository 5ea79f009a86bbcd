//! The cluster rows of a batch: made, locked, updated.

use std::collections::BTreeSet;

use sea_orm::{
    ConnectionTrait, DatabaseTransaction, DbErr, FromQueryResult,
    prelude::{DateTimeUtc, Uuid},
};

use super::{
    ByCluster,
    fold::{Head, Steps},
};
use crate::{
    domain::{ClusterId, Digest, OrgId, Timestamp, VersionKey},
    store::{columns::Column, statement},
};

/// Makes a row for each cluster that has none, so that there is one to lock. It says of its first report what the
/// row must say; that report is accepted in any case, and [`update`] says the rest.
pub(super) async fn insert(transaction: &DatabaseTransaction, clusters: &ByCluster<'_>) -> Result<(), DbErr> {
    let firsts = || clusters.values().filter_map(|reports| reports.first());
    let rows = vec![
        Column::clusters(firsts().map(|report| report.cluster)),
        Column::BigInt(firsts().map(|report| report.organization.as_i64()).collect()),
        Column::Time(firsts().map(|report| report.last_checked).collect()),
    ];
    let insert = statement::CLUSTERS_INSERT.bind(transaction.get_database_backend(), rows, []);
    transaction.execute_raw(insert).await.map(drop)
}

#[derive(FromQueryResult)]
struct LockedRow {
    id: Uuid,
    org_id: i64,
    last_checked_at: DateTimeUtc,
    report_checked_at: Option<DateTimeUtc>,
    version: Option<String>,
    hits_digest: Option<Vec<u8>>,
}

/// Locks the batch's clusters and reads them.
pub(super) async fn lock(transaction: &DatabaseTransaction, clusters: &ByCluster<'_>) -> Result<Vec<Head>, DbErr> {
    let rows = vec![Column::clusters(clusters.keys().copied())];
    let lock = statement::CLUSTERS_LOCK.bind(transaction.get_database_backend(), rows, []);
    let rows = transaction.query_all_raw(lock).await?;
    rows.iter().map(|row| LockedRow::from_query_result(row, "").and_then(Head::try_from)).collect()
}

impl TryFrom<LockedRow> for Head {
    type Error = DbErr;

    fn try_from(row: LockedRow) -> Result<Self, DbErr> {
        let digest = row.hits_digest.as_deref().map(Digest::try_from).transpose();
        Ok(Self {
            cluster: ClusterId::from(row.id),
            organization: OrgId::try_from(row.org_id).map_err(|_| DbErr::Type("a cluster's organization".into()))?,
            last_checked: row.last_checked_at.into(),
            report_checked: row.report_checked_at.map(Timestamp::from),
            version: row.version,
            hits_digest: digest.map_err(|_| DbErr::Type("a cluster's digest of its hits".into()))?,
        })
    }
}

/// Makes rows for organizations that may be new.
pub(super) async fn insert_organizations(transaction: &DatabaseTransaction, steps: &[Steps<'_>]) -> Result<(), DbErr> {
    let owners: BTreeSet<OrgId> = steps.iter().flat_map(Steps::new_owners).collect();
    if owners.is_empty() {
        return Ok(());
    }
    let rows = vec![Column::BigInt(owners.into_iter().map(OrgId::as_i64).collect())];
    let insert = statement::ORGANIZATIONS_INSERT.bind(transaction.get_database_backend(), rows, []);
    transaction.execute_raw(insert).await.map(drop)
}

fn version_key(head: &Head) -> Option<String> {
    head.version.as_deref().and_then(VersionKey::of).map(|key| key.as_str().to_owned())
}

/// Writes what the newest accepted report of each cluster says.
pub(super) async fn update(
    transaction: &DatabaseTransaction,
    steps: &[Steps<'_>],
    stored_at: Timestamp,
) -> Result<(), DbErr> {
    let updated: Vec<_> = steps.iter().filter_map(|steps| Some((&steps.after, steps.newest()?))).collect();
    if updated.is_empty() {
        return Ok(());
    }
    let rows = vec![
        Column::clusters(updated.iter().map(|(head, _)| head.cluster)),
        Column::BigInt(updated.iter().map(|(head, _)| head.organization.as_i64()).collect()),
        Column::Time(updated.iter().map(|(head, _)| head.last_checked).collect()),
        Column::Time(updated.iter().map(|(_, newest)| newest.last_checked).collect()),
        Column::OptionalTime(updated.iter().map(|(_, newest)| newest.gathered_at).collect()),
        Column::OptionalText(updated.iter().map(|(_, newest)| newest.request_id.clone()).collect()),
        Column::OptionalText(updated.iter().map(|(head, _)| head.version.clone()).collect()),
        Column::OptionalText(updated.iter().map(|(head, _)| version_key(head)).collect()),
        Column::Bytes(updated.iter().map(|(_, newest)| newest.hits_digest().as_bytes().to_vec()).collect()),
    ];
    let update = statement::CLUSTERS_UPDATE.bind(transaction.get_database_backend(), rows, [stored_at.utc().into()]);
    transaction.execute_raw(update).await.map(drop)
}
