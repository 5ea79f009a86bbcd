//! The commands `dead-letters list` and `dead-letters show`, and the errors of all `dead-letters` commands.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{SMALL_LIMIT, dead_letters, good, ingest, large, stderr, stdout};
use crate::harness::{Topic, TransactionEnd, postgres, sqlite};

#[tokio::test(flavor = "multi_thread")]
async fn dead_letters_are_listed_and_shown() {
    let (topic, database) = (Topic::create(1).await, postgres().await);
    topic.send_all([(0, &b"\x1b[31m no JSON"[..]), (0, &large(1)), (0, &good(2))]).await;
    ingest(&database, &topic, SMALL_LIMIT).await;

    let table = stdout(&database, &topic, &["list"]);
    let lines: Vec<_> = table.lines().collect();
    assert_eq!(lines.len(), 3, "{table}");
    assert!(lines[1].starts_with("0:0") && lines[1].contains("not_json") && lines[1].ends_with("no"), "{table}");
    assert!(lines[2].contains(&format!("{}/0@1", topic.name)) && lines[2].contains("too_large"), "{table}");
    let listed = |arguments: &[&str]| {
        let lines = stdout(&database, &topic, &[&["list", "--json"], arguments].concat());
        let lines = lines.lines().map(|line| serde_json::from_str::<BTreeMap<String, Value>>(line).expect("JSON"));
        lines.map(|line| line["place"].as_str().expect("a place").to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(listed(&[]), ["0:0", "0:1"]);
    assert_eq!(listed(&["--reason", "too_large"]), ["0:1"]);
    assert_eq!(listed(&["--limit", "1"]), ["0:1"]);
    assert_eq!(listed(&["--since", "2999-01-01T00:00:00Z"]), [""; 0]);

    let shown = stdout(&database, &topic, &["show", "0:0"]);
    assert!(shown.contains("not_json\ncause:       No value, broken gzip, or no JSON.\n"), "{shown}");
    assert!(shown.contains("\\u{1b}[31m no JSON"), "{shown}");
    assert!(!shown.contains('\u{1b}'), "control characters are escaped");
    assert_eq!(dead_letters(&database, &topic, &["show", "--raw", "0:1"]).stdout, large(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_name_the_cause_and_the_remedy() {
    let (topic, database) = (Topic::create(1).await, sqlite());
    database.store().await.close().await;
    let missing = stderr(&dead_letters(&database, &topic, &["list"]), 3);
    assert!(missing.contains("does not exist") && missing.contains("kafka.dead_letter_topic"), "{missing}");
    topic.dead_letter_topic().make().await;
    assert_eq!(stdout(&database, &topic, &["list"]), "no dead letters\n");

    let nothing = stderr(&dead_letters(&database, &topic, &["replay"]), 1);
    assert!(nothing.contains("--reason or --all"), "{nothing}");
    let no_place = stderr(&dead_letters(&database, &topic, &["show", "7"]), 1);
    assert!(no_place.contains("0:17"), "{no_place}");
    let not_there = stderr(&dead_letters(&database, &topic, &["replay", "0:7"]), 1);
    assert!(not_there.contains("there is no dead letter at 0:7"), "{not_there}");
    topic.dead_letter_topic().send(b"of another producer").await;
    let not_ours = stderr(&dead_letters(&database, &topic, &["replay", "0:0"]), 1);
    assert!(not_ours.contains("not a dead letter of this service"), "{not_ours}");
    let typo = stderr(&dead_letters(&database, &topic, &["list", "--reason", "to_large"]), 1);
    assert!(typo.contains("too_large"), "{typo}");
    let empty = stderr(&dead_letters(&sqlite(), &topic, &["list"]), 1);
    assert!(empty.contains("`migrate up`") && empty.contains("database.url"), "{empty}");
}

#[tokio::test(flavor = "multi_thread")]
async fn offsets_without_a_message_neither_end_nor_delay_the_reading() {
    let (topic, database) = (Topic::create(2).await, sqlite());
    topic.send_all([(0, &b"no JSON"[..]), (0, b"no JSON either")]).await;
    ingest(&database, &topic, 1_000_000).await;
    let dead_letter_topic = topic.dead_letter_topic();
    dead_letter_topic.send_in_transaction(&[b"aborted"], TransactionEnd::Abort);
    assert_eq!(stdout(&database, &topic, &["list"]).lines().count(), 1 + 2);
    // After the last message the partition ends with the marker of the transaction.
    let gap =
        stderr(&dead_letters(&database, &topic, &["show", &format!("0:{}", dead_letter_topic.end_offset() - 1)]), 1);
    assert!(gap.contains("there is no dead letter at"), "{gap}");
}
