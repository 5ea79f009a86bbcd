//! `dead-letters`: lists, shows and replays the messages that could not be ingested.

mod list;
mod replay;
mod show;

use std::{ops::ControlFlow, thread};

use clap::{Args, Subcommand, builder::PossibleValuesParser};
use strum::VariantArray as _;
use tokio::sync::mpsc;

use super::{Error, database};
use crate::{
    config::Config,
    ingest::{DeadLetter, DeadLetterReader, ReadError},
    message::Reason,
};

/// The number of dead letters that are read ahead. Each may be large.
const READ_AHEAD: usize = 4;

/// List, show and replay the messages that could not be ingested. The topic `kafka.dead_letter_topic` contains them
/// unchanged, each with the reason in its headers.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  insights-results-aggregator dead-letters list --reason too_large\n  \
    insights-results-aggregator dead-letters show 0:17\n  \
    insights-results-aggregator dead-letters replay --reason too_large --dry-run\n\n\
    Once the cause is fixed (a limit raised, a clock set, a bug of the service fixed), replay sends the messages to the \
    topic and the partitions that they were read from. A message that is already ingested is not ingested twice.")]
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
        // It records the replays.
        let store = database::open(&config).await?;
        let result = match self.action {
            Action::List(list) => list.run(&config.kafka, &store).await,
            Action::Show(show) => show.run(&config.kafka, &store).await,
            Action::Replay(replay) => replay.run(&config.kafka, &store).await,
        };
        store.close().await;
        result
    }
}

/// Reads the dead letters on a dedicated thread, since librdkafka blocks.
fn read(reader: DeadLetterReader) -> (mpsc::Receiver<DeadLetter>, Reading) {
    let (sender, receiver) = mpsc::channel(READ_AHEAD);
    let reading = thread::spawn(move || {
        reader.read(|dead_letter| match sender.blocking_send(dead_letter) {
            Ok(()) => ControlFlow::Continue(()),
            // The receiver is dropped: no more are needed.
            Err(_) => ControlFlow::Break(()),
        })
    });
    (receiver, Reading(reading))
}

/// The reading thread.
struct Reading(thread::JoinHandle<Result<(), ReadError>>);

impl Reading {
    /// Waits for the end of the thread and returns its result.
    fn join(self) -> Result<(), Error> {
        match self.0.join() {
            Ok(result) => Ok(result?),
            Err(panicked) => std::panic::resume_unwind(panicked),
        }
    }
}

fn reason_parser() -> PossibleValuesParser {
    PossibleValuesParser::new(Reason::VARIANTS.iter().map(|reason| reason.as_str()))
}
