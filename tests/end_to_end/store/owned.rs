//! A cluster that an organization owns: its reports in few words, and what the tables hold after them.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta};
use insights_results_aggregator::{
    domain::{Details, Report, RuleHit, Selector, Timestamp},
    store::{Batch, Store, Written},
};

use crate::{
    harness::{Database, Tables, each_database, tables},
    reports::{cluster, organization},
};

/// A cluster in the hands of an organization.
#[derive(Clone, Copy, Debug)]
pub(super) struct Owned {
    pub(super) organization: u32,
    pub(super) cluster: u128,
}

impl Owned {
    /// Its report of this minute with hits as [`hit`] reads them, parted by spaces: `disk cpu=1`.
    pub(super) fn report(self, at: u32, hits: &str) -> Report {
        self.report_of(at, hits.split_whitespace().map(hit).collect())
    }

    /// Its report of this minute with whatever hits.
    pub(super) fn report_of(self, at: u32, hits: Vec<RuleHit>) -> Report {
        Report::new(organization(self.organization), cluster(self.cluster), minute(at), hits)
    }

    /// The line of `rule_hit` for a hit that is open since this minute.
    pub(super) fn open(self, told: &str, since: u32) -> String {
        let RuleHit { selector, details, .. } = hit(told);
        let details = details.as_ref().map_or("-", Details::as_str);
        format!("{} {selector} {} {} {details}", cluster(self.cluster), self.organization, minute(since))
    }

    /// The line of `rule_hit_history` for a hit that was open between two minutes.
    pub(super) fn closed(self, name: &str, opened: u32, closed: u32) -> String {
        let (cluster, selector) = (cluster(self.cluster), selector(name));
        format!("{cluster} {selector} {} {} {}", self.organization, minute(opened), minute(closed))
    }
}

/// The time that so many minutes make.
pub(super) fn minute(number: u32) -> Timestamp {
    let midnight = DateTime::from_timestamp(1_714_608_000, 0).expect("2024-05-02");
    (midnight + TimeDelta::minutes(number.into())).into()
}

/// `disk` is a hit without details, `disk=1` one with the details `1`.
pub(super) fn hit(told: &str) -> RuleHit {
    let (name, details) = told.split_once('=').map_or((told, None), |(name, details)| (name, Some(details)));
    RuleHit::new(selector(name), details.map(Details::from_checked))
}

/// The selector of this name.
pub(super) fn selector(name: &str) -> Selector {
    Selector::new(name, "ERROR_KEY").expect("a selector")
}

/// Writes reports as one batch, which must succeed.
pub(super) async fn write(store: &Store, reports: &[Report]) -> Written {
    store.write(Batch { reports, rejected: &[] }).await.expect("the batch is written")
}

/// What a database's tables hold.
pub(super) async fn stored(database: &Database) -> Tables {
    let connection = database.connect().await;
    let stored = tables(&connection).await;
    connection.close().await.expect("close");
    stored
}

/// What the tables hold after these reports: on either database, written one at a time and in one batch, the same.
pub(super) async fn tables_after(reports: &[Report]) -> Tables {
    let mut outcomes = Vec::new();
    for batch_size in [1, reports.len()] {
        for database in each_database().await {
            let store = database.store().await;
            for batch in reports.chunks(batch_size) {
                write(&store, batch).await;
            }
            outcomes.push((database.name, batch_size, stored(&database).await));
        }
    }
    let (_, _, expected) = outcomes.swap_remove(0);
    for (database, batch_size, tables) in outcomes {
        assert_eq!(tables, expected, "{database}, in batches of {batch_size}");
    }
    expected
}

/// The lines of a table, in its order.
pub(super) fn lines(lines: impl IntoIterator<Item = String>) -> BTreeSet<String> {
    lines.into_iter().collect()
}
