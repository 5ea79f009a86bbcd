//! A cluster's life: what changes from one report to the next.

use chrono::TimeDelta;
use uuid::Builder;

use super::{
    catalogue::Catalogue,
    dice::{Dice, Throw},
    fleet::{GeneratedCluster, GeneratedMessage},
    message::Message,
    site::Site,
    template::Filling,
};
use crate::domain::{OrgId, Timestamp};

/// As many as were seen in a real report.
const MOST_HITS: usize = 15;
/// How far a report may lie before the time it is asked for.
const SPREAD_MICROSECONDS: u32 = 90_000_000;

/// A cluster and what ails it at present.
pub(super) struct Cluster {
    seed: u64,
    place: u64,
    pub(super) identity: GeneratedCluster,
    pub(super) account: Option<u32>,
    pub(super) site: Site,
    pub(super) tells_version: bool,
    usual_hits: usize,
    pub(super) hits: Vec<Hit>,
    reports: u32,
    last_checked: Option<Timestamp>,
}

/// A recommendation that fires, since when, and how often its details have changed.
pub(super) struct Hit {
    pub(super) recommendation: usize,
    appeared: Timestamp,
    appeared_in: u32,
    revision: u32,
}

impl Cluster {
    /// The cluster at this place of the fleet, before its first report.
    pub(super) fn new(seed: u64, place: u64, organization: OrgId, account: Option<u32>) -> Self {
        let mut dice = Dice::new(seed, Throw::Cluster, place, 0);
        Self {
            seed,
            place,
            identity: GeneratedCluster {
                organization,
                id: Builder::from_random_bytes(dice.bytes()).into_uuid().into(),
            },
            account,
            site: Site::draw(seed, place, &mut dice),
            tells_version: !dice.percent(2),
            usual_hits: usual_hits(&mut dice),
            hits: Vec::new(),
            reports: 0,
            last_checked: None,
        }
    }

    /// Lets the cluster live on and report: shortly before `at`, or at `at`, or where its previous report is not
    /// before `at` a microsecond after that one.
    pub(super) fn report(&mut self, catalogue: &Catalogue, at: Timestamp) -> GeneratedMessage {
        let mut dice = Dice::new(self.seed, Throw::Report, self.place, self.reports.into());
        let last_checked = self.next_check(at, &mut dice);
        if self.reports > 0 {
            self.live_on(&mut dice);
        }
        self.fall_ill(catalogue, last_checked, &mut dice);
        self.reports += 1;
        self.last_checked = Some(last_checked);
        GeneratedMessage {
            cluster: self.identity.id,
            organization: self.identity.organization,
            last_checked,
            value: Message::new(self, catalogue, last_checked, &mut dice).to_string().into_bytes(),
        }
    }

    fn next_check(&self, at: Timestamp, dice: &mut Dice) -> Timestamp {
        let drawn = later(at, -i64::from(dice.below(SPREAD_MICROSECONDS)));
        match self.last_checked {
            Some(previous) if drawn <= previous => at.max(later(previous, 1)),
            _ => drawn,
        }
    }

    /// Some hits vanish, the details of others change, and now and then the cluster is upgraded.
    fn live_on(&mut self, dice: &mut Dice) {
        self.hits.retain(|_| dice.percent(90));
        for hit in &mut self.hits {
            hit.revision += u32::from(dice.percent(25));
        }
        if dice.percent(2) {
            self.site.version = self.site.version.upgraded(dice);
        }
    }

    /// New hits bring the cluster towards its usual number; seldom one comes on top.
    fn fall_ill(&mut self, catalogue: &Catalogue, now: Timestamp, dice: &mut Dice) {
        let missing = self.usual_hits.saturating_sub(self.hits.len());
        let coming = match self.reports {
            0 => missing,
            _ => (0..missing).filter(|_| dice.percent(60)).count() + usize::from(dice.percent(1)),
        };
        let most = MOST_HITS.min(catalogue.recommendations().len());
        for _ in 0..coming.min(most.saturating_sub(self.hits.len())) {
            let recommendation = self.draw_new(catalogue, dice);
            self.hits.push(Hit { recommendation, appeared: now, appeared_in: self.reports, revision: 0 });
        }
    }

    /// One that the cluster does not have yet: where the drawn one is there, the next free one in the list.
    fn draw_new(&self, catalogue: &Catalogue, dice: &mut Dice) -> usize {
        let mut place = catalogue.draw(dice);
        while self.hits.iter().any(|hit| hit.recommendation == place) {
            place = (place + 1) % catalogue.recommendations().len();
        }
        place
    }

    /// What fills in the details of one of its hits.
    pub(super) fn filling(&self, hit: &Hit) -> Filling<'_> {
        // Fewer than 2^16 recommendations and 2^48 clusters, so that no two hits share their dice.
        let subject = self.place << 16 | hit.recommendation as u64;
        let appeared_in = u64::from(hit.appeared_in);
        let lasting = Dice::new(self.seed, Throw::Hit, subject, appeared_in);
        let changing = Dice::new(self.seed, Throw::Change, subject, appeared_in << 32 | u64::from(hit.revision));
        Filling::new(&self.site, hit.appeared, lasting, changing)
    }
}

/// A fifth is healthy, most have a few hits, a few have many.
fn usual_hits(dice: &mut Dice) -> usize {
    let hits = match dice.below(100) {
        0..22 => 0,
        22..90 => dice.within(&(1..=6)),
        90..98 => dice.within(&(7..=10)),
        _ => dice.within(&(11..=15)),
    };
    hits as usize
}

/// So many microseconds later, or before where they are negative.
pub(super) fn later(time: Timestamp, microseconds: i64) -> Timestamp {
    Timestamp::from(time.utc() + TimeDelta::microseconds(microseconds))
}
