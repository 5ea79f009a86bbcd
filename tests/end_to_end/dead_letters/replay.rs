//! `dead-letters replay`: what died lives once its cause is mended, and once only.

use ::entity::consumer_error;
use rdkafka::{
    Timestamp,
    message::{Header, OwnedHeaders, OwnedMessage},
};
use sea_orm::EntityTrait as _;

use super::{SMALL, dead_letters, good, headers, ingest, large, printed, told};
use crate::harness::{Database, Topic, each_database, sqlite, tables};

async fn recorded(database: &Database) -> Vec<consumer_error::Model> {
    consumer_error::Entity::find().all(&database.connect().await).await.expect("read the errors")
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
        assert!(tried.ends_with("2 dead letters would be sent, 0 were sent before, 0 cannot be sent\n"), "{tried}");
        assert_eq!(topic.messages(0).len(), 4, "nothing was sent");
        let sent = printed(&database, &topic, &["replay", "--reason", "too_large"]);
        assert_eq!(sent, "2 dead letters sent, 0 were sent before, 0 cannot be sent\n", "{}", database.name);
        ingest(&database, &topic, 1_000_000).await;
        let after = tables(&database.connect().await).await;
        assert_eq!((after.clusters.len(), after.consumer_errors.len()), (3, 3), "{}", database.name);

        let again = printed(&database, &topic, &["replay", "--reason", "too_large"]);
        assert_eq!(again, "0 dead letters sent, 2 were sent before, 0 cannot be sent\n", "{}", database.name);
        assert_eq!(topic.messages(0).len(), 6, "a second replay sends nothing");
        let forced = printed(&database, &topic, &["replay", "--again", "0:0"]);
        assert_eq!(forced, "1 dead letters sent, 0 were sent before, 0 cannot be sent\n", "{}", database.name);
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
        assert_eq!(row.replayed_at, None, "{}: not since it was refused last", database.name);
        let letters = topic.of_dead_letters().messages(0);
        assert_eq!(letters.len(), 3);
        assert_eq!(headers(&letters[1]).len(), headers(&letters[0]).len());
        assert_eq!(told(&letters[2], "__connect.errors.offset"), "0");
        let listed = printed(&database, &topic, &["list"]);
        let sent_again: Vec<_> = listed.lines().skip(1).map(|line| line.rsplit("  ").next().expect("a cell")).collect();
        assert!(sent_again[0].ends_with("rejected again") && sent_again[1].ends_with("no"), "{listed}");

        // Once more, now that it can be ingested: the last refusal counts, and it once.
        let sent = printed(&database, &topic, &["replay", "--all"]);
        assert_eq!(sent, "1 dead letters sent, 2 were sent before, 0 cannot be sent\n", "{}", database.name);
        ingest(&database, &topic, 1_000_000).await;
        assert_eq!(tables(&database.connect().await).await.clusters.len(), 1, "{}", database.name);
        let sent = printed(&database, &topic, &["replay", "--all"]);
        assert_eq!(sent, "0 dead letters sent, 3 were sent before, 0 cannot be sent\n", "{}", database.name);
    }
}

/// All headers of a dead letter, as if it had come from there.
fn set_of(topic: &str) -> OwnedHeaders {
    let connect = ["topic", "partition", "offset", "stage", "exception.class.name", "exception.message"];
    let connect = connect.map(|name| (format!("__connect.errors.{name}"), if name == "topic" { topic } else { "0" }));
    let ours = ["reason", "timestamp", "failed_at", "service.version", "attempts"];
    let ours = ours.map(|name| (format!("ira.{name}"), "7"));
    let add = |all: OwnedHeaders, (name, value): (String, &str)| all.insert(Header { key: &name, value: Some(value) });
    connect.into_iter().chain(ours).fold(OwnedHeaders::new(), add)
}

#[tokio::test(flavor = "multi_thread")]
async fn headers_that_name_another_topic_lead_nothing_there() {
    let (topic, other, database) = (Topic::create(1).await, Topic::create(1).await, sqlite());
    let forged = |value: &[u8]| {
        let headers = Some(set_of(&other.name));
        OwnedMessage::new(Some(value.to_vec()), None, String::new(), Timestamp::CreateTime(7), 0, 0, headers)
    };
    topic.send_whole(&forged(b"no JSON")).await;
    ingest(&database, &topic, 1_000_000).await;
    let letters = topic.of_dead_letters();
    assert_eq!(told(&letters.messages(0)[0], "__connect.errors.topic"), topic.name, "where it really came from");
    letters.send_whole(&forged(b"put there by hand")).await;

    let output = dead_letters(&database, &topic, &["replay", "--all"]);
    let (printed, told) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(printed, "1 dead letters sent, 0 were sent before, 1 cannot be sent\n", "{told}");
    assert!(told.contains(&format!("0:1 is from the topic {}, which is not kafka.ocp_topic", other.name)), "{told}");
    assert!(other.messages(0).is_empty());
}
