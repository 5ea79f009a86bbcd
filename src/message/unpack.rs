//! Turns a message's value into text that is known to be JSON: inflates gzip, and checks length, UTF-8 and grammar.

use std::{borrow::Cow, io::Read};

use flate2::bufread::MultiGzDecoder;
use serde::de::IgnoredAny;

use super::rejection::{Reason, Rejection, ValueRejection};

/// The first two bytes of gzip. No header declares it; no JSON text begins with these bytes.
const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

/// The configurable limits of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The maximum length of a value, both as received and inflated.
    pub message_bytes: usize,
}

impl Default for Limits {
    /// 20 MiB: a thousand times the largest message observed.
    fn default() -> Self {
        Self { message_bytes: 20 << 20 }
    }
}

impl Limits {
    fn exceeded(self) -> Rejection {
        let detail = format!("the value: expected at most {} bytes, also inflated", self.message_bytes);
        Rejection { reason: Reason::TooLarge, detail }
    }
}

/// The value's bytes, inflated if they are gzip.
pub(super) fn unpack(value: Option<&[u8]>, limits: Limits) -> Result<Cow<'_, [u8]>, Rejection> {
    let absent = ValueRejection::new(Reason::NotJson, "JSON, found nothing");
    let bytes = value.filter(|bytes| !bytes.is_empty()).ok_or_else(|| absent.at("the value"))?;
    if bytes.len() > limits.message_bytes {
        return Err(limits.exceeded());
    }
    if bytes.starts_with(&GZIP_MAGIC) { inflate(bytes, limits).map(Cow::Owned) } else { Ok(Cow::Borrowed(bytes)) }
}

fn inflate(packed: &[u8], limits: Limits) -> Result<Vec<u8>, Rejection> {
    // Inflating stops one byte above the limit: enough to detect a value that is too large, so that a bomb cannot grow.
    let limit = u64::try_from(limits.message_bytes).unwrap_or(u64::MAX).saturating_add(1);
    let mut bytes = Vec::new();
    let result = MultiGzDecoder::new(packed).take(limit).read_to_end(&mut bytes);
    if bytes.len() > limits.message_bytes {
        return Err(limits.exceeded());
    }
    result.map_err(|_| {
        ValueRejection::new(Reason::NotJson, "whole gzip members and nothing after them").at("the value")
    })?;
    Ok(bytes)
}

/// The bytes as JSON text: valid UTF-8, one value, nothing after it.
///
/// Only the grammar is checked: numbers of any size, lone surrogates and any depth are accepted. `serde_json` skips
/// values iteratively, so depth costs one byte per level and no stack.
pub(super) fn json(bytes: &[u8]) -> Result<&str, Rejection> {
    match std::str::from_utf8(bytes) {
        Ok(text) => serde_json::from_str(text).map(|_: IgnoredAny| text).map_err(|error| invalid_json(&error)),
        // The parser skips the content of strings, so it distinguishes JSON in another encoding from invalid JSON.
        Err(_) => Err(match serde_json::from_slice::<IgnoredAny>(bytes) {
            Ok(_) => ValueRejection::new(Reason::InvalidUtf8, "UTF-8").at("the value"),
            Err(error) => invalid_json(&error),
        }),
    }
}

/// Only the position is used: the parser's message may quote the input.
fn invalid_json(error: &serde_json::Error) -> Rejection {
    let path = format_args!("line {}, column {}", error.line(), error.column()).to_string();
    ValueRejection::new(Reason::NotJson, if error.is_eof() { "more, the text ends early" } else { "JSON" }).at(path)
}
