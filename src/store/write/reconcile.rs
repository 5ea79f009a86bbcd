//! Decides what a batch changes of one cluster, from the cluster's locked state and its results in offset order.
//!
//! Does no input or output.

use std::collections::BTreeMap;

use sea_orm::{DbErr, FromQueryResult, QueryResult};

use super::{ByCluster, Written, cluster_result::ClusterResult};
use crate::{
    domain::{ClusterId, Digest, OrgId, RuleHit, Selector, Timestamp},
    store::recommendation_ids::IdsBySelector,
};

/// A cluster's row, as read under its lock.
#[derive(Clone, Debug)]
pub(super) struct ClusterState {
    pub(super) cluster: ClusterId,
    pub(super) organization: OrgId,
    /// Time of the newest result of either kind.
    pub(super) last_checked: Timestamp,
    pub(super) report: Newest,
    pub(super) workloads: Newest,
    pub(super) version: Option<String>,
}

/// The newest accepted result of one kind.
#[derive(Clone, Debug)]
pub(super) struct Newest {
    /// When the rules ran; `None` until there is a result. A move by the other kind does not change it.
    pub(super) checked: Option<Timestamp>,
    /// The result's digest; `None` without a result of the owner.
    pub(super) digest: Option<Digest>,
}

impl FromQueryResult for ClusterState {
    fn from_query_result(row: &QueryResult, prefix: &str) -> Result<Self, DbErr> {
        let newest = |checked, digest| {
            Ok::<_, DbErr>(Newest { checked: row.try_get(prefix, checked)?, digest: row.try_get(prefix, digest)? })
        };
        Ok(Self {
            cluster: row.try_get(prefix, "id")?,
            organization: row.try_get(prefix, "org_id")?,
            last_checked: row.try_get(prefix, "last_checked_at")?,
            report: newest("report_checked_at", "hits_digest")?,
            workloads: newest("workload_checked_at", "workloads_digest")?,
            version: row.try_get(prefix, "version")?,
        })
    }
}

impl ClusterState {
    /// Returns whether the result is not stale.
    ///
    /// A result of the cluster's owner must be later than the newest one of its kind. A result of another organization
    /// must be later than every accepted result of the cluster.
    fn accepts<R: ClusterResult>(&mut self, result: &R) -> bool {
        if self.is_moved_by(result) {
            result.last_checked() > self.last_checked
        } else {
            R::newest(self).checked.is_none_or(|newest| result.last_checked() > newest)
        }
    }

    fn is_moved_by(&self, result: &impl ClusterResult) -> bool {
        result.organization() != self.organization
    }

    /// Returns whether the result says the same as the one before.
    fn is_unchanged_by<R: ClusterResult>(&mut self, result: &R) -> bool {
        !self.is_moved_by(result) && R::newest(self).digest == Some(result.digest())
    }

    fn apply<R: ClusterResult>(&mut self, result: &R) {
        if self.is_moved_by(result) {
            // What the former owner reported is not the new owner's.
            (self.report.digest, self.workloads.digest, self.version) = (None, None, None);
        }
        // A result without a version keeps the stored one.
        if let Some(version) = result.version() {
            self.version = Some(version.to_owned());
        }
        self.organization = result.organization();
        self.last_checked = self.last_checked.max(result.last_checked());
        *R::newest(self) = Newest { checked: Some(result.last_checked()), digest: Some(result.digest()) };
    }

    /// Whether no result of either kind was accepted yet.
    fn is_new(&self) -> bool {
        self.report.checked.is_none() && self.workloads.checked.is_none()
    }
}

/// A cluster's results that are not stale, and the cluster's state before and after them.
#[derive(Debug)]
pub(super) struct Accepted<'a, R> {
    results: Vec<&'a R>,
    before: ClusterState,
    pub(super) after: ClusterState,
    /// When a result first moved the cluster.
    moved_at: Option<Timestamp>,
    written: Written,
}

impl<'a, R: ClusterResult> Accepted<'a, R> {
    /// Applies the batch's results of the cluster in order, leaving out stale ones.
    pub(super) fn new(stored: ClusterState, results: &ByCluster<'a, R>) -> Self {
        let results = results.get(&stored.cluster).map_or(&[][..], Vec::as_slice);
        let before = stored.clone();
        let mut accepted = Self { results: vec![], before, after: stored, moved_at: None, written: Written::default() };
        for &result in results {
            if accepted.after.accepts(result) {
                accepted.apply(result);
            } else {
                accepted.written.stale += 1;
            }
        }
        accepted
    }

    fn apply(&mut self, result: &'a R) {
        self.written.applied += 1;
        self.written.unchanged += usize::from(self.after.is_unchanged_by(result));
        if self.after.is_moved_by(result) {
            self.written.moved += 1;
            self.moved_at.get_or_insert(result.last_checked());
        }
        self.after.apply(result);
        self.results.push(result);
    }

    pub(super) fn cluster(&self) -> ClusterId {
        self.before.cluster
    }

    /// Returns the accepted results.
    pub(super) fn results(&self) -> &[&'a R] {
        &self.results
    }

