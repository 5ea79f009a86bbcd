//! Workload results: a newer one replaces the namespaces of its cluster. Both kinds of results decide on the owner.

use std::collections::BTreeSet;

use ::entity::cluster;
use insights_results_aggregator::{
    domain::{Report, WorkloadResult},
    store::{Batch, Results, Store, Written, count_statements},
};
use sea_orm::{ConnectionTrait as _, EntityTrait as _};

use super::owned_cluster::{OwnedCluster, lines, minute, stored, write};
use crate::{
    harness::{Database, Tables, each_database},
    reports,
    workloads::{workloads, write_workloads},
};

const OURS: OwnedCluster = OwnedCluster { organization: 1, cluster: 7 };
const THEIRS: OwnedCluster = OwnedCluster { organization: 2, ..OURS };

impl OwnedCluster {
    /// A workload result at this minute. `a=shop/Pod/cart` is a hit of the rule `a` on an object.
    fn workloads(self, at: u32, hits: &[(&str, &[&str])]) -> WorkloadResult {
        let hits: Vec<_> = hits.iter().map(|(rule, objects)| (format!("{rule}|ERROR_KEY"), *objects)).collect();
        let hits: Vec<_> = hits.iter().map(|(selector, objects)| (selector.as_str(), "{}", *objects)).collect();
        workloads(self.organization, self.cluster, minute(at), &hits)
    }

    /// The line of a namespace.
    fn namespace(self, name: &str, since: u32) -> String {
        let cluster = reports::cluster(self.cluster);
        format!("{cluster} \"uid-of-{name}\" {} \"{name}\" {}", self.organization, minute(since))
    }
}

/// Writes results, of which any may be stale.
async fn try_write(store: &Store, results: &[WorkloadResult]) -> Written {
    store.write(Batch { results: Results::Workloads(results), rejected: &[] }).await.expect("written")
}

/// Returns the tables after these results. They must be the same on both databases, in one batch and one at a time.
async fn tables_after(results: &[WorkloadResult]) -> Tables {
    let mut outcomes = Vec::new();
    for batch_size in [1, results.len()] {
        for database in each_database().await {
            let store = database.store().await;
            for batch in results.chunks(batch_size) {
                try_write(&store, batch).await;
            }
            outcomes.push(stored(&database).await);
        }
    }
    assert!(outcomes.iter().all(|tables| *tables == outcomes[0]), "{outcomes:#?}");
    outcomes.remove(0)
}

#[tokio::test]
async fn a_namespace_that_a_newer_result_lacks_closes_and_one_that_stays_keeps_its_time() {
    let tables = tables_after(&[
        OURS.workloads(10, &[("a", &["shop/Pod/cart", "pay/Pod/till"]), ("b", &["pay/Pod/till"])]),
        OURS.workloads(20, &[("a", &["shop/Pod/cart", "shop/Pod/other"])]),
    ])
    .await;
    assert_eq!(tables.namespaces, lines([OURS.namespace("shop", 10)]));
    assert_eq!(tables.workload_history, lines([OURS.closed("b", 10, 20)]));
    assert_eq!(tables.objects.len(), 2);
    assert_eq!(tables.workload_hits, lines([OURS.open("a={}", 10)]));
}

#[tokio::test]
async fn a_namespace_that_returns_after_a_gap_starts_again() {
    let shop: &[(&str, &[&str])] = &[("a", &["shop/Pod/cart"])];
    let tables = tables_after(&[OURS.workloads(10, shop), OURS.workloads(20, &[]), OURS.workloads(30, shop)]).await;
    assert_eq!(tables.namespaces, lines([OURS.namespace("shop", 30)]));
    assert_eq!(tables.workload_history, lines([OURS.closed("a", 10, 20)]));
}

#[tokio::test]
async fn a_hit_without_objects_is_stored_without_a_namespace() {
    let tables = tables_after(&[OURS.workloads(10, &[("a", &[])])]).await;
    assert_eq!(tables.workload_hits, lines([OURS.open("a={}", 10)]));
    assert_eq!((tables.namespaces.len(), tables.objects.len()), (0, 0));
}

