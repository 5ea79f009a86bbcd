//! A dead letter is the message as it came, whatever that was, as far as its topic takes it.

use insights_results_aggregator::domain::Timestamp as Time;
use rdkafka::{
    Message as _, Timestamp,
    message::{Header, Headers as _, OwnedHeaders, OwnedMessage},
};

use super::{good, headers, ingest, printed, start, told};
use crate::harness::{Topic, sqlite, tables};

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

fn no_json(timestamp: i64, headers: Option<OwnedHeaders>) -> OwnedMessage {
    let value = Some(b"no JSON".to_vec());
    OwnedMessage::new(value, None, String::new(), Timestamp::CreateTime(timestamp), 0, 0, headers)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_headers_stay_and_so_do_those_that_clients_cannot_read() {
    let (topic, database) = (Topic::create(1).await, sqlite());
    let add = |all: OwnedHeaders, at: u32| all.insert(Header { key: "h", value: Some(&at.to_string()) });
    topic.send_whole(&no_json(7, Some((0..1_000).fold(OwnedHeaders::new(), add)))).await;
    // rdkafka panics over a name that is not UTF-8, which must stop neither good messages nor bad ones.
    topic.send_with_headers(b"\xff\xfe", &good(1));
    topic.send_with_headers(b"\xff\xfe", b"no JSON");
    topic.send(&good(2)).await;
    ingest(&database, &topic, 1_000_000).await;

    assert_eq!(tables(&database.connect().await).await.clusters.len(), 2);
    let letters = topic.of_dead_letters().messages(0);
    let counts: Vec<_> = letters.iter().map(|letter| letter.headers().expect("headers").count()).collect();
    assert_eq!(counts, [1_000 + 11, 12 + 11]);
    assert_eq!(letters[1].headers().expect("headers").get(12).key, "__connect.errors.topic", "ours come after them");
    let shown = printed(&database, &topic, &["show", "0:1"]);
    assert!(shown.contains("not_json") && shown.contains("(a name that is not UTF-8)"), "{shown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_its_topic_finds_too_large_is_cut_and_tells_what_it_was() {
    let topic = Topic::create(1).await;
    topic.of_dead_letters().make_with(&[("max.message.bytes", "5000")]).await;
    // Random bytes, which do not shrink.
    let value = (0..400).flat_map(|_| uuid::Uuid::new_v4().into_bytes()).collect::<Vec<_>>();
    let small: Vec<_> = value.chunks(400).collect();
    let key_too_large = OwnedMessage::new(None, Some(value.clone()), String::new(), Timestamp::now(), 0, 0, None);
    topic.send(&value).await;
    topic.send_all(small.iter().map(|value| (0, *value))).await;
    topic.send_whole(&key_too_large).await;
    ingest(&sqlite(), &topic, 1_000_000).await;

    let letters = topic.of_dead_letters().messages(0);
    assert_eq!(letters.len(), small.len() + 2);
    let is_cut = |letter: &OwnedMessage| headers(letter).iter().any(|(name, _)| name == "ira.truncated");
    let (cut, whole): (Vec<_>, Vec<_>) = letters.iter().partition(|letter| is_cut(letter));
    let whole: Vec<_> = whole.iter().filter_map(|letter| letter.payload()).collect();
    assert_eq!(whole, small, "those that fit alone are whole, although together they do not");
    let [of_value, of_key] = cut.as_slice() else { panic!("two are cut") };
    let kept = of_value.payload().expect("a value");
    assert!(value.starts_with(kept) && kept.len() >= 1_600, "{}: as much as half of what fits", kept.len());
    assert_eq!((told(of_value, "ira.truncated"), told(of_value, "ira.length")), ("value".into(), "6400".into()));
    assert_eq!((of_key.key(), told(of_key, "ira.truncated")), (None, "key, headers and value".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_time_that_the_topic_refuses_is_told_beside_the_letter_and_holds_nobody_up() {
    // By default a topic takes no time that is more than an hour ahead.
    let lenient = [("message.timestamp.after.max.ms", "9223372036854775807")];
    let (topic, database) = (Topic::create_with(1, &lenient).await, sqlite());
    let ahead = (Time::now().utc() + std::time::Duration::from_hours(5)).timestamp_millis();
    topic.send(b"no JSON either").await;
    topic.send_whole(&no_json(ahead, None)).await;
    let running = start(&database, &topic, 1_000_000).await;
    topic.until_all_committed().await;
    running.stop().await.expect("a clean end");

    let letters = topic.of_dead_letters().messages(0);
    let [first, second] = letters.as_slice() else { panic!("one letter each") };
    assert_eq!(told(first, "ira.timestamp"), first.timestamp().to_millis().expect("a time").to_string());
    assert_eq!(told(second, "ira.timestamp"), ahead.to_string());
    assert!(second.timestamp().to_millis() < Some(ahead));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_librdkafka_would_not_take_by_itself_is_a_letter_and_holds_nobody_up() {
    let (topic, database) = (Topic::create(1).await, sqlite());
    // It takes 100 MB at once, and unpacks no more; this one is short only while it is packed.
    topic.send_packed(&vec![b' '; 100_000_001]).await;
    topic.send(&good(1)).await;
    ingest(&database, &topic, 1_000_000).await;

    assert_eq!(tables(&database.connect().await).await.clusters.len(), 1);
    let listed = printed(&database, &topic, &["list"]);
    assert!(listed.contains("too_large"), "{listed}");
}
