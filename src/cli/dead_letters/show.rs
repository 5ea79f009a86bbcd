//! `dead-letters show`: one letter with all that it has.

use std::io::Write as _;

use clap::Args;
use rdkafka::message::Header;

use super::{super::Error, letters};
use crate::{
    config,
    ingest::{DeadLetter, DeadLetterReader, Position},
    message::Reason,
    store::{Replayed, Store},
};

/// So much of a value is shown; `--raw` writes all of it.
const SHOWN_BYTES: usize = 64 * 1024;

/// Show one dead letter: why it was refused, its headers, its key, and its value as it came. It may hold what is not for
/// everybody's eyes.
#[derive(Debug, Args)]
pub(super) struct Show {
    /// Where it lies: partition:offset, as `list` writes it.
    place: Position,
    /// Only the value, byte for byte.
    #[arg(long)]
    raw: bool,
}

impl Show {
    pub(super) async fn run(self, kafka: &config::Kafka, store: &Store) -> Result<(), Error> {
        let (mut letters, reading) = letters(DeadLetterReader::open(kafka)?.around(&[self.place]));
        let found = letters.recv().await;
        drop(letters);
        reading.ended()?;
        let Some(letter) = found else {
            let (place, topic) = (self.place, &kafka.dead_letter_topic);
            let message =
                format!("there is no dead letter at {place} of {topic}: `dead-letters list` tells which there are");
            return Err(Error::Usage(message));
        };
        let written = if self.raw {
            std::io::stdout().write_all(letter.value().unwrap_or_default())
        } else {
            let refusals: Vec<_> = letter.refusal().into_iter().collect();
            let replayed = store.replayed(&refusals).await.map_err(Error::Database)?;
            write_all(&letter, replayed.into_values().next())
        };
        written.map_err(|source| Error::Io { context: "cannot write to standard output".to_owned(), source })
    }
}

fn write_all(letter: &DeadLetter, replayed: Option<Replayed>) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    let reason: Option<Reason> = letter.reason().parse().ok();
    let sent_again = match replayed {
        Some(Replayed::At(at)) => at.to_string(),
        Some(Replayed::AndRefusedAgain) => "yes, and refused again".to_owned(),
        None => "no".to_owned(),
    };
    writeln!(out, "place:      {}", letter.place())?;
    writeln!(out, "came from:  {}", letter.origin())?;
    writeln!(out, "reason:     {}", letter.reason())?;
    if let Some(reason) = reason {
        writeln!(out, "cause:      {}", reason.cause())?;
    }
    writeln!(out, "detail:     {}", letter.detail())?;
    writeln!(out, "refused at: {}", letter.failed_at())?;
    writeln!(out, "times:      {}", letter.attempts())?;
    writeln!(out, "sent again: {sent_again}")?;
    writeln!(out, "key:        {}", letter.key().map_or_else(|| "none".to_owned(), readable))?;
    writeln!(out, "headers:")?;
    for header in letter.headers() {
        match header {
            Some(Header { key, value }) => {
                let value = value.map_or_else(|| "null".to_owned(), readable);
                writeln!(out, "  {}: {value}", readable(key.as_bytes()))?;
            }
            None => writeln!(out, "  (a name that is not UTF-8)")?,
        }
    }
    write_value(&mut out, letter)
}

fn write_value(out: &mut impl std::io::Write, letter: &DeadLetter) -> std::io::Result<()> {
    let Some(value) = letter.value() else { return writeln!(out, "value: none (a tombstone)") };
    let shown = &value[..value.len().min(SHOWN_BYTES)];
    write!(out, "value ({} bytes", letter.bytes())?;
    if letter.is_cut() {
        write!(out, ", of which the brokers took {}", value.len())?;
    }
    if shown.len() < value.len() {
        write!(out, ", here the first {}; --raw writes all", shown.len())?;
    }
    writeln!(out, "):\n{}", readable(shown))
}

/// Text as it is, but for what a terminal would obey; other bytes escaped.
fn readable(bytes: &[u8]) -> String {
    let mut readable = String::new();
    for chunk in bytes.utf8_chunks() {
        for char in chunk.valid().chars() {
            if is_plain(char) { readable.push(char) } else { readable.extend(char.escape_default()) }
        }
        readable.extend(chunk.invalid().escape_ascii().map(char::from));
    }
    readable
}

fn is_plain(char: char) -> bool {
    !char.is_control() || char == '\n' || char == '\t'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_obey_is_escaped() {
        assert_eq!(readable("{\"é\": 1}\n".as_bytes()), "{\"é\": 1}\n");
        assert_eq!(readable(b"\x1b[31m\0"), "\\u{1b}[31m\\u{0}");
        assert_eq!(readable("é\u{9b}".as_bytes()), "é\\u{9b}", "a control in one byte");
        assert_eq!(readable(b"a\xff\xc3\xa9"), "a\\xffé");
    }
}
