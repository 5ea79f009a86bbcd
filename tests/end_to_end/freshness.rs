//! The time from a message's arrival until it is stored.

use std::time::{Duration, Instant};

use ::entity::cluster;
use insights_results_aggregator::service::Role;
use sea_orm::{DatabaseConnection, EntityTrait as _, PaginatorTrait as _};

use crate::{
    harness::{LockedTable, Running, Topic, each_database, postgres, until},
    messages::{Message, cluster},
};

/// A message that waits for it fails the test.
const BATCH_WAIT: Duration = Duration::from_mins(1);

async fn send(topic: &Topic, number: u16) {
    topic.send(&Message::new(1, &cluster(number), "2024-05-02T08:00:00Z").json()).await;
}

async fn until_stored(clusters: u64, connection: &DatabaseConnection) {
    let count = async || cluster::Entity::find().count(connection).await.expect("a count");
    until("the clusters are stored", async || (count().await == clusters).then_some(())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_on_an_idle_topic_is_stored_without_waiting_for_others() {
    for database in each_database().await {
        let topic = Topic::create(1).await;
        let mut config = Running::config(&database, &topic);
        config.ingest.batch_wait = BATCH_WAIT;
        let started = Instant::now();
        let running = Running::start(config, Role::Ingest).await.ready().await;
        let connection = database.connect().await;
        for number in 1..=3 {
            send(&topic, number).await;
            until_stored(number.into(), &connection).await;
        }
        assert!(started.elapsed() < BATCH_WAIT, "{}: {:?}", database.name, started.elapsed());
        running.stop().await.expect("a clean end");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_that_arrive_during_a_write_are_written_when_it_ends() {
    let (database, topic) = (postgres().await, Topic::create(1).await);
    database.store().await.close().await;
    let table = LockedTable::lock(&database, "cluster").await;
    let mut config = Running::config(&database, &topic);
    config.ingest.batch_wait = BATCH_WAIT;
    let started = Instant::now();
    let running = Running::start(config, Role::Ingest).await.ready().await;
    send(&topic, 1).await;
    table.until_waiters(1).await;
    for number in 2..=10 {
        send(&topic, number).await;
    }
    table.unlock().await;
    until_stored(10, &database.connect().await).await;
    assert!(started.elapsed() < BATCH_WAIT, "{:?}", started.elapsed());
    running.stop().await.expect("a clean end");
}
