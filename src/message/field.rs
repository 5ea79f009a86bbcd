//! Single values and what they mean: numbers, texts, times.

use std::{borrow::Cow, str::FromStr};

use super::{
    json::Value,
    rejection::{Fault, Reason},
};
use crate::domain::{ClusterId, OrgId, Timestamp};

/// What an identifier may measure, in characters. Indexes hold them, and an index row has its limit: of 2,704 bytes
/// in the database that allows least.
const MAX_IDENTIFIER_CHARACTERS: usize = 255;

/// 0001-01-01T00:00:00Z in microseconds since 1970: how the sender writes a time that it does not know.
const UNKNOWN_TIME_MICROSECONDS: i64 = -62_135_596_800_000_000;

/// An organization's number.
pub(super) fn organization(value: Value<'_>) -> Result<OrgId, Fault> {
    // JSON's grammar has no leading zeros, and a string comes with its quotes: only integer tokens pass.
    value.text().parse().map_err(|_| Fault::wrong_type("a whole number from 1 to 4294967295"))
}

/// An unsigned integer token; `wanted` says of which range.
pub(super) fn unsigned<T: FromStr>(value: Value<'_>, wanted: &'static str) -> Result<T, Fault> {
    value.text().parse().map_err(|_| Fault::wrong_type(wanted))
}

/// A cluster's UUID, in any of its four spellings.
pub(super) fn cluster(value: Value<'_>) -> Result<ClusterId, Fault> {
    string(value)?.parse().map_err(|_| Fault::new(Reason::BadUuid, "a UUID"))
}

/// A time; `None` for the year 1's first moment, which stands for "unknown".
pub(super) fn time_if_known(value: Value<'_>) -> Result<Option<Timestamp>, Fault> {
    let time = time(&string(value)?)?;
    Ok(Some(time).filter(|time| time.utc().timestamp_micros() != UNKNOWN_TIME_MICROSECONDS))
}

/// A time that must be there: an empty text is an absent one.
pub(super) fn required_time(value: Value<'_>) -> Result<Timestamp, Fault> {
    let text = string(value)?;
    if text.is_empty() { Err(Fault::MISSING) } else { time(&text) }
}

fn time(text: &str) -> Result<Timestamp, Fault> {
    text.parse().map_err(|_| Fault::new(Reason::BadTime, "an RFC 3339 time with T and a zone, years 0001 to 9999"))
}

/// A name that must be there: neither null nor empty.
pub(super) fn required_identifier(value: Option<Value<'_>>) -> Result<Cow<'_, str>, Fault> {
    let text = identifier(value.ok_or(Fault::MISSING)?)?;
    if text.is_empty() { Err(Fault::MISSING) } else { Ok(text) }
}

/// A name, perhaps empty: text that both databases can keep and index.
pub(super) fn identifier(value: Value<'_>) -> Result<Cow<'_, str>, Fault> {
    let text = string(value)?;
    if text.contains('\0') {
        return Err(Fault::new(Reason::NulInText, "text without NUL"));
    }
    if text.chars().nth(MAX_IDENTIFIER_CHARACTERS).is_some() {
        return Err(Fault::new(Reason::TooLong, "at most 255 characters"));
    }
    Ok(text)
}

fn string(value: Value<'_>) -> Result<Cow<'_, str>, Fault> {
    if !value.is_string() {
        return Err(Fault::wrong_type("a string"));
    }
    value.string().ok_or(Fault::new(Reason::InvalidUnicode, "text without lone surrogates"))
}
