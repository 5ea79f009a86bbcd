//! The write path: a batch of results of one kind, applied in one transaction with set-based SQL.
//!
//! The result is the same as if the messages were applied one at a time, in offset order. `clusters` locks the rows of
//! the batch's clusters and reads them. From these, `reconcile` decides in memory which results are stale and what the
//! others change. Only the final state is written, and every interval that an accepted result closes. `cluster_result` is
//! what both kinds have in common, `hits` writes the hits of either, `namespaces` the objects of workloads.

mod cluster_result;
mod clusters;
mod consumer_errors;
mod hits;
mod namespaces;
mod reconcile;
mod requests;

use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

pub use consumer_errors::ConsumerError;
use derive_more::{Add, AddAssign, Sum};
use sea_orm::{DatabaseTransaction, DbErr};

use self::{
    cluster_result::{ClusterResult, HitTable},
    hits::ClosedHits,
    reconcile::Accepted,
};
use super::{
    error::Error,
    kept_values::{self, HitsByCluster, KeptValues, Owned},
    pools::Store,
    recommendation_ids::IdsBySelector,
};
use crate::{
    domain::{ClusterId, Report, RuleHit, Timestamp, WorkloadResult},
    fault_point::FaultPoint,
};

/// Longest time for a batch's transaction, its commit included. After a timeout the batch is repeated. If it was
/// committed after all, its results are then stale.
const BATCH_TIMEOUT: Duration = Duration::from_secs(30);

/// Most bytes of a batch's details. PostgreSQL and SQLite accept a text of 1 GB.
const MAX_BATCH_BYTES: usize = 512 * 1024 * 1024;

/// The results of some messages of one partition, written in one transaction.
#[derive(Clone, Copy, Debug)]
pub struct Batch<'a> {
    /// The results, in offset order.
    pub results: Results<'a>,
    /// The messages that could not be ingested.
    pub rejected: &'a [ConsumerError],
}

/// The results of a batch. A topic has results of one kind.
#[derive(Clone, Copy, Debug)]
pub enum Results<'a> {
    /// Those of the rules about clusters.
    Reports(&'a [Report]),
    /// Those of the rules about workloads.
    Workloads(&'a [WorkloadResult]),
}

impl Results<'_> {
    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        match self {
            Self::Reports(reports) => reports.len(),
            Self::Workloads(results) => results.len(),
        }
    }
}

/// Counts of a batch's results by outcome.
#[derive(Add, AddAssign, Clone, Copy, Debug, Default, PartialEq, Eq, Sum)]
pub struct Written {
    /// Newer than the stored result, and applied.
    pub applied: usize,
    /// Applied results that say the same as the stored one.
    pub unchanged: usize,
    /// Applied results that moved the cluster to another organization.
    pub moved: usize,
    /// Not newer than the stored result, and skipped.
    pub stale: usize,
}

impl Store {
    /// Writes all of a batch, or nothing if it fails. Writing a batch again changes nothing.
    ///
    /// # Errors
    /// When the database is unreachable or rejects a statement. [`Error::class`] says how to proceed with the batch.
    pub async fn write(&self, batch: Batch<'_>) -> Result<Written, Error> {
        let timed_out = |_| Error::TimedOut { during: "writing a batch", seconds: BATCH_TIMEOUT.as_secs() };
        check_bytes(batch.results)?;
        // The semaphore is never closed. Without a permit the pool's size would be the limit.
        let _permit = self.writers.acquire().await.ok();
        let writing = async {
            let written = tokio::time::timeout(BATCH_TIMEOUT, Box::pin(self.write_in_transaction(batch))).await;
            written.map_err(timed_out)?.map_err(Error::during("writing a batch"))
        };
        let (written, ids) = self.replacing(writing).await?;
        self.recommendation_ids.cache(ids);
        Ok(written)
    }

