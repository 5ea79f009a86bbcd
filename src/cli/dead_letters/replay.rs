//! `dead-letters replay`: sends dead letters back to their origin.

use std::collections::HashSet;

use clap::Args;
use futures_util::future::join_all;
use indicatif::ProgressBar;
use rdkafka::error::KafkaError;
use tokio::sync::mpsc;

use super::{
    super::{Error, progress},
    read, reason_parser,
};
use crate::{
    config,
    domain::Timestamp,
    ingest::{DeadLetter, DeadLetterReader, Position, Replayer},
    store::Store,
};

/// The maximum numbers of dead letters and of bytes that are sent together, before the delivered ones are marked.
const BATCH_DEAD_LETTERS: usize = 100;
const BATCH_BYTES: usize = 8 * 1024 * 1024;

/// Send dead letters to the topic and the partitions that they were read from, with their key, headers and timestamp.
/// Those that were replayed before are skipped, unless the message was rejected again.
#[derive(Debug, Args)]
pub(super) struct Replay {
    /// The dead letters to send: partition:offset, as `list` writes them.
    #[arg(value_name = "POSITION")]
    positions: Vec<Position>,
    /// All that were rejected for this reason.
    #[arg(long, conflicts_with = "positions", value_parser = reason_parser())]
    reason: Option<String>,
    /// All dead letters.
    #[arg(long, conflicts_with_all = ["positions", "reason"])]
    all: bool,
    /// Also those that were replayed before.
    #[arg(long)]
    again: bool,
    /// Only print which would be sent.
    #[arg(long)]
    dry_run: bool,
}

/// Counts of the selected dead letters by outcome.
#[derive(Default)]
struct Outcome {
    /// The requested positions at which there is a dead letter.
    found: HashSet<Position>,
    sent: usize,
    sent_before: usize,
    unsendable: usize,
}

impl Replay {
    pub(super) async fn run(self, kafka: &config::Kafka, store: &Store) -> Result<(), Error> {
        if self.positions.is_empty() && self.reason.is_none() && !self.all {
            let message =
                "nothing is selected: give positions, as `dead-letters list` writes them, or --reason or --all";
            return Err(Error::Usage(message.to_owned()));
        }
        let setup_error = |source: KafkaError| Error::Kafka {
            context: "the Kafka client cannot be set up; see [kafka] in the configuration".to_owned(),
            source,
        };
        let replayer = Replayer::new(kafka).map_err(setup_error)?;
        let mut reader = DeadLetterReader::open(kafka)?;
        if !self.positions.is_empty() {
            reader = reader.limited_to(&self.positions);
        }
        let outcome = self.replay(reader, &replayer, store).await?;
        self.report(&outcome)
    }

    async fn replay(&self, reader: DeadLetterReader, replayer: &Replayer, store: &Store) -> Result<Outcome, Error> {
        let bar = progress::bar(reader.offsets(), "reading and sending");
        let (mut dead_letters, reading) = read(reader);
        let mut outcome = Outcome::default();
        loop {
            let batch = self.next_batch(&mut dead_letters, &bar).await;
            if batch.is_empty() {
                break;
            }
            let positions = batch.iter().map(DeadLetter::position);
            outcome.found.extend(positions.filter(|position| self.positions.contains(position)));
            let batch = sendable(batch, replayer, &bar, &mut outcome);
            let batch = self.not_sent_before(batch, store, &mut outcome).await?;
            self.send(&batch, replayer, store).await?;
            outcome.sent += batch.len();
        }
        reading.join()?;
        bar.finish_and_clear();
        Ok(outcome)
    }

    /// The next selected dead letters; empty at the end.
    async fn next_batch(&self, dead_letters: &mut mpsc::Receiver<DeadLetter>, bar: &ProgressBar) -> Vec<DeadLetter> {
        let (mut batch, mut bytes) = (vec![], 0);
        while batch.len() < BATCH_DEAD_LETTERS && bytes < BATCH_BYTES {
            let Some(dead_letter) = dead_letters.recv().await else { break };
            bar.inc(1);
            if self.selects(&dead_letter) {
                bytes += dead_letter.value().map_or(0, <[u8]>::len);
                batch.push(dead_letter);
            }
        }
        batch
    }

