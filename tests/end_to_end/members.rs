//! Members of one group: who joins, leaves or is fenced off changes who reads what, and nothing else.

use insights_results_aggregator::service::Role;

use crate::{
    harness::{Process, Running, Topic, postgres, serve, set, sqlite, tables, until},
    messages::{Message, cluster},
    traffic::{Stored, send, traffic, undisturbed},
};

#[tokio::test(flavor = "multi_thread")]
async fn messages_are_stored_once_while_members_come_and_go() {
    let (database, topic) = (postgres().await, Topic::create(4).await);
    let connection = database.connect().await;
    let start = async || {
        let mut config = Running::config(&database, &topic);
        config.ingest.batch_messages = 20;
        Running::start(config, Role::All).await
    };
    let outgoing = traffic(&topic, 600, 3);
    let mut parts = outgoing.chunks(outgoing.len().div_ceil(3));
    let mut flow = async || send(&topic, parts.next().expect("another part")).await;
    let until_some_is_stored = async |sent: Vec<_>| {
        until("a batch is in", async || Stored::read(&connection).await.has_any(&sent).then_some(())).await;
    };

    let first = start().await.ready().await;
    until_some_is_stored(flow().await).await;
    // Ready only once it was given its share, and that of a topic under load.
    let second = start().await.ready().await;
    until_some_is_stored(flow().await).await;
    first.stop().await.expect("a clean end");
    flow().await;
    topic.until_all_committed().await;
    second.stop().await.expect("a clean end");
    assert!(tables(&connection).await == undisturbed(&sqlite(), &topic).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_whose_name_another_one_takes_ends_with_code_three_and_the_other_goes_on() {
    let (database, topic) = (postgres().await, Topic::create(1).await);
    let serve_as_one = || {
        let mut command = serve(&database, &topic);
        set(&mut command, "KAFKA__GROUP_INSTANCE_ID", "one");
        Process::spawn(command)
    };
    let message = |number| Message::new(1, &cluster(number), "2024-05-02T08:00:00Z").json();

    let mut fenced = serve_as_one();
    topic.until_committed(0, topic.send(&message(1)).await + 1).await;
    let _other = serve_as_one();
    assert_eq!(fenced.ended().await.code(), Some(3), "{}", fenced.output());
    let told = fenced.output();
    assert!(told.contains("error: ingestion ended: the Kafka client failed permanently"), "{told}");

    topic.until_committed(0, topic.send(&message(2)).await + 1).await;
    assert_eq!(tables(&database.connect().await).await.clusters.len(), 2);
}
