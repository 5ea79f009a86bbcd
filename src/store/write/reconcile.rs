//! What a batch does to one cluster: pure, decided from the cluster's locked state and its reports in offset order.

use std::collections::{BTreeMap, btree_map::Entry};

use sea_orm::{DbErr, FromQueryResult};

use super::{ByCluster, Written};
use crate::{
    domain::{ClusterId, Digest, OrgId, Report, RuleHit, Selector, Timestamp},
    store::recommendation_ids::IdsBySelector,
};

/// A cluster's row as it was locked.
#[derive(Clone, Debug, FromQueryResult)]
pub(super) struct ClusterState {
    #[sea_orm(from_alias = "id")]
    pub(super) cluster: ClusterId,
    #[sea_orm(from_alias = "org_id")]
    pub(super) organization: OrgId,
    /// Of the newest result of either kind.
    #[sea_orm(from_alias = "last_checked_at")]
    pub(super) last_checked: Timestamp,
    /// Of the current report; `None` until one is stored.
    #[sea_orm(from_alias = "report_checked_at")]
    pub(super) report_checked: Option<Timestamp>,
    pub(super) version: Option<String>,
    pub(super) hits_digest: Option<Digest>,
}

impl ClusterState {
    /// A report is stale unless it is later than the stored one; one of another organization, unless it is later than
    /// whatever was accepted last of the cluster.
    fn makes_stale(&self, report: &Report) -> bool {
        if report.organization == self.organization {
            self.report_checked.is_some_and(|stored| report.last_checked <= stored)
        } else {
            report.last_checked <= self.last_checked
        }
    }

    fn is_moved_by(&self, report: &Report) -> bool {
        report.organization != self.organization
    }

    /// Does the report leave all hits as they are?
    fn has_the_hits_of(&self, report: &Report) -> bool {
        !self.is_moved_by(report) && self.hits_digest == Some(report.hits_digest())
    }

    fn advance(&mut self, report: &Report) {
        // A version is the cluster's word to its owner: a new owner knows none until told.
        if report.version.is_some() || self.is_moved_by(report) {
            self.version.clone_from(&report.version);
        }
        self.organization = report.organization;
        self.last_checked = self.last_checked.max(report.last_checked);
        self.report_checked = Some(report.last_checked);
        self.hits_digest = Some(report.hits_digest());
    }
}

/// A cluster's reports that are newer than what came before them, each one step, and where they lead.
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
    /// Parts the newer reports of the head's cluster from the stale ones.
    pub(super) fn of(head: ClusterState, reports: &ByCluster<'a>) -> Self {
        let reports = reports.get(&head.cluster).map_or(&[][..], Vec::as_slice);
        let mut accepted =
            Self { reports: vec![], before: head.clone(), after: head, unchanged: 0, moved: 0, stale: 0 };
        for &report in reports {
            if accepted.after.makes_stale(report) {
                accepted.stale += 1;
                continue;
            }
            accepted.unchanged += usize::from(accepted.after.has_the_hits_of(report));
            accepted.moved += usize::from(accepted.after.is_moved_by(report));
            accepted.after.advance(report);
            accepted.reports.push(report);
        }
        accepted
    }

    pub(super) fn cluster(&self) -> ClusterId {
        self.before.cluster
    }

    /// The newest accepted report: what the cluster's row says from now on.
    pub(super) fn newest(&self) -> Option<&'a Report> {
        self.reports.last().copied()
    }

    /// Organizations that may be new to us: those that came with a new or a moved cluster.
    pub(super) fn new_owners(&self) -> impl Iterator<Item = OrgId> {
        let known = self.before.report_checked.map(|_| self.before.organization);
        self.reports.iter().map(|report| report.organization).filter(move |owner| Some(*owner) != known)
    }

    /// The recommendations that the accepted reports name. A stale report adds nothing to the recommendation_ids.
    pub(super) fn selectors(&self) -> impl Iterator<Item = &'a Selector> {
        let reports = if self.touches_hits() { self.reports.as_slice() } else { &[] };
        reports.iter().flat_map(|report| report.hits()).map(|hit| &hit.selector)
    }

    /// Does any step change a hit? Where none does, only the cluster's row is touched.
    pub(super) fn touches_hits(&self) -> bool {
        self.unchanged < self.reports.len()
    }

    pub(super) fn written(&self) -> Written {
        Written { applied: self.reports.len(), unchanged: self.unchanged, moved: self.moved, stale: self.stale }
    }

    /// Walks the accepted over the stored open hits.
    pub(super) fn reconcile(
        &self,
        stored: &BTreeMap<i32, OpenHit>,
        ids: &IdsBySelector,
    ) -> Result<ClusterDiff<'a>, DbErr> {
        let mut diff = ClusterDiff { cluster: self.cluster(), written: vec![], gone: vec![], closed: vec![] };
        if !self.touches_hits() {
            return Ok(diff);
        }
        let mut now = State { owner: self.before.organization, open: BTreeMap::new() };
        now.open.extend(stored.iter().map(|(number, hit)| (*number, (hit.clone(), None))));
        for report in &self.reports {
            now.step(report, ids, &mut diff.closed)?;
        }
        diff.gone = stored.keys().filter(|number| !now.open.contains_key(number)).copied().collect();
        for (number, (hit, content)) in now.open {
            // Without content it is the stored hit, untouched by every step.
            let Some(content) = content else { continue };
            if stored.get(&number) != Some(&hit) {
                diff.written.push(WrittenHit { number, owner: now.owner, since: hit.since, content });
            }
        }
        Ok(diff)
    }
}

