//! The one write path: a batch of reports, applied in one transaction with set-based SQL.
//!
//! A batch gives what its messages one at a time, in offset order, would give. `clusters` reads the stored state of its
//! clusters under lock; `reconcile` decides from that state, in memory, which reports are newer and what they
//! diff; what is then written is the final state, and every interval that the accepted closed.

mod clusters;
mod consumer_errors;
mod reconcile;
mod rule_hits;

use std::{collections::BTreeMap, time::Duration};

pub use consumer_errors::ConsumerError;
use derive_more::{Add, AddAssign, Sum};
use sea_orm::{DatabaseTransaction, DbErr};

use self::reconcile::AcceptedReports;
use super::{error::Error, pools::Store, recommendation_ids::IdsBySelector};
use crate::{
    domain::{ClusterId, Report, Timestamp},
    fault_point::FaultPoint,
};

/// Longest time for a batch's transaction, its commit included. Beyond it the batch is repeated, which is harmless:
/// what was committed after all is found to be stale.
const BATCH_TIMEOUT: Duration = Duration::from_secs(30);

/// What is written at once.
#[derive(Clone, Copy, Debug)]
pub struct Batch<'a> {
    /// The reports of a partition, in offset order.
    pub reports: &'a [Report],
    /// The messages among them that were no reports.
    pub rejected: &'a [ConsumerError],
}

/// What became of a batch's reports.
#[derive(Add, AddAssign, Clone, Copy, Debug, Default, PartialEq, Eq, Sum)]
pub struct Written {
    /// Newer than what was stored, and so applied.
    pub applied: usize,
    /// Of the applied ones, those whose hits were the stored ones.
    pub unchanged: usize,
    /// Of the applied ones, those that brought a cluster from another organization.
    pub moved: usize,
    /// Not newer than what was stored, and so skipped.
    pub stale: usize,
}

impl Store {
    /// Writes a batch, all or nothing. To repeat it is harmless.
    ///
    /// # Errors
    /// When the database is away or refuses; [`Error::class`] tells what to do with the batch then.
    pub async fn write(&self, batch: Batch<'_>) -> Result<Written, Error> {
        let timed_out = |_| Error::TimedOut { during: "writing a batch", seconds: BATCH_TIMEOUT.as_secs() };
        // The semaphore is never closed; and without a permit the pool's own bound would do.
        let _permit = self.writers.acquire().await.ok();
        let written = tokio::time::timeout(BATCH_TIMEOUT, self.write_in_transaction(batch)).await.map_err(timed_out)?;
        let (written, ids) = written.map_err(Error::during("writing a batch"))?;
        self.recommendation_ids.remember(ids);
        Ok(written)
    }

    async fn write_in_transaction(&self, batch: Batch<'_>) -> Result<(Written, IdsBySelector), DbErr> {
        let transaction = self.begin_write().await?;
        FaultPoint::TransactionBegun.pass();
        let stored_at = Timestamp::now();
        let (written, ids) = self.write_reports(&transaction, batch.reports, stored_at).await?;
        FaultPoint::ReportsWritten.pass();
        consumer_errors::insert(&transaction, batch.rejected, stored_at).await?;
        FaultPoint::RowsWritten.pass();
        transaction.commit().await?;
        FaultPoint::Committed.pass();
        Ok((written, ids))
    }

    async fn write_reports(
        &self,
        transaction: &DatabaseTransaction,
        reports: &[Report],
        stored_at: Timestamp,
    ) -> Result<(Written, IdsBySelector), DbErr> {
        if reports.is_empty() {
            return Ok((Written::default(), IdsBySelector::default()));
        }
        // Locks are taken in one order by every batch: clusters by key, organizations by number, selectors by text.
        let by_cluster = by_cluster(reports);
        clusters::insert(transaction, &by_cluster).await?;
        let heads = clusters::lock(transaction, &by_cluster).await?;
        FaultPoint::ClustersLocked.pass();

        let accepted: Vec<AcceptedReports<'_>> =
            heads.into_iter().map(|head| AcceptedReports::of(head, &by_cluster)).collect();
        let written = accepted.iter().map(AcceptedReports::written).sum();

        clusters::insert_organizations(transaction, &accepted).await?;
        let selectors = accepted.iter().flat_map(AcceptedReports::selectors).collect();
        let ids = self.recommendation_ids.ids(transaction, selectors).await?;

        let mut stored = rule_hits::stored(transaction, &accepted).await?;
        let mut diffs = Vec::with_capacity(accepted.len());
        for accepted in &accepted {
            let open = stored.remove(&accepted.cluster()).unwrap_or_default();
            diffs.push(accepted.reconcile(&open, &ids)?);
        }
        clusters::update(transaction, &accepted, stored_at).await?;
        rule_hits::write(transaction, &diffs).await?;
        Ok((written, ids))
    }
}

/// The batch's reports by their cluster, each cluster's in offset order.
type ByCluster<'a> = BTreeMap<ClusterId, Vec<&'a Report>>;

fn by_cluster(reports: &[Report]) -> ByCluster<'_> {
    let mut by_cluster = ByCluster::new();
    for report in reports {
        by_cluster.entry(report.cluster).or_default().push(report);
    }
    by_cluster
}
