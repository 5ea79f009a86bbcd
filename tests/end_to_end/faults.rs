//! Faults while messages flow. When they are over, tables and dead letters are the model's, as if nothing had happened.

use ::entity::{cluster, consumer_error};
use sea_orm::{DatabaseConnection, EntityTrait as _, PaginatorTrait as _};

use crate::{
    harness::{
        Database, HeldTable, Process, Server, Topic, each_database, postgres, serve_in_small_batches, sqlite, tables,
        until,
    },
    messages::{Message, cluster},
    model::{Flow, seed},
};

/// So often is a process killed.
const KILLS: usize = 10;
/// So often does the database crash.
const CRASHES: usize = 5;

/// How much is stored: it grows with bad messages, of which there are always some.
async fn rows(connection: &DatabaseConnection) -> u64 {
    let clusters = cluster::Entity::find().count(connection).await.expect("a count");
    clusters + consumer_error::Entity::find().count(connection).await.expect("a count")
}

async fn until_more_is_stored(than: u64, connection: &DatabaseConnection) {
    until("a batch is in", async || (rows(connection).await > than).then_some(())).await;
}

async fn assert_kills_leave_no_trace(database: Database) {
    let mut flow = Flow::refused_in_part(Topic::create(4).await, seed(), &database).await;
    let connection = database.connect().await;
    for kill in 0..KILLS {
        let before = rows(&connection).await;
        let mut process = Process::spawn(serve_in_small_batches(&database, &flow.topic));
        flow.send(400).await;
        until_more_is_stored(before, &connection).await;
        if kill % 4 == 1 {
            // Offsets have moved, and more is under way.
            flow.topic.until_all_committed().await;
            let before = rows(&connection).await;
            flow.send(400).await;
            until_more_is_stored(before, &connection).await;
        }
        process.kill();
        flow.assert_committed_is_stored(&database).await;
    }
    let _last = Process::spawn(serve_in_small_batches(&database, &flow.topic));
    flow.topic.until_all_committed().await;
    flow.assert_exact(&database).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_is_killed_ten_times_loses_nothing_and_doubles_nothing() {
    let [left, right] = each_database().await;
    tokio::join!(assert_kills_leave_no_trace(left), assert_kills_leave_no_trace(right));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_offset_does_not_move_before_its_batch_is_stored_and_another_process_stores_it() {
    let (database, topic) = (postgres().await, Topic::create(2).await);
    database.store().await.close().await;
    let table = HeldTable::hold(&database, "cluster").await;
    let mut killed = Process::serve(&database, &topic);
    let held_up = topic.send_to(0, Some(&Message::new(1, &cluster(1), "2024-05-02T08:00:00Z").json())).await;
    table.until_wanted_by(1).await;
    // Whatever offset were stored by now would be committed along with that of this message, which is in no cluster.
    let bad = topic.send_to(1, Some(b"no JSON")).await;
    topic.until_committed(1, bad + 1).await;
    assert_eq!(topic.committed(0).await, held_up);

    killed.kill();
    table.let_go().await;
    // Neither has a name: the other one gets the partitions once the killed one is missed.
    let _another = Process::serve(&database, &topic);
    topic.until_all_committed().await;
    assert_eq!(tables(&database.connect().await).await.clusters.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_crashes_and_comes_back_has_all_and_no_message_is_bad_for_it() {
    let mut server = Server::start().await;
    let database = server.database().await;
    database.store().await.close().await;
    let mut flow = Flow::new(Topic::create(4).await, seed());
    let process = Process::spawn(serve_in_small_batches(&database, &flow.topic));
    for _ in 0..CRASHES {
        let connection = database.connect().await;
        let before = rows(&connection).await;
        flow.send(400).await;
        until_more_is_stored(before, &connection).await;
        let waits = || process.output().matches("the batch waits").count();
        let waited = waits();
        let restart = server.crash().await;
        flow.send(100).await;
        until("a batch waits", async || (waits() > waited).then_some(())).await;
        server.come_back(restart).await;
    }
    flow.topic.until_all_committed().await;
    flow.assert_exact(&database).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_is_told_to_stop_under_load_leaves_the_rest_to_the_next() {
    let database = postgres().await;
    database.store().await.close().await;
    let connection = database.connect().await;
    let mut flow = Flow::new(Topic::create(4).await, seed());
    for _ in 0..3 {
        let before = rows(&connection).await;
        flow.send(1_000).await;
        let mut process = Process::spawn(serve_in_small_batches(&database, &flow.topic));
        until_more_is_stored(before, &connection).await;
        process.signal("TERM");
        assert_eq!(process.ended().await.code(), Some(0), "{}", process.output());
    }
    let _last = Process::spawn(serve_in_small_batches(&database, &flow.topic));
    flow.topic.until_all_committed().await;
    flow.assert_exact(&database).await;
}

/// Clusters that report over two partitions at once: which of two reports is read first is nobody's to say, so only what
/// does not depend on it is compared.
#[tokio::test(flavor = "multi_thread")]
async fn of_clusters_in_two_partitions_the_newest_reports_are_kept() {
    for database in [postgres().await, sqlite()] {
        let mut flow = Flow::scattered(Topic::create(2).await, seed());
        flow.send(2_000).await;
        let process = Process::spawn(serve_in_small_batches(&database, &flow.topic));
        flow.topic.until_all_committed().await;
        flow.assert_newest_kept(&database).await;
        drop(process);
    }
}
