//! The hits of a batch's clusters: read without details, diffed in memory, written where they changed.

use std::collections::{BTreeMap, HashMap};

use sea_orm::{DatabaseTransaction, DbErr, FromQueryResult};

use super::reconcile::{AcceptedReports, ClusterDiff, Interval, OpenHit, WrittenHit};
use crate::{
    domain::{ClusterId, Details, Digest, Timestamp},
    store::{columns::Column, statement},
};

#[derive(FromQueryResult)]
struct StoredRow {
    cluster_id: ClusterId,
    recommendation_id: i32,
    impacted_since: Timestamp,
    digest: Digest,
}

/// The open hits of those clusters whose accepted touch any.
pub(super) async fn stored(
    transaction: &DatabaseTransaction,
    accepted: &[AcceptedReports<'_>],
) -> Result<HashMap<ClusterId, BTreeMap<i32, OpenHit>>, DbErr> {
    let touched: Vec<_> =
        accepted.iter().filter(|accepted| accepted.touches_hits()).map(AcceptedReports::cluster).collect();
    let mut hits: HashMap<_, BTreeMap<_, _>> = HashMap::new();
    if touched.is_empty() {
        return Ok(hits);
    }
    let touched = vec![Column::clusters(touched)];
    let rows: Vec<StoredRow> = statement::RULE_HITS_STORED.find(transaction, touched).await?;
    for row in rows {
        let hit = OpenHit { since: row.impacted_since, digest: row.digest };
        hits.entry(row.cluster_id).or_default().insert(row.recommendation_id, hit);
    }
    Ok(hits)
}

/// Writes what changed: at most one statement each for hits that went, hits that came or changed, and the history.
pub(super) async fn write(transaction: &DatabaseTransaction, diffs: &[ClusterDiff<'_>]) -> Result<(), DbErr> {
    let gone: Vec<_> = diffs.iter().flat_map(|c| c.gone.iter().map(|number| (c.cluster, *number))).collect();
    let written: Vec<_> = diffs.iter().flat_map(|c| c.written.iter().map(|hit| (c.cluster, hit))).collect();
    let closed: Vec<_> = diffs.iter().flat_map(|c| c.closed.iter().map(|interval| (c.cluster, interval))).collect();
    if !gone.is_empty() {
        delete(transaction, &gone).await?;
    }
    if !written.is_empty() {
        upsert(transaction, &written).await?;
    }
    if !closed.is_empty() {
        insert_history(transaction, &closed).await?;
    }
    Ok(())
}

async fn delete(transaction: &DatabaseTransaction, gone: &[(ClusterId, i32)]) -> Result<(), DbErr> {
    let rows = vec![
        Column::clusters(gone.iter().map(|(cluster, _)| *cluster)),
        Column::Int(gone.iter().map(|(_, number)| *number).collect()),
    ];
    statement::RULE_HITS_DELETE.execute(transaction, rows, []).await
}

async fn upsert(transaction: &DatabaseTransaction, written: &[(ClusterId, &WrittenHit<'_>)]) -> Result<(), DbErr> {
    let details =
        |hit: &WrittenHit<'_>| hit.content.details.as_ref().map(|details| Details::as_str(details).to_owned());
    let rows = vec![
        Column::clusters(written.iter().map(|(cluster, _)| *cluster)),
        Column::Int(written.iter().map(|(_, hit)| hit.number).collect()),
        Column::BigInt(written.iter().map(|(_, hit)| hit.owner.as_i64()).collect()),
        Column::Time(written.iter().map(|(_, hit)| hit.since).collect()),
        Column::Bytes(written.iter().map(|(_, hit)| hit.content.digest.as_bytes().to_vec()).collect()),
        Column::OptionalText(written.iter().map(|(_, hit)| details(hit)).collect()),
    ];
    statement::RULE_HITS_UPSERT.execute(transaction, rows, []).await
}

async fn insert_history(transaction: &DatabaseTransaction, closed: &[(ClusterId, &Interval)]) -> Result<(), DbErr> {
    let rows = vec![
        Column::clusters(closed.iter().map(|(cluster, _)| *cluster)),
        Column::Int(closed.iter().map(|(_, interval)| interval.number).collect()),
        Column::Time(closed.iter().map(|(_, interval)| interval.opened).collect()),
        Column::Time(closed.iter().map(|(_, interval)| interval.closed).collect()),
        Column::BigInt(closed.iter().map(|(_, interval)| interval.owner.as_i64()).collect()),
    ];
    statement::RULE_HIT_HISTORY_INSERT.execute(transaction, rows, []).await
}
