//! Decides what a batch changes of one cluster, from the cluster's locked state and its reports in offset order.
//!
//! Does no input or output.

use std::collections::BTreeMap;

use sea_orm::{DbErr, FromQueryResult};

use super::{ByCluster, Written};
use crate::{
    domain::{ClusterId, Digest, OrgId, Report, RuleHit, Selector, Timestamp},
    store::recommendation_ids::IdsBySelector,
};

/// A cluster's row, as read under its lock.
#[derive(Clone, Debug, FromQueryResult)]
pub(super) struct ClusterState {
    #[sea_orm(from_alias = "id")]
    pub(super) cluster: ClusterId,
    #[sea_orm(from_alias = "org_id")]
    pub(super) organization: OrgId,
    /// Time of the newest result of either kind.
    #[sea_orm(from_alias = "last_checked_at")]
    pub(super) last_checked: Timestamp,
    /// Time of the current report; `None` until one is stored.
    #[sea_orm(from_alias = "report_checked_at")]
    pub(super) report_checked: Option<Timestamp>,
    pub(super) version: Option<String>,
    pub(super) hits_digest: Option<Digest>,
}

impl ClusterState {
    /// Returns whether the report is not stale.
    ///
    /// A report of the cluster's owner must be later than the current report. A report of another organization must be
    /// later than every accepted result of the cluster.
    fn accepts(&self, report: &Report) -> bool {
        if report.organization == self.organization {
            self.report_checked.is_none_or(|current| report.last_checked > current)
        } else {
            report.last_checked > self.last_checked
        }
    }

    fn is_moved_by(&self, report: &Report) -> bool {
        report.organization != self.organization
    }

    /// Returns whether the report changes no hit.
    fn has_same_hits(&self, report: &Report) -> bool {
        !self.is_moved_by(report) && self.hits_digest == Some(report.hits_digest())
    }

    fn apply(&mut self, report: &Report) {
        // A report without a version keeps the stored one, unless that was reported to another owner.
        if report.version.is_some() || self.is_moved_by(report) {
            self.version.clone_from(&report.version);
        }
        self.organization = report.organization;
        self.last_checked = self.last_checked.max(report.last_checked);
        self.report_checked = Some(report.last_checked);
        self.hits_digest = Some(report.hits_digest());
    }
}

/// A cluster's reports that are not stale, and the cluster's state before and after them.
#[derive(Debug)]
pub(super) struct AcceptedReports<'a> {
    reports: Vec<&'a Report>,
    before: ClusterState,
    pub(super) after: ClusterState,
    unchanged: usize,
    moved: usize,
    stale: usize,
}

impl<'a> AcceptedReports<'a> {
    /// Applies the batch's reports of the cluster in order, leaving out stale ones.
    pub(super) fn new(stored: ClusterState, reports: &ByCluster<'a>) -> Self {
        let reports = reports.get(&stored.cluster).map_or(&[][..], Vec::as_slice);
        let mut accepted =
            Self { reports: vec![], before: stored.clone(), after: stored, unchanged: 0, moved: 0, stale: 0 };
        for &report in reports {
            if !accepted.after.accepts(report) {
                accepted.stale += 1;
                continue;
            }
            accepted.unchanged += usize::from(accepted.after.has_same_hits(report));
            accepted.moved += usize::from(accepted.after.is_moved_by(report));
            accepted.after.apply(report);
            accepted.reports.push(report);
        }
        accepted
    }

    pub(super) fn cluster(&self) -> ClusterId {
        self.before.cluster
    }

    /// Returns the newest accepted report.
    pub(super) fn newest(&self) -> Option<&'a Report> {
        self.reports.last().copied()
    }

    /// Returns the organizations that may have no row yet: those of reports that create or move the cluster.
    pub(super) fn new_organizations(&self) -> impl Iterator<Item = OrgId> {
        let stored = self.before.report_checked.map(|_| self.before.organization);
        self.reports.iter().map(|report| report.organization).filter(move |owner| Some(*owner) != stored)
    }

    /// Returns the recommendations of the accepted reports, which may have no id yet.
    pub(super) fn selectors(&self) -> impl Iterator<Item = &'a Selector> {
        let reports = if self.may_change_hits() { self.reports.as_slice() } else { &[] };
        reports.iter().flat_map(|report| report.hits()).map(|hit| &hit.selector)
    }

    /// Returns whether a report changes a hit. Otherwise only the cluster's row is written.
    pub(super) fn may_change_hits(&self) -> bool {
        self.unchanged < self.reports.len()
    }

    pub(super) fn written(&self) -> Written {
        Written { applied: self.reports.len(), unchanged: self.unchanged, moved: self.moved, stale: self.stale }
    }

    /// Applies the accepted reports to the stored open hits.
    pub(super) fn reconcile(
        &self,
        stored: &BTreeMap<i32, OpenHit>,
        ids: &IdsBySelector,
    ) -> Result<ClusterDiff<'a>, DbErr> {
        let mut diff = ClusterDiff { cluster: self.cluster(), upserted: vec![], deleted: vec![], closed: vec![] };
        if !self.may_change_hits() {
            return Ok(diff);
        }
        let mut current = CurrentHits::new(self.before.organization, stored);
        for report in &self.reports {
            current.apply(report, ids, &mut diff.closed)?;
        }
        diff.deleted = stored.keys().filter(|id| !current.hits.contains_key(id)).copied().collect();
        for (recommendation_id, CurrentHit { open, reported }) in current.hits {
            // No report has this hit: it is as it is stored.
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

/// The open hits after some of the accepted reports, by recommendation id.
struct CurrentHits<'a> {
    organization: OrgId,
    hits: BTreeMap<i32, CurrentHit<'a>>,
}

struct CurrentHit<'a> {
    open: OpenHit,
    /// The hit in the last report that has it; `None` where no report of the batch does.
    reported: Option<&'a RuleHit>,
}

impl<'a> CurrentHits<'a> {
    fn new(organization: OrgId, stored: &BTreeMap<i32, OpenHit>) -> Self {
        let current = |(id, open): (&i32, &OpenHit)| (*id, CurrentHit { open: open.clone(), reported: None });
        Self { organization, hits: stored.iter().map(current).collect() }
    }

    fn apply(
        &mut self,
        report: &'a Report,
        ids: &IdsBySelector,
        closed: &mut Vec<ClosedInterval>,
    ) -> Result<(), DbErr> {
        let mut reported = BTreeMap::new();
        for hit in report.hits() {
            reported.insert(ids.get(&hit.selector)?, hit);
        }
        let is_moved = report.organization != self.organization;
        self.close(|id| is_moved || !reported.contains_key(&id), report.last_checked, closed);
        self.organization = report.organization;
        for (recommendation_id, hit) in reported {
            let opened = OpenHit { impacted_since: report.last_checked, digest: hit.digest };
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