    fn selects(&self, dead_letter: &DeadLetter) -> bool {
        self.all
            || self.reason.as_deref() == Some(dead_letter.reason())
            || self.positions.contains(&dead_letter.position())
    }

    /// The dead letters that were not replayed before, without duplicates: a process that was killed between the
    /// dead-letter topic and its offset may have sent one twice.
    async fn not_sent_before(
        &self,
        dead_letters: Vec<DeadLetter>,
        store: &Store,
        outcome: &mut Outcome,
    ) -> Result<Vec<DeadLetter>, Error> {
        if self.again {
            return Ok(dead_letters);
        }
        let attempts: Vec<_> = dead_letters.iter().filter_map(DeadLetter::attempt).collect();
        let replayed = store.replayed(&attempts).await.map_err(Error::Database)?;
        let mut seen: HashSet<_> = replayed.into_keys().collect();
        let (mut fresh, all) = (vec![], dead_letters.len());
        for dead_letter in dead_letters {
            if dead_letter.attempt().is_none_or(|attempt| seen.insert(attempt)) {
                fresh.push(dead_letter);
            }
        }
        outcome.sent_before += all - fresh.len();
        Ok(fresh)
    }

    /// Sends dead letters and marks those that were delivered. If the command is interrupted, at most one batch is sent
    /// again by the next replay, and ingested once.
    async fn send(&self, dead_letters: &[DeadLetter], replayer: &Replayer, store: &Store) -> Result<(), Error> {
        if self.dry_run {
            for dead_letter in dead_letters {
                let (position, origin, reason) = (dead_letter.position(), dead_letter.origin(), dead_letter.reason());
                println!("{position} would be sent to {origin} ({reason})");
            }
            return Ok(());
        }
        let results = join_all(dead_letters.iter().map(|dead_letter| replayer.send(dead_letter))).await;
        let delivered = dead_letters.iter().zip(&results).filter(|(_, result)| result.is_ok());
        let delivered: Vec<_> = delivered.filter_map(|(dead_letter, _)| dead_letter.attempt()).collect();
        store.mark_replayed(&delivered, Timestamp::now()).await.map_err(Error::Database)?;
        results.into_iter().collect::<Result<(), _>>().map_err(Error::Replay)
    }

    fn report(&self, outcome: &Outcome) -> Result<(), Error> {
        let Outcome { found, sent, sent_before, unsendable } = outcome;
        let done = if self.dry_run { "would be sent" } else { "sent" };
        println!("{sent} dead letters {done}, {sent_before} were sent before, {unsendable} cannot be sent");
        if let Some(position) = self.positions.iter().find(|position| !found.contains(position)) {
            let message = format!("there is no dead letter at {position}; see `dead-letters list`");
            return Err(Error::Usage(message));
        }
        // An error only if the position was given: --reason and --all send what can be sent.
        if !self.positions.is_empty() && *unsendable > 0 {
            return Err(Error::Usage(format!(
                "{unsendable} of the given dead letters cannot be sent, for the reasons above"
            )));
        }
        Ok(())
    }
}

/// Prints those that cannot be sent, and returns the others.
fn sendable(
    dead_letters: Vec<DeadLetter>,
    replayer: &Replayer,
    bar: &ProgressBar,
    outcome: &mut Outcome,
) -> Vec<DeadLetter> {
    let (mut sendable, all) = (vec![], dead_letters.len());
    for dead_letter in dead_letters {
        match replayer.check(&dead_letter) {
            Ok(()) => sendable.push(dead_letter),
            Err(error) => bar.suspend(|| eprintln!("not sent: {error}")),
        }
    }
    outcome.unsendable += all - sendable.len();
    sendable
}
