//! `dead-letters list`: one line a letter.

use std::collections::{BTreeMap, HashMap};

use clap::Args;
use serde_json::json;

use super::{super::Error, a_reason, letters};
use crate::{
    config,
    domain::Timestamp,
    ingest::{DeadLetter, DeadLetterReader, Position},
    store::{Attempt, Replayed, Store},
};

/// List dead letters, those that were refused last at the end: where each lies, where it came from, why and when it was
/// refused, how often, its length, and whether it was sent again since.
#[derive(Debug, Args)]
pub(super) struct List {
    /// Only those that were refused for this reason; docs/errors.md tells what each means.
    #[arg(long, value_parser = a_reason())]
    reason: Option<String>,
    /// Only those refused at this time or later: 2026-01-02T03:04:05Z.
    #[arg(long, value_name = "TIME")]
    since: Option<Timestamp>,
    /// At most so many, those that were refused last.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..))]
    limit: u32,
    /// One JSON object a line, for programs.
    #[arg(long)]
    json: bool,
}

/// What is listed of a letter. Its value may be long and is not kept.
struct Line {
    place: Position,
    origin: String,
    reason: String,
    detail: String,
    failed_at: String,
    attempts: u32,
    bytes: usize,
    is_cut: bool,
    refusal: Option<Attempt>,
}

impl List {
    pub(super) async fn run(self, kafka: &config::Kafka, store: &Store) -> Result<(), Error> {
        let (lines, left_out) = self.newest(DeadLetterReader::open(kafka)?).await?;
        let refusals: Vec<_> = lines.iter().filter_map(|line| line.refusal.clone()).collect();
        let replayed = store.replayed(&refusals).await.map_err(Error::Database)?;
        if self.json {
            for line in &lines {
                println!("{}", line.json(&replayed));
            }
        } else {
            print_table(&lines, &replayed);
        }
        if left_out > 0 {
            eprintln!("{left_out} that were refused before are left out: see --limit");
        }
        Ok(())
    }

    /// The lines to be listed, and how many more there are.
    async fn newest(&self, reader: DeadLetterReader) -> Result<(Vec<Line>, usize), Error> {
        let (mut letters, reading) = letters(reader);
        let mut newest = BTreeMap::new();
        let mut left_out = 0;
        while let Some(letter) = letters.recv().await {
            if !self.wants(&letter) {
                continue;
            }
            let line = Line::of(&letter);
            newest.insert((line.failed_at.clone(), line.place), line);
            if newest.len() > self.limit as usize {
                newest.pop_first();
                left_out += 1;
            }
        }
        reading.ended()?;
        Ok((newest.into_values().collect(), left_out))
    }

    fn wants(&self, letter: &DeadLetter) -> bool {
        let is_recent = |since| letter.failed_at().parse().is_ok_and(|at: Timestamp| at >= since);
        self.reason.as_deref().is_none_or(|reason| reason == letter.reason()) && self.since.is_none_or(is_recent)
    }
}

fn print_table(lines: &[Line], replayed: &HashMap<Attempt, Replayed>) {
    if lines.is_empty() {
        return println!("no dead letters");
    }
    let widest = lines.iter().map(|line| line.origin.len()).max().unwrap_or_default();
    println!(
        "{:10} {:widest$} {:27} {:15} {:>5} {:>9} sent again",
        "place", "came from", "refused at", "reason", "times", "bytes"
    );
    for line in lines {
        let Line { place, origin, reason, failed_at, attempts, bytes, .. } = line;
        let sent_again = line.sent_again(replayed);
        println!("{place:10} {origin:widest$} {failed_at:27} {reason:15} {attempts:>5} {bytes:>9} {sent_again}");
    }
}

impl Line {
    fn of(letter: &DeadLetter) -> Self {
        Self {
            place: letter.place(),
            origin: letter.origin(),
            reason: letter.reason().to_owned(),
            detail: letter.detail().to_owned(),
            failed_at: letter.failed_at().to_owned(),
            attempts: letter.attempts(),
            bytes: letter.bytes(),
            is_cut: letter.is_cut(),
            refusal: letter.refusal(),
        }
    }

    fn replayed(&self, replayed: &HashMap<Attempt, Replayed>) -> Option<Replayed> {
        self.refusal.as_ref().and_then(|refusal| replayed.get(refusal)).copied()
    }

    fn sent_again(&self, replayed: &HashMap<Attempt, Replayed>) -> String {
        match self.replayed(replayed) {
            Some(Replayed::At(at)) => at.to_string(),
            Some(Replayed::AndRefusedAgain) => "refused again".to_owned(),
            None if self.is_cut => "cannot be, is cut".to_owned(),
            None => "no".to_owned(),
        }
    }

    fn json(&self, replayed: &HashMap<Attempt, Replayed>) -> serde_json::Value {
        let replayed = self.replayed(replayed);
        let replayed_at = match replayed {
            Some(Replayed::At(at)) => Some(at.to_string()),
            Some(Replayed::AndRefusedAgain) | None => None,
        };
        json!({
            "place": self.place.to_string(),
            "origin": self.origin,
            "reason": self.reason,
            "detail": self.detail,
            "failedAt": self.failed_at,
            "attempts": self.attempts,
            "bytes": self.bytes,
            "isCut": self.is_cut,
            "replayedAt": replayed_at,
            "refusedAgain": replayed == Some(Replayed::AndRefusedAgain),
        })
    }
}
