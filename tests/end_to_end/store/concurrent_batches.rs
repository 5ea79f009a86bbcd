//! Batches that are written at the same time wait for each other, and lose and double nothing.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use insights_results_aggregator::{
    domain::{ClusterId, Report},
    identity::Viewer,
    store::{Batch, Store, Written},
};

use super::owned::{Owned, minute, selector, stored};
use crate::{
    harness::{Database, postgres, sqlite},
    reports::{cluster, organization},
};

/// The batches that are written at the same time.
const WRITERS: u32 = 6;
/// Clusters that every batch has; as many are new in each round.
const OLD: u128 = 4;

#[tokio::test]
async fn on_postgres_batches_over_the_same_clusters_never_fail_and_the_newest_report_wins() {
    let database = postgres().await;
    let stores = [database.store().await, database.store().await, database.store().await];
    contend(&database, &stores, 100).await;
}

#[tokio::test]
async fn on_sqlite_two_handles_on_one_file_take_turns() {
    let database = sqlite();
    let stores = [database.store().await, database.store().await];
    contend(&database, &stores, 20).await;
}

/// Clusters that only one batch has keep nobody waiting, so that all arrive at what they share at the same time.
#[tokio::test]
async fn batches_that_share_nothing_but_new_owners_and_recommendations_never_wait_in_a_circle() {
    let database = postgres().await;
    let stores = [database.store().await, database.store().await, database.store().await];
    for round in 0..100 {
        let batches: Vec<_> = (0..WRITERS).map(|writer| strangers(round, writer)).collect();
        let written = write_together(&stores, &batches).await;
        assert_eq!(written.applied, batches.iter().map(Vec::len).sum::<usize>(), "{written:?}");
    }
}

/// Own clusters with the round's new recommendations; every second round brings new organizations, which would keep
/// the batches from arriving at the recommendations together.
fn strangers(round: u32, writer: u32) -> Vec<Report> {
    let report = |place: u32| {
        let hits: Vec<_> = (0..8).map(|rule| format!("round{round}_rule{place}{rule}")).collect();
        let cluster = u128::from(100 * writer + place);
        Owned { organization: 1 + 8 * (round / 2) + place, cluster }.report(round, &hits.join(" "))
    };
    (0..8).map(report).collect()
}

async fn contend(database: &Database, stores: &[Store], rounds: u32) {
    let (mut total, mut reports) = (Written::default(), 0);
    for round in 0..rounds {
        let batches: Vec<_> = (0..WRITERS).map(|writer| batch(round, writer)).collect();
        total = total + write_together(stores, &batches).await;
        reports += batches.iter().map(Vec::len).sum::<usize>();
    }
    assert_eq!(total.applied + total.stale, reports, "{total:?}");
    newest_won(database, &stores[0], rounds).await;
    no_interval_overlaps(database).await;
}

/// The newest report of a round comes from the last writer. Every second batch goes backwards.
fn batch(round: u32, writer: u32) -> Vec<Report> {
    let new = OLD * u128::from(1 + round);
    let mut clusters: Vec<_> = (0..OLD).chain(new..new + OLD).collect();
    if writer.is_multiple_of(2) {
        clusters.reverse();
    }
    // Hits that all have, that are new in this round, that tell the writer.
    let hits = format!("common={writer} round{round} writer{writer}");
    let report = |cluster| Owned { organization: owner(round, writer), cluster }.report(at(round, writer), &hits);
    clusters.into_iter().map(report).collect()
}

fn at(round: u32, writer: u32) -> u32 {
    round * WRITERS + writer
}

/// Now and then the clusters change hands.
fn owner(round: u32, writer: u32) -> u32 {
    1 + round / 10 + writer % 2
}

/// Writes batches at the same time, in turn with these stores.
async fn write_together(stores: &[Store], batches: &[Vec<Report>]) -> Written {
    let writes = stores.iter().cycle().zip(batches);
    let writes = join_all(writes.map(|(store, reports)| store.write(Batch { reports, rejected: &[] }))).await;
    let written = writes.into_iter().map(|written| written.expect("nobody is in another's way for long"));
    written.fold(Written::default(), std::ops::Add::add)
}

async fn newest_won(database: &Database, store: &Store, rounds: u32) {
    let (round, writer) = (rounds - 1, WRITERS - 1);
    let ids: Vec<_> = (0..OLD).map(cluster).collect();
    let clusters = store.clusters(Viewer::unrestricted().scope(), &ids).await.expect("clusters");
    for id in &ids {
        assert_eq!(clusters[id].last_checked, minute(at(round, writer)));
        assert_eq!(clusters[id].organization, organization(owner(round, writer)));
    }
    let names = ["common".to_owned(), format!("round{round}"), format!("writer{writer}")];
    let told: BTreeSet<_> = names.map(|name| selector(&name).to_string()).into();
    let tables = stored(database).await;
    for id in ids.iter().map(ClusterId::to_string) {
        let open = tables.rule_hits.iter().filter(|line| line.starts_with(&id)).map(|line| selector_in(line));
        assert_eq!(open.collect::<BTreeSet<_>>(), told, "cluster {id}");
    }
}

/// Of one cluster and recommendation the intervals follow each other, up to the hit that is open.
async fn no_interval_overlaps(database: &Database) {
    let tables = stored(database).await;
    let mut spans: Vec<_> = tables.history.iter().map(|line| Span::closed(line)).collect();
    spans.extend(tables.rule_hits.iter().map(|line| Span::open(line)));
    spans.sort();
    assert!(spans.len() > 100, "a contest that shows little: {} spans", spans.len());
    for pair in spans.windows(2) {
        let [earlier, later] = pair else { unreachable!("windows of two") };
        assert!(earlier.opened < earlier.closed, "{earlier:?}");
        assert!(earlier.hit != later.hit || earlier.closed <= later.opened, "{earlier:?} and {later:?}");
    }
}

/// A time during which a recommendation hit a cluster. Times as the tables tell them order as texts.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Span {
    hit: String,
    opened: String,
    closed: String,
}

impl Span {
    fn closed(line: &str) -> Self {
        let words: Vec<_> = line.split(' ').collect();
        let [cluster, selector, _owner, opened, closed] = words[..] else { panic!("{line}") };
        Self { hit: format!("{cluster} {selector}"), opened: opened.to_owned(), closed: closed.to_owned() }
    }

    fn open(line: &str) -> Self {
        let words: Vec<_> = line.split(' ').collect();
        let [cluster, selector, _owner, since, ..] = words[..] else { panic!("{line}") };
        Self { hit: format!("{cluster} {selector}"), opened: since.to_owned(), closed: "still open".to_owned() }
    }
}

fn selector_in(line: &str) -> String {
    line.split(' ').nth(1).expect("a selector").to_owned()
}
