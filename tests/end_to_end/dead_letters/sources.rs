//! Dead letters of both topics: they are in one topic, which fits both sources, and each returns to its own.

use super::{SMALL_LIMIT, command, good, header, ingest, large, start, stdout};
use crate::{
    harness::{Topic, each_database, set_config, sqlite, tables, until},
    messages::cluster,
    workloads::WorkloadMessage,
};

const RULE: &str = "ccx_rules_ocp.external.dvo.unset_requirements";

/// A result of about this many bytes.
fn workloads(number: u16, padding: usize) -> Vec<u8> {
    let details = format!("{{\"check_name\": \"{}\"}}", "x".repeat(padding));
    let message = WorkloadMessage::new(1, &cluster(number), "2024-05-02T08:00:00Z");
    message.hit(RULE, "KEY", &details, &["shop/Pod/cart"]).json()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_of_the_other_kind_is_bad_and_each_dead_letter_names_its_source() {
    for database in each_database().await {
        let topic = Topic::create_with_workloads(1).await;
        topic.send_all([(0, workloads(1, 0).as_slice()), (0, &good(1))]).await;
        topic.workloads().send_all([(0, good(2).as_slice()), (0, &workloads(2, 0))]).await;
        ingest(&database, &topic, 1_000_000).await;
        let stored = tables(&database.connect().await).await;
        assert_eq!((stored.clusters.len(), stored.namespaces.len()), (2, 1), "{}: {stored:?}", database.name);
        assert_eq!(stored.consumer_errors.len(), 2, "{}: {stored:?}", database.name);

        let mut dead_letters: Vec<_> = topic.dead_letter_topic().messages(0);
        dead_letters.sort_by_key(|dead_letter| header(dead_letter, "__connect.errors.topic"));
        let found: Vec<_> = dead_letters
            .iter()
            .map(|dead_letter| {
                ["__connect.errors.topic", "__connect.errors.exception.message"].map(|name| header(dead_letter, name))
            })
            .collect();
        let expected = [
            [topic.name.clone(), "Report: expected a value".to_owned()],
            [topic.workloads().name.clone(), "Metrics: expected a value".to_owned()],
        ];
        assert_eq!(found, expected, "{}", database.name);

        let listed = stdout(&database, &topic, &["list"]);
        for source in [&topic, topic.workloads()] {
            assert!(listed.contains(&format!(" {}/0@0 ", source.name)), "{listed}");
        }
        let shown = [0, 1].map(|offset| stdout(&database, &topic, &["show", &format!("0:{offset}")]));
        for source in [&topic, topic.workloads()] {
            let origin = format!("origin:      {}/0@0\n", source.name);
            assert_eq!(shown.iter().filter(|text| text.contains(&origin)).count(), 1, "{shown:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_sends_each_dead_letter_to_its_source() {
    let (database, topic) = (sqlite(), Topic::create_with_workloads(1).await);
    topic.send(&large(1)).await;
    topic.workloads().send(&workloads(1, SMALL_LIMIT)).await;
    ingest(&database, &topic, SMALL_LIMIT).await;
    assert!(tables(&database.connect().await).await.clusters.is_empty());

    let sent = stdout(&database, &topic, &["replay", "--all"]);
    assert_eq!(sent, "2 dead letters sent, 0 were sent before, 0 cannot be sent\n");
    assert_eq!((topic.messages(0).len(), topic.workloads().messages(0).len()), (2, 2));
    ingest(&database, &topic, 1_000_000).await;
    let stored = tables(&database.connect().await).await;
    assert_eq!((stored.clusters.len(), stored.namespaces.len()), (1, 1), "{stored:?}");
    assert!(stored.clusters.iter().all(|cluster| !cluster.contains("report - ")), "{stored:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn dead_letters_of_a_topic_that_is_no_longer_configured_are_not_replayed() {
    let (database, topic) = (sqlite(), Topic::create_with_workloads(1).await);
    topic.workloads().send(b"no JSON").await;
    ingest(&database, &topic, 1_000_000).await;
    let mut command = command(&database, &topic, &["replay", "--all"]);
    set_config(&mut command, "KAFKA__WORKLOAD_TOPIC", "");
    let output = command.output().expect("the program runs");
    let expected = format!(
        "0:0 is from the topic {}, which is neither kafka.ocp_topic nor kafka.workload_topic: set one of these keys",
        topic.workloads().name
    );
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(text.contains(&expected), "{text}");
    assert_eq!(topic.workloads().messages(0).len(), 1, "nothing was sent");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_dead_letter_topic_fits_the_larger_source() {
    let topic = Topic::create_with(1, &[("max.message.bytes", "3000000")]).await.with_missing_workloads(3);
    topic.workloads().make_with(&[("max.message.bytes", "2000000")]).await;
    let (database, dead_letter_topic) = (sqlite(), topic.dead_letter_topic());
    let running = start(&database, &topic, 1_000_000).await;
    dead_letter_topic.until_exists().await;
    let (partitions, largest) = dead_letter_topic.partitions_and_setting("max.message.bytes").await;
    assert_eq!((partitions, largest.as_deref()), (3, Some("3065536")));
    running.ready().await.stop().await.expect("a clean end");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_dead_letter_topic_is_extended_for_a_source_that_is_created_later() {
    let topic = Topic::create_with(2, &[("max.message.bytes", "2000000")]).await.with_missing_workloads(3);
    let (database, dead_letter_topic) = (sqlite(), topic.dead_letter_topic());
    let running = start(&database, &topic, 1_000_000).await;
    dead_letter_topic.until_exists().await;
    let (partitions, largest) = dead_letter_topic.partitions_and_setting("max.message.bytes").await;
    assert_eq!((partitions, largest.as_deref()), (2, Some("2065536")), "that of the source that exists");
    // Another process extends it.
    running.stop().await.expect("a clean end");
    let running = start(&database, &topic, 1_000_000).await;

    topic.workloads().make_with(&[("max.message.bytes", "3000000")]).await;
    until("the topic is extended", async || {
        let found = dead_letter_topic.partitions_and_setting("max.message.bytes").await;
        (found == (3, Some("3065536".to_owned()))).then_some(())
    })
    .await;
    for (setting, expected) in [("retention.ms", "-1"), ("cleanup.policy", "delete")] {
        let value = dead_letter_topic.partitions_and_setting(setting).await.1;
        assert_eq!(value.as_deref(), Some(expected), "other settings stay");
    }
    running.ready().await.stop().await.expect("a clean end");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_letter_topic_with_another_size_than_the_service_chooses_stays_as_it_is() {
    let (database, topic) = (sqlite(), Topic::create(1).await.with_missing_workloads(3));
    let dead_letter_topic = topic.dead_letter_topic();
    dead_letter_topic.make_with(&[("max.message.bytes", "5000")]).await;
    topic.workloads().make().await;
    let running = start(&database, &topic, 1_000_000).await;
    topic.workloads().send(b"no JSON").await;
    topic.workloads().until_all_committed().await;
    running.ready().await.stop().await.expect("a clean end");
    let (partitions, largest) = dead_letter_topic.partitions_and_setting("max.message.bytes").await;
    assert_eq!((partitions, largest.as_deref()), (1, Some("5000")));
}
