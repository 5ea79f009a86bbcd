//! The command `dead-letters replay`: a dead letter is ingested once its cause is fixed, and only once.

use ::entity::consumer_error;
use rdkafka::{
    Timestamp,
    message::{Header, OwnedHeaders, OwnedMessage},
};
use sea_orm::EntityTrait as _;

use super::{SMALL_LIMIT, dead_letters, good, header, headers, ingest, large, stdout};
use crate::harness::{Database, Topic, each_database, sqlite, tables};

async fn recorded(database: &Database) -> Vec<consumer_error::Model> {
    consumer_error::Entity::find().all(&database.connect().await).await.expect("read the errors")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_was_too_large_is_ingested_by_a_replay_after_the_limit_is_raised() {
    for database in each_database().await {
        let topic = Topic::create(1).await;
        topic
            .send_all([good(1), large(2), b"no JSON".to_vec(), large(3)].iter().map(|value| (0, value.as_slice())))
            .await;
        ingest(&database, &topic, SMALL_LIMIT).await;
        assert_eq!(tables(&database.connect().await).await.clusters.len(), 1, "{}", database.name);

        let dry_run = stdout(&database, &topic, &["replay", "--reason", "too_large", "--dry-run"]);
        assert!(dry_run.ends_with("2 dead letters would be sent, 0 were sent before, 0 cannot be sent\n"), "{dry_run}");
        assert_eq!(topic.messages(0).len(), 4, "nothing was sent");
        let sent = stdout(&database, &topic, &["replay", "--reason", "too_large"]);
        assert_eq!(sent, "2 dead letters sent, 0 were sent before, 0 cannot be sent\n", "{}", database.name);
        ingest(&database, &topic, 1_000_000).await;
        let after = tables(&database.connect().await).await;
        assert_eq!((after.clusters.len(), after.consumer_errors.len()), (3, 3), "{}", database.name);

        let again = stdout(&database, &topic, &["replay", "--reason", "too_large"]);
        assert_eq!(again, "0 dead letters sent, 2 were sent before, 0 cannot be sent\n", "{}", database.name);
        assert_eq!(topic.messages(0).len(), 6, "a second replay sends nothing");
        let forced = stdout(&database, &topic, &["replay", "--again", "0:0"]);
        assert_eq!(forced, "1 dead letters sent, 0 were sent before, 0 cannot be sent\n", "{}", database.name);
        ingest(&database, &topic, 1_000_000).await;
        assert_eq!(
            tables(&database.connect().await).await,
            after,
            "{}: a forced replay changes nothing",
            database.name
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_is_rejected_again_is_one_row_with_the_last_rejection() {
    for database in each_database().await {
        let topic = Topic::create(1).await;
        topic.send(&large(1)).await;
        ingest(&database, &topic, SMALL_LIMIT).await;
        stdout(&database, &topic, &["replay", "--all"]);
        stdout(&database, &topic, &["replay", "--all", "--again"]);
        ingest(&database, &topic, SMALL_LIMIT).await;

        let rows = recorded(&database).await;
        let [row] = rows.as_slice() else { panic!("{}: {rows:?}", database.name) };
        assert_eq!((row.topic_offset, row.attempts), (0, 2), "{}", database.name);
        assert_eq!(row.replayed_at, None, "{}: not replayed since the last rejection", database.name);
        let found = topic.dead_letter_topic().messages(0);
        assert_eq!(found.len(), 3);
        assert_eq!(headers(&found[1]).len(), headers(&found[0]).len());
        assert_eq!(header(&found[2], "__connect.errors.offset"), "0");
        let listed = stdout(&database, &topic, &["list"]);
        let replayed: Vec<_> = listed.lines().skip(1).map(|line| line.rsplit("  ").next().expect("a cell")).collect();
        assert!(replayed[0].ends_with("rejected again") && replayed[1].ends_with("no"), "{listed}");

        // Again, now that it can be ingested: only the last rejection is replayed, and once.
        let sent = stdout(&database, &topic, &["replay", "--all"]);
        assert_eq!(sent, "1 dead letters sent, 2 were sent before, 0 cannot be sent\n", "{}", database.name);
        ingest(&database, &topic, 1_000_000).await;
        assert_eq!(tables(&database.connect().await).await.clusters.len(), 1, "{}", database.name);
        let sent = stdout(&database, &topic, &["replay", "--all"]);
        assert_eq!(sent, "0 dead letters sent, 3 were sent before, 0 cannot be sent\n", "{}", database.name);
    }
}

/// All headers of a dead letter from this topic.
fn forged_headers(topic: &str) -> OwnedHeaders {
    let connect = ["topic", "partition", "offset", "stage", "exception.class.name", "exception.message"];
    let connect = connect.map(|name| (format!("__connect.errors.{name}"), if name == "topic" { topic } else { "0" }));
    let own = ["reason", "timestamp", "failed_at", "service.version", "attempts"];
    let own = own.map(|name| (format!("ira.{name}"), "7"));
    let add = |all: OwnedHeaders, (name, value): (String, &str)| all.insert(Header { key: &name, value: Some(value) });
    connect.into_iter().chain(own).fold(OwnedHeaders::new(), add)
}

#[tokio::test(flavor = "multi_thread")]
async fn forged_headers_do_not_send_a_message_to_another_topic() {
    let (topic, other, database) = (Topic::create(1).await, Topic::create(1).await, sqlite());
    let forged = |value: &[u8]| {
        let headers = Some(forged_headers(&other.name));
        OwnedMessage::new(Some(value.to_vec()), None, String::new(), Timestamp::CreateTime(7), 0, 0, headers)
    };
    topic.send_message(&forged(b"no JSON")).await;
    ingest(&database, &topic, 1_000_000).await;
    let dead_letter_topic = topic.dead_letter_topic();
    assert_eq!(header(&dead_letter_topic.messages(0)[0], "__connect.errors.topic"), topic.name, "the real source");
    dead_letter_topic.send_message(&forged(b"sent by another producer")).await;

    let output = dead_letters(&database, &topic, &["replay", "--all"]);
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(stdout, "1 dead letters sent, 0 were sent before, 1 cannot be sent\n", "{stderr}");
    assert!(
        stderr.contains(&format!(
            "0:1 is from the topic {}, which is neither kafka.ocp_topic nor kafka.workload_topic",
            other.name
        )),
        "{stderr}"
    );
    assert!(other.messages(0).is_empty());
}
