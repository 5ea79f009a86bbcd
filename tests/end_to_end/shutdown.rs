//! Graceful shutdown: a process that receives a signal finishes its batch, commits, leaves its group and exits with 0.

use std::time::Duration;

use crate::{
    harness::{Database, Process, Running, Topic, each_database, serve, set_config, sqlite, tables, until},
    messages::{Message, cluster},
    traffic::{Stored, send, tables_without_faults, traffic},
};

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_process_commits_leaves_the_group_and_exits_with_zero() {
    for (database, signal) in each_database().await.into_iter().zip(["TERM", "INT"]) {
        let mut topic = Topic::create(2).await;
        // Longer than tests wait, so the next member gets the partitions in time only if this one leaves the group.
        topic.session_timeout = Duration::from_mins(5);
        let last = topic.send(&Message::new(1, &cluster(1), "2024-05-02T08:00:00Z").json()).await;

        let mut process = Process::serve(&database, &topic);
        let connection = database.connect().await;
        process.address().await;
        until("the message is stored", async || process.output().contains("batch committed").then_some(())).await;
        // At once, so that the offset is committed at shutdown and not by the periodic commit.
        process.signal(signal);
        assert_eq!(process.exit_status().await.code(), Some(0), "{}: {}", database.name, process.output());
        assert_eq!(topic.committed(0).await, last + 1, "{}", database.name);
        assert_eq!(tables(&connection).await.clusters.len(), 1, "{}", database.name);

        let next = Running::all(&database, &topic).await.ready().await;
        next.stop().await.expect("a clean end");
    }
}

async fn assert_busy_process_stops_gracefully(database: Database) {
    database.store().await.close().await;
    let (connection, topic) = (database.connect().await, Topic::create(4).await);
    let sent = send(&topic, &traffic(&topic, 3000, 1)).await;
    let mut command = serve(&database, &topic);
    // Hundreds of batches, so that one is under way when the signal arrives.
    set_config(&mut command, "INGEST__BATCH_MESSAGES", "5");
    let mut process = Process::spawn(command);
    until("the process is busy", async || (Stored::read(&connection).await.rows() > 50).then_some(())).await;
    process.signal("TERM");
    assert_eq!(process.exit_status().await.code(), Some(0), "{}: {}", database.name, process.output());

    let (stored, committed) = (Stored::read(&connection).await, topic.all_committed().await);
    assert!(stored.rows() < sent.len(), "{}: the process stopped before the end of the topic", database.name);
    for message in &sent {
        let is_committed = message.offset < committed[&message.partition];
        assert_eq!(stored.has(message), is_committed, "{}: {message:?} of {committed:?}", database.name);
    }

    let next = Running::all(&database, &topic).await;
    topic.until_all_committed().await;
    next.stop().await.expect("a clean end");
    assert!(tables(&connection).await == tables_without_faults(&sqlite(), &topic).await, "{}", database.name);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_busy_process_commits_exactly_what_it_stored_and_the_next_one_continues() {
    let [left, right] = each_database().await;
    tokio::join!(assert_busy_process_stops_gracefully(left), assert_busy_process_stops_gracefully(right));
}