    async fn write_in_transaction(&self, batch: Batch<'_>) -> Result<(Written, IdsBySelector), DbErr> {
        let transaction = self.begin_write().await?;
        FaultPoint::TransactionBegun.pass();
        let stored_at = Timestamp::now();
        let (written, ids) = self.write_results(&transaction, batch.results, stored_at).await?;
        FaultPoint::ResultsWritten.pass();
        consumer_errors::insert(&transaction, batch.rejected, stored_at).await?;
        FaultPoint::RowsWritten.pass();
        transaction.commit().await?;
        FaultPoint::Committed.pass();
        Ok((written, ids))
    }

    async fn write_results(
        &self,
        transaction: &DatabaseTransaction,
        results: Results<'_>,
        stored_at: Timestamp,
    ) -> Result<(Written, IdsBySelector), DbErr> {
        match results {
            Results::Reports([]) | Results::Workloads([]) => Ok((Written::default(), IdsBySelector::default())),
            Results::Reports(reports) => {
                let Applied { accepted, ids, closed } = self.apply(transaction, reports).await?;
                let kept = count(transaction, accepted.iter().filter(|reports| reports.is_changed()), &ids).await?;
                clusters::update(transaction, &accepted, &closed, &kept, stored_at).await?;
                requests::upsert(transaction, reports, stored_at).await?;
                Ok((accepted.iter().map(Accepted::written).sum(), ids))
            }
            Results::Workloads(results) => {
                let Applied { accepted, ids, .. } = self.apply(transaction, results).await?;
                namespaces::write(transaction, &accepted, &ids).await?;
                let kept = count_without_hits(transaction, &accepted).await?;
                clusters::update_workloads(transaction, &accepted, &kept).await?;
                Ok((accepted.iter().map(Accepted::written).sum(), ids))
            }
        }
    }

    /// What both kinds of results have in common: locks the clusters, decides which results are accepted, and writes the
    /// hits.
    async fn apply<'a, R: ClusterResult>(
        &self,
        transaction: &DatabaseTransaction,
        results: &'a [R],
    ) -> Result<Applied<'a, R>, DbErr> {
        // Every batch locks in the same order, so that batches do not deadlock: clusters by key, organizations by
        // number, selectors by text.
        let by_cluster = by_cluster(results);
        clusters::insert(transaction, &by_cluster).await?;
        let stored = clusters::lock(transaction, &by_cluster).await?;
        FaultPoint::ClustersLocked.pass();

        let accepted: Vec<_> = stored.into_iter().map(|state| Accepted::new(state, &by_cluster)).collect();
        clusters::insert_organizations(transaction, &accepted).await?;
        let selectors = accepted.iter().flat_map(Accepted::selectors).collect();
        let ids = self.recommendation_ids.find_or_insert(transaction, selectors).await?;

        let closed = write_hits(transaction, &accepted, &ids).await?;
        end_other_kind(transaction, &accepted).await?;
        Ok(Applied { accepted, ids, closed })
    }
}

/// The results of a batch, after their hits are written.
struct Applied<'a, R> {
    accepted: Vec<Accepted<'a, R>>,
    ids: IdsBySelector,
    closed: ClosedHits,
}

