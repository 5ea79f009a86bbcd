//! The cluster rows of a batch: made, locked, updated.

use std::collections::BTreeSet;

use sea_orm::{DatabaseTransaction, DbErr};

use super::{
    ByCluster,
    reconcile::{AcceptedReports, ClusterState},
};
use crate::{
    domain::{OrgId, Timestamp, VersionKey},
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
    statement::CLUSTERS_INSERT.execute(transaction, rows, []).await
}

/// Locks the batch's clusters and reads them.
pub(super) async fn lock(
    transaction: &DatabaseTransaction,
    clusters: &ByCluster<'_>,
) -> Result<Vec<ClusterState>, DbErr> {
    let rows = vec![Column::clusters(clusters.keys().copied())];
    statement::CLUSTERS_LOCK.find(transaction, rows).await
}

/// Makes rows for organizations that may be new.
pub(super) async fn insert_organizations(
    transaction: &DatabaseTransaction,
    accepted: &[AcceptedReports<'_>],
) -> Result<(), DbErr> {
    let owners: BTreeSet<OrgId> = accepted.iter().flat_map(AcceptedReports::new_owners).collect();
    if owners.is_empty() {
        return Ok(());
    }
    let rows = vec![Column::BigInt(owners.into_iter().map(OrgId::as_i64).collect())];
    statement::ORGANIZATIONS_INSERT.execute(transaction, rows, []).await
}

fn version_key(head: &ClusterState) -> Option<String> {
    head.version.as_deref().and_then(VersionKey::of).map(|key| key.as_str().to_owned())
}

/// Writes what the newest accepted report of each cluster says.
pub(super) async fn update(
    transaction: &DatabaseTransaction,
    accepted: &[AcceptedReports<'_>],
    stored_at: Timestamp,
) -> Result<(), DbErr> {
    let updated: Vec<_> = accepted.iter().filter_map(|accepted| Some((&accepted.after, accepted.newest()?))).collect();
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
    statement::CLUSTERS_UPDATE.execute(transaction, rows, [stored_at.utc().into()]).await
}