#[tokio::test]
async fn an_identical_result_touches_only_its_clusters_row() {
    let hits: &[(&str, &[&str])] = &[("a", &["shop/Pod/cart"]), ("b", &["shop/Pod/cart", "pay/Pod/till"])];
    for database in each_database().await {
        let store = database.store().await;
        write_workloads(&store, &[OURS.workloads(10, hits)]).await;
        let before = stored(&database).await;
        let again = [OURS.workloads(20, hits)];
        let (written, statements) = count_statements(try_write(&store, &again)).await;
        assert_eq!(written, Written { applied: 1, unchanged: 1, ..Written::default() }, "{}", database.name);
        assert_eq!(statements, 3, "{}", database.name);
        let after = stored(&database).await;
        assert_eq!(Tables { clusters: before.clusters.clone(), ..after }, before, "{}", database.name);
    }
}

#[tokio::test]
async fn a_namespace_that_did_not_change_is_not_written_again() {
    for database in each_database().await {
        let store = database.store().await;
        write_workloads(&store, &[OURS.workloads(10, &[("a", &["shop/Pod/cart", "pay/Pod/till"])])]).await;
        // A write of the row would undo this.
        let connection = database.connect().await;
        let mark = "UPDATE workload_namespace SET name = 'marked' WHERE uid = 'uid-of-shop'";
        connection.execute_unprepared(mark).await.expect("marked");
        let mark = "UPDATE workload_object SET kind = 'marked' WHERE name = 'cart'";
        connection.execute_unprepared(mark).await.expect("marked");
        write_workloads(&store, &[OURS.workloads(20, &[("a", &["shop/Pod/cart", "pay/Job/till"])])]).await;
        let tables = stored(&database).await;
        assert!(tables.namespaces.iter().any(|line| line.contains("\"marked\"")), "{}: {tables:#?}", database.name);
        let kinds: BTreeSet<_> = tables.objects.iter().filter_map(|line| line.split(' ').nth(4)).collect();
        let expected = ["marked/cart/uid-of-cart", "Job/till/uid-of-till"].into();
        assert_eq!(kinds, expected, "{}", database.name);
    }
}

#[tokio::test]
async fn a_batch_of_three_hundred_results_takes_as_many_statements_as_one_of_one_result() {
    for database in each_database().await {
        let store = database.store().await;
        let mut counts = Vec::new();
        for (first, clusters) in [(1_000, 1), (2_000, 300)] {
            let of_each = |at, hits: &[(&str, &[&str])]| -> Vec<_> {
                let owned = (first..).take(clusters).map(|cluster| OwnedCluster { cluster, ..OURS });
                owned.map(|owned| owned.workloads(at, hits)).collect()
            };
            let objects: &[&str] = &["shop/Pod/cart", "pay/Pod/till"];
            write_workloads(&store, &of_each(10, &[("a", objects), ("b", objects)])).await;
            let newer = of_each(20, &[("a", &["shop/Pod/other"])]);
            let (written, statements) = count_statements(try_write(&store, &newer)).await;
            assert_eq!(written.applied, clusters, "{}", database.name);
            counts.push(statements);
        }
        assert_eq!(counts[0], counts[1], "{}", database.name);
        assert!(counts[0] <= 12, "{}: {counts:?}", database.name);
    }
}

#[tokio::test]
async fn a_workload_result_may_be_the_first_of_a_cluster() {
    for database in each_database().await {
        let store = database.store().await;
        write_workloads(&store, &[OURS.workloads(10, &[("a", &["shop/Pod/cart"])])]).await;
        let row = row(&database).await;
        assert_eq!((row.org_id, row.report_checked_at, row.stored_at, row.version), (1, None, None, None));
        assert_eq!(row.sort_name, reports::cluster(7).to_string(), "{}", database.name);
        assert_eq!(write(&store, &[OURS.report(5, "disk")]).await.applied, 1, "{}: an older report", database.name);
        let tables = stored(&database).await;
        assert_eq!((tables.rule_hits.len(), tables.workload_hits.len()), (1, 1), "{}", database.name);
        assert_eq!(tables.organizations, [1].into());
    }
}

