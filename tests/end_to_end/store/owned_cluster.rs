//! Short notation for the reports of a cluster and an organization, and for the rows that they result in.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta};
use insights_results_aggregator::{
    domain::{Details, Report, RuleHit, Selector, Timestamp},
    store::{Batch, Results, Store, Written},
};

use crate::{
    harness::{Database, Tables, each_database, tables},
    reports::{cluster, organization},
};

/// A cluster and the organization that reports it.
#[derive(Clone, Copy, Debug)]
pub(super) struct OwnedCluster {
    pub(super) organization: u32,
    pub(super) cluster: u128,
}

impl OwnedCluster {
    /// A report at this minute, with hits in the notation of [`hit`], separated by spaces: `disk cpu=1`.
    pub(super) fn report(self, at: u32, hits: &str) -> Report {
        self.report_with(at, hits.split_whitespace().map(hit).collect())
    }

    /// A report at this minute with these hits.
    pub(super) fn report_with(self, at: u32, hits: Vec<RuleHit>) -> Report {
        Report::new(organization(self.organization), cluster(self.cluster), minute(at), hits)
    }

    /// The line of `rule_hit` for a hit that is open since this minute.
    pub(super) fn open(self, notation: &str, since: u32) -> String {
        let RuleHit { selector, details, .. } = hit(notation);
        let details = details.as_ref().map_or("-", Details::as_str);
        format!("{} {selector} {} {} {details}", cluster(self.cluster), self.organization, minute(since))
    }

    /// The line of `rule_hit_history` for a hit that was open between two minutes.
    pub(super) fn closed(self, name: &str, opened: u32, closed: u32) -> String {
        let (cluster, selector) = (cluster(self.cluster), selector(name));
        format!("{cluster} {selector} {} {} {}", self.organization, minute(opened), minute(closed))
    }
}

/// The time this many minutes after midnight.
pub(super) fn minute(number: u32) -> Timestamp {
    let midnight = DateTime::from_timestamp(1_714_608_000, 0).expect("2024-05-02");
    (midnight + TimeDelta::minutes(number.into())).into()
}

/// `disk` is a hit without details, `disk=1` one with the details `1`.
pub(super) fn hit(notation: &str) -> RuleHit {
    let (name, details) = notation.split_once('=').map_or((notation, None), |(name, details)| (name, Some(details)));
    RuleHit::new(selector(name), details.map(Details::from_checked))
}

/// The selector of the rule with this name.
pub(super) fn selector(name: &str) -> Selector {
    Selector::new(name, "ERROR_KEY").expect("a selector")
}

/// Writes reports as one batch, which must succeed.
pub(super) async fn write(store: &Store, reports: &[Report]) -> Written {
    store.write(Batch { results: Results::Reports(reports), rejected: &[] }).await.expect("the batch is written")
}

/// Reads all tables of a database.
pub(super) async fn stored(database: &Database) -> Tables {
    let connection = database.connect().await;
    let stored = tables(&connection).await;
    connection.close().await.expect("close");
    stored
}

/// Returns the tables after these reports. They must be the same on both databases, whether the reports are written one
/// at a time or in one batch.
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

/// Lines as a table of [`Tables`].
pub(super) fn lines(lines: impl IntoIterator<Item = String>) -> BTreeSet<String> {
    lines.into_iter().collect()
}
