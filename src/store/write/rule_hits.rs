//! The hits of a batch's clusters: reads them without their details, and writes those that change.

use std::collections::{BTreeMap, HashMap};

use sea_orm::{DatabaseTransaction, DbErr, FromQueryResult};

use super::reconcile::{AcceptedReports, ClosedInterval, ClusterDiff, OpenHit, UpsertedHit};
use crate::{
    domain::{ClusterId, Details, Digest, OrgId, Timestamp},
    store::{columns::Column, statement},
};

#[derive(FromQueryResult)]
struct StoredRow {
    cluster_id: ClusterId,
    recommendation_id: i32,
    impacted_since: Timestamp,
    digest: Digest,
}

/// Reads the open hits of the clusters whose reports may change them, by recommendation id.
pub(super) async fn stored(
    transaction: &DatabaseTransaction,
    accepted: &[AcceptedReports<'_>],
) -> Result<HashMap<ClusterId, BTreeMap<i32, OpenHit>>, DbErr> {
    let changed = accepted.iter().filter(|reports| reports.may_change_hits());
    let changed: Vec<_> = changed.map(AcceptedReports::cluster).collect();
    let mut hits: HashMap<_, BTreeMap<_, _>> = HashMap::new();
    if changed.is_empty() {
        return Ok(hits);
    }
    let clusters = vec![Column::clusters(changed)];
    let rows: Vec<StoredRow> = statement::RULE_HITS_STORED.find(transaction, clusters).await?;
    for row in rows {
        let hit = OpenHit { impacted_since: row.impacted_since, digest: row.digest };
        hits.entry(row.cluster_id).or_default().insert(row.recommendation_id, hit);
    }
    Ok(hits)
}

/// The number of rows that were inserted into the history, by cluster and owner.
pub(super) type ClosedHits = HashMap<(ClusterId, OrgId), i32>;

#[derive(FromQueryResult)]
struct InsertedRow {
    cluster_id: ClusterId,
    org_id: OrgId,
}

/// Writes the diffs with at most three statements: one that deletes hits, one that inserts or updates hits, and one
/// that inserts into the history.
pub(super) async fn write(transaction: &DatabaseTransaction, diffs: &[ClusterDiff<'_>]) -> Result<ClosedHits, DbErr> {
    let deleted: Vec<_> = diffs.iter().flat_map(|diff| diff.deleted.iter().map(|id| (diff.cluster, *id))).collect();
    let upserted: Vec<_> = diffs.iter().flat_map(|diff| diff.upserted.iter().map(|hit| (diff.cluster, hit))).collect();
    let closed: Vec<_> =
        diffs.iter().flat_map(|diff| diff.closed.iter().map(|interval| (diff.cluster, interval))).collect();
    if !deleted.is_empty() {
        delete(transaction, &deleted).await?;
    }
    if !upserted.is_empty() {
        upsert(transaction, &upserted).await?;
    }
    if closed.is_empty() { Ok(ClosedHits::new()) } else { insert_history(transaction, &closed).await }
}

async fn delete(transaction: &DatabaseTransaction, deleted: &[(ClusterId, i32)]) -> Result<(), DbErr> {
    let rows = vec![
        Column::clusters(deleted.iter().map(|(cluster, _)| *cluster)),
        Column::Int(deleted.iter().map(|(_, recommendation_id)| *recommendation_id).collect()),
    ];
    statement::RULE_HITS_DELETE.execute(transaction, rows, []).await
}

async fn upsert(transaction: &DatabaseTransaction, upserted: &[(ClusterId, &UpsertedHit<'_>)]) -> Result<(), DbErr> {
    let details = |row: &UpsertedHit<'_>| row.hit.details.as_ref().map(|details| Details::as_str(details).to_owned());
    let rows = vec![
        Column::clusters(upserted.iter().map(|(cluster, _)| *cluster)),
        Column::Int(upserted.iter().map(|(_, row)| row.recommendation_id).collect()),
        Column::BigInt(upserted.iter().map(|(_, row)| row.organization.as_i64()).collect()),
        Column::Time(upserted.iter().map(|(_, row)| row.impacted_since).collect()),
        Column::Bytes(upserted.iter().map(|(_, row)| row.hit.digest.as_bytes().to_vec()).collect()),
        Column::OptionalText(upserted.iter().map(|(_, row)| details(row)).collect()),
    ];
    statement::RULE_HITS_UPSERT.execute(transaction, rows, []).await
}

async fn insert_history(
    transaction: &DatabaseTransaction,
    closed: &[(ClusterId, &ClosedInterval)],
) -> Result<ClosedHits, DbErr> {
    let rows = vec![
        Column::clusters(closed.iter().map(|(cluster, _)| *cluster)),
        Column::Int(closed.iter().map(|(_, interval)| interval.recommendation_id).collect()),
        Column::Time(closed.iter().map(|(_, interval)| interval.opened_at).collect()),
        Column::Time(closed.iter().map(|(_, interval)| interval.closed_at).collect()),
        Column::BigInt(closed.iter().map(|(_, interval)| interval.organization.as_i64()).collect()),
    ];
    let inserted: Vec<InsertedRow> = statement::RULE_HIT_HISTORY_INSERT.find(transaction, rows).await?;
    let mut closed_hits = ClosedHits::new();
    for row in inserted {
        *closed_hits.entry((row.cluster_id, row.org_id)).or_default() += 1;
    }
    Ok(closed_hits)
}
