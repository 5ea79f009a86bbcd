//! The contents of dead letters: the message unchanged, as far as the dead-letter topic accepts it.

use insights_results_aggregator::domain::Timestamp as Time;
use rdkafka::{
    Message as _, Timestamp,
    message::{Header, Headers as _, OwnedHeaders, OwnedMessage},
};

use super::{good, header, headers, ingest, start, stdout};
use crate::harness::{Topic, sqlite, tables};

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_letter_keeps_key_value_time_and_headers_of_its_message() {
    let topic = Topic::create(1).await;
    let foreign = OwnedHeaders::new()
        .insert(Header { key: "trace", value: Some("1") })
        .insert(Header { key: "trace", value: Some("2") })
        .insert(Header { key: "nothing", value: None::<&str> })
        .insert(Header { key: "bytes", value: Some(&b"\xff\x00"[..]) })
        .insert(Header { key: "__connect.errors.topic", value: Some("of another service") });
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
        topic.send_message(message).await;
    }
    ingest(&sqlite(), &topic, 1_000_000).await;

    let dead_letters = topic.dead_letter_topic().messages(0);
    assert_eq!(dead_letters.len(), sent.len());
    for ((letter, message), offset) in dead_letters.iter().zip(&sent).zip(["1", "3", "5"]) {
        assert_eq!((letter.key(), letter.payload()), (message.key(), message.payload()));
        assert_eq!(letter.timestamp(), message.timestamp());
        let (original, found) = (headers(message), headers(letter));
        assert_eq!(found[..original.len()], original[..], "the message's headers are kept in their order");
        assert_eq!(found.len(), original.len() + 11, "one set of the service's headers follows");
        assert_eq!(header(letter, "__connect.errors.topic"), topic.name);
        assert_eq!(header(letter, "__connect.errors.partition"), "0");
        assert_eq!(header(letter, "__connect.errors.offset"), offset);
        assert_eq!((header(letter, "ira.reason"), header(letter, "ira.attempts")), ("not_json".into(), "1".into()));
    }
}

fn no_json(timestamp: i64, headers: Option<OwnedHeaders>) -> OwnedMessage {
    let value = Some(b"no JSON".to_vec());
    OwnedMessage::new(value, None, String::new(), Timestamp::CreateTime(timestamp), 0, 0, headers)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_headers_are_kept_and_so_are_those_that_clients_cannot_read() {
    let (topic, database) = (Topic::create(1).await, sqlite());
    let add = |all: OwnedHeaders, at: u32| all.insert(Header { key: "h", value: Some(&at.to_string()) });
    topic.send_message(&no_json(7, Some((0..1_000).fold(OwnedHeaders::new(), add)))).await;
    // rdkafka panics at a name that is not UTF-8. That must stop neither good messages nor bad ones.
    topic.send_with_headers(b"\xff\xfe", &good(1));
    topic.send_with_headers(b"\xff\xfe", b"no JSON");
    topic.send(&good(2)).await;
    ingest(&database, &topic, 1_000_000).await;

    assert_eq!(tables(&database.connect().await).await.clusters.len(), 2);
    let dead_letters = topic.dead_letter_topic().messages(0);
    let counts: Vec<_> = dead_letters.iter().map(|letter| letter.headers().expect("headers").count()).collect();
    assert_eq!(counts, [1_000 + 11, 12 + 11]);
    assert_eq!(
        dead_letters[1].headers().expect("headers").get(12).key,
        "__connect.errors.topic",
        "the service's headers follow"
    );
    let shown = stdout(&database, &topic, &["show", "0:1"]);
    assert!(shown.contains("not_json") && shown.contains("(a name that is not UTF-8)"), "{shown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_large_for_the_topic_is_truncated_with_headers_that_say_so() {
    let topic = Topic::create(1).await;
    topic.dead_letter_topic().make_with(&[("max.message.bytes", "5000")]).await;
    // Random bytes, which do not compress.
    let value = (0..400).flat_map(|_| uuid::Uuid::new_v4().into_bytes()).collect::<Vec<_>>();
    let small: Vec<_> = value.chunks(400).collect();
    let key_too_large = OwnedMessage::new(None, Some(value.clone()), String::new(), Timestamp::now(), 0, 0, None);
    topic.send(&value).await;
    topic.send_all(small.iter().map(|value| (0, *value))).await;
    topic.send_message(&key_too_large).await;
    ingest(&sqlite(), &topic, 1_000_000).await;

    let dead_letters = topic.dead_letter_topic().messages(0);
    assert_eq!(dead_letters.len(), small.len() + 2);
    let is_truncated = |letter: &OwnedMessage| headers(letter).iter().any(|(name, _)| name == "ira.truncated");
    let (truncated, whole): (Vec<_>, Vec<_>) = dead_letters.iter().partition(|letter| is_truncated(letter));
    let whole: Vec<_> = whole.iter().filter_map(|letter| letter.payload()).collect();
    assert_eq!(whole, small, "those that fit one by one are whole, although together they exceed the limit");
    let [of_value, of_key] = truncated.as_slice() else { panic!("two are truncated") };
    let kept = of_value.payload().expect("a value");
    assert!(value.starts_with(kept) && kept.len() >= 1_600, "{} bytes: at least half of what fits", kept.len());
    assert_eq!((header(of_value, "ira.truncated"), header(of_value, "ira.length")), ("value".into(), "6400".into()));
    assert_eq!((of_key.key(), header(of_key, "ira.truncated")), (None, "key, headers and value".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_timestamp_that_the_topic_refuses_is_kept_in_a_header_and_blocks_nothing() {
    // By default a topic refuses timestamps that are more than an hour ahead.
    let lenient = [("message.timestamp.after.max.ms", "9223372036854775807")];
    let (topic, database) = (Topic::create_with(1, &lenient).await, sqlite());
    let ahead = (Time::now().utc() + std::time::Duration::from_hours(5)).timestamp_millis();
    topic.send(b"no JSON either").await;
    topic.send_message(&no_json(ahead, None)).await;
    let running = start(&database, &topic, 1_000_000).await;
    topic.until_all_committed().await;
    running.stop().await.expect("a clean end");

    let dead_letters = topic.dead_letter_topic().messages(0);
    let [first, second] = dead_letters.as_slice() else { panic!("one dead letter each") };
    assert_eq!(header(first, "ira.timestamp"), first.timestamp().to_millis().expect("a time").to_string());
    assert_eq!(header(second, "ira.timestamp"), ahead.to_string());
    assert!(second.timestamp().to_millis() < Some(ahead));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_librdkafka_refuses_to_unpack_becomes_a_dead_letter_and_blocks_nothing() {
    let (topic, database) = (Topic::create(1).await, sqlite());
    // librdkafka fetches and unpacks at most 100 MB. This message is short only while it is compressed.
    topic.send_compressed(&vec![b' '; 100_000_001]).await;
    topic.send(&good(1)).await;
    ingest(&database, &topic, 1_000_000).await;

    assert_eq!(tables(&database.connect().await).await.clusters.len(), 1);
    let listed = stdout(&database, &topic, &["list"]);
    assert!(listed.contains("too_large"), "{listed}");
}
