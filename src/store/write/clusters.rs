//! The cluster rows of a batch: inserts, locks and updates them.

use std::collections::{BTreeSet, HashMap};

use sea_orm::{DatabaseTransaction, DbErr};

use super::{
    ByCluster,
    cluster_result::ClusterResult,
    hits::ClosedHits,
    reconcile::{Accepted, ClusterState},
};
use crate::{
    domain::{ClusterId, OrgId, Report, RuleHit, Timestamp, VersionKey, WorkloadResult},
    store::{batch_lock, columns::Column, kept_values::KeptValues, statement},
};

/// Takes the lock that batches share, and inserts a row for each cluster that has none, so that there is one to lock. It has the columns that cannot be null,
/// from the cluster's first result, which is always accepted; the updates set the others.
pub(super) async fn insert(
    transaction: &DatabaseTransaction,
    clusters: &ByCluster<'_, impl ClusterResult>,
) -> Result<(), DbErr> {
    let first_results = || clusters.values().filter_map(|results| results.first());
    let rows = vec![
        Column::clusters(first_results().map(|result| result.cluster())),
        Column::BigInt(first_results().map(|result| result.organization().as_i64()).collect()),
        Column::Time(first_results().map(|result| result.last_checked()).collect()),
    ];
    statement::CLUSTERS_INSERT.execute(transaction, rows, batch_lock::parameter(transaction)).await
}

/// Locks the batch's clusters and returns their rows.
pub(super) async fn lock(
    transaction: &DatabaseTransaction,
    clusters: &ByCluster<'_, impl ClusterResult>,
) -> Result<Vec<ClusterState>, DbErr> {
    let rows = vec![Column::clusters(clusters.keys().copied())];
    statement::CLUSTERS_LOCK.find(transaction, rows).await
}

/// Inserts rows for organizations that may be new.
pub(super) async fn insert_organizations(
    transaction: &DatabaseTransaction,
    accepted: &[Accepted<'_, impl ClusterResult>],
) -> Result<(), DbErr> {
    let organizations: BTreeSet<OrgId> = accepted.iter().flat_map(Accepted::new_organizations).collect();
    if organizations.is_empty() {
        return Ok(());
    }
    let rows = vec![Column::BigInt(organizations.into_iter().map(OrgId::as_i64).collect())];
    statement::ORGANIZATIONS_INSERT.execute(transaction, rows, []).await
}

fn version_key(state: &ClusterState) -> Option<String> {
    state.version.as_deref().and_then(VersionKey::of).map(|key| key.as_str().to_owned())
}

/// The number of a cluster's open hits after its newest report.
fn hit_count(newest: &Report) -> i32 {
    i32::try_from(newest.hits().len()).unwrap_or(i32::MAX)
}

/// The bytes of the details of a cluster's open hits after its newest report.
fn details_bytes(newest: &Report) -> i64 {
    let bytes: usize = newest.hits().iter().map(RuleHit::details_bytes).sum();
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

/// Updates each cluster that has an accepted report to the newest one. The batch's closed hits must have been inserted.
/// What is kept of a cluster stays as it is unless `kept` has it.
pub(super) async fn update(
    transaction: &DatabaseTransaction,
    accepted: &[Accepted<'_, Report>],
    closed: &ClosedHits,
    kept: &HashMap<ClusterId, KeptValues>,
    stored_at: Timestamp,
) -> Result<(), DbErr> {
    let updated: Vec<_> = accepted.iter().filter_map(|reports| Some((reports, reports.newest()?))).collect();
    if updated.is_empty() {
        return Ok(());
    }
    let states = || updated.iter().map(|(reports, _)| &reports.after);
    let closed_hits = |state: &ClusterState| closed.get(&(state.cluster, state.organization)).copied().unwrap_or(0);
    let mut rows = vec![
        Column::clusters(states().map(|state| state.cluster)),
        Column::BigInt(states().map(|state| state.organization.as_i64()).collect()),
        Column::Time(states().map(|state| state.last_checked).collect()),
        Column::Time(updated.iter().map(|(_, newest)| newest.last_checked).collect()),
        Column::OptionalTime(updated.iter().map(|(_, newest)| newest.gathered_at).collect()),
        Column::OptionalText(updated.iter().map(|(_, newest)| newest.request_id.clone()).collect()),
        Column::OptionalText(states().map(|state| state.version.clone()).collect()),
        Column::OptionalText(states().map(version_key).collect()),
        Column::Bytes(updated.iter().map(|(_, newest)| newest.hits_digest().as_bytes().to_vec()).collect()),
        Column::Int(updated.iter().map(|(_, newest)| hit_count(newest)).collect()),
        Column::BigInt(updated.iter().map(|(_, newest)| details_bytes(newest)).collect()),
        Column::Int(states().map(closed_hits).collect()),
    ];
    rows.extend(kept_columns(states(), kept));
    rows.push(Column::Int(updated.iter().map(|(reports, _)| reports.is_moved().into()).collect()));
    statement::CLUSTERS_UPDATE.execute(transaction, rows, [stored_at.utc().into()]).await
}

/// Updates each cluster that has an accepted workload result to the newest one. The batch's closed hits must have been
/// inserted. What is kept of a cluster stays as it is unless `kept` has it.
pub(super) async fn update_workloads(
    transaction: &DatabaseTransaction,
    accepted: &[Accepted<'_, WorkloadResult>],
    kept: &HashMap<ClusterId, KeptValues>,
) -> Result<(), DbErr> {
    let updated: Vec<_> = accepted.iter().filter_map(|results| Some((results, results.newest()?))).collect();
    if updated.is_empty() {
        return Ok(());
    }
    let states = || updated.iter().map(|(results, _)| &results.after);
    let mut rows = vec![
        Column::clusters(states().map(|state| state.cluster)),
        Column::BigInt(states().map(|state| state.organization.as_i64()).collect()),
        Column::Time(states().map(|state| state.last_checked).collect()),
        Column::Time(updated.iter().map(|(_, newest)| newest.last_checked).collect()),
        Column::Bytes(updated.iter().map(|(_, newest)| newest.digest().as_bytes().to_vec()).collect()),
        Column::Int(updated.iter().map(|(results, _)| results.is_moved().into()).collect()),
    ];
    rows.extend(kept_columns(states(), kept));
    statement::CLUSTERS_UPDATE_WORKLOADS.execute(transaction, rows, []).await
}

/// What is kept of each cluster; the last column says where that is known.
fn kept_columns<'a>(
    states: impl Iterator<Item = &'a ClusterState>,
    kept: &HashMap<ClusterId, KeptValues>,
) -> [Column; 5] {
    let kept: Vec<_> = states.map(|state| kept.get(&state.cluster)).collect();
    [
        Column::BigInt(kept.iter().map(|kept| kept.map_or(0, |kept| kept.external_counts)).collect()),
        Column::BigInt(kept.iter().map(|kept| kept.map_or(0, |kept| kept.internal_counts)).collect()),
        Column::Text(kept.iter().map(|kept| kept.map(|kept| kept.sort_name.clone()).unwrap_or_default()).collect()),
        Column::Int(kept.iter().map(|kept| kept.is_some_and(|kept| kept.managed).into()).collect()),
        Column::Int(kept.iter().map(|kept| kept.is_some().into()).collect()),
    ]
}
