//! A batch is one transaction that writes only what changed, in a number of statements that does not depend on its
//! size.

use std::collections::BTreeMap;

use insights_results_aggregator::{
    domain::{ClusterId, Details, Report, RuleHit, Selector},
    identity::Viewer,
    store::{Batch, ClusterHits, List as _, ListRequest, Results, Store, Written, count_statements},
};
use sea_orm::{ConnectionTrait, Statement};

use super::owned_cluster::{OwnedCluster, hit, lines, minute, selector, stored, tables_after, write};
use super::pages;
use crate::{
    harness::{Database, each_database, postgres},
    reports::cluster,
};

const OURS: OwnedCluster = OwnedCluster { organization: 1, cluster: 7 };

#[tokio::test]
async fn an_empty_batch_is_written_without_a_statement() {
    for database in each_database().await {
        let store = database.store().await;
        let (written, statements) = count_statements(write(&store, &[])).await;
        assert_eq!((written, statements), (Written::default(), 0), "{}", database.name);
    }
}

#[tokio::test]
async fn the_data_of_a_reports_cluster_are_stored() {
    for database in each_database().await {
        let store = database.store().await;
        let mut report = OURS.report(10, "disk");
        report.version = Some("4.10".to_owned());
        report.request_id = Some("007".to_owned());
        report.gathered_at = Some(minute(5));
        write(&store, &[report]).await;

        let clusters = store.clusters(Viewer::unrestricted().scope(), &[cluster(7)]).await.expect("clusters");
        let ours = &clusters[&cluster(7)];
        let head = ours.report.as_ref().expect("a report");
        assert_eq!(ours.version.as_deref(), Some("4.10"), "{}: a text that looks like a number", database.name);
        assert_eq!(head.request_id.as_deref(), Some("007"), "{}: a text that looks like a number", database.name);
        assert_eq!((head.last_checked, head.gathered_at), (minute(10), Some(minute(5))), "{}", database.name);
        assert!(head.stored_at > minute(10), "{}: by the service's clock", database.name);
    }
}

#[tokio::test]
async fn what_the_newest_report_lacks_becomes_null_except_for_the_version() {
    let mut first = OURS.report(10, "disk");
    first.version = Some("4.15.1".to_owned());
    first.request_id = Some("request".to_owned());
    first.gathered_at = Some(minute(5));
    let tables = tables_after(&[first, OURS.report(20, "disk")]).await;
    let line = tables.clusters.first().expect("one cluster");
    assert!(line.contains(" gathered - request - version 4.15.1 "), "{line}");
}

#[tokio::test]
async fn an_identical_report_touches_only_its_clusters_row() {
    for database in each_database().await {
        let store = database.store().await;
        write(&store, &[OURS.report(10, "disk=1 cpu net=3")]).await;
        let before = stored(&database).await;

        let again = [OURS.report(20, "net=3 cpu disk=1")];
        let (written, statements) = count_statements(write(&store, &again)).await;
        assert_eq!(written, Written { applied: 1, unchanged: 1, moved: 0, stale: 0 }, "{}", database.name);
        assert_eq!(statements, 3, "{}: a row to lock, the lock, the update", database.name);

        let after = stored(&database).await;
        assert_ne!(after.clusters, before.clusters, "{}", database.name);
        assert_eq!((after.rule_hits, after.history), (before.rule_hits, before.history), "{}", database.name);
    }
}

#[tokio::test]
async fn a_hit_that_did_not_change_is_not_written_again() {
    let database = postgres().await;
    let store = database.store().await;
    write(&store, &[OURS.report(10, "disk=1 cpu=1 net=1")]).await;
    let first = row_versions(&database).await;

    write(&store, &[OURS.report(20, "disk=1 cpu=1 net=1")]).await;
    assert_eq!(row_versions(&database).await, first);

    write(&store, &[OURS.report(30, "disk=1 cpu=2 ram=1")]).await;
    let second = row_versions(&database).await;
    assert_eq!(second["disk|ERROR_KEY"], first["disk|ERROR_KEY"]);
    assert_ne!(second["cpu|ERROR_KEY"], first["cpu|ERROR_KEY"]);

    let back_and_forth = [OURS.report(40, "disk=9 cpu=2 ram=1"), OURS.report(50, "disk=1 cpu=2 ram=1")];
    write(&store, &back_and_forth).await;
    assert_eq!(row_versions(&database).await, second, "within a batch only the final state counts");
}

/// The transaction that wrote each hit's row, by selector.
async fn row_versions(database: &Database) -> BTreeMap<String, String> {
    let connection = database.connect().await;
    let sql = "SELECT selector, rule_hit.xmin::text FROM rule_hit JOIN recommendation ON id = recommendation_id";
    let rows = connection.query_all_raw(Statement::from_string(connection.get_database_backend(), sql)).await;
    rows.expect("rows").iter().map(|row| row.try_get_many_by_index().expect("selector and xmin")).collect()
}

