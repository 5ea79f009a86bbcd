//! Messages that cannot be ingested go to a topic of their own, as they came; from there they are listed, shown and sent
//! again.

use std::{collections::BTreeMap, process::Output};

use ::entity::consumer_error;
use insights_results_aggregator::service::Role;
use rdkafka::{
    Message as _, Timestamp,
    message::{Header, Headers as _, OwnedHeaders, OwnedMessage},
};
use sea_orm::EntityTrait as _;
use serde_json::Value;

use crate::{
    harness::{Database, Running, Topic, each_database, postgres, program, set, sqlite, tables, until},
    messages::{Message, cluster},
};

const CHECKED: &str = "2024-05-02T08:00:00Z";
/// A limit that `large` is beyond.
const SMALL: usize = 1_024;

fn good(number: u16) -> Vec<u8> {
    Message::new(1, &cluster(number), CHECKED).hit("rules.a", "A", "{}").json()
}

fn large(number: u16) -> Vec<u8> {
    Message::new(1, &cluster(number), CHECKED).unread("Padding", &format!("\"{}\"", "x".repeat(SMALL))).json()
}

/// The service, which takes messages up to a length.
async fn start(database: &Database, topic: &Topic, max_message_bytes: usize) -> Running {
    let mut config = Running::config(database, topic);
    config.ingest.max_message_bytes = max_message_bytes;
    Running::start(config, Role::All).await
}

/// Ingests what the topic has.
async fn ingest(database: &Database, topic: &Topic, max_message_bytes: usize) {
    let running = start(database, topic, max_message_bytes).await;
    topic.until_all_committed().await;
    running.stop().await.expect("a clean end");
}

type Headers = Vec<(String, Option<Vec<u8>>)>;

fn headers(message: &OwnedMessage) -> Headers {
    let owned = |header: Header<'_, &[u8]>| (header.key.to_owned(), header.value.map(<[u8]>::to_vec));
    message.headers().map(|headers| headers.iter().map(owned).collect()).unwrap_or_default()
}

/// What a header of ours says.
fn told(message: &OwnedMessage, name: &str) -> String {
    let found = headers(message).into_iter().rev().find(|(key, _)| key == name);
    String::from_utf8(found.unwrap_or_else(|| panic!("{name}")).1.expect("a value")).expect("text")
}

/// `dead-letters` with these arguments, as a process.
fn dead_letters(database: &Database, topic: &Topic, arguments: &[&str]) -> Output {
    let kafka = topic.settings();
    let mut command = program();
    command.arg("dead-letters").args(arguments);
    set(&mut command, "DATABASE__URL", database.settings.url.expose());
    set(&mut command, "KAFKA__BROKERS", &kafka.brokers.join(","));
    set(&mut command, "KAFKA__OCP_TOPIC", &kafka.ocp_topic);
    set(&mut command, "KAFKA__DEAD_LETTER_TOPIC", &kafka.dead_letter_topic);
    command.output().expect("the program runs")
}

/// What it prints when all goes well.
fn printed(database: &Database, topic: &Topic, arguments: &[&str]) -> String {
    let output = dead_letters(database, topic, arguments);
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    String::from_utf8(output.stdout).expect("text")
}

fn complaint(output: &Output, code: i32) -> String {
    assert_eq!(output.status.code(), Some(code), "{output:?}");
    String::from_utf8(output.stderr.clone()).expect("text")
}

