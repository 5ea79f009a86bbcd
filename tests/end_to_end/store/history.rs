//! Hits open and close at the time of the report that first has them, or first lacks them.

use super::owned_cluster::{OwnedCluster, lines, tables_after};

const OURS: OwnedCluster = OwnedCluster { organization: 1, cluster: 7 };

#[tokio::test]
async fn a_hit_keeps_its_impacted_since_when_its_details_change() {
    let tables = tables_after(&[
        OURS.report(10, "disk=1 cpu=1"),
        OURS.report(20, "disk=2 cpu=1 net"),
        OURS.report(30, "disk=3 cpu net=4"),
    ])
    .await;
    let open = [OURS.open("disk=3", 10), OURS.open("cpu", 10), OURS.open("net=4", 20)];
    assert_eq!(tables.rule_hits, lines(open));
    assert_eq!(tables.history, lines([]));
}

#[tokio::test]
async fn a_hit_becomes_history_at_the_time_of_the_first_report_without_it() {
    let tables = tables_after(&[OURS.report(10, "disk cpu"), OURS.report(20, "cpu"), OURS.report(30, "cpu")]).await;
    assert_eq!(tables.rule_hits, lines([OURS.open("cpu", 10)]));
    assert_eq!(tables.history, lines([OURS.closed("disk", 10, 20)]));
}

#[tokio::test]
async fn a_hit_that_returns_opens_again() {
    let tables = tables_after(&[
        OURS.report(10, "disk=1"),
        OURS.report(20, ""),
        OURS.report(30, "disk=1"),
        OURS.report(40, "cpu"),
        OURS.report(50, "disk=1"),
    ])
    .await;
    assert_eq!(tables.rule_hits, lines([OURS.open("disk=1", 50)]));
    let closed = [OURS.closed("disk", 10, 20), OURS.closed("disk", 30, 40), OURS.closed("cpu", 40, 50)];
    assert_eq!(tables.history, lines(closed));
}

#[tokio::test]
async fn a_healthy_report_closes_all_hits() {
    let tables =
        tables_after(&[OURS.report(10, "disk cpu"), OURS.report(20, "disk cpu net"), OURS.report(30, "")]).await;
    assert_eq!(tables.rule_hits, lines([]));
    let closed = [OURS.closed("disk", 10, 30), OURS.closed("cpu", 10, 30), OURS.closed("net", 20, 30)];
    assert_eq!(tables.history, lines(closed));
    assert_eq!(tables.clusters.len(), 1);
}

#[tokio::test]
async fn a_stale_report_between_two_others_opens_and_closes_nothing() {
    let tables = tables_after(&[OURS.report(20, "disk"), OURS.report(10, ""), OURS.report(30, "disk")]).await;
    assert_eq!(tables.rule_hits, lines([OURS.open("disk", 20)]));
    assert_eq!(tables.history, lines([]));
}

#[tokio::test]
async fn the_hits_of_a_cluster_do_not_affect_other_clusters() {
    const NEIGHBOUR: OwnedCluster = OwnedCluster { cluster: 8, ..OURS };
    let tables = tables_after(&[
        OURS.report(10, "disk=1 cpu=1"),
        NEIGHBOUR.report(11, "disk=2 cpu=2"),
        OURS.report(20, "cpu=1"),
        NEIGHBOUR.report(21, "disk=2"),
    ])
    .await;
    assert_eq!(tables.rule_hits, lines([OURS.open("cpu=1", 10), NEIGHBOUR.open("disk=2", 11)]));
    assert_eq!(tables.history, lines([OURS.closed("disk", 10, 20), NEIGHBOUR.closed("cpu", 11, 21)]));
}