#[tokio::test]
async fn a_hit_that_opens_and_closes_within_a_batch_is_only_history() {
    let tables = tables_after(&[OURS.report(10, ""), OURS.report(20, "disk=1"), OURS.report(30, "")]).await;
    assert_eq!(tables.rule_hits, lines([]));
    assert_eq!(tables.history, lines([OURS.closed("disk", 20, 30)]));
}

#[tokio::test]
async fn of_two_hits_with_the_same_selector_the_last_counts() {
    let tables = tables_after(&[OURS.report(10, "disk=1 cpu=1 disk=2")]).await;
    assert_eq!(tables.rule_hits, lines([OURS.open("cpu=1", 10), OURS.open("disk=2", 10)]));
}

#[tokio::test]
async fn details_are_read_back_byte_for_byte() {
    let details = [
        r#"{"nul":"\u0000","lone":"\ud800","quote":"\"","slash":"\/","unit":"\u001f"}"#,
        "  { \"a\" : 1.0 , \"a\" : 1e400 }\r\n\t",
        r#"{"😀":"é e\u0301","\\x00":"\\"}"#,
        "-0.0",
        "null",
        r#""""#,
        r#""\\x616263""#,
        "[]",
        "12345678901234567890123456789012345678901234567890",
    ];
    for database in each_database().await {
        let store = database.store().await;
        let hits = details
            .iter()
            .enumerate()
            .map(|(number, json)| RuleHit::new(selector(&format!("rule{number}")), Some(Details::from_checked(*json))));
        write(&store, &[OURS.report_with(10, hits.chain([hit("without")]).collect())]).await;

        let found = details_of(&store, cluster(7)).await;
        for (number, json) in details.iter().enumerate() {
            assert_eq!(found[&selector(&format!("rule{number}"))].as_deref(), Some(*json), "{}", database.name);
        }
        assert_eq!(found[&selector("without")], None, "{}", database.name);
    }
}

async fn details_of(store: &Store, cluster: ClusterId) -> BTreeMap<Selector, Option<String>> {
    let page = ListRequest { total: false, ..pages::rule_hits(100, None) };
    let scope = Viewer::unrestricted().scope();
    let parent = ClusterHits { cluster, count: 1, details_bytes: 0, hides: false, is_managed: false };
    let mut hits =
        insights_results_aggregator::store::RuleHit::load(store, scope, &[parent], &page).await.expect("hits");
    let hits = hits.remove(&parent).expect("an answer").items.into_iter();
    hits.map(|hit| (hit.selector, hit.details.map(|details| details.as_str().to_owned()))).collect()
}

#[tokio::test]
async fn a_batch_is_written_completely_or_not_at_all() {
    for database in each_database().await {
        let store = database.store().await;
        write(&store, &[OURS.report(10, "disk")]).await;
        let drop = "DROP VIEW hit_closed_event; DROP VIEW closed_hit_opened_event; DROP TABLE rule_hit_history";
        database.connect().await.execute_unprepared(drop).await.expect("drop a table that is written last");
        let before = hits_and_clusters(&store).await;

        let reports = [OURS.report(20, "cpu"), OwnedCluster { cluster: 8, ..OURS }.report(20, "cpu")];
        store
            .write(Batch { results: Results::Reports(&reports), rejected: &[] })
            .await
            .expect_err("no table for the history");
        assert_eq!(hits_and_clusters(&store).await, before, "{}", database.name);
    }
}

async fn hits_and_clusters(store: &Store) -> (BTreeMap<Selector, Option<String>>, usize) {
    let known = store.clusters(Viewer::unrestricted().scope(), &[cluster(7), cluster(8)]).await.expect("clusters");
    (details_of(store, cluster(7)).await, known.len())
}

#[tokio::test]
async fn a_batch_of_three_hundred_reports_takes_as_many_statements_as_one_of_one_report() {
    for database in each_database().await {
        let mut costs = BTreeMap::new();
        for size in [1, 300] {
            let store = database.store().await;
            // New clusters of new organizations with new recommendations; then hits open, close and change.
            let first = fleet(size, 10, "a=1 b=1 c=1 d=1 e=1");
            let second = fleet(size, 20, "a=1 b=1 c=2 d=2 f=1");
            let [(_, first), (_, second)] =
                [count_statements(write(&store, &first)).await, count_statements(write(&store, &second)).await];
            costs.insert(size, (first, second));
        }
        assert_eq!(costs[&1], costs[&300], "{}", database.name);
        assert!(costs[&1].0 <= 13, "{}: {costs:?}", database.name);
    }
}

/// Reports of `size` clusters. Clusters, owners and recommendations are different for each size.
fn fleet(size: u32, at: u32, hits: &str) -> Vec<Report> {
    let report = |number: u32| {
        let hits: Vec<_> = hits.split(' ').map(|hit| format!("size{size}_{}_{hit}", number % 50)).collect();
        let cluster = u128::from(1000 * size + number);
        OwnedCluster { organization: 1000 * size + number % 20, cluster }.report(at, &hits.join(" "))
    };
    (1..=size).map(report).collect()
}