async fn recorded(database: &Database) -> Vec<consumer_error::Model> {
    consumer_error::Entity::find().all(&database.connect().await).await.expect("read the errors")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_message_keeps_all_that_it_came_with() {
    let topic = Topic::create(1).await;
    let foreign = OwnedHeaders::new()
        .insert(Header { key: "trace", value: Some("1") })
        .insert(Header { key: "trace", value: Some("2") })
        .insert(Header { key: "nothing", value: None::<&str> })
        .insert(Header { key: "bytes", value: Some(&b"\xff\x00"[..]) })
        .insert(Header { key: "__connect.errors.topic", value: Some("of somebody else") });
    let message = |key: Option<&[u8]>, value: Option<&[u8]>, headers| {
        let (key, value) = (key.map(<[u8]>::to_vec), value.map(<[u8]>::to_vec));
        OwnedMessage::new(value, key, String::new(), Timestamp::CreateTime(1_714_608_000_123), 0, 0, headers)
    };
    let sent = [
        message(Some(b"k\xff"), Some(b"no JSON \xfe\x00"), Some(foreign)),
        message(None, None, None),
        message(Some(b""), Some(b""), Some(OwnedHeaders::new())),
    ];
    for message in &sent {
        topic.send(&good(1)).await;
        topic.send_whole(message).await;
    }
    ingest(&sqlite(), &topic, 1_000_000).await;

    let letters = topic.of_dead_letters().messages(0);
    assert_eq!(letters.len(), sent.len());
    for ((letter, message), offset) in letters.iter().zip(&sent).zip(["1", "3", "5"]) {
        assert_eq!((letter.key(), letter.payload()), (message.key(), message.payload()));
        assert_eq!(letter.timestamp(), message.timestamp());
        let (came_with, now) = (headers(message), headers(letter));
        assert_eq!(now[..came_with.len()], came_with[..], "what it came with stays, in its order");
        assert_eq!(now.len(), came_with.len() + 11, "and one set of ours comes after it");
        assert_eq!(told(letter, "__connect.errors.topic"), topic.name);
        assert_eq!(told(letter, "__connect.errors.partition"), "0");
        assert_eq!(told(letter, "__connect.errors.offset"), offset);
        assert_eq!((told(letter, "ira.reason"), told(letter, "ira.attempts")), ("not_json".into(), "1".into()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_topic_is_made_as_the_source_is_with_room_for_headers() {
    let topic = Topic::create_with(3, &[("max.message.bytes", "2000000")]).await;
    let database = sqlite();
    let running = start(&database, &topic, 1_000_000).await;
    topic.of_dead_letters().until_made().await;
    let (partitions, largest) = topic.of_dead_letters().made_with("max.message.bytes").await;
    assert_eq!((partitions, largest.as_deref()), (3, Some("2065536")));
    running.stop().await.expect("a clean end");
}

#[tokio::test(flavor = "multi_thread")]
async fn while_a_dead_letter_cannot_be_delivered_its_partition_waits_and_others_go_on() {
    let topic = Topic::create(2).await;
    let letters = topic.of_dead_letters();
    let database = sqlite();
    let running = start(&database, &topic, 1_000_000).await;
    letters.until_made().await;
    letters.delete().await;
    topic.send_to(0, Some(b"no JSON")).await;
    topic.send_to(0, Some(&good(1))).await;
    topic.send_to(1, Some(&good(2))).await;

    topic.until_committed(1, 1).await;
    until("readiness names the topic", async || {
        running.readiness.all_missing().into_values().find(|why| why.contains(&letters.name))
    })
    .await;
    assert_eq!(topic.committed(0).await, 0, "the offset stands");

    letters.make().await;
    topic.until_committed(0, 2).await;
    running.ready().await.stop().await.expect("a clean end");
    assert_eq!(letters.messages(0).len() + letters.messages(1).len(), 1);
    assert_eq!(tables(&database.connect().await).await.clusters.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_too_large_is_ingested_by_a_replay_once_the_limit_is_raised() {
    for database in each_database().await {
        let topic = Topic::create(1).await;
        topic
            .send_all([good(1), large(2), b"no JSON".to_vec(), large(3)].iter().map(|value| (0, value.as_slice())))
            .await;
        ingest(&database, &topic, SMALL).await;
        assert_eq!(tables(&database.connect().await).await.clusters.len(), 1, "{}", database.name);

        let tried = printed(&database, &topic, &["replay", "--reason", "too_large", "--dry-run"]);
        assert!(tried.ends_with("2 dead letters would be sent, 0 were sent before\n"), "{tried}");
        assert_eq!(topic.messages(0).len(), 4, "nothing was sent");
        let sent = printed(&database, &topic, &["replay", "--reason", "too_large"]);
        assert_eq!(sent, "2 dead letters sent, 0 were sent before\n", "{}", database.name);
        ingest(&database, &topic, 1_000_000).await;
        let after = tables(&database.connect().await).await;
        assert_eq!((after.clusters.len(), after.consumer_errors.len()), (3, 3), "{}", database.name);

        let again = printed(&database, &topic, &["replay", "--reason", "too_large"]);
        assert_eq!(again, "0 dead letters sent, 2 were sent before\n", "{}", database.name);
        assert_eq!(topic.messages(0).len(), 6, "a second replay sends nothing");
        let forced = printed(&database, &topic, &["replay", "--again", "0:0"]);
        assert_eq!(forced, "1 dead letters sent, 0 were sent before\n", "{}", database.name);
        ingest(&database, &topic, 1_000_000).await;
        assert_eq!(tables(&database.connect().await).await, after, "{}: it changes nothing", database.name);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_dies_again_is_one_row_that_tells_the_last_refusal() {
    for database in each_database().await {
        let topic = Topic::create(1).await;
        topic.send(&large(1)).await;
        ingest(&database, &topic, SMALL).await;
        printed(&database, &topic, &["replay", "--all"]);
        printed(&database, &topic, &["replay", "--all", "--again"]);
        ingest(&database, &topic, SMALL).await;

        let rows = recorded(&database).await;
        let [row] = rows.as_slice() else { panic!("{}: {rows:?}", database.name) };
        assert_eq!((row.topic_offset, row.attempts), (0, 2), "{}", database.name);
        assert!(row.replayed_at.is_some(), "{}", database.name);
        let letters = topic.of_dead_letters().messages(0);
        assert_eq!(letters.len(), 3);
        assert_eq!(headers(&letters[1]).len(), headers(&letters[0]).len());
        assert_eq!(told(&letters[2], "__connect.errors.offset"), "0");
        let left = printed(&database, &topic, &["replay", "--all"]);
        assert_eq!(left, "0 dead letters sent, 3 were sent before\n", "{}", database.name);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn letters_are_listed_and_shown() {
    let (topic, database) = (Topic::create(1).await, postgres().await);
    topic.send_all([(0, &b"\x1b[31m no JSON"[..]), (0, &large(1)), (0, &good(2))]).await;
    ingest(&database, &topic, SMALL).await;

    let table = printed(&database, &topic, &["list"]);
    let lines: Vec<_> = table.lines().collect();
    assert_eq!(lines.len(), 3, "{table}");
    assert!(lines[1].starts_with("0:0") && lines[1].contains("not_json") && lines[1].ends_with("no"), "{table}");
    assert!(lines[2].contains(&format!("{}/0@1", topic.name)) && lines[2].contains("too_large"), "{table}");
    let listed = |arguments: &[&str]| {
        let lines = printed(&database, &topic, &[&["list", "--json"], arguments].concat());
        let lines = lines.lines().map(|line| serde_json::from_str::<BTreeMap<String, Value>>(line).expect("JSON"));
        lines.map(|line| line["place"].as_str().expect("a place").to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(listed(&[]), ["0:0", "0:1"]);
    assert_eq!(listed(&["--reason", "too_large"]), ["0:1"]);
    assert_eq!(listed(&["--limit", "1"]), ["0:1"]);
    assert_eq!(listed(&["--since", "2999-01-01T00:00:00Z"]), [""; 0]);

    let shown = printed(&database, &topic, &["show", "0:0"]);
    assert!(shown.contains("not_json") && shown.contains("\\u{1b}[31m no JSON"), "{shown}");
    assert!(!shown.contains('\u{1b}'), "a terminal obeys nothing of it");
    assert_eq!(dead_letters(&database, &topic, &["show", "--raw", "0:1"]).stdout, large(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_done_is_told_with_the_mend() {
    let (topic, database) = (Topic::create(1).await, sqlite());
    let missing = complaint(&dead_letters(&database, &topic, &["list"]), 3);
    assert!(missing.contains("does not exist") && missing.contains("kafka.dead_letter_topic"), "{missing}");
    topic.of_dead_letters().make().await;
    database.store().await.close().await;
    assert_eq!(printed(&database, &topic, &["list"]), "no dead letters\n");

    let nothing = complaint(&dead_letters(&database, &topic, &["replay"]), 1);
    assert!(nothing.contains("--reason or --all"), "{nothing}");
    let no_place = complaint(&dead_letters(&database, &topic, &["show", "7"]), 1);
    assert!(no_place.contains("0:17"), "{no_place}");
    let not_there = complaint(&dead_letters(&database, &topic, &["replay", "0:7"]), 1);
    assert!(not_there.contains("there is no dead letter at 0:7"), "{not_there}");
    topic.of_dead_letters().send(b"of somebody else").await;
    let not_ours = complaint(&dead_letters(&database, &topic, &["replay", "--all"]), 3);
    assert!(not_ours.contains("none of ours"), "{not_ours}");
}