    /// Returns the newest accepted result.
    pub(super) fn newest(&self) -> Option<&'a R> {
        self.results.last().copied()
    }

    /// Returns whether a result moved the cluster, perhaps back to the same owner.
    pub(super) fn is_moved(&self) -> bool {
        self.moved_at.is_some()
    }

    /// Returns whether a result moved the cluster, or is its first one.
    pub(super) fn is_new_or_moved(&self) -> bool {
        self.is_moved() || self.before.is_new()
    }

    /// Returns the organizations that may have no row yet: those of results that create or move the cluster.
    pub(super) fn new_organizations(&self) -> impl Iterator<Item = OrgId> {
        let stored = (!self.before.is_new()).then_some(self.before.organization);
        self.results.iter().map(|result| result.organization()).filter(move |owner| Some(*owner) != stored)
    }

    /// Returns the recommendations of the accepted results, which may have no id yet.
    pub(super) fn selectors(&self) -> impl Iterator<Item = &'a Selector> {
        let results = if self.is_changed() { self.results.as_slice() } else { &[] };
        results.iter().flat_map(|result| result.hits()).map(|hit| &hit.selector)
    }

    /// Returns whether a result changes what it replaces. Otherwise only the cluster's row is written.
    pub(super) fn is_changed(&self) -> bool {
        self.written.unchanged < self.results.len()
    }

    pub(super) fn written(&self) -> Written {
        self.written
    }

    /// Ends the stored open hits of the other kind, if a result moved the cluster.
    pub(super) fn end_other_kind(&self, stored: &BTreeMap<i32, OpenHit>) -> ClusterDiff<'a> {
        let mut diff = ClusterDiff { cluster: self.cluster(), upserted: vec![], deleted: vec![], closed: vec![] };
        if let Some(moved_at) = self.moved_at {
            diff.deleted = stored.keys().copied().collect();
            CurrentHits::new(self.before.organization, stored).close(|_| true, moved_at, &mut diff.closed);
        }
        diff
    }

    /// Applies the accepted results to the stored open hits of their kind.
    pub(super) fn reconcile(
        &self,
        stored: &BTreeMap<i32, OpenHit>,
        ids: &IdsBySelector,
    ) -> Result<ClusterDiff<'a>, DbErr> {
        let mut diff = ClusterDiff { cluster: self.cluster(), upserted: vec![], deleted: vec![], closed: vec![] };
        if !self.is_changed() {
            return Ok(diff);
        }
        let mut current = CurrentHits::new(self.before.organization, stored);
        for result in &self.results {
            current.apply(*result, ids, &mut diff.closed)?;
        }
        diff.deleted = stored.keys().filter(|id| !current.hits.contains_key(id)).copied().collect();
        for (recommendation_id, CurrentHit { open, reported }) in current.hits {
            // No result has this hit: it is as it is stored.
            let Some(hit) = reported else { continue };
            if stored.get(&recommendation_id) != Some(&open) {
                let (organization, impacted_since) = (current.organization, open.impacted_since);
                diff.upserted.push(UpsertedHit { recommendation_id, organization, impacted_since, hit });
            }
        }
        Ok(diff)
    }
}

/// A hit that is open, without its details.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct OpenHit {
    pub(super) impacted_since: Timestamp,
    pub(super) digest: Digest,
}

/// What is to be written of one cluster's hits.
#[derive(Debug)]
pub(super) struct ClusterDiff<'a> {
    pub(super) cluster: ClusterId,
    pub(super) upserted: Vec<UpsertedHit<'a>>,
    /// Recommendation ids of the hits to delete.
    pub(super) deleted: Vec<i32>,
    /// Intervals for the history.
    pub(super) closed: Vec<ClosedInterval>,
}

/// A hit to insert or update.
#[derive(Debug)]
pub(super) struct UpsertedHit<'a> {
    pub(super) recommendation_id: i32,
    pub(super) organization: OrgId,
    pub(super) impacted_since: Timestamp,
    pub(super) hit: &'a RuleHit,
}

/// A time during which a recommendation hit the cluster without a break.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ClosedInterval {
    pub(super) recommendation_id: i32,
    pub(super) organization: OrgId,
    pub(super) opened_at: Timestamp,
    pub(super) closed_at: Timestamp,
}

/// The open hits after some of the accepted results, by recommendation id.
struct CurrentHits<'a> {
    organization: OrgId,
    hits: BTreeMap<i32, CurrentHit<'a>>,
}

struct CurrentHit<'a> {
    open: OpenHit,
    /// The hit in the last result that has it; `None` where no result of the batch does.
    reported: Option<&'a RuleHit>,
}

impl<'a> CurrentHits<'a> {
    fn new(organization: OrgId, stored: &BTreeMap<i32, OpenHit>) -> Self {
        let current = |(id, open): (&i32, &OpenHit)| (*id, CurrentHit { open: open.clone(), reported: None });
        Self { organization, hits: stored.iter().map(current).collect() }
    }

    fn apply(
        &mut self,
        result: &'a impl ClusterResult,
        ids: &IdsBySelector,
        closed: &mut Vec<ClosedInterval>,
    ) -> Result<(), DbErr> {
        let mut reported = BTreeMap::new();
        for hit in result.hits() {
            reported.insert(ids.get(&hit.selector)?, hit);
        }
        let is_moved = result.organization() != self.organization;
        self.close(|id| is_moved || !reported.contains_key(&id), result.last_checked(), closed);
        self.organization = result.organization();
        for (recommendation_id, hit) in reported {
            let opened = OpenHit { impacted_since: result.last_checked(), digest: hit.digest };
            let current = self.hits.entry(recommendation_id).or_insert(CurrentHit { open: opened, reported: None });
            current.open.digest = hit.digest;
            current.reported = Some(hit);
        }
        Ok(())
    }

    /// Removes the hits whose recommendation ids meet the condition and adds their intervals to `closed`.
    fn close(&mut self, is_closed: impl Fn(i32) -> bool, closed_at: Timestamp, closed: &mut Vec<ClosedInterval>) {
        let organization = self.organization;
        let removed = self.hits.extract_if(.., |&id, _| is_closed(id));
        closed.extend(removed.map(|(recommendation_id, hit)| {
            let opened_at = hit.open.impacted_since;
            ClosedInterval { recommendation_id, organization, opened_at, closed_at }
        }));
    }
}