async fn write_hits<R: ClusterResult>(
    transaction: &DatabaseTransaction,
    accepted: &[Accepted<'_, R>],
    ids: &IdsBySelector,
) -> Result<ClosedHits, DbErr> {
    let changed = || accepted.iter().filter(|results| results.is_changed());
    let mut stored = hits::stored(transaction, R::HITS, changed().map(Accepted::cluster).collect()).await?;
    let mut diffs = Vec::new();
    for results in changed() {
        diffs.push(results.reconcile(&stored.remove(&results.cluster()).unwrap_or_default(), ids)?);
    }
    hits::write(transaction, R::HITS, &diffs).await
}

/// Ends what the other kind of results found on clusters that moved.
async fn end_other_kind<R: ClusterResult>(
    transaction: &DatabaseTransaction,
    accepted: &[Accepted<'_, R>],
) -> Result<(), DbErr> {
    let moved: Vec<_> = accepted.iter().filter(|results| results.is_moved()).collect();
    let clusters: Vec<_> = moved.iter().map(|results| results.cluster()).collect();
    if clusters.is_empty() {
        return Ok(());
    }
    let table = R::HITS.other();
    if table == HitTable::Workloads {
        namespaces::remove_all(transaction, clusters.clone()).await?;
    }
    let mut stored = hits::stored(transaction, table, clusters).await?;
    let mut diffs = Vec::new();
    for results in moved {
        diffs.push(results.end_other_kind(&stored.remove(&results.cluster()).unwrap_or_default()));
    }
    hits::write(transaction, table, &diffs).await.map(drop)
}

/// Counts the hits of the newest reports.
async fn count<'a>(
    transaction: &DatabaseTransaction,
    changed: impl Iterator<Item = &'a Accepted<'a, Report>>,
    ids: &IdsBySelector,
) -> Result<HashMap<ClusterId, KeptValues>, DbErr> {
    let (mut owned, mut hits) = (Vec::new(), HitsByCluster::new());
    for reports in changed {
        owned.push(Owned::new(reports.after.cluster, reports.after.organization));
        let newest = reports.newest().into_iter().flat_map(Report::hits);
        hits.insert(reports.after.cluster, newest.map(|hit| ids.get(&hit.selector)).collect::<Result<_, _>>()?);
    }
    kept_values::read(transaction, &owned, &hits).await
}

/// What is kept of clusters that are new or moved, and so have no rule hits.
async fn count_without_hits(
    transaction: &DatabaseTransaction,
    accepted: &[Accepted<'_, WorkloadResult>],
) -> Result<HashMap<ClusterId, KeptValues>, DbErr> {
    let owned = accepted.iter().filter(|results| results.is_new_or_moved());
    let owned: Vec<_> = owned.map(|results| Owned::new(results.after.cluster, results.after.organization)).collect();
    kept_values::read(transaction, &owned, &HitsByCluster::new()).await
}

/// Refuses a batch that no database accepts as one. An error of the server would not say so for certain.
fn check_bytes(results: Results<'_>) -> Result<(), Error> {
    let bytes = match results {
        Results::Reports(reports) => reports.iter().flat_map(Report::hits).map(RuleHit::details_bytes).sum(),
        Results::Workloads(results) => results.iter().flat_map(WorkloadResult::hits).map(RuleHit::details_bytes).sum(),
    };
    let allowed = MAX_BATCH_BYTES;
    if bytes > allowed { Err(Error::TooLarge { bytes, allowed }) } else { Ok(()) }
}

/// A batch's results by cluster, in offset order.
type ByCluster<'a, R> = BTreeMap<ClusterId, Vec<&'a R>>;

fn by_cluster<R: ClusterResult>(results: &[R]) -> ByCluster<'_, R> {
    let mut by_cluster = ByCluster::new();
    for result in results {
        by_cluster.entry(result.cluster()).or_default().push(result);
    }
    by_cluster
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Details;

    #[test]
    fn a_batch_that_no_database_accepts_is_too_large_before_it_is_sent() {
        let details = Details::from_checked("x".repeat(MAX_BATCH_BYTES / 4));
        let hit = RuleHit::new("rule|KEY".parse().expect("a selector"), Some(details));
        let organization = "1".parse().expect("an organization");
        let report = Report::new(organization, ClusterId::from(uuid::Uuid::nil()), Timestamp::now(), vec![hit]);
        check_bytes(Results::Reports(&vec![report.clone(); 4])).expect("at most the limit");
        let error = check_bytes(Results::Reports(&vec![report; 5])).expect_err("more than the limit");
        assert_eq!(error.class(), crate::store::Class::TooLarge);
    }
}
