//! Messages that are gone before they were read: the loss is reported, and reading continues at the first offset that is
//! left.

use crate::{
    harness::{Database, Process, Topic, sqlite, tables, until},
    messages::{Message, cluster},
};

fn report(number: u16) -> Vec<u8> {
    Message::new(1, &cluster(number), "2024-05-02T08:00:00Z").json()
}

async fn send(topic: &Topic, numbers: std::ops::Range<u16>) {
    for number in numbers {
        topic.send(&report(number)).await;
    }
}

async fn until_stored(database: &Database, clusters: usize) {
    let connection = database.connect().await;
    let count = async || (tables(&connection).await.clusters.len() == clusters).then_some(());
    until("the clusters are stored", count).await;
}

async fn assert_loss(process: &Process, cause: &str, from: i64, to: i64) {
    process.until_metric(&format!("ingest_data_losses_total{{topic=\"ocp\",cause=\"{cause}\"}}"), 1.0).await;
    let line = format!("partition=0 from={from} to={to} cause=\"{cause}\"");
    assert_eq!(process.lines_with(&line), 1, "{}", process.output());
    assert_eq!(process.lines_with("data loss"), 1, "{}", process.output());
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_that_were_removed_before_they_were_read_are_reported_once() {
    let (database, topic) = (sqlite(), Topic::create(1).await);
    send(&topic, 0..3).await;
    let mut first = Process::serve(&database, &topic);
    topic.until_committed(0, 3).await;
    first.kill();
    send(&topic, 3..8).await;
    topic.remove_before(0, 8).await;

    let mut second = Process::serve(&database, &topic);
    assert_loss(&second, "removed", 3, 8).await;
    second.until_ready().await;
    topic.until_committed(0, 8).await;
    second.kill();

    send(&topic, 8..10).await;
    let third = Process::serve(&database, &topic);
    topic.until_all_committed().await;
    assert_eq!(third.lines_with("data loss"), 0, "it is reported once:\n{}", third.output());
    assert_eq!(tables(&database.connect().await).await.clusters.len(), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_ends_before_the_next_offset_is_read_from_its_beginning() {
    let (database, topic) = (sqlite(), Topic::create(1).await);
    send(&topic, 0..3).await;
    topic.commit(0, 50);
    let process = Process::serve(&database, &topic);
    assert_loss(&process, "replaced", 50, 0).await;
    topic.until_all_committed().await;
    process.until_ready().await;
    until_stored(&database, 3).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_that_is_created_again_is_read_from_its_beginning() {
    let (database, topic) = (sqlite(), Topic::create(1).await);
    send(&topic, 0..5).await;
    let process = Process::serve(&database, &topic);
    topic.until_all_committed().await;
    process.until_ready().await;

    topic.delete().await;
    until("the topic can be created again", async || topic.try_make_with(&[]).await.ok()).await;
    send(&topic, 5..7).await;
    until_stored(&database, 7).await;
    process.until_ready().await;
    println!("{}", process.output().lines().filter(|line| line.contains("data loss")).collect::<String>());
}
