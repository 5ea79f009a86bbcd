//! Faults during ingestion. When they are over, tables and dead letters must equal the model's.

use ::entity::{cluster, consumer_error};
use sea_orm::{DatabaseConnection, EntityTrait as _, PaginatorTrait as _};

use crate::{
    harness::{
        Database, LockedTable, Process, Server, Topic, each_database, postgres, serve_small_batches, sqlite, tables,
        until,
    },
    messages::{Message, cluster},
    model::{Flow, seed},
};

/// How often a process is killed.
const KILLS: usize = 10;
/// How often the database crashes.
const CRASHES: usize = 5;

/// The number of stored clusters and bad messages. It grows with every few batches, because there are always bad
/// messages.
async fn count_rows(connection: &DatabaseConnection) -> u64 {
    let clusters = cluster::Entity::find().count(connection).await.expect("a count");
    clusters + consumer_error::Entity::find().count(connection).await.expect("a count")
}

async fn until_more_is_stored(than: u64, connection: &DatabaseConnection) {
    until("a batch is stored", async || (count_rows(connection).await > than).then_some(())).await;
}

async fn assert_same_state_despite_kills(database: Database) {
    let mut flow = Flow::with_refused_rule(Topic::create_with_workloads(4).await, seed(), &database).await;
    let connection = database.connect().await;
    for kill in 0..KILLS {
        let before = count_rows(&connection).await;
        let mut process = Process::spawn(serve_small_batches(&database, &flow.topic));
        flow.send(400).await;
        until_more_is_stored(before, &connection).await;
        if kill % 4 == 1 {
            // Kill it also after offsets were committed, with further messages under way.
            flow.topic.until_all_committed().await;
            let before = count_rows(&connection).await;
            flow.send(400).await;
            until_more_is_stored(before, &connection).await;
        }
        process.kill();
        flow.assert_committed_is_stored(&database).await;
    }
    let _last = Process::spawn(serve_small_batches(&database, &flow.topic));
    flow.topic.until_all_committed().await;
    flow.assert_exact(&database).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_is_killed_ten_times_loses_nothing_and_doubles_nothing() {
    let [left, right] = each_database().await;
    tokio::join!(assert_same_state_despite_kills(left), assert_same_state_despite_kills(right));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_offset_is_not_committed_before_its_batch_is_stored_and_another_process_stores_the_batch() {
    let (database, topic) = (postgres().await, Topic::create(2).await);
    database.store().await.close().await;
    let table = LockedTable::lock(&database, "cluster").await;
    let mut killed = Process::serve(&database, &topic);
    let blocked = topic.send_to(0, Some(&Message::new(1, &cluster(1), "2024-05-02T08:00:00Z").json())).await;
    table.until_waiters(1).await;
    // This message needs no lock. When its offset is committed, any other offset that was stored would be committed
    // too.
    let bad = topic.send_to(1, Some(b"not JSON")).await;
    topic.until_committed(1, bad + 1).await;
    assert_eq!(topic.committed(0).await, blocked);

    killed.kill();
    table.unlock().await;
    // The processes have no group instance id, so the second one gets the partitions when the session of the first
    // expires.
    let _another = Process::serve(&database, &topic);
    topic.until_all_committed().await;
    assert_eq!(tables(&database.connect().await).await.clusters.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn after_crashes_of_the_database_all_is_stored_and_no_message_is_rejected_for_them() {
    let mut server = Server::start().await;
    let database = server.database().await;
    database.store().await.close().await;
    let mut flow = Flow::new(Topic::create_with_workloads(4).await, seed());
    let process = Process::spawn(serve_small_batches(&database, &flow.topic));
    for _ in 0..CRASHES {
        let connection = database.connect().await;
        let before = count_rows(&connection).await;
        flow.send(400).await;
        until_more_is_stored(before, &connection).await;
        let count_waits = || process.output().matches("the batch waits").count();
        let before = count_waits();
        let restart = server.crash().await;
        flow.send(100).await;
        until("a batch waits", async || (count_waits() > before).then_some(())).await;
        server.restart(restart).await;
    }
    flow.topic.until_all_committed().await;
    flow.assert_exact(&database).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_is_stopped_under_load_leaves_the_rest_to_the_next_one() {
    let database = postgres().await;
    database.store().await.close().await;
    let connection = database.connect().await;
    let mut flow = Flow::new(Topic::create_with_workloads(4).await, seed());
    for _ in 0..3 {
        let before = count_rows(&connection).await;
        flow.send(1_000).await;
        let mut process = Process::spawn(serve_small_batches(&database, &flow.topic));
        until_more_is_stored(before, &connection).await;
        process.signal("TERM");
        assert_eq!(process.exit_status().await.code(), Some(0), "{}", process.output());
    }
    let _last = Process::spawn(serve_small_batches(&database, &flow.topic));
    flow.topic.until_all_committed().await;
    flow.assert_exact(&database).await;
}

/// Clusters whose reports are in two partitions. Either of two reports may be read first, so only what does not depend
/// on the order is compared.
#[tokio::test(flavor = "multi_thread")]
async fn of_clusters_in_two_partitions_the_newest_reports_are_kept() {
    for database in [postgres().await, sqlite()] {
        let mut flow = Flow::scattered(Topic::create(2).await, seed());
        flow.send(2_000).await;
        let process = Process::spawn(serve_small_batches(&database, &flow.topic));
        flow.topic.until_all_committed().await;
        flow.assert_newest_kept(&database).await;
        drop(process);
    }
}