/// What each kind of result writes, so that the tests of moves can take either.
async fn write_either(store: &Store, result: &Either) -> Written {
    match result {
        Either::Report(report) => write(store, std::slice::from_ref(report)).await,
        Either::Workloads(result) => try_write(store, std::slice::from_ref(result)).await,
    }
}

enum Either {
    Report(Report),
    Workloads(WorkloadResult),
}

#[tokio::test]
async fn a_move_by_either_kind_closes_the_hits_of_both() {
    let movers = [Either::Report(THEIRS.report(30, "")), Either::Workloads(THEIRS.workloads(30, &[]))];
    for mover in movers {
        for database in each_database().await {
            let store = database.store().await;
            write(&store, &[with_version(OURS.report(10, "disk"))]).await;
            write_workloads(&store, &[OURS.workloads(20, &[("a", &["shop/Pod/cart"])])]).await;
            let written = write_either(&store, &mover).await;
            assert_eq!((written.applied, written.moved), (1, 1), "{}", database.name);
            let tables = stored(&database).await;
            assert_eq!(tables.history, lines([OURS.closed("disk", 10, 30)]), "{}", database.name);
            assert_eq!(tables.workload_history, lines([OURS.closed("a", 20, 30)]), "{}", database.name);
            let open = [tables.rule_hits, tables.workload_hits, tables.namespaces, tables.objects];
            assert!(open.iter().all(BTreeSet::is_empty), "{}: {open:#?}", database.name);
            let row = row(&database).await;
            assert_eq!((row.org_id, row.version), (2, None), "{}", database.name);
            assert_eq!(row.stored_at.is_some(), matches!(mover, Either::Report(_)), "{}", database.name);
        }
    }
}

#[tokio::test]
async fn a_result_that_is_not_newer_than_those_of_both_kinds_does_not_move_the_cluster() {
    for database in each_database().await {
        let store = database.store().await;
        write(&store, &[OURS.report(20, "disk")]).await;
        write_workloads(&store, &[OURS.workloads(10, &[("a", &["shop/Pod/cart"])])]).await;
        let before = stored(&database).await;
        for at in [10, 15, 20] {
            let stale = Written { stale: 1, ..Written::default() };
            let written = try_write(&store, &[THEIRS.workloads(at, &[])]).await;
            assert_eq!(written, stale, "{}: workloads at {at}", database.name);
            assert_eq!(write(&store, &[THEIRS.report(at, "")]).await, stale, "{}: a report at {at}", database.name);
        }
        assert_eq!(stored(&database).await, before, "{}", database.name);
    }
}

/// The report of an upload may be read after its workload result, which moved the cluster.
#[tokio::test]
async fn after_a_move_each_kind_is_compared_with_the_newest_of_its_own_kind() {
    for database in each_database().await {
        let store = database.store().await;
        write(&store, &[OURS.report(10, "disk")]).await;
        write_workloads(&store, &[THEIRS.workloads(30, &[])]).await;
        for at in [5, 10] {
            assert_eq!(write(&store, &[THEIRS.report(at, "disk")]).await.stale, 1, "{} at {at}", database.name);
        }
        assert_eq!(write(&store, &[THEIRS.report(30, "disk")]).await.applied, 1, "{}", database.name);
        let tables = stored(&database).await;
        assert_eq!(tables.rule_hits, lines([THEIRS.open("disk", 30)]), "{}", database.name);
        assert_eq!(tables.history, lines([OURS.closed("disk", 10, 30)]), "{}", database.name);
    }
}

async fn row(database: &Database) -> cluster::Model {
    let found = cluster::Entity::find().one(&database.connect().await).await;
    found.expect("read").expect("a cluster")
}

fn with_version(mut report: Report) -> Report {
    report.version = Some("4.16.3".to_owned());
    report
}
