//! Batches that are written at the same time wait for each other, and lose and double nothing: they leave what they would
//! leave one after the other, in some order.

use futures_util::future::join_all;
use insights_results_aggregator::{
    domain::Report,
    store::{Batch, Store, Written},
};
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use super::owned::{Owned, stored};
use crate::{
    harness::{Database, postgres, sqlite},
    model::{DETAILS, Model, Said, VERSIONS, differences, seed, without_digests},
};

/// The batches that are written at the same time. All their orders are tried.
const WRITERS: usize = 4;
/// Clusters that every round has; as many are new in each, so that there is no row yet to wait for.
const CLUSTERS: u8 = 8;

#[tokio::test]
async fn on_postgres_batches_written_at_once_leave_what_some_order_of_them_leaves() {
    let database = postgres().await;
    let stores = [database.store().await, database.store().await, database.store().await];
    contend(&database, &stores, 25).await;
}

#[tokio::test]
async fn on_sqlite_two_handles_on_one_file_take_turns() {
    let database = sqlite();
    let stores = [database.store().await, database.store().await];
    contend(&database, &stores, 10).await;
}

/// Writes rounds of batches, and looks after each round for the order that explains what it left.
async fn contend(database: &Database, stores: &[Store], rounds: u8) {
    let mut dice = ChaCha8Rng::seed_from_u64(seed());
    let mut model = Model::default();
    for round in 0..rounds {
        let batches: Vec<_> = (0..WRITERS).map(|_| batch(&mut dice, round)).collect();
        let reports: Vec<Vec<_>> = batches.iter().map(|batch| batch.iter().map(Said::report).collect()).collect();
        let written = write_together(stores, &reports).await;
        let applied: Vec<_> = written.iter().map(|written| written.applied).collect();
        let found = without_digests(stored(database).await);

        let outcomes = orders(WRITERS).into_iter().map(|order| {
            let (after, counted) = one_after_the_other(&model, &batches, &order);
            let mut unexplained = differences(&found, &after.tables());
            unexplained.extend((counted != applied).then(|| format!("applied: {applied:?}, not {counted:?}")));
            (unexplained, order, after)
        });
        let closest = outcomes.min_by_key(|(unexplained, ..)| unexplained.len());
        let (unexplained, order, after) = closest.expect("there are orders");
        assert_eq!(unexplained, [""; 0], "{}, round {round}, closest {order:?} of {batches:#?}", database.name);
        model = after;
    }
    assert!(model.tables().history.len() > 5 * usize::from(rounds), "a contest that shows little");
}

/// The model after these batches in this order, and how many reports of each it took.
fn one_after_the_other(model: &Model, batches: &[Vec<Said>], order: &[usize]) -> (Model, Vec<usize>) {
    let (mut after, mut taken) = (model.clone(), vec![0; batches.len()]);
    for &writer in order {
        taken[writer] = batches[writer].iter().filter(|said| after.take(said)).count();
    }
    (after, taken)
}

/// Few reports that meet those of other batches in clusters, owners, times and recommendations, old and new ones.
fn batch(dice: &mut ChaCha8Rng, round: u8) -> Vec<Said> {
    let mut below = |bound: u8| u8::try_from(dice.next_u32() % u32::from(bound)).expect("below a small bound");
    let reports = 10 + below(10);
    let said = |_| {
        let is_new = below(2) == 1;
        let first = if is_new { u16::from(CLUSTERS) * u16::from(1 + round) } else { 0 };
        let hits = (0..below(5)).map(|_| {
            let rule = if below(2) == 1 { 3 * (1 + round) } else { 0 } + below(3);
            (rule, DETAILS[usize::from(below(6))])
        });
        Said {
            hits: hits.collect(),
            organization: 1 + u32::from(round / 8 + below(3)),
            cluster: first + u16::from(below(CLUSTERS)),
            minute: 4 * u32::from(round) + u32::from(below(8)),
            version: VERSIONS.get(usize::from(below(6))).copied(),
            is_tracked: below(2) == 1,
        }
    };
    (0..reports).map(said).collect()
}

/// All orders of so many batches.
fn orders(batches: usize) -> Vec<Vec<usize>> {
    let Some(last) = batches.checked_sub(1) else { return vec![vec![]] };
    let inserted = |order: &Vec<usize>, place: usize| [&order[..place], &[last], &order[place..]].concat();
    orders(last).iter().flat_map(|order| (0..=last).map(|place| inserted(order, place))).collect()
}

/// Clusters that only one batch has keep nobody waiting, so that all arrive at what they share at the same time.
#[tokio::test]
async fn batches_that_share_nothing_but_new_owners_and_recommendations_never_wait_in_a_circle() {
    let database = postgres().await;
    let stores = [database.store().await, database.store().await, database.store().await];
    for round in 0..100 {
        let batches: Vec<_> = (0..6).map(|writer| strangers(round, writer)).collect();
        let written = write_together(&stores, &batches).await;
        for (written, batch) in written.iter().zip(&batches) {
            assert_eq!(written.applied, batch.len(), "{written:?}");
        }
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

/// Writes batches at the same time, in turn with these stores.
async fn write_together(stores: &[Store], batches: &[Vec<Report>]) -> Vec<Written> {
    let writes = stores.iter().cycle().zip(batches);
    let writes = join_all(writes.map(|(store, reports)| store.write(Batch { reports, rejected: &[] }))).await;
    writes.into_iter().map(|written| written.expect("nobody is in another's way for long")).collect()
}
