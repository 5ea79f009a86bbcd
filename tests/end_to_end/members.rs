//! Members of one consumer group that join, leave or are fenced. Every message is still stored once.

use insights_results_aggregator::service::Role;

use crate::{
    harness::{Process, Running, Topic, postgres, serve, set_config, sqlite, tables, until},
    messages::{Message, cluster},
    traffic::{Stored, send, tables_without_faults, traffic},
};

#[tokio::test(flavor = "multi_thread")]
async fn messages_are_stored_once_while_members_join_and_leave() {
    let (database, topic) = (postgres().await, Topic::create(4).await);
    let connection = database.connect().await;
    let start = async || {
        let mut config = Running::config(&database, &topic);
        config.ingest.batch_messages = 20;
        Running::start(config, Role::All).await
    };
    let outgoing = traffic(&topic, 600, 3);
    let mut parts = outgoing.chunks(outgoing.len().div_ceil(3));
    let mut send_next = async || send(&topic, parts.next().expect("another part")).await;
    let until_some_is_stored = async |sent: Vec<_>| {
        until("a batch is stored", async || Stored::read(&connection).await.has_any(&sent).then_some(())).await;
    };

    let first = start().await.ready().await;
    until_some_is_stored(send_next().await).await;
    // The second member is ready once partitions are assigned to it, here under load.
    let second = start().await.ready().await;
    until_some_is_stored(send_next().await).await;
    first.stop().await.expect("a clean end");
    send_next().await;
    topic.until_all_committed().await;
    second.stop().await.expect("a clean end");
    assert!(tables(&connection).await == tables_without_faults(&sqlite(), &topic).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_whose_instance_id_another_one_takes_exits_with_three_and_the_other_continues() {
    let (database, topic) = (postgres().await, Topic::create(1).await);
    let serve_with_instance_id = || {
        let mut command = serve(&database, &topic);
        set_config(&mut command, "KAFKA__GROUP_INSTANCE_ID", "one");
        Process::spawn(command)
    };
    let message = |number| Message::new(1, &cluster(number), "2024-05-02T08:00:00Z").json();

    let mut fenced = serve_with_instance_id();
    topic.until_committed(0, topic.send(&message(1)).await + 1).await;
    let _other = serve_with_instance_id();
    assert_eq!(fenced.exit_status().await.code(), Some(3), "{}", fenced.output());
    let output = fenced.output();
    assert!(output.contains("error: ingestion ended: the Kafka client failed permanently"), "{output}");

    topic.until_committed(0, topic.send(&message(2)).await + 1).await;
    assert_eq!(tables(&database.connect().await).await.clusters.len(), 2);
}
