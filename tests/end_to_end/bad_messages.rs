//! Bad messages between good ones. The good ones are stored, each bad one is recorded with its reason, and the offsets
//! of all are committed.

use std::io::Write as _;

use ::entity::consumer_error;
use flate2::{Compression, write::GzEncoder};
use insights_results_aggregator::{domain::Digest, service::Role};
use sea_orm::EntityTrait as _;

use crate::{
    harness::{Database, Running, Topic, each_database, refuse_hits_with, tables},
    messages::{Message, cluster},
};

const MAX_MESSAGE_BYTES: usize = 200_000;
const CHECKED: &str = "2024-05-02T08:00:00Z";

fn good(number: u16) -> Vec<u8> {
    Message::new(1, &cluster(number), CHECKED).hit("rules.a", "A", "{}").json()
}

/// A good message in which one text is replaced with another.
fn good_but(text: &str, other: &str) -> Vec<u8> {
    let good = String::from_utf8(good(0xbad)).expect("UTF-8");
    assert_eq!(good.matches(text).count(), 1, "{text} in {good}");
    good.replace(text, other).into_bytes()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(vec![], Compression::fast());
    encoder.write_all(bytes).expect("written");
    encoder.finish().expect("finished")
}

fn with_hits(hits: usize) -> Vec<u8> {
    let add = |message: Message, number| message.hit("r", &format!("K{number}"), "1");
    (0..hits).fold(Message::new(1, &cluster(0xbad), CHECKED), add).json()
}

fn not_utf8() -> Vec<u8> {
    let mut message = good_but("rules.a.report", "rules.?.report");
    let position = message.iter().position(|byte| *byte == b'?').expect("the placeholder");
    message[position] = 0xff;
    message
}

