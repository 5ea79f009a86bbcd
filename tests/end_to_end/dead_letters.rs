//! Dead letters: messages that cannot be ingested are copied unchanged to the dead-letter topic. Commands list, show
//! and replay them.

mod commands;
mod contents;
mod replay;
mod sources;
mod topic;

use std::process::{Command, Output};

use insights_results_aggregator::service::Role;
use rdkafka::{
    Message as _,
    message::{Header, Headers as _, OwnedMessage},
};

use crate::{
    harness::{Database, Running, Topic, program, set_config},
    messages::{Message, cluster},
};

const CHECKED: &str = "2024-05-02T08:00:00Z";
/// A limit of message sizes that [`large`] exceeds.
const SMALL_LIMIT: usize = 1_024;

fn good(number: u16) -> Vec<u8> {
    Message::new(1, &cluster(number), CHECKED).hit("rules.a", "A", "{}").json()
}

fn large(number: u16) -> Vec<u8> {
    Message::new(1, &cluster(number), CHECKED)
        .extra_member("Padding", &format!("\"{}\"", "x".repeat(SMALL_LIMIT)))
        .json()
}

/// Starts the service with a limit of message sizes.
async fn start(database: &Database, topic: &Topic, max_message_bytes: usize) -> Running {
    let mut config = Running::config(database, topic);
    config.ingest.max_message_bytes = max_message_bytes;
    Running::start(config, Role::All).await
}

/// Ingests all messages of the topic, and of its workload topic.
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

/// The value of a header that the service adds.
fn header(message: &OwnedMessage, name: &str) -> String {
    let found = headers(message).into_iter().rev().find(|(key, _)| key == name);
    String::from_utf8(found.unwrap_or_else(|| panic!("{name}")).1.expect("a value")).expect("text")
}

/// Runs the command `dead-letters` with these arguments.
fn dead_letters(database: &Database, topic: &Topic, arguments: &[&str]) -> Output {
    command(database, topic, arguments).output().expect("the program runs")
}

/// The command `dead-letters` with these arguments.
fn command(database: &Database, topic: &Topic, arguments: &[&str]) -> Command {
    let kafka = topic.settings();
    let mut command = program();
    command.arg("dead-letters").args(arguments);
    set_config(&mut command, "DATABASE__URL", database.settings.url.expose());
    set_config(&mut command, "KAFKA__BROKERS", &kafka.brokers.join(","));
    set_config(&mut command, "KAFKA__OCP_TOPIC", &kafka.ocp_topic);
    set_config(&mut command, "KAFKA__WORKLOAD_TOPIC", kafka.workload_topic.as_deref().unwrap_or_default());
    set_config(&mut command, "KAFKA__DEAD_LETTER_TOPIC", &kafka.dead_letter_topic);
    command
}

/// Runs `dead-letters`, which must succeed, and returns what it prints.
fn stdout(database: &Database, topic: &Topic, arguments: &[&str]) -> String {
    let output = dead_letters(database, topic, arguments);
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    String::from_utf8(output.stdout).expect("text")
}

/// The error output of a command that must fail with this exit code.
fn stderr(output: &Output, code: i32) -> String {
    assert_eq!(output.status.code(), Some(code), "{output:?}");
    String::from_utf8(output.stderr.clone()).expect("text")
}
