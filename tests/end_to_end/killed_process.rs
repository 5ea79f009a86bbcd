//! A process that is killed without warning, at any moment, loses nothing and doubles nothing.

use std::process::Command;

use sea_orm::{ConnectionTrait as _, DatabaseConnection, DbBackend, Statement, TransactionTrait as _};

use crate::{
    harness::{Database, Process, Topic, each_database, postgres, serve, set, sqlite, tables, until},
    messages::{Message, cluster},
    traffic::{Outgoing, Sent, Stored, send, traffic, undisturbed},
};

const KILLS: usize = 3;

/// Small batches: there is always one under way.
fn small_batches(database: &Database, topic: &Topic) -> Command {
    let mut command = serve(database, topic);
    set(&mut command, "INGEST__BATCH_MESSAGES", "20");
    command
}

async fn until_more_is_stored(than: usize, connection: &DatabaseConnection) {
    until("a batch is in", async || (Stored::read(connection).await.rows() > than).then_some(())).await;
}

/// Offsets may be behind what is stored; never ahead, or a message would be lost.
async fn assert_committed_is_stored(sent: &[Sent], topic: &Topic, connection: &DatabaseConnection) {
    let stored = Stored::read(connection).await;
    for partition in 0..topic.partitions {
        let committed = topic.committed(partition).await;
        let lost = sent.iter().find(|sent| sent.partition == partition && sent.offset < committed && !stored.has(sent));
        assert!(lost.is_none(), "{partition}/{:?} is neither stored nor read again", lost.map(|sent| sent.offset));
    }
}

/// Sends a part of the traffic, kills the process once some of that is stored, and so on with the next part.
async fn ingest_between_kills(
    outgoing: &[Outgoing],
    database: &Database,
    topic: &Topic,
    command: impl Fn() -> Command,
) {
    // Once, before the test looks at the tables.
    database.store().await.close().await;
    let connection = database.connect().await;
    let mut sent = vec![];
    for part in outgoing.chunks(outgoing.len() / KILLS) {
        let before = Stored::read(&connection).await.rows();
        sent.extend(send(topic, part).await);
        let mut process = Process::spawn(command());
        until_more_is_stored(before, &connection).await;
        process.kill();
        assert_committed_is_stored(&sent, topic, &connection).await;
    }
    let _last = Process::spawn(command());
    topic.until_all_committed().await;
    assert_committed_is_stored(&sent, topic, &connection).await;
}

/// A member with a name is back at once; one without would be waited for until its session has timed out.
fn named(mut command: Command) -> Command {
    set(&mut command, "KAFKA__GROUP_INSTANCE_ID", "the-only-one");
    command
}

async fn assert_kills_leave_no_trace(database: Database) {
    let topic = Topic::create(4).await;
    let command = || named(small_batches(&database, &topic));
    ingest_between_kills(&traffic(&topic, 750, 2), &database, &topic, command).await;
    let expected = undisturbed(&sqlite(), &topic).await;
    assert_eq!(expected.consumer_errors.len(), 75, "the traffic has its bad messages");
    assert!(tables(&database.connect().await).await == expected, "{}", database.name);
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_are_those_of_a_run_that_nobody_disturbed() {
    let [left, right] = each_database().await;
    tokio::join!(assert_kills_leave_no_trace(left), assert_kills_leave_no_trace(right));
}

#[tokio::test(flavor = "multi_thread")]
async fn another_process_goes_on_where_the_killed_one_was() {
    let (database, topic) = (postgres().await, Topic::create(4).await);
    database.store().await.close().await;
    let connection = database.connect().await;
    let sent = send(&topic, &traffic(&topic, 1500, 1)).await;

    let mut killed = Process::spawn(small_batches(&database, &topic));
    until_more_is_stored(0, &connection).await;
    killed.kill();
    assert_committed_is_stored(&sent, &topic, &connection).await;

    let _another = Process::serve(&database, &topic);
    topic.until_all_committed().await;
    assert!(tables(&connection).await == undisturbed(&sqlite(), &topic).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_offset_does_not_move_before_its_batch_is_stored() {
    let (database, topic) = (postgres().await, Topic::create(2).await);
    let (connection, locking) = (database.connect().await, database.connect().await);
    let report = |number, checked| Message::new(1, &cluster(number), checked).json();
    let mut process = Process::spawn(named(serve(&database, &topic)));
    let first = topic.send_to(0, Some(&report(0, "2024-05-02T08:00:00Z"))).await;
    topic.until_committed(0, first + 1).await;

    let lock = locking.begin().await.expect("a transaction");
    lock.execute_unprepared("SELECT 1 FROM cluster FOR UPDATE").await.expect("a lock on the cluster's row");
    let held_up = topic.send_to(0, Some(&report(0, "2024-05-02T10:00:00Z"))).await;
    let waiting = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    let waiting = Statement::from_string(DbBackend::Postgres, waiting);
    until("its batch waits for the lock", async || {
        connection.query_one_raw(waiting.clone()).await.expect("an answer").map(drop)
    })
    .await;
    // Whatever offset were stored by now would be committed along with this one.
    let other = topic.send_to(1, Some(&report(1, "2024-05-02T08:00:00Z"))).await;
    topic.until_committed(1, other + 1).await;
    assert_eq!(topic.committed(0).await, held_up);

    process.kill();
    lock.rollback().await.expect("released");
    let _another = Process::spawn(named(serve(&database, &topic)));
    topic.until_committed(0, held_up + 1).await;
    let newest = Stored::read(&connection).await.newest(&cluster(0));
    assert_eq!(newest, Some("2024-05-02T10:00:00Z".parse().expect("a time")));
}
