//! `dead-letters replay`: letters sent to where they came from.

use std::collections::HashSet;

use clap::Args;
use futures_util::future::join_all;
use indicatif::ProgressBar;
use rdkafka::error::KafkaError;
use tokio::sync::mpsc;

use super::{
    super::{Error, progress},
    a_reason, letters,
};
use crate::{
    config,
    domain::Timestamp,
    ingest::{DeadLetter, DeadLetterReader, Position, Replayer},
    store::Store,
};

/// So many letters, or so many bytes, are sent together; what has arrived of them is then marked.
const AT_ONCE: usize = 100;
const BYTES_AT_ONCE: usize = 8 * 1024 * 1024;

/// Send dead letters again, to the topic and the partitions that they came from, with key, headers and time as they were.
/// Those that were sent again before are left alone, unless the message was refused again.
#[derive(Debug, Args)]
pub(super) struct Replay {
    /// Which: partition:offset, as `list` writes them.
    #[arg(value_name = "PLACE")]
    places: Vec<Position>,
    /// All that were refused for this reason.
    #[arg(long, conflicts_with = "places", value_parser = a_reason())]
    reason: Option<String>,
    /// All that there are.
    #[arg(long, conflicts_with_all = ["places", "reason"])]
    all: bool,
    /// Also those that were sent again before.
    #[arg(long)]
    again: bool,
    /// Only tell which would be sent.
    #[arg(long)]
    dry_run: bool,
}

/// What became of the letters that were selected.
#[derive(Default)]
struct Outcome {
    /// The places that were found, where places were named.
    found: HashSet<Position>,
    sent: usize,
    sent_before: usize,
    unsendable: usize,
}

impl Replay {
    pub(super) async fn run(self, kafka: &config::Kafka, store: &Store) -> Result<(), Error> {
        if self.places.is_empty() && self.reason.is_none() && !self.all {
            let message =
                "nothing is selected: name places, as `dead-letters list` writes them, or give --reason or --all";
            return Err(Error::Usage(message.to_owned()));
        }
        let unusable = |source: KafkaError| Error::Kafka {
            context: "the Kafka client cannot be set up; see [kafka] in the configuration".to_owned(),
            source,
        };
        let replayer = Replayer::new(kafka).map_err(unusable)?;
        let mut reader = DeadLetterReader::open(kafka)?;
        if !self.places.is_empty() {
            reader = reader.around(&self.places);
        }
        let outcome = self.replay(reader, &replayer, store).await?;
        self.tell(&outcome)
    }

    async fn replay(&self, reader: DeadLetterReader, replayer: &Replayer, store: &Store) -> Result<Outcome, Error> {
        let bar = progress::bar(reader.offsets(), "reading and sending");
        let (mut letters, reading) = letters(reader);
        let mut outcome = Outcome::default();
        loop {
            let some = self.next(&mut letters, &bar).await;
            if some.is_empty() {
                break;
            }
            outcome.found.extend(some.iter().map(DeadLetter::place).filter(|place| self.places.contains(place)));
            let some = sendable(some, replayer, &bar, &mut outcome);
            let some = self.not_sent_before(some, store, &mut outcome).await?;
            self.send(&some, replayer, store).await?;
            outcome.sent += some.len();
        }
        reading.ended()?;
        bar.finish_and_clear();
        Ok(outcome)
    }

    /// The next letters that are selected; none at the end.
    async fn next(&self, letters: &mut mpsc::Receiver<DeadLetter>, bar: &ProgressBar) -> Vec<DeadLetter> {
        let (mut some, mut bytes) = (vec![], 0);
        while some.len() < AT_ONCE && bytes < BYTES_AT_ONCE {
            let Some(letter) = letters.recv().await else { break };
            bar.inc(1);
            if self.selects(&letter) {
                bytes += letter.value().map_or(0, <[u8]>::len);
                some.push(letter);
            }
        }
        some
    }

    fn selects(&self, letter: &DeadLetter) -> bool {
        self.all || self.reason.as_deref() == Some(letter.reason()) || self.places.contains(&letter.place())
    }

    /// Those that were not, each once: a process that was killed in between may have sent a letter twice.
    async fn not_sent_before(
        &self,
        letters: Vec<DeadLetter>,
        store: &Store,
        outcome: &mut Outcome,
    ) -> Result<Vec<DeadLetter>, Error> {
        if self.again {
            return Ok(letters);
        }
        let refusals: Vec<_> = letters.iter().filter_map(DeadLetter::refusal).collect();
        let replayed = store.replayed(&refusals).await.map_err(Error::Database)?;
        let mut seen: HashSet<_> = replayed.into_keys().collect();
        let (mut fresh, all) = (vec![], letters.len());
        for letter in letters {
            if letter.refusal().is_none_or(|refusal| seen.insert(refusal)) {
                fresh.push(letter);
            }
        }
        outcome.sent_before += all - fresh.len();
        Ok(fresh)
    }

    /// Sends letters and marks those that have arrived: whatever ends this, few that arrived are sent twice, and those are
    /// ingested once all the same.
    async fn send(&self, letters: &[DeadLetter], replayer: &Replayer, store: &Store) -> Result<(), Error> {
        if self.dry_run {
            for letter in letters {
                println!("{} would be sent to {} ({})", letter.place(), letter.origin(), letter.reason());
            }
            return Ok(());
        }
        let results = join_all(letters.iter().map(|letter| replayer.send(letter))).await;
        let arrived = letters.iter().zip(&results).filter(|(_, result)| result.is_ok());
        let arrived: Vec<_> = arrived.filter_map(|(letter, _)| letter.refusal()).collect();
        store.mark_replayed(&arrived, Timestamp::now()).await.map_err(Error::Database)?;
        results.into_iter().collect::<Result<(), _>>().map_err(Error::Replay)
    }

    fn tell(&self, outcome: &Outcome) -> Result<(), Error> {
        let Outcome { found, sent, sent_before, unsendable } = outcome;
        let done = if self.dry_run { "would be sent" } else { "sent" };
        println!("{sent} dead letters {done}, {sent_before} were sent before, {unsendable} cannot be sent");
        if let Some(place) = self.places.iter().find(|place| !found.contains(place)) {
            let message = format!("there is no dead letter at {place}: `dead-letters list` tells which there are");
            return Err(Error::Usage(message));
        }
        // Those who name a letter want that one; those who want all get what there is.
        if !self.places.is_empty() && *unsendable > 0 {
            return Err(Error::Usage(format!("{unsendable} of the letters named cannot be sent; see above why")));
        }
        Ok(())
    }
}

/// Tells of those that cannot be sent, and goes on with the others.
fn sendable(
    letters: Vec<DeadLetter>,
    replayer: &Replayer,
    bar: &ProgressBar,
    outcome: &mut Outcome,
) -> Vec<DeadLetter> {
    let (mut sendable, all) = (vec![], letters.len());
    for letter in letters {
        match replayer.check(&letter) {
            Ok(()) => sendable.push(letter),
            Err(error) => bar.suspend(|| eprintln!("not sent: {error}")),
        }
    }
    outcome.unsendable += all - sendable.len();
    sendable
}
