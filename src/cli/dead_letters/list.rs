//! `dead-letters list`: one line a letter.

use std::collections::{HashMap, VecDeque};

use clap::Args;
use serde_json::json;

use super::{super::Failure, read};
use crate::{
    config::Config,
    domain::Timestamp,
    ingest::DeadLetter,
    store::{MessageIdentity, Store},
};

/// List dead letters, those of a partition in their order: where each lies, where it came from, why and when it was
/// refused, how often, and when it was last sent again.
#[derive(Debug, Args)]
pub(super) struct List {
    /// Only those that were refused for this reason; the README lists them.
    #[arg(long)]
    reason: Option<String>,
    /// Only those refused at this time or later: 2026-01-02T03:04:05Z.
    #[arg(long, value_name = "TIME")]
    since: Option<Timestamp>,
    /// At most so many, the newest of each partition.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..))]
    limit: u32,
    /// One JSON object a line, for programs.
    #[arg(long)]
    json: bool,
}

/// What is listed of a letter. Its value may be long and is not kept.
struct Line {
    letter: Head,
    identity: Option<MessageIdentity>,
}

struct Head {
    place: String,
    origin: String,
    reason: String,
    detail: String,
    failed_at: String,
    attempts: u32,
    bytes: usize,
}

impl List {
    pub(super) async fn run(self, config: Config) -> Result<(), Failure> {
        let (reason, since, limit) = (self.reason.clone(), self.since, self.limit as usize);
        let lines = read(&config.kafka, VecDeque::new(), move |lines, letter| {
            let is_of_reason = reason.as_deref().is_none_or(|reason| reason == letter.reason());
            let is_recent = since.is_none_or(|since| letter.failed_at().parse().is_ok_and(|at: Timestamp| at >= since));
            if is_of_reason && is_recent {
                if lines.len() == limit {
                    lines.pop_front();
                }
                lines.push_back(Line::of(&letter));
            }
        })
        .await?;
        let replayed = replayed(&config, &lines).await?;
        let when = |line: &Line| line.identity.as_ref().and_then(|identity| replayed.get(identity).copied());
        if self.json {
            for line in &lines {
                println!("{}", line.json(when(line)));
            }
        } else {
            print_table(&lines, when);
        }
        Ok(())
    }
}

async fn replayed(config: &Config, lines: &VecDeque<Line>) -> Result<HashMap<MessageIdentity, Timestamp>, Failure> {
    let identities: Vec<_> = lines.iter().filter_map(|line| line.identity.clone()).collect();
    let store = Store::open(&config.database).await.map_err(Failure::Database)?;
    let replayed = store.replayed(&identities).await.map_err(Failure::Database);
    store.close().await;
    replayed
}

fn print_table(lines: &VecDeque<Line>, when: impl Fn(&Line) -> Option<Timestamp>) {
    if lines.is_empty() {
        return println!("no dead letters");
    }
    println!(
        "{:10} {:40} {:27} {:15} {:>5} {:>9} replayed",
        "place", "came from", "refused at", "reason", "times", "bytes"
    );
    for line in lines {
        let Head { place, origin, reason, failed_at, attempts, bytes, .. } = &line.letter;
        let replayed = when(line).map_or_else(|| "no".to_owned(), |at| at.to_string());
        println!("{place:10} {origin:40} {failed_at:27} {reason:15} {attempts:>5} {bytes:>9} {replayed}");
    }
}

impl Line {
    fn of(letter: &DeadLetter) -> Self {
        let head = Head {
            place: letter.place(),
            origin: letter.origin(),
            reason: letter.reason().to_owned(),
            detail: letter.detail().to_owned(),
            failed_at: letter.failed_at().to_owned(),
            attempts: letter.attempts(),
            bytes: letter.value().map_or(0, <[u8]>::len),
        };
        Self { letter: head, identity: letter.identity() }
    }

    fn json(&self, replayed: Option<Timestamp>) -> serde_json::Value {
        let Head { place, origin, reason, detail, failed_at, attempts, bytes } = &self.letter;
        json!({
            "place": place, "origin": origin, "reason": reason, "detail": detail, "failedAt": failed_at,
            "attempts": attempts, "bytes": bytes, "replayedAt": replayed.map(|at| at.to_string()),
        })
    }
}
