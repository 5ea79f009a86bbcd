//! The state of a cluster, and how it changes from one report to the next.

use chrono::{DateTime, SubsecRound as _, TimeDelta, Utc};
use uuid::{Builder, Uuid};

use crate::{
    catalogue::Catalogue,
    random::{Purpose, SeededRng},
    site::Site,
    template::Context,
    workloads::{self, Object},
};

/// The largest number seen in a real report.
const MAX_HITS: usize = 15;
/// How far before the requested time a report may lie.
const SPREAD_MICROSECONDS: u32 = 90_000_000;

/// A cluster of the fleet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct GeneratedCluster {
    /// The organization that owns it.
    pub organization: u32,
    /// Its UUID, `ClusterName` in messages.
    pub id: Uuid,
}

/// A cluster with its open hits.
pub(crate) struct Cluster {
    seed: u64,
    index: u64,
    pub(crate) identity: GeneratedCluster,
    pub(crate) account: Option<u32>,
    pub(crate) site: Site,
    pub(crate) reports_version: bool,
    usual_hits: usize,
    pub(crate) hits: Vec<Hit>,
    reports: u32,
    last_checked: Option<DateTime<Utc>>,
    workload_results: u32,
    workloads_checked: Option<DateTime<Utc>>,
}

/// An open hit.
pub(crate) struct Hit {
    /// The recommendation's index in the catalogue.
    pub(crate) recommendation: usize,
    appeared: DateTime<Utc>,
    /// The number of the report in which it appeared.
    appeared_in: u32,
    /// How often its details have changed.
    revision: u32,
}

impl Cluster {
    /// The cluster with this index in the fleet, before its first report.
    pub(crate) fn new(seed: u64, index: u64, organization: u32, account: Option<u32>) -> Self {
        let mut rng = SeededRng::new(seed, Purpose::Cluster, index, 0);
        Self {
            seed,
            index,
            identity: GeneratedCluster { organization, id: Builder::from_random_bytes(rng.bytes()).into_uuid() },
            account,
            site: Site::draw(seed, index, &mut rng),
            reports_version: !rng.percent(2),
            usual_hits: usual_hits(&mut rng),
            hits: Vec::new(),
            reports: 0,
            last_checked: None,
            workload_results: 0,
            workloads_checked: None,
        }
    }

    /// The random number generator of the next report.
    pub(crate) fn report_rng(&self) -> SeededRng {
        SeededRng::new(self.seed, Purpose::Report, self.index, self.reports.into())
    }

    /// Changes the cluster to its state in the next report and returns the report's time. That lies shortly before
    /// `at`, or at `at`, or, where the previous report is not before `at`, a microsecond after that report.
    pub(crate) fn advance(&mut self, catalogue: &Catalogue, at: DateTime<Utc>, rng: &mut SeededRng) -> DateTime<Utc> {
        let last_checked = next_check(self.last_checked, at, rng);
        if self.reports > 0 {
            self.change(rng);
        }
        self.open_hits(catalogue, last_checked, rng);
        self.reports += 1;
        self.last_checked = Some(last_checked);
        last_checked
    }

    /// The random number generator of the next workload result.
    pub(crate) fn workload_rng(&self) -> SeededRng {
        SeededRng::new(self.seed, Purpose::WorkloadReport, self.index, self.workload_results.into())
    }

    /// Returns the objects of the next workload result by recommendation, and the result's time, as
    /// [`Cluster::advance`] does for reports.
    pub(crate) fn advance_workloads(
        &mut self,
        catalogue: &Catalogue,
        at: DateTime<Utc>,
        rng: &mut SeededRng,
    ) -> (Vec<Vec<Object>>, DateTime<Utc>) {
        let checked = next_check(self.workloads_checked, at, rng);
        let objects = workloads::by_recommendation(self.seed, self.index, self.workload_results, catalogue);
        self.workload_results += 1;
        self.workloads_checked = Some(checked);
        (objects, checked)
    }

    /// Closes some hits, changes the details of others, and occasionally upgrades the cluster.
    fn change(&mut self, rng: &mut SeededRng) {
        self.hits.retain(|_| rng.percent(90));
        for hit in &mut self.hits {
            hit.revision += u32::from(rng.percent(25));
        }
        if rng.percent(2) {
            self.site.version = self.site.version.upgraded(rng);
        }
    }

    /// Opens hits towards the cluster's usual number, and rarely one more.
    fn open_hits(&mut self, catalogue: &Catalogue, now: DateTime<Utc>, rng: &mut SeededRng) {
        let missing = self.usual_hits.saturating_sub(self.hits.len());
        let new = match self.reports {
            0 => missing,
            _ => (0..missing).filter(|_| rng.percent(60)).count() + usize::from(rng.percent(1)),
        };
        let max = MAX_HITS.min(catalogue.recommendations().len());
        for _ in 0..new.min(max.saturating_sub(self.hits.len())) {
            let recommendation = self.draw_new(catalogue, rng);
            self.hits.push(Hit { recommendation, appeared: now, appeared_in: self.reports, revision: 0 });
        }
    }

    /// Draws a recommendation that does not hit the cluster yet. Where the drawn one does, takes the next in the
    /// catalogue that does not.
    fn draw_new(&self, catalogue: &Catalogue, rng: &mut SeededRng) -> usize {
        let mut index = catalogue.draw(rng);
        while self.hits.iter().any(|hit| hit.recommendation == index) {
            index = (index + 1) % catalogue.recommendations().len();
        }
        index
    }

    /// What the placeholders in the details of one of its hits are replaced with.
    pub(crate) fn context(&self, hit: &Hit) -> Context<'_> {
        // There are fewer than 2^16 recommendations and 2^48 clusters, so no two hits share a generator.
        let subject = self.index << 16 | hit.recommendation as u64;
        let appeared_in = u64::from(hit.appeared_in);
        let lasting = SeededRng::new(self.seed, Purpose::Hit, subject, appeared_in);
        let changing = SeededRng::new(self.seed, Purpose::Change, subject, appeared_in << 32 | u64::from(hit.revision));
        Context::new(&self.site, hit.appeared, lasting, changing)
    }
}

/// The time of a result whose previous one had this time.
fn next_check(previous: Option<DateTime<Utc>>, at: DateTime<Utc>, rng: &mut SeededRng) -> DateTime<Utc> {
    let at = at.trunc_subsecs(6);
    let drawn = later(at, -i64::from(rng.below(SPREAD_MICROSECONDS)));
    match previous {
        Some(previous) if drawn <= previous => at.max(later(previous, 1)),
        _ => drawn,
    }
}

/// 22 percent of the clusters have no hits, most have a few, and a few have many.
fn usual_hits(rng: &mut SeededRng) -> usize {
    let hits = match rng.below(100) {
        0..22 => 0,
        22..90 => rng.within(&(1..=6)),
        90..98 => rng.within(&(7..=10)),
        _ => rng.within(&(11..=15)),
    };
    hits as usize
}

/// `time` plus a number of microseconds, which may be negative.
pub(crate) fn later(time: DateTime<Utc>, microseconds: i64) -> DateTime<Utc> {
    time + TimeDelta::microseconds(microseconds)
}
