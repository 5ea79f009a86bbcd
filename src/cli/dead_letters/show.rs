//! `dead-letters show`: all parts of one dead letter.

use std::io::Write as _;

use clap::Args;
use rdkafka::message::Header;

use super::{super::Error, read};
use crate::{
    config,
    ingest::{DeadLetter, DeadLetterReader, Position},
    message::Reason,
    store::{Replayed, Store},
};

/// The maximum length of a value that is shown; `--raw` writes all of it.
const SHOWN_BYTES: usize = 64 * 1024;

/// Show one dead letter: why it was rejected, its headers, its key, and its value as received. It may contain
/// confidential data.
#[derive(Debug, Args)]
pub(super) struct Show {
    /// Its position: partition:offset, as `list` writes it.
    position: Position,
    /// Only the value, byte for byte.
    #[arg(long)]
    raw: bool,
}

impl Show {
    pub(super) async fn run(self, kafka: &config::Kafka, store: &Store) -> Result<(), Error> {
        let (mut dead_letters, reading) = read(DeadLetterReader::open(kafka)?.limited_to(&[self.position]));
        let found = dead_letters.recv().await;
        drop(dead_letters);
        reading.join()?;
        let Some(dead_letter) = found else {
            let (position, topic) = (self.position, &kafka.dead_letter_topic);
            let message = format!("there is no dead letter at {position} of {topic}; see `dead-letters list`");
            return Err(Error::Usage(message));
        };
        let written = if self.raw {
            std::io::stdout().write_all(dead_letter.value().unwrap_or_default())
        } else {
            let attempts: Vec<_> = dead_letter.attempt().into_iter().collect();
            let replayed = store.replayed(&attempts).await.map_err(Error::Database)?;
            write_all(&dead_letter, replayed.into_values().next())
        };
        written.map_err(|source| Error::Io { context: "cannot write to standard output".to_owned(), source })
    }
}

fn write_all(dead_letter: &DeadLetter, replayed: Option<Replayed>) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    let reason: Option<Reason> = dead_letter.reason().parse().ok();
    let replayed = match replayed {
        Some(Replayed::At(at)) => at.to_string(),
        Some(Replayed::AndRejectedAgain) => "yes, and rejected again".to_owned(),
        None => "no".to_owned(),
    };
    writeln!(out, "position:    {}", dead_letter.position())?;
    writeln!(out, "origin:      {}", dead_letter.origin())?;
    writeln!(out, "reason:      {}", dead_letter.reason())?;
    if let Some(reason) = reason {
        writeln!(out, "cause:       {}", reason.cause())?;
    }
    writeln!(out, "detail:      {}", dead_letter.detail())?;
    writeln!(out, "rejected at: {}", dead_letter.failed_at())?;
    writeln!(out, "attempts:    {}", dead_letter.attempts())?;
    writeln!(out, "replayed:    {replayed}")?;
    writeln!(out, "key:         {}", dead_letter.key().map_or_else(|| "none".to_owned(), readable))?;
    writeln!(out, "headers:")?;
    for header in dead_letter.headers() {
        match header {
            Some(Header { key, value }) => {
                let value = value.map_or_else(|| "null".to_owned(), readable);
                writeln!(out, "  {}: {value}", readable(key.as_bytes()))?;
            }
            None => writeln!(out, "  (a name that is not UTF-8)")?,
        }
    }
    write_value(&mut out, dead_letter)
}

fn write_value(out: &mut impl std::io::Write, dead_letter: &DeadLetter) -> std::io::Result<()> {
    let Some(value) = dead_letter.value() else { return writeln!(out, "value: none (a tombstone)") };
    let shown = &value[..value.len().min(SHOWN_BYTES)];
    write!(out, "value ({} bytes", dead_letter.bytes())?;
    if dead_letter.is_truncated() {
        write!(out, ", of which the brokers accepted {}", value.len())?;
    }
    if shown.len() < value.len() {
        write!(out, ", here the first {}; --raw writes all", shown.len())?;
    }
    writeln!(out, "):\n{}", readable(shown))
}

/// Text with control characters escaped, since a terminal would execute them; other bytes escaped as well.
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
    fn control_characters_are_escaped() {
        assert_eq!(readable("{\"é\": 1}\n".as_bytes()), "{\"é\": 1}\n");
        assert_eq!(readable(b"\x1b[31m\0"), "\\u{1b}[31m\\u{0}");
        assert_eq!(readable("é\u{9b}".as_bytes()), "é\\u{9b}", "a C1 control character");
        assert_eq!(readable(b"a\xff\xc3\xa9"), "a\\xffé");
    }
}
