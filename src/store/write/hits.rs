//! The hits of one kind of a batch's clusters: reads them without their details, and writes those that change.

use std::collections::{BTreeMap, HashMap};

use sea_orm::{DatabaseTransaction, DbErr, FromQueryResult};

use super::cluster_result::HitTable;
use super::reconcile::{ClosedInterval, ClusterDiff, OpenHit, UpsertedHit};
use crate::{
    domain::{ClusterId, Details, Digest, OrgId, Timestamp},
    store::{columns::Column, statement},
};

/// The size of the rows of one upsert, apart from its last row. sea-orm and sqlx copy a statement's rows several times:
/// with all details of a batch in one statement, each writer held 20 MB for them.
const UPSERT_BYTES: usize = 512 * 1024;
/// The size of a row without its details.
const ROW_BYTES: usize = 128;

#[derive(FromQueryResult)]
struct StoredRow {
    cluster_id: ClusterId,
    recommendation_id: i32,
    impacted_since: Timestamp,
    digest: Digest,
}

/// Reads the open hits of some clusters, by recommendation id.
pub(super) async fn stored(
    transaction: &DatabaseTransaction,
    table: HitTable,
    clusters: Vec<ClusterId>,
) -> Result<HashMap<ClusterId, BTreeMap<i32, OpenHit>>, DbErr> {
    let mut hits: HashMap<_, BTreeMap<_, _>> = HashMap::new();
    if clusters.is_empty() {
        return Ok(hits);
    }
    let clusters = vec![Column::clusters(clusters)];
    let rows: Vec<StoredRow> = statement::HITS_STORED.on(table.name()).find(transaction, clusters).await?;
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

/// Writes the diffs with one statement that deletes hits, some that insert or update hits, and one that inserts into the
/// history.
pub(super) async fn write(
    transaction: &DatabaseTransaction,
    table: HitTable,
    diffs: &[ClusterDiff<'_>],
) -> Result<ClosedHits, DbErr> {
    let deleted: Vec<_> = diffs.iter().flat_map(|diff| diff.deleted.iter().map(|id| (diff.cluster, *id))).collect();
    let upserted: Vec<_> = diffs.iter().flat_map(|diff| diff.upserted.iter().map(|hit| (diff.cluster, hit))).collect();
    let closed: Vec<_> =
        diffs.iter().flat_map(|diff| diff.closed.iter().map(|interval| (diff.cluster, interval))).collect();
    if !deleted.is_empty() {
        delete(transaction, table, &deleted).await?;
    }
    for rows in by_size(&upserted) {
        upsert(transaction, table, rows).await?;
    }
    if closed.is_empty() { Ok(ClosedHits::new()) } else { insert_history(transaction, table, &closed).await }
}

async fn delete(transaction: &DatabaseTransaction, table: HitTable, deleted: &[(ClusterId, i32)]) -> Result<(), DbErr> {
    let rows = vec![
        Column::clusters(deleted.iter().map(|(cluster, _)| *cluster)),
        Column::Int(deleted.iter().map(|(_, recommendation_id)| *recommendation_id).collect()),
    ];
    statement::HITS_DELETE.on(table.name()).execute(transaction, rows, []).await
}

/// Splits the rows into slices of about [`UPSERT_BYTES`].
fn by_size<'a, 'b>(
    rows: &'a [(ClusterId, &'b UpsertedHit<'b>)],
) -> impl Iterator<Item = &'a [(ClusterId, &'b UpsertedHit<'b>)]> {
    let mut bytes = 0;
    rows.chunk_by(move |(_, row), _| {
        bytes += ROW_BYTES + row.hit.details_bytes();
        let is_full = bytes >= UPSERT_BYTES;
        if is_full {
            bytes = 0;
        }
        !is_full
    })
}

async fn upsert(
    transaction: &DatabaseTransaction,
    table: HitTable,
    upserted: &[(ClusterId, &UpsertedHit<'_>)],
) -> Result<(), DbErr> {
    let details = |row: &UpsertedHit<'_>| row.hit.details.as_ref().map(|details| Details::as_str(details).to_owned());
    let rows = vec![
        Column::clusters(upserted.iter().map(|(cluster, _)| *cluster)),
        Column::Int(upserted.iter().map(|(_, row)| row.recommendation_id).collect()),
        Column::BigInt(upserted.iter().map(|(_, row)| row.organization.as_i64()).collect()),
        Column::Time(upserted.iter().map(|(_, row)| row.impacted_since).collect()),
        Column::Bytes(upserted.iter().map(|(_, row)| row.hit.digest.as_bytes().to_vec()).collect()),
        Column::OptionalText(upserted.iter().map(|(_, row)| details(row)).collect()),
    ];
    statement::HITS_UPSERT.on(table.name()).execute(transaction, rows, []).await
}

async fn insert_history(
    transaction: &DatabaseTransaction,
    table: HitTable,
    closed: &[(ClusterId, &ClosedInterval)],
) -> Result<ClosedHits, DbErr> {
    let rows = vec![
        Column::clusters(closed.iter().map(|(cluster, _)| *cluster)),
        Column::Int(closed.iter().map(|(_, interval)| interval.recommendation_id).collect()),
        Column::Time(closed.iter().map(|(_, interval)| interval.opened_at).collect()),
        Column::Time(closed.iter().map(|(_, interval)| interval.closed_at).collect()),
        Column::BigInt(closed.iter().map(|(_, interval)| interval.organization.as_i64()).collect()),
    ];
    let inserted: Vec<InsertedRow> = statement::HIT_HISTORY_INSERT.on(table.name()).find(transaction, rows).await?;
    let mut closed_hits = ClosedHits::new();
    for row in inserted {
        *closed_hits.entry((row.cluster_id, row.org_id)).or_default() += 1;
    }
    Ok(closed_hits)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::RuleHit;

    #[test]
    fn upserts_are_split_by_size_and_keep_their_order() {
        let hit = |bytes| {
            let details = Details::from_checked("x".repeat(bytes));
            RuleHit::new("rule|KEY".parse().expect("a selector"), Some(details))
        };
        let sizes = [UPSERT_BYTES / 2, UPSERT_BYTES / 2, 1, UPSERT_BYTES * 2, 1, 1];
        let hits: Vec<_> = sizes.into_iter().map(hit).collect();
        let organization = OrgId::try_from(1).expect("an organization");
        let impacted_since = "2024-05-02T08:15:59Z".parse().expect("a time");
        let row = |hit| UpsertedHit { recommendation_id: 1, organization, impacted_since, hit };
        let upserted: Vec<_> = hits.iter().map(row).collect();
        let cluster = uuid::Uuid::nil().into();
        let rows: Vec<_> = upserted.iter().map(|row| (cluster, row)).collect();

        let lengths: Vec<_> = by_size(&rows).map(<[_]>::len).collect();
        assert_eq!(lengths, [2, 2, 2]);
        let in_order = by_size(&rows).flatten().zip(&rows).all(|((_, split), (_, row))| std::ptr::eq(*split, *row));
        assert!(in_order);
        assert_eq!(by_size(&[]).count(), 0);
    }
}
