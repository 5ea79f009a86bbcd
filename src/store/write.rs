//! The write path: a batch of reports, applied in one transaction with set-based SQL.
//!
//! The result is the same as if the messages were applied one at a time, in offset order. `clusters` locks the rows of
//! the batch's clusters and reads them. From these, `reconcile` decides in memory which reports are stale and what the
//! others change. Only the final state is written, and every interval that an accepted report closes.

mod clusters;
mod consumer_errors;
mod reconcile;
mod rule_hits;

use std::{collections::BTreeMap, time::Duration};

pub use consumer_errors::ConsumerError;
use derive_more::{Add, AddAssign, Sum};
use sea_orm::{DatabaseTransaction, DbErr};

use self::reconcile::AcceptedReports;
use super::{
    error::Error,
    kept_values::{self, HitsByCluster, Owned},
    pools::Store,
    recommendation_ids::IdsBySelector,
};
use crate::{
    domain::{ClusterId, Report, RuleHit, Timestamp, WorkloadResult},
    fault_point::FaultPoint,
};

/// Longest time for a batch's transaction, its commit included. After a timeout the batch is repeated. If it was
/// committed after all, its reports are then stale.
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

/// Counts of a batch's reports by outcome.
#[derive(Add, AddAssign, Clone, Copy, Debug, Default, PartialEq, Eq, Sum)]
pub struct Written {
    /// Newer than the stored report, and applied.
    pub applied: usize,
    /// Applied reports with the same hits as the stored report.
    pub unchanged: usize,
    /// Applied reports that moved the cluster to another organization.
    pub moved: usize,
    /// Not newer than the stored report, and skipped.
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
        FaultPoint::ReportsWritten.pass();
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
        let Results::Reports(reports) = results else { return Err(DbErr::Custom("workloads".to_owned())) };
        if reports.is_empty() {
            return Ok((Written::default(), IdsBySelector::default()));
        }
        // Every batch locks in the same order, so that batches do not deadlock: clusters by key, organizations by
        // number, selectors by text.
        let by_cluster = by_cluster(reports);
        clusters::insert(transaction, &by_cluster).await?;
        let stored = clusters::lock(transaction, &by_cluster).await?;
        FaultPoint::ClustersLocked.pass();

        let accepted: Vec<AcceptedReports<'_>> =
            stored.into_iter().map(|state| AcceptedReports::new(state, &by_cluster)).collect();
        let written = accepted.iter().map(AcceptedReports::written).sum();

        clusters::insert_organizations(transaction, &accepted).await?;
        let selectors = accepted.iter().flat_map(AcceptedReports::selectors).collect();
        let ids = self.recommendation_ids.find_or_insert(transaction, selectors).await?;

        let mut open_hits = rule_hits::stored(transaction, &accepted).await?;
        let mut diffs = Vec::with_capacity(accepted.len());
        for reports in &accepted {
            let stored = open_hits.remove(&reports.cluster()).unwrap_or_default();
            diffs.push(reports.reconcile(&stored, &ids)?);
        }
        let closed = rule_hits::write(transaction, &diffs).await?;
        let changed = accepted.iter().filter(|reports| reports.may_change_hits());
        let (owned, hits) = counted(changed, &ids)?;
        let kept = kept_values::read(transaction, &owned, &hits).await?;
        clusters::update(transaction, &accepted, &closed, &kept, stored_at).await?;
        Ok((written, ids))
    }
}

/// The clusters whose hits are to be counted, and these hits: those of the newest reports.
fn counted<'a>(
    changed: impl Iterator<Item = &'a AcceptedReports<'a>>,
    ids: &IdsBySelector,
) -> Result<(Vec<Owned>, HitsByCluster), DbErr> {
    let (mut owned, mut hits) = (Vec::new(), HitsByCluster::new());
    for reports in changed {
        owned.push(Owned::new(reports.after.cluster, reports.after.organization));
        let newest = reports.newest().into_iter().flat_map(Report::hits);
        hits.insert(reports.after.cluster, newest.map(|hit| ids.get(&hit.selector)).collect::<Result<_, _>>()?);
    }
    Ok((owned, hits))
}

/// Refuses a batch that no database accepts as one. An error of the server would not say so for certain.
fn check_bytes(results: Results<'_>) -> Result<(), Error> {
    let bytes = match results {
        Results::Reports(reports) => reports.iter().flat_map(Report::hits).map(details_bytes).sum(),
        Results::Workloads(results) => results.iter().flat_map(WorkloadResult::hits).map(details_bytes).sum(),
    };
    let allowed = MAX_BATCH_BYTES;
    if bytes > allowed { Err(Error::TooLarge { bytes, allowed }) } else { Ok(()) }
}

fn details_bytes(hit: &RuleHit) -> usize {
    hit.details.as_ref().map_or(0, |details| details.as_str().len())
}

/// A batch's reports by cluster, in offset order.
type ByCluster<'a> = BTreeMap<ClusterId, Vec<&'a Report>>;

fn by_cluster(reports: &[Report]) -> ByCluster<'_> {
    let mut by_cluster = ByCluster::new();
    for report in reports {
        by_cluster.entry(report.cluster).or_default().push(report);
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
