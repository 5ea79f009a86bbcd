//! Batches of both kinds that are written at the same time. They must leave the tables as if they were written one after
//! another, in some order.

use futures_util::future::join_all;
use insights_results_aggregator::{
    domain::{Report, WorkloadResult},
    store::{Batch, Results, Store, Written},
};
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use super::owned_cluster::{OwnedCluster, stored};
use crate::{
    harness::{Database, postgres, sqlite},
    model::{
        DETAILS, Model, OBJECTS, ReportSpec, VERSIONS, WORKLOAD_DETAILS, WorkloadSpec, differences, seed,
        without_digests,
    },
};

/// The number of batches that are written at the same time. The result is compared with all their orders.
const WRITERS: usize = 4;
/// The number of clusters that every round has. Each round has as many new clusters, for which there is no row to lock.
const CLUSTERS: u8 = 8;

#[tokio::test]
async fn on_postgres_concurrent_batches_have_the_result_of_some_order_of_them() {
    let database = postgres().await;
    let stores = [database.store().await, database.store().await, database.store().await];
    check_rounds(&database, &stores, 25).await;
}

#[tokio::test]
async fn on_sqlite_concurrent_batches_have_the_result_of_some_order_of_them() {
    let database = sqlite();
    let stores = [database.store().await, database.store().await];
    check_rounds(&database, &stores, 10).await;
}

/// Writes rounds of batches and checks after each round that some order of them explains the result.
async fn check_rounds(database: &Database, stores: &[Store], rounds: u8) {
    let mut rng = ChaCha8Rng::seed_from_u64(seed());
    let mut model = Model::default();
    for round in 0..rounds {
        let batches: Vec<_> = (0..WRITERS).map(|writer| batch(&mut rng, round, writer)).collect();
        let results: Vec<_> = batches.iter().map(Specs::results).collect();
        let written = write_together(stores, &results).await;
        let applied: Vec<_> = written.iter().map(|written| written.applied).collect();
        let found = without_digests(stored(database).await);

        let outcomes = orders(WRITERS).into_iter().map(|order| {
            let (after, counted) = apply_in_order(&model, &batches, &order);
            let mut unexplained = differences(&found, &after.tables());
            unexplained.extend((counted != applied).then(|| format!("applied: {applied:?}, not {counted:?}")));
            (unexplained, order, after)
        });
        let closest = outcomes.min_by_key(|(unexplained, ..)| unexplained.len());
        let (unexplained, order, after) = closest.expect("there are orders");
        assert_eq!(unexplained, [""; 0], "{}, round {round}, closest {order:?} of {batches:#?}", database.name);
        model = after;
    }
    assert!(model.tables().history.len() > 5 * usize::from(rounds), "the rounds have few changes");
}

/// The results of a batch.
#[derive(Clone, Debug)]
enum Specs {
    Reports(Vec<ReportSpec>),
    Workloads(Vec<WorkloadSpec>),
}

/// The results of a batch as the store takes them.
enum Owned {
    Reports(Vec<Report>),
    Workloads(Vec<WorkloadResult>),
}

impl Specs {
    fn results(&self) -> Owned {
        match self {
            Self::Reports(specs) => Owned::Reports(specs.iter().map(ReportSpec::report).collect()),
            Self::Workloads(specs) => Owned::Workloads(specs.iter().map(WorkloadSpec::result).collect()),
        }
    }

    /// Applies the results to a model; returns how many it applied.
    fn apply_to(&self, model: &mut Model) -> usize {
        match self {
            Self::Reports(specs) => specs.iter().filter(|report| model.apply(report)).count(),
            Self::Workloads(specs) => specs.iter().filter(|workloads| model.apply_workloads(workloads)).count(),
        }
    }
}

/// The model after these batches in this order, and how many results of each batch it applied.
fn apply_in_order(model: &Model, batches: &[Specs], order: &[usize]) -> (Model, Vec<usize>) {
    let (mut after, mut applied) = (model.clone(), vec![0; batches.len()]);
    for &writer in order {
        applied[writer] = batches[writer].apply_to(&mut after);
    }
    (after, applied)
}