/// A hit that is open, without its details.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct OpenHit {
    pub(super) since: Timestamp,
    pub(super) digest: Digest,
}

/// What diffs of one cluster's hits.
#[derive(Debug)]
pub(super) struct ClusterDiff<'a> {
    pub(super) cluster: ClusterId,
    /// Hits to be inserted or updated.
    pub(super) written: Vec<WrittenHit<'a>>,
    /// IdsBySelector of hits to be deleted.
    pub(super) gone: Vec<i32>,
    /// Intervals for the history.
    pub(super) closed: Vec<Interval>,
}

/// A hit as it is to be stored.
#[derive(Debug)]
pub(super) struct WrittenHit<'a> {
    pub(super) number: i32,
    pub(super) owner: OrgId,
    pub(super) since: Timestamp,
    pub(super) content: &'a RuleHit,
}

/// A time during which a recommendation hit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Interval {
    pub(super) number: i32,
    pub(super) owner: OrgId,
    pub(super) opened: Timestamp,
    pub(super) closed: Timestamp,
}

/// The open hits between two accepted, each with the content that a step gave it.
struct State<'a> {
    owner: OrgId,
    open: BTreeMap<i32, (OpenHit, Option<&'a RuleHit>)>,
}

impl<'a> State<'a> {
    fn step(&mut self, report: &'a Report, ids: &IdsBySelector, closed: &mut Vec<Interval>) -> Result<(), DbErr> {
        let mut hits = BTreeMap::new();
        for hit in report.hits() {
            hits.insert(ids.of(&hit.selector)?, hit);
        }
        let moved = report.organization != self.owner;
        self.close(report.last_checked, |number| moved || !hits.contains_key(&number), closed);
        self.owner = report.organization;
        for (number, hit) in hits {
            match self.open.entry(number) {
                Entry::Vacant(slot) => {
                    let opened = OpenHit { since: report.last_checked, digest: hit.digest };
                    slot.insert((opened, Some(hit)));
                }
                Entry::Occupied(mut slot) => {
                    let (open, content) = slot.get_mut();
                    open.digest = hit.digest;
                    *content = Some(hit);
                }
            }
        }
        Ok(())
    }

    fn close(&mut self, at: Timestamp, ends: impl Fn(i32) -> bool, closed: &mut Vec<Interval>) {
        let owner = self.owner;
        self.open.retain(|&number, (hit, _)| {
            let ended = ends(number);
            if ended {
                closed.push(Interval { number, owner, opened: hit.since, closed: at });
            }
            !ended
        });
    }
}
