//! `dead-letters show`: one letter with all that it has.

use std::io::Write as _;

use clap::Args;

use super::{super::Failure, place, read};
use crate::{config, ingest::DeadLetter};

/// Show one dead letter: why it was refused, its headers, its key, and its value as it came. It may hold what is not for
/// everybody's eyes.
#[derive(Debug, Args)]
pub(super) struct Show {
    /// Where it lies: partition:offset, as `list` writes it.
    #[arg(value_parser = place)]
    place: String,
    /// Only the value, byte for byte.
    #[arg(long)]
    raw: bool,
}

impl Show {
    pub(super) async fn run(self, kafka: &config::Kafka) -> Result<(), Failure> {
        let wanted = self.place.clone();
        let found = read(kafka, None, move |found, letter| {
            if letter.place() == wanted {
                *found = Some(letter);
            }
        });
        let Some(letter) = found.await? else {
            let topic = &kafka.dead_letter_topic;
            let message = format!(
                "there is no dead letter at {} of {topic}: `dead-letters list` tells which there are",
                self.place
            );
            return Err(Failure::Usage(message));
        };
        let written = if self.raw { write_value(&letter) } else { write_all(&letter) };
        written.map_err(|source| Failure::Io { doing: "cannot write to standard output".to_owned(), source })
    }
}

fn write_value(letter: &DeadLetter) -> std::io::Result<()> {
    std::io::stdout().write_all(letter.value().unwrap_or_default())
}

fn write_all(letter: &DeadLetter) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "place:      {}", letter.place())?;
    writeln!(out, "came from:  {}", letter.origin())?;
    writeln!(out, "reason:     {}", letter.reason())?;
    writeln!(out, "detail:     {}", letter.detail())?;
    writeln!(out, "refused at: {}", letter.failed_at())?;
    writeln!(out, "times:      {}", letter.attempts())?;
    writeln!(out, "key:        {}", letter.key().map_or_else(|| "none".to_owned(), readable))?;
    writeln!(out, "headers:")?;
    for (name, value) in letter.headers() {
        writeln!(out, "  {name}: {}", value.as_deref().map_or_else(|| "null".to_owned(), readable))?;
    }
    match letter.value() {
        Some(value) => writeln!(out, "value ({} bytes):\n{}", value.len(), readable(value)),
        None => writeln!(out, "value: none (a tombstone)"),
    }
}

/// Text as it is, but for what a terminal would obey; other bytes escaped.
fn readable(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text
            .chars()
            .map(|char| if is_plain(char) { char.to_string() } else { char.escape_default().to_string() })
            .collect(),
        Err(_) => bytes.escape_ascii().to_string(),
    }
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
        assert_eq!(readable(b"a\xff"), "a\\xff");
    }
}
