//! Messages that cannot be ingested go to a topic of their own, as they came; from there they are listed, shown and sent
//! again.

mod commands;
mod kept;
mod replay;
mod topic;

use std::process::Output;

use insights_results_aggregator::service::Role;
use rdkafka::{
    Message as _,
    message::{Header, Headers as _, OwnedMessage},
};

use crate::{
    harness::{Database, Running, Topic, program, set},
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
