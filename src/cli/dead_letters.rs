//! `dead-letters`: what could not be ingested, listed, shown and sent again.

mod list;
mod replay;
mod show;

use clap::{Args, Subcommand};

use super::Failure;
use crate::{
    config::{self, Config},
    ingest::{DeadLetter, read_dead_letters},
};

/// List, show and replay the messages that could not be ingested. They lie in the topic `kafka.dead_letter_topic` as they
/// came, each with the reason in its headers.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  insights-results-aggregator dead-letters list --reason too_large\n  \
    insights-results-aggregator dead-letters show 0:17\n  \
    insights-results-aggregator dead-letters replay --reason too_large --dry-run\n\n\
    Once the cause is mended (a limit raised, a clock set, a fault of the service repaired), replay sends the messages to \
    the topics and partitions that they came from. What is ingested already is not ingested twice.")]
pub(super) struct DeadLetters {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    List(list::List),
    Show(show::Show),
    Replay(replay::Replay),
}

impl DeadLetters {
    pub(super) async fn run(self, config: Config) -> Result<(), Failure> {
        match self.action {
            Action::List(list) => list.run(config).await,
            Action::Show(show) => show.run(&config.kafka).await,
            Action::Replay(replay) => replay.run(config).await,
        }
    }
}

/// Reads the topic, and hands each letter to `fold`, whose result comes back.
async fn read<T: Send + 'static>(
    kafka: &config::Kafka,
    mut folded: T,
    fold: impl Fn(&mut T, DeadLetter) + Send + 'static,
) -> Result<T, Failure> {
    let kafka = kafka.clone();
    // librdkafka waits where it is asked.
    let reading = tokio::task::spawn_blocking(move || {
        read_dead_letters(&kafka, |letter| fold(&mut folded, letter)).map(|()| folded)
    });
    match reading.await {
        Ok(read) => Ok(read?),
        Err(panicked) => std::panic::resume_unwind(panicked.into_panic()),
    }
}

/// A place as it is written: `partition:offset`.
fn place(text: &str) -> Result<String, String> {
    let parts = text.split_once(':').map(|(partition, offset)| (partition.parse::<u32>(), offset.parse::<u64>()));
    match parts {
        Some((Ok(partition), Ok(offset))) => Ok(format!("{partition}:{offset}")),
        _ => Err("a place is a partition and an offset, as `dead-letters list` writes them: 0:17".to_owned()),
    }
}