/// Bad values, each with the expected reason.
fn bad() -> Vec<(&'static str, Option<Vec<u8>>)> {
    let too_large = MAX_MESSAGE_BYTES + 1;
    let deep = |levels| format!("\"details\": {}{}", "[".repeat(levels), "]".repeat(levels));
    let details = |other: &str| good_but("\"details\": {}", other);
    let org_id = |other: &str| good_but("\"OrgID\": 1", &format!("\"OrgID\": {other}"));
    let checked = |other: &str| good_but(CHECKED, other);
    let truncated = |bytes: Vec<u8>| bytes[..bytes.len() - 5].to_vec();
    let bad_checksum = |mut bytes: Vec<u8>| {
        let position = bytes.len() - 6;
        bytes[position] ^= 1;
        bytes
    };
    let values: Vec<(&str, Vec<u8>)> = vec![
        ("not_json", vec![]),
        ("not_json", b"x".to_vec()),
        ("not_json", (0..100_000_u32).map(|number| (number.wrapping_mul(2_654_435_761) >> 24) as u8 | 1).collect()),
        ("not_json", b"\x0a\x05proto\x10\x01".to_vec()),
        ("not_json", truncated(gzip(&good(0xbad)))),
        ("not_json", bad_checksum(gzip(&good(0xbad)))),
        ("not_json", gzip(&gzip(&good(0xbad)))),
        ("not_json", [b"\xef\xbb\xbf".to_vec(), good(0xbad)].concat()),
        ("not_json", details("\"details\": NaN")),
        ("not_json", details("\"details\": {},")),
        ("not_json", details("/* none */ \"details\": {}")),
        ("not_json", b"{".to_vec()),
        ("not_json", b"\x00\x00\x00\x00\x01Avro, perhaps".to_vec()),
        ("not_json", b"\x1f\x8bno gzip after all".to_vec()),
        ("not_json", [gzip(&good(0xbad)), b"garbage".to_vec()].concat()),
        ("not_json", [good(0xbad), good(0xbad)].concat()),
        ("invalid_utf8", not_utf8()),
        ("invalid_unicode", good_but("rules.a.", "\\ud800.")),
        ("nul_in_text", good_but("rules.a.", "a\\u0000b.")),
        ("missing_field", good_but("\"OrgID\"", "\"Org\"")),
        ("missing_field", good_but("\"Report\"", "\"Metrics\"")),
        ("wrong_type", good_but("\"OrgID\": 1", "\"OrgID\": 4294967296")),
        ("wrong_type", org_id("0")),
        ("wrong_type", org_id("-1")),
        ("wrong_type", org_id("1.0")),
        ("wrong_type", org_id("1e3")),
        ("wrong_type", org_id("\"1\"")),
        ("wrong_type", org_id("true")),
        ("missing_field", org_id("null")),
        ("wrong_type", b"[]".to_vec()),
        ("bad_uuid", good_but("00000000-", "no-uuid-")),
        ("bad_uuid", good_but("00000000-", "0000000000-")),
        ("bad_uuid", good_but("00000000-", "\u{41e}0000000-")),
        ("bad_time", good_but("T08:00", " 08:00")),
        ("bad_time", checked("10000-05-02T08:00:00Z")),
        ("bad_time", checked("0000-05-02T08:00:00Z")),
        ("bad_time", checked("2024-05-02T08:00:60Z")),
        ("bad_time", checked("2024-05-02T08:00:00")),
        ("invalid_unicode", details("\"details\": {\"half\": \"\\ud800\"}")),
        ("future_time", good_but("2024", "9024")),
        ("bad_report", good_but("\"reports\"", "\"hits\"")),
        ("bad_report", good_but("\"reports\": [", "\"reports\": null, \"others\": [")),
        ("too_deep", details(&deep(65))),
        ("too_deep", details(&deep(10_000))),
        ("too_deep", details(&deep(90_000))),
        ("too_large", vec![b' '; too_large]),
        ("too_large", gzip(&vec![b' '; too_large])),
        // A thousand times the limit, and two gzip members of which neither alone is too large.
        ("too_large", gzip(&vec![b' '; 1_000 * MAX_MESSAGE_BYTES])),
        ("too_large", [gzip(&vec![b' '; too_large / 2 + 1]), gzip(&vec![b' '; too_large / 2 + 1])].concat()),
        ("too_many_hits", with_hits(1001)),
        ("too_long", good_but("rules.a.", &"a".repeat(256))),
    ];
    let tombstone = ("not_json", None);
    values.into_iter().map(|(reason, value)| (reason, Some(value))).chain([tombstone]).collect()
}

async fn start(database: &Database, topic: &Topic, batch_messages: usize) -> Running {
    let mut config = Running::config(database, topic);
    config.ingest.max_message_bytes = MAX_MESSAGE_BYTES;
    config.ingest.batch_messages = batch_messages;
    Running::start(config, Role::All).await
}

async fn recorded(database: &Database) -> Vec<consumer_error::Model> {
    let mut rows = consumer_error::Entity::find().all(&database.connect().await).await.expect("read the errors");
    rows.sort_by_key(|row| row.topic_offset);
    rows
}

fn hex(bytes: &[u8]) -> String {
    format!("{bytes:02x?}")
}

