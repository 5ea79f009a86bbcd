//! `dead-letters`: what could not be ingested, listed, shown and sent again.

mod list;
mod replay;
mod show;

use std::{ops::ControlFlow, thread};

use clap::{Args, Subcommand, builder::PossibleValuesParser};
use strum::VariantArray as _;
use tokio::sync::mpsc;

use super::Error;
use crate::{
    config::Config,
    ingest::{DeadLetter, DeadLetterReader, ReadError},
    message::Reason,
    store::{SchemaState, Store},
};

/// So many letters are read ahead, each of which may be large.
const IN_HAND: usize = 4;

/// List, show and replay the messages that could not be ingested. They lie in the topic `kafka.dead_letter_topic` as they
/// came, each with the reason in its headers.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  insights-results-aggregator dead-letters list --reason too_large\n  \
    insights-results-aggregator dead-letters show 0:17\n  \
    insights-results-aggregator dead-letters replay --reason too_large --dry-run\n\n\
    Once the cause is mended (a limit raised, a clock set, a fault of the service repaired), replay sends the messages to \
    the topic and the partitions that they came from. What is ingested already is not ingested twice.")]
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
    pub(super) async fn run(self, config: Config) -> Result<(), Error> {
        let store = open(&config).await?;
        let result = match self.action {
            Action::List(list) => list.run(&config.kafka, &store).await,
            Action::Show(show) => show.run(&config.kafka, &store).await,
            Action::Replay(replay) => replay.run(&config.kafka, &store).await,
        };
        store.close().await;
        result
    }
}

/// The database, which knows what was sent again.
async fn open(config: &Config) -> Result<Store, Error> {
    let store = Store::open(&config.database).await.map_err(Error::Database)?;
    match store.schema_state().await.map_err(Error::Database)? {
        SchemaState::Current => Ok(store),
        SchemaState::Pending(_) => Err(Error::Usage(
            "the database is not up to date: run `migrate up`, or see that database.url names the one of the service"
                .to_owned(),
        )),
    }
}

/// The letters one after another, read on a thread of its own, since librdkafka waits where it is asked.
fn letters(reader: DeadLetterReader) -> (mpsc::Receiver<DeadLetter>, Reading) {
    let (sender, receiver) = mpsc::channel(IN_HAND);
    let reading = thread::spawn(move || {
        reader.read(|letter| match sender.blocking_send(letter) {
            Ok(()) => ControlFlow::Continue(()),
            // Nobody wants any more.
            Err(_) => ControlFlow::Break(()),
        })
    });
    (receiver, Reading(reading))
}

/// The thread that reads.
struct Reading(thread::JoinHandle<Result<(), ReadError>>);

impl Reading {
    /// How it ended, once no more letters come.
    fn ended(self) -> Result<(), Error> {
        match self.0.join() {
            Ok(result) => Ok(result?),
            Err(panicked) => std::panic::resume_unwind(panicked),
        }
    }
}

fn a_reason() -> PossibleValuesParser {
    PossibleValuesParser::new(Reason::VARIANTS.iter().map(|reason| reason.as_str()))
}
