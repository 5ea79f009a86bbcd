//! Stale reports: only a report that is later than the stored one is applied.

use insights_results_aggregator::{
    domain::{Report, Timestamp},
    identity::Viewer,
    store::{ReportHead, Written},
};
use sea_orm::ConnectionTrait;

use super::owned_cluster::{OwnedCluster, lines, minute, stored, tables_after, write};
use crate::{
    harness::{Tables, each_database},
    reports::{cluster, organization},
};

const OURS: OwnedCluster = OwnedCluster { organization: 1, cluster: 7 };
const STALE: Written = Written { applied: 0, unchanged: 0, moved: 0, stale: 1 };
const APPLIED: Written = Written { applied: 1, unchanged: 0, moved: 0, stale: 0 };

#[tokio::test]
async fn an_older_or_equally_old_report_changes_nothing_but_its_request() {
    for database in each_database().await {
        let store = database.store().await;
        write(&store, &[with_all_fields(OURS.report(20, "disk=1"), "4.15.1")]).await;
        let before = stored(&database).await;

        for at in [10, 20] {
            let late = with_all_fields(OURS.report(at, "cpu=2"), "4.16.0");
            assert_eq!(write(&store, &[late]).await, STALE, "{} at {at}", database.name);
            let mut after = stored(&database).await;
            assert_eq!(after.requests.len(), 2, "{} at {at}: {:?}", database.name, after.requests);
            after.requests.clone_from(&before.requests);
            assert_eq!(after, before, "{} at {at}", database.name);
        }
    }
}

#[tokio::test]
async fn a_report_is_newer_if_it_is_later_by_at_least_a_microsecond() {
    for database in each_database().await {
        let store = database.store().await;
        write(&store, &[at("2024-05-02T08:15:59.478901001Z")]).await;
        for (time, written) in [
            ("2024-05-02T08:15:59.478901999Z", STALE),
            ("2024-05-02T08:15:59.478902Z", APPLIED),
            ("2024-05-02T08:15:59.478902Z", STALE),
            ("2024-05-02T08:16:00Z", APPLIED),
            ("2024-05-02T08:15:59.999999Z", STALE),
        ] {
            let found = write(&store, &[at(time)]).await;
            assert_eq!((found.applied, found.stale), (written.applied, written.stale), "{time} on {}", database.name);
        }
    }
}

#[tokio::test]
async fn the_earliest_and_latest_times_are_stored() {
    for database in each_database().await {
        let store = database.store().await;
        for time in ["0001-01-01T00:00:00Z", "1969-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z"] {
            let mut report = at(time);
            report.gathered_at = Some(report.last_checked);
            let written = write(&store, std::slice::from_ref(&report)).await;
            assert_eq!(written.applied, 1, "{time} on {}", database.name);

            let clusters = store.clusters(Viewer::unrestricted().scope(), &[cluster(7)]).await.expect("clusters");
            let head = clusters[&cluster(7)].report.clone().expect("a report");
            assert_eq!(head.last_checked, report.last_checked, "{}", database.name);
            assert_eq!(head.gathered_at, report.gathered_at, "{}", database.name);
        }
    }
}

#[tokio::test]
async fn within_a_batch_the_stale_ones_are_skipped_and_counted() {
    let late = [OURS.report(20, "disk"), OURS.report(10, "cpu"), OURS.report(20, "net"), OURS.report(30, "disk ram")];
    let tables = tables_after(&late).await;
    assert_eq!(tables.rule_hits, lines([OURS.open("disk", 20), OURS.open("ram", 30)]));
    assert_eq!(tables.history, lines([]));

    for database in each_database().await {
        let written = write(&database.store().await, &late).await;
        assert_eq!(written, Written { applied: 2, unchanged: 0, moved: 0, stale: 2 }, "{}", database.name);
    }
}

#[tokio::test]
async fn a_stale_report_adds_neither_its_organization_nor_its_recommendations() {
    const THEIRS: OwnedCluster = OwnedCluster { organization: 2, ..OURS };
    let Tables { organizations, recommendations, .. } =
        tables_after(&[OURS.report(20, "disk"), OURS.report(20, "cpu"), THEIRS.report(10, "net")]).await;
    assert_eq!(organizations, [1].into());
    assert_eq!(recommendations, lines(["disk|ERROR_KEY".to_owned()]));
}

#[tokio::test]
async fn writing_a_batch_again_changes_nothing() {
    let batch =
        [OURS.report(10, "disk"), OURS.report(20, "cpu"), OwnedCluster { cluster: 8, ..OURS }.report(5, "disk")];
    for database in each_database().await {
        let store = database.store().await;
        write(&store, &batch).await;
        let before = stored(&database).await;
        assert_eq!(write(&store, &batch).await.stale, 3, "{}", database.name);
        assert_eq!(stored(&database).await, before, "{}", database.name);
    }
}

/// Results of another kind may be the first for a cluster, which then has no report to compare with.
#[tokio::test]
async fn a_cluster_without_a_report_takes_the_first_report_of_its_owner_whatever_its_time() {
    for database in each_database().await {
        let store = database.store().await;
        write(&store, &[OURS.report(50, "disk")]).await;
        let remove_report = "UPDATE cluster SET report_checked_at = NULL, stored_at = NULL, hits_digest = NULL";
        database.connect().await.execute_unprepared(remove_report).await.expect("remove the report");

        let theirs = OwnedCluster { organization: 2, ..OURS }.report(50, "cpu");
        assert_eq!(write(&store, &[theirs]).await, STALE, "{}: of another organization", database.name);
        assert_eq!(write(&store, &[OURS.report(40, "disk")]).await.applied, 1, "{}", database.name);

        let clusters = store.clusters(Viewer::unrestricted().scope(), &[cluster(7)]).await.expect("clusters");
        let ours = &clusters[&cluster(7)];
        assert_eq!(ours.organization, organization(1), "{}", database.name);
        assert_eq!(ours.last_checked, minute(50), "{}: the newest of both kinds", database.name);
        let report = ours.report.as_ref().map(|ReportHead { last_checked, .. }| *last_checked);
        assert_eq!(report, Some(minute(40)), "{}", database.name);
    }
}

fn at(time: &str) -> Report {
    let time: Timestamp = time.parse().expect("a time");
    let mut report = OURS.report(0, "disk");
    report.last_checked = time;
    report
}

fn with_all_fields(mut report: Report, version: &str) -> Report {
    report.version = Some(version.to_owned());
    report.request_id = Some(format!("request of {version}"));
    report.gathered_at = Some(minute(1));
    report
}