#[tokio::test(flavor = "multi_thread")]
async fn each_bad_message_is_recorded_with_its_reason_and_the_good_ones_beside_it_are_stored() {
    let topic = Topic::create(1).await;
    let mut expected = vec![];
    topic.send(&good(0)).await;
    for (number, (reason, value)) in (1..).zip(bad()) {
        let offset = topic.send_to(0, value.as_deref()).await;
        let value = value.unwrap_or_default();
        expected.push((offset, reason.to_owned(), hex(Digest::of(&value).as_bytes()), value.len()));
        topic.send(&good(number)).await;
    }
    let sent = 1 + 2 * i64::try_from(expected.len()).expect("a few");

    for batch_messages in [7, 500] {
        for database in each_database().await {
            let topic = topic.with_another_group();
            let running = start(&database, &topic, batch_messages).await;
            topic.until_committed(0, sent).await;
            running.stop().await.expect("a clean end");

            let rows = recorded(&database).await;
            assert!(rows.iter().all(|row| row.topic == topic.name && row.partition == 0), "{}", database.name);
            let rows = rows.into_iter().map(|row| {
                let bytes = usize::try_from(row.value_bytes).expect("a length");
                (row.topic_offset, row.reason, hex(&row.value_digest), bytes)
            });
            assert_eq!(rows.collect::<Vec<_>>(), expected, "{}", database.name);
            let stored = tables(&database.connect().await).await.clusters.len();
            assert_eq!(stored, expected.len() + 1, "{}: all good ones and no bad one", database.name);
        }
    }
    let dead_letters = topic.dead_letter_topic().records(0);
    let sent: Vec<_> = bad().into_iter().map(|(_, value)| value.unwrap_or_default()).collect();
    for of_one_run in dead_letters.chunks(sent.len()) {
        let values: Vec<_> = of_one_run.iter().map(|record| record.value.clone()).collect();
        assert!(values == sent, "each run sends the bad messages, byte for byte, and no good one");
    }
    assert_eq!(dead_letters.len(), 4 * sent.len(), "one dead letter per run and message");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_committed_offset_is_the_one_after_the_last_message_whatever_its_outcome() {
    for database in each_database().await {
        let topic = Topic::create(3).await;
        topic.send_to(0, Some(&good(0))).await;
        let stale = topic.send_to(0, Some(&good(0))).await;
        let tombstone = topic.send_to(1, None).await;
        let empty = good_but(r#""fingerprints": [], "info": [], "reports": [{"rule_id""#, r#""none": [{"rule_id""#);
        let bad = topic.send_to(2, Some(&empty)).await;

        let running = start(&database, &topic, 500).await;
        for (partition, last) in [(0, stale), (1, tombstone), (2, bad)] {
            topic.until_committed(partition, last + 1).await;
        }
        running.stop().await.expect("a clean end");
        // The wait above accepts later offsets. After the last commit they must be exactly these.
        for (partition, last) in [(0, stale), (1, tombstone), (2, bad)] {
            assert_eq!(topic.committed(partition).await, last + 1, "{}", database.name);
        }

        // The next message to be read is the next one to be sent.
        let next = topic.send_to(1, Some(&good(1))).await;
        let running = start(&database, &topic, 500).await;
        topic.until_committed(1, next + 1).await;
        running.stop().await.expect("a clean end");
        assert_eq!(tables(&database.connect().await).await.clusters.len(), 2, "{}", database.name);
        assert_eq!(recorded(&database).await.len(), 2, "{}", database.name);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_the_database_refuses_is_recorded_and_the_rest_of_its_batch_is_stored() {
    for database in each_database().await {
        refuse_hits_with("poison", &database).await;
        let topic = Topic::create(1).await;
        let refused = |number| Message::new(1, &cluster(number), CHECKED).hit("rules.a", "A", "\"poison\"").json();
        let values = (0..40).map(|number| if number % 13 == 0 { refused(number) } else { good(number) });
        let values: Vec<_> = values.chain([b"no JSON".to_vec()]).collect();
        topic.send_all(values.iter().map(|value| (0, value.as_slice()))).await;

        let running = start(&database, &topic, 500).await;
        topic.until_committed(0, 41).await;
        running.stop().await.expect("a clean end");
        let rows = recorded(&database).await;
        let rows: Vec<_> = rows.iter().map(|row| (row.topic_offset, row.reason.as_str())).collect();
        let refused = [0, 13, 26, 39].map(|offset| (offset, "store_rejected"));
        assert_eq!(rows, [&refused[..], &[(40, "not_json")]].concat(), "{}", database.name);
        assert_eq!(tables(&database.connect().await).await.clusters.len(), 36, "{}", database.name);
        let found: Vec<_> = topic.dead_letter_topic().records(0).into_iter().map(|record| record.value).collect();
        let expected = [0, 13, 26, 39, 40].map(|offset: usize| values[offset].clone());
        assert_eq!(found, expected, "{}: those that the database refused first, then the other", database.name);
    }
}
