//! Moves: a cluster belongs to the organization of its newest report.

use insights_results_aggregator::{
    domain::{OrgId, Report},
    identity::Viewer,
    store::{Store, Written},
};

use super::owned_cluster::{OwnedCluster, lines, stored, tables_after, write};
use crate::{
    harness::each_database,
    reports::{cluster, organization},
};

const OURS: OwnedCluster = OwnedCluster { organization: 1, cluster: 7 };
const THEIRS: OwnedCluster = OwnedCluster { organization: 2, ..OURS };

#[tokio::test]
async fn a_newer_report_of_another_organization_moves_the_cluster() {
    for database in each_database().await {
        let store = database.store().await;
        write(&store, &[OURS.report(10, "disk")]).await;
        let written = write(&store, &[THEIRS.report(20, "disk")]).await;
        assert_eq!(written, Written { applied: 1, unchanged: 0, moved: 1, stale: 0 }, "{}", database.name);
        assert_eq!(owner_and_version(&store).await.0, organization(2), "{}", database.name);
    }
}

#[tokio::test]
async fn the_old_owner_keeps_the_history_and_the_new_one_opens_its_own() {
    let tables = tables_after(&[OURS.report(10, "disk=1 cpu=1"), THEIRS.report(20, "disk=1 net=1")]).await;
    assert_eq!(tables.organizations, [1, 2].into());
    assert_eq!(tables.rule_hits, lines([THEIRS.open("disk=1", 20), THEIRS.open("net=1", 20)]));
    assert_eq!(tables.history, lines([OURS.closed("disk", 10, 20), OURS.closed("cpu", 10, 20)]));
}

#[tokio::test]
async fn a_healthy_report_of_another_organization_moves_the_cluster_too() {
    let tables = tables_after(&[OURS.report(10, "disk"), THEIRS.report(20, "")]).await;
    assert_eq!(tables.rule_hits, lines([]));
    assert_eq!(tables.history, lines([OURS.closed("disk", 10, 20)]));
    let without_hits = tables_after(&[OURS.report(10, ""), THEIRS.report(20, "")]).await;
    assert_eq!(without_hits.organizations, [1, 2].into());
}

#[tokio::test]
async fn a_report_of_another_organization_that_is_not_newer_moves_nothing() {
    for database in each_database().await {
        let store = database.store().await;
        write(&store, &[OURS.report(20, "disk")]).await;
        let before = stored(&database).await;
        for at in [10, 20] {
            let written = write(&store, &[THEIRS.report(at, "disk cpu")]).await;
            assert_eq!(written, Written { stale: 1, ..Written::default() }, "{} at {at}", database.name);
            assert_eq!(stored(&database).await, before, "{} at {at}", database.name);
        }
    }
}

#[tokio::test]
async fn a_move_there_and_back_leaves_an_interval_in_both_histories() {
    let tables = tables_after(&[
        OURS.report(10, "disk=1 cpu"),
        THEIRS.report(20, "disk=1"),
        OURS.report(30, "disk=1"),
        THEIRS.report(30, "net"),
        OURS.report(40, "disk=1"),
    ])
    .await;
    assert_eq!(tables.rule_hits, lines([OURS.open("disk=1", 30)]));
    let closed = [OURS.closed("disk", 10, 20), OURS.closed("cpu", 10, 20), THEIRS.closed("disk", 20, 30)];
    assert_eq!(tables.history, lines(closed));
}

#[tokio::test]
async fn after_a_move_there_and_back_within_a_batch_hits_are_written_again_though_their_details_are_the_same() {
    for database in each_database().await {
        let store = database.store().await;
        write(&store, &[OURS.report(10, "disk=1")]).await;
        let written = write(&store, &[THEIRS.report(20, "disk=1"), OURS.report(30, "disk=1")]).await;
        assert_eq!(written, Written { applied: 2, unchanged: 0, moved: 2, stale: 0 }, "{}", database.name);
        assert_eq!(stored(&database).await.rule_hits, lines([OURS.open("disk=1", 30)]), "{}", database.name);
    }
}

#[tokio::test]
async fn a_new_owner_sees_no_version_until_one_is_reported() {
    for database in each_database().await {
        let store = database.store().await;
        let steps = [
            (with_version(OURS.report(10, "disk"), "4.15.1"), Some("4.15.1")),
            (OURS.report(20, "disk"), Some("4.15.1")),
            (THEIRS.report(30, "disk"), None),
            (with_version(THEIRS.report(40, "disk"), "4.16.0"), Some("4.16.0")),
            (with_version(OURS.report(50, "disk"), "4.17.2"), Some("4.17.2")),
            (OURS.report(60, ""), Some("4.17.2")),
        ];
        for (report, version) in steps {
            let expected = (report.organization, version.map(str::to_owned));
            write(&store, &[report]).await;
            assert_eq!(owner_and_version(&store).await, expected, "{}", database.name);
        }
    }
}

#[tokio::test]
async fn within_a_batch_the_version_is_kept_and_dropped_in_the_same_way() {
    let first = with_version(OURS.report(10, ""), "4.15.1");
    let kept = tables_after(&[first.clone(), OURS.report(20, ""), OURS.report(30, "disk")]).await;
    let forgotten = tables_after(&[first, THEIRS.report(20, ""), OURS.report(30, "")]).await;
    for (tables, version) in [(kept, "version 4.15.1 "), (forgotten, "version - ")] {
        let line = tables.clusters.first().expect("one cluster");
        assert!(line.contains(version), "{version} in {line}");
    }
}

async fn owner_and_version(store: &Store) -> (OrgId, Option<String>) {
    let clusters = store.clusters(Viewer::unrestricted().scope(), &[cluster(7)]).await.expect("clusters");
    let cluster = &clusters[&cluster(7)];
    (cluster.organization, cluster.version.clone())
}

fn with_version(mut report: Report, version: &str) -> Report {
    report.version = Some(version.to_owned());
    report
}