/// A few results that share clusters, owners, times and recommendations, old and new ones, with other batches. Every
/// second writer has workloads.
fn batch(rng: &mut ChaCha8Rng, round: u8, writer: usize) -> Specs {
    let mut below = |bound: u8| u8::try_from(rng.next_u32() % u32::from(bound)).expect("below a small bound");
    let reports = 10 + below(10);
    let report = |_| {
        let is_new = below(2) == 1;
        let first = if is_new { u16::from(CLUSTERS) * u16::from(1 + round) } else { 0 };
        let hits = (0..below(5)).map(|_| {
            let rule = if below(2) == 1 { 3 * (1 + round) } else { 0 } + below(3);
            (rule, DETAILS[usize::from(below(6))])
        });
        ReportSpec {
            hits: hits.collect(),
            organization: 1 + u32::from(round / 8 + below(3)),
            cluster: first + u16::from(below(CLUSTERS)),
            minute: 4 * u32::from(round) + u32::from(below(8)),
            version: VERSIONS.get(usize::from(below(6))).copied(),
            has_upload: below(2) == 1,
        }
    };
    let reports: Vec<_> = (0..reports).map(report).collect();
    if writer.is_multiple_of(2) {
        return Specs::Reports(reports);
    }
    let workloads = |ReportSpec { organization, cluster, minute, hits, .. }: ReportSpec| {
        let mut objects = || (0..rng.next_u32() % 4).map(|_| rng.next_u32() as usize % OBJECTS.len()).collect();
        let hits = hits.into_keys().map(|rule| (rule, (WORKLOAD_DETAILS[usize::from(rule % 5)], objects()))).collect();
        WorkloadSpec { organization, cluster, minute, hits }
    };
    Specs::Workloads(reports.into_iter().map(workloads).collect())
}

/// All orders of this many batches.
fn orders(batches: usize) -> Vec<Vec<usize>> {
    let Some(last) = batches.checked_sub(1) else { return vec![vec![]] };
    let inserted = |order: &Vec<usize>, place: usize| [&order[..place], &[last], &order[place..]].concat();
    orders(last).iter().flat_map(|order| (0..=last).map(|place| inserted(order, place))).collect()
}

/// No batch waits for another one's clusters, so that all reach the rows that they share at the same time.
#[tokio::test]
async fn batches_that_share_only_new_owners_and_recommendations_never_deadlock() {
    let database = postgres().await;
    let stores = [database.store().await, database.store().await, database.store().await];
    for round in 0..100 {
        let batches: Vec<_> = (0..6).map(|writer| Owned::Reports(batch_of_own_clusters(round, writer))).collect();
        for written in write_together(&stores, &batches).await {
            assert_eq!(written.applied, 8, "{written:?}");
        }
    }
}

/// Reports of clusters that no other batch has, with the round's new recommendations. Only every second round has new
/// organizations, because waiting for those keeps the batches from reaching the recommendations together.
fn batch_of_own_clusters(round: u32, writer: u32) -> Vec<Report> {
    let report = |number: u32| {
        let hits: Vec<_> = (0..8).map(|rule| format!("round{round}_rule{number}{rule}")).collect();
        let cluster = u128::from(100 * writer + number);
        OwnedCluster { organization: 1 + 8 * (round / 2) + number, cluster }.report(round, &hits.join(" "))
    };
    (0..8).map(report).collect()
}

/// Writes batches at the same time, distributed over these stores.
async fn write_together(stores: &[Store], batches: &[Owned]) -> Vec<Written> {
    let writes = stores.iter().cycle().zip(batches).map(|(store, results)| {
        let results = match results {
            Owned::Reports(reports) => Results::Reports(reports),
            Owned::Workloads(results) => Results::Workloads(results),
        };
        store.write(Batch { results, rejected: &[] })
    });
    let writes = join_all(writes).await;
    writes.into_iter().map(|written| written.expect("no batch waits for another one for long")).collect()
}
