//! `dead-letters list`: one line per dead letter.

use std::collections::{BTreeMap, HashMap};

use clap::Args;
use serde_json::json;

use super::{super::Error, read, reason_parser};
use crate::{
    config,
    domain::Timestamp,
    ingest::{DeadLetter, DeadLetterReader, Position},
    store::{Attempt, Replayed, Store},
};

/// List dead letters in the order of their last rejection: position, origin, time and reason of the rejection, number
/// of attempts, length, and whether the message was replayed since.
#[derive(Debug, Args)]
pub(super) struct List {
    /// Only those that were rejected for this reason; docs/errors.md describes the reasons.
    #[arg(long, value_parser = reason_parser())]
    reason: Option<String>,
    /// Only those rejected at this time or later, such as 2026-01-02T03:04:05Z.
    #[arg(long, value_name = "TIME")]
    since: Option<Timestamp>,
    /// At most this many, those that were rejected last.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..))]
    limit: u32,
    /// One JSON object per line, for programs.
    #[arg(long)]
    json: bool,
}

/// The line of a dead letter. Does not contain its value, which may be long.
struct Line {
    position: Position,
    origin: String,
    reason: String,
    detail: String,
    failed_at: String,
    attempts: u32,
    bytes: usize,
    is_truncated: bool,
    attempt: Option<Attempt>,
}

impl List {
    pub(super) async fn run(self, kafka: &config::Kafka, store: &Store) -> Result<(), Error> {
        let (lines, left_out) = self.newest(DeadLetterReader::open(kafka)?).await?;
        let attempts: Vec<_> = lines.iter().filter_map(|line| line.attempt.clone()).collect();
        let replayed = store.replayed(&attempts).await.map_err(Error::Database)?;
        if self.json {
            for line in &lines {
                println!("{}", line.json(&replayed));
            }
        } else {
            print_table(&lines, &replayed);
        }
        if left_out > 0 {
            eprintln!("{left_out} that were rejected earlier are left out: see --limit");
        }
        Ok(())
    }

    /// The lines to list, and the number of those left out.
    async fn newest(&self, reader: DeadLetterReader) -> Result<(Vec<Line>, usize), Error> {
        let (mut dead_letters, reading) = read(reader);
        let mut newest = BTreeMap::new();
        let mut left_out = 0;
        while let Some(dead_letter) = dead_letters.recv().await {
            if !self.selects(&dead_letter) {
                continue;
            }
            let line = Line::new(&dead_letter);
            newest.insert((line.failed_at.clone(), line.position), line);
            if newest.len() > self.limit as usize {
                newest.pop_first();
                left_out += 1;
            }
        }
        reading.join()?;
        Ok((newest.into_values().collect(), left_out))
    }

    fn selects(&self, dead_letter: &DeadLetter) -> bool {
        let is_recent = |since| dead_letter.failed_at().parse().is_ok_and(|at: Timestamp| at >= since);
        self.reason.as_deref().is_none_or(|reason| reason == dead_letter.reason()) && self.since.is_none_or(is_recent)
    }
}

fn print_table(lines: &[Line], replayed: &HashMap<Attempt, Replayed>) {
    if lines.is_empty() {
        return println!("no dead letters");
    }
    let widest = lines.iter().map(|line| line.origin.len()).max().unwrap_or_default();
    println!(
        "{:10} {:widest$} {:27} {:15} {:>8} {:>9} replayed",
        "position", "origin", "rejected at", "reason", "attempts", "bytes"
    );
    for line in lines {
        let Line { position, origin, reason, failed_at, attempts, bytes, .. } = line;
        let replayed = line.replayed_text(replayed);
        println!("{position:10} {origin:widest$} {failed_at:27} {reason:15} {attempts:>8} {bytes:>9} {replayed}");
    }
}

impl Line {
    fn new(dead_letter: &DeadLetter) -> Self {
        Self {
            position: dead_letter.position(),
            origin: dead_letter.origin(),
            reason: dead_letter.reason().to_owned(),
            detail: dead_letter.detail().to_owned(),
            failed_at: dead_letter.failed_at().to_owned(),
            attempts: dead_letter.attempts(),
            bytes: dead_letter.bytes(),
            is_truncated: dead_letter.is_truncated(),
            attempt: dead_letter.attempt(),
        }
    }

    fn replayed(&self, replayed: &HashMap<Attempt, Replayed>) -> Option<Replayed> {
        self.attempt.as_ref().and_then(|attempt| replayed.get(attempt)).copied()
    }

    fn replayed_text(&self, replayed: &HashMap<Attempt, Replayed>) -> String {
        match self.replayed(replayed) {
            Some(Replayed::At(at)) => at.to_string(),
            Some(Replayed::AndRejectedAgain) => "rejected again".to_owned(),
            None if self.is_truncated => "cannot be, is truncated".to_owned(),
            None => "no".to_owned(),
        }
    }

    fn json(&self, replayed: &HashMap<Attempt, Replayed>) -> serde_json::Value {
        let replayed = self.replayed(replayed);
        let replayed_at = match replayed {
            Some(Replayed::At(at)) => Some(at.to_string()),
            Some(Replayed::AndRejectedAgain) | None => None,
        };
        json!({
            "place": self.position.to_string(),
            "origin": self.origin,
            "reason": self.reason,
            "detail": self.detail,
            "failedAt": self.failed_at,
            "attempts": self.attempts,
            "bytes": self.bytes,
            "isCut": self.is_truncated,
            "replayedAt": replayed_at,
            "refusedAgain": replayed == Some(Replayed::AndRejectedAgain),
        })
    }
}
