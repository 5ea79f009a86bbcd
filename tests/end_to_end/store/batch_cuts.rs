//! However a sequence of reports is cut into batches, the tables end the same, on both databases.

use insights_results_aggregator::{
    domain::Report,
    store::{Store, Written},
};
use rand::{Rng as _, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::owned::{Owned, stored, write};
use crate::harness::{Database, each_database};

/// So many sequences, each from its number as the seed.
const SEQUENCES: u32 = 12;
const REPORTS: u32 = 40;
const CLUSTERS: u32 = 3;

#[tokio::test]
async fn however_reports_are_cut_into_batches_the_tables_are_the_same() {
    let mut takers = Vec::new();
    for cut in [Cut::EachAlone, Cut::AllAtOnce, Cut::AtRandom, Cut::AtRandom] {
        for database in each_database().await {
            takers.push(Taker::new(database, cut, takers.len()).await);
        }
    }
    for sequence in 1..=SEQUENCES {
        let reports = Walk::new(sequence).reports();
        let mut outcomes = Vec::new();
        for taker in &mut takers {
            let written = taker.take(&reports).await;
            outcomes.push((&taker.name, written, stored(&taker.database).await));
        }
        let (one_by_one, written, tables) = &outcomes[0];
        assert!(written.applied > 10 && written.stale > 2, "a walk that shows little: {written:?}");
        for (name, other_written, other_tables) in &outcomes[1..] {
            assert_eq!(other_tables, tables, "sequence {sequence}: {name}, then {one_by_one}");
            assert_eq!(other_written, written, "sequence {sequence}: {name}, then {one_by_one}");
        }
    }
}

#[derive(Clone, Copy, Debug)]
enum Cut {
    EachAlone,
    AllAtOnce,
    AtRandom,
}

/// A database that is given every sequence, cut in its own way.
struct Taker {
    name: String,
    database: Database,
    store: Store,
    cut: Cut,
    dice: Dice,
}

impl Taker {
    async fn new(database: Database, cut: Cut, number: usize) -> Self {
        let store = database.store().await;
        let name = format!("{cut:?} on {} (database {number})", database.name);
        Self { name, database, store, cut, dice: Dice::new(number as u64) }
    }

    async fn take(&mut self, mut reports: &[Report]) -> Written {
        let mut written = Written::default();
        while !reports.is_empty() {
            let size = match self.cut {
                Cut::EachAlone => 1,
                Cut::AllAtOnce => reports.len(),
                Cut::AtRandom => reports.len().min(1 + self.dice.below(12) as usize),
            };
            let (batch, rest) = reports.split_at(size);
            written = written + write(&self.store, batch).await;
            reports = rest;
        }
        written
    }
}

/// A random walk: clusters that gain and lose hits and now and then change hands, with reports that come late.
struct Walk {
    sequence: u32,
    dice: Dice,
    /// Of each cluster: its owner and its hits' details, 0 for a hit that is not there.
    clusters: [(u32, [u32; 5]); CLUSTERS as usize],
}

impl Walk {
    fn new(sequence: u32) -> Self {
        Self { sequence, dice: Dice::new(sequence.into()), clusters: [(1, [0; 5]); CLUSTERS as usize] }
    }

    fn reports(mut self) -> Vec<Report> {
        (0..REPORTS).map(|turn| self.report(turn)).collect()
    }

    fn report(&mut self, turn: u32) -> Report {
        let place = self.dice.below(CLUSTERS);
        let (owner, hits) = self.clusters[place as usize];
        let owner = if self.dice.once_in(6) { 1 + self.dice.below(3) } else { owner };
        let hits = if self.dice.once_in(10) { [0; 5] } else { hits.map(|details| self.change(details)) };
        self.clusters[place as usize] = (owner, hits);

        // Some come late, some twice at one time.
        let at = (turn + 5).saturating_sub(self.dice.below(3) * self.dice.below(4));
        // The clusters of one sequence are no others', so that all can share a database.
        let cluster = u128::from(self.sequence * 100 + place);
        let mut report = Owned { organization: owner, cluster }.report(at, &told(hits));
        report.version = self.dice.once_in(3).then(|| format!("4.16.{turn}"));
        report.request_id = self.dice.once_in(3).then(|| format!("request {turn}"));
        report.gathered_at = self.dice.once_in(2).then_some(report.last_checked);
        report
    }

    /// Most hits stay as they are, so that identical reports occur too.
    fn change(&mut self, details: u32) -> u32 {
        if self.dice.once_in(6) { self.dice.below(4) } else { details }
    }
}

/// The hits in words; 1 stands for a hit without details.
fn told(hits: [u32; 5]) -> String {
    let hit = |(rule, details): (usize, u32)| match details {
        0 => String::new(),
        1 => format!("rule{rule} "),
        _ => format!("rule{rule}={details} "),
    };
    hits.into_iter().enumerate().map(hit).collect()
}

struct Dice(ChaCha8Rng);

impl Dice {
    fn new(seed: u64) -> Self {
        Self(ChaCha8Rng::seed_from_u64(seed))
    }

    fn below(&mut self, bound: u32) -> u32 {
        self.0.next_u32() % bound
    }

    fn once_in(&mut self, times: u32) -> bool {
        self.below(times) == 0
    }
}
