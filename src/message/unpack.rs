//! From a message's value to text that is known to be JSON: absent, gzip, too long, not UTF-8, not grammatical.

use std::{borrow::Cow, io::Read};

use flate2::bufread::MultiGzDecoder;
use serde::de::IgnoredAny;

use super::rejection::{Fault, Reason, Rejection};

/// The first two bytes of gzip. No header tells it; no JSON text begins so.
const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

/// The bounds of a message that a configuration may move.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// What a value may measure, both as it comes and unpacked.
    pub message_bytes: usize,
}

impl Default for Limits {
    /// 20 MiB: a thousand times the largest message seen.
    fn default() -> Self {
        Self { message_bytes: 20 << 20 }
    }
}

impl Limits {
    fn exceeded(self) -> Rejection {
        let detail = format!("the value: wanted at most {} bytes, also unpacked", self.message_bytes);
        Rejection { reason: Reason::TooLarge, detail }
    }
}

/// The value's bytes, unpacked where they are gzip.
pub(super) fn unpack(value: Option<&[u8]>, limits: Limits) -> Result<Cow<'_, [u8]>, Rejection> {
    let nothing = Fault::new(Reason::NotJson, "JSON, found nothing");
    let bytes = value.filter(|bytes| !bytes.is_empty()).ok_or_else(|| nothing.at("the value"))?;
    if bytes.len() > limits.message_bytes {
        return Err(limits.exceeded());
    }
    if bytes.starts_with(&GZIP_MAGIC) { inflate(bytes, limits).map(Cow::Owned) } else { Ok(Cow::Borrowed(bytes)) }
}

fn inflate(packed: &[u8], limits: Limits) -> Result<Vec<u8>, Rejection> {
    // One byte more than allowed tells "too large" from "just fits", and a bomb is put down before it grows.
    let bound = u64::try_from(limits.message_bytes).unwrap_or(u64::MAX).saturating_add(1);
    let mut bytes = Vec::new();
    let outcome = MultiGzDecoder::new(packed).take(bound).read_to_end(&mut bytes);
    if bytes.len() > limits.message_bytes {
        return Err(limits.exceeded());
    }
    outcome.map_err(|_| Fault::new(Reason::NotJson, "whole gzip members and nothing after them").at("the value"))?;
    Ok(bytes)
}

/// The bytes as JSON text: valid UTF-8, one value, nothing after it.
///
/// Grammar alone: numbers of any size, lone surrogates and any depth pass. Skipping is iterative, so that depth
/// costs a byte a level and no stack.
pub(super) fn json(bytes: &[u8]) -> Result<&str, Rejection> {
    match std::str::from_utf8(bytes) {
        Ok(text) => serde_json::from_str(text).map(|_: IgnoredAny| text).map_err(|error| ungrammatical(&error)),
        // The parser skips strings unread, so it can tell a JSON text in another encoding from no JSON at all.
        Err(_) => Err(match serde_json::from_slice::<IgnoredAny>(bytes) {
            Ok(_) => Fault::new(Reason::InvalidUtf8, "UTF-8").at("the value"),
            Err(error) => ungrammatical(&error),
        }),
    }
}

/// The parser's own message may echo what it read: only the position is taken.
fn ungrammatical(error: &serde_json::Error) -> Rejection {
    let place = format_args!("line {}, column {}", error.line(), error.column()).to_string();
    Fault::new(Reason::NotJson, if error.is_eof() { "more, the text ends early" } else { "JSON" }).at(place)
}
