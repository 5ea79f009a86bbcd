//! Requests: every report with a request id is remembered, for a time.

use std::{collections::BTreeSet, time::Duration};

use ::entity::gathering_request;
use chrono::Utc;
use insights_results_aggregator::{domain::Report, service::Role, store::Store};
use sea_orm::{ConnectionTrait as _, DatabaseConnection, EntityTrait as _, TransactionTrait as _, sea_query::Expr};

use super::owned_cluster::{OwnedCluster, lines, minute, stored, write};
use crate::{
    harness::{Running, each_database, postgres, until},
    reports::cluster,
};

const OURS: OwnedCluster = OwnedCluster { organization: 1, cluster: 7 };
const THEIRS: OwnedCluster = OwnedCluster { organization: 2, ..OURS };
const DAY: Duration = Duration::from_hours(24);

fn with_request(mut report: Report, id: &str) -> Report {
    report.request_id = Some(id.to_owned());
    report.gathered_at = Some(minute(1));
    report
}

/// The line of a request.
fn line(owned: OwnedCluster, id: &str, selectors: &str) -> String {
    format!("{} {} {id} {} {selectors}", cluster(owned.cluster), owned.organization, minute(1))
}

#[tokio::test]
async fn stale_reports_are_remembered_too_and_leave_no_other_trace() {
    for database in each_database().await {
        let store = database.store().await;
        write(&store, &[OURS.report(20, "disk")]).await;
        let before = stored(&database).await;
        let stale =
            [with_request(OURS.report(10, "new disk"), "ours"), with_request(THEIRS.report(10, "cpu"), "theirs")];
        assert_eq!(write(&store, &stale).await.stale, 2, "{}", database.name);
        let mut after = stored(&database).await;
        let remembered = lines([
            line(OURS, "ours", r#"["disk|ERROR_KEY","new|ERROR_KEY"]"#),
            line(THEIRS, "theirs", r#"["cpu|ERROR_KEY"]"#),
        ]);
        assert_eq!(std::mem::take(&mut after.requests), remembered, "{}", database.name);
        assert_eq!(after, before, "{}: no recommendation either", database.name);
    }
}

#[tokio::test]
async fn of_two_reports_with_one_request_id_the_last_counts_and_a_repeated_one_changes_nothing() {
    for database in each_database().await {
        let store = database.store().await;
        let twice = [with_request(OURS.report(10, "a"), "id"), with_request(OURS.report(20, "b"), "id")];
        write(&store, &twice).await;
        let last = lines([line(OURS, "id", r#"["b|ERROR_KEY"]"#)]);
        assert_eq!(stored(&database).await.requests, last, "{}", database.name);
        let connection = database.connect().await;
        let processed = rows(&connection).await;
        write(&store, &twice[1..]).await;
        assert_eq!(rows(&connection).await, processed, "{}: not the time either", database.name);
    }
}

#[tokio::test]
async fn any_request_id_is_remembered_unchanged() {
    let long = "🦀".repeat(255);
    let ids = ["a/b:c%d e", "'; DROP TABLE x; --", "\\x00", &long, " "];
    for database in each_database().await {
        let store = database.store().await;
        let reports: Vec<_> = (1..).zip(ids).map(|(at, id)| with_request(OURS.report(at, ""), id)).collect();
        write(&store, &reports).await;
        let found: BTreeSet<_> = rows(&database.connect().await).await.into_iter().map(|row| row.request_id).collect();
        assert_eq!(found, ids.map(str::to_owned).into(), "{}", database.name);
    }
}

#[tokio::test]
async fn old_requests_are_removed_in_small_batches() {
    for database in each_database().await {
        let store = database.store().await;
        let connection = database.connect().await;
        let reports: Vec<_> = (1..1_501).map(|at| with_request(OURS.report(at, ""), &at.to_string())).collect();
        write(&store, &reports).await;
        age(&connection, 25).await;
        let young = with_request(OURS.report(2_000, ""), "young");
        write(&store, &[young]).await;

        assert!(remove(&store).await, "{}: more are left", database.name);
        assert_eq!(rows(&connection).await.len(), 501, "{}", database.name);
        assert!(!remove(&store).await, "{}", database.name);
        let left: Vec<_> = rows(&connection).await.into_iter().map(|row| row.request_id).collect();
        assert_eq!(left, ["young"], "{}", database.name);
    }
}

#[tokio::test]
async fn one_process_removes_at_a_time() {
    let database = postgres().await;
    let (store, connection) = (database.store().await, database.connect().await);
    write(&store, &[with_request(OURS.report(10, ""), "old")]).await;
    age(&connection, 25).await;
    let other = database.connect().await.begin().await.expect("begin");
    // The number in store/expired_requests.rs.
    other.execute_unprepared("SELECT pg_advisory_xact_lock(20161050905244)").await.expect("the lock");
    assert!(!remove(&store).await);
    assert_eq!(rows(&connection).await.len(), 1, "the other process removes");
    other.rollback().await.expect("rollback");
    assert!(!remove(&store).await);
    assert_eq!(rows(&connection).await.len(), 0);
}

#[tokio::test]
async fn a_process_that_only_serves_the_graph_removes_old_requests() {
    for database in each_database().await {
        let store = database.store().await;
        let connection = database.connect().await;
        write(&store, &[with_request(OURS.report(10, ""), "old")]).await;
        let mut config = Running::config_of_api(&database);
        config.requests.keep = Duration::from_secs(1);
        let api = Running::start(config, Role::Api).await;
        let removed = async || rows(&connection).await.is_empty().then_some(());
        until("the request is removed", removed).await;
        api.stop().await.expect("a clean end");
    }
}

async fn remove(store: &Store) -> bool {
    store.remove_some_requests_older_than(DAY).await.expect("removed")
}

/// Moves the time of all requests back by some hours.
async fn age(connection: &DatabaseConnection, hours: i64) {
    let earlier = Utc::now() - chrono::TimeDelta::hours(hours);
    let update = gathering_request::Entity::update_many();
    update.col_expr(gathering_request::Column::ProcessedAt, Expr::value(earlier)).exec(connection).await.expect("aged");
}

async fn rows(connection: &DatabaseConnection) -> Vec<gathering_request::Model> {
    gathering_request::Entity::find().all(connection).await.expect("requests")
}
