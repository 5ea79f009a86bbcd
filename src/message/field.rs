//! Validates single values: numbers, texts and times.

use std::{borrow::Cow, str::FromStr};

use super::{
    json::Value,
    rejection::{Reason, ValueRejection},
};
use crate::domain::{ClusterId, OrgId, Timestamp};

/// The maximum length of an identifier. Identifiers are indexed, and the size of an index row is limited: to 2,704
/// bytes in PostgreSQL.
const MAX_IDENTIFIER_CHARACTERS: usize = 255;

/// 0001-01-01T00:00:00Z in microseconds since 1970: how the sender writes an unknown time.
const UNKNOWN_TIME_MICROSECONDS: i64 = -62_135_596_800_000_000;

/// An organization's number.
pub(super) fn organization(value: Value<'_>) -> Result<OrgId, ValueRejection> {
    // Only integer tokens parse: JSON has no leading zeros, and the text of a string includes its quotes.
    value.text().parse().map_err(|_| ValueRejection::wrong_type("a whole number from 1 to 4294967295"))
}

/// An unsigned integer token within the range of its type.
pub(super) fn unsigned<T: FromStr>(value: Value<'_>) -> Option<T> {
    value.text().parse().ok()
}

/// A cluster's UUID, in any of the four notations.
pub(super) fn cluster(value: Value<'_>) -> Result<ClusterId, ValueRejection> {
    string(value)?.parse().map_err(|_| ValueRejection::new(Reason::BadUuid, "a UUID"))
}

/// A time; `None` for the start of the year 1, which means "unknown".
pub(super) fn time_if_known(value: Value<'_>) -> Result<Option<Timestamp>, ValueRejection> {
    let time = time(&string(value)?)?;
    Ok(Some(time).filter(|time| time.utc().timestamp_micros() != UNKNOWN_TIME_MICROSECONDS))
}

/// A required time; an empty text counts as absent.
pub(super) fn required_time(value: Value<'_>) -> Result<Timestamp, ValueRejection> {
    let text = string(value)?;
    if text.is_empty() { Err(ValueRejection::MISSING) } else { time(&text) }
}

fn time(text: &str) -> Result<Timestamp, ValueRejection> {
    text.parse()
        .map_err(|_| ValueRejection::new(Reason::BadTime, "an RFC 3339 time with T and a zone, years 0001 to 9999"))
}

/// A required name: neither null nor empty.
pub(super) fn required_identifier(value: Option<Value<'_>>) -> Result<Cow<'_, str>, ValueRejection> {
    let text = identifier(value.ok_or(ValueRejection::MISSING)?)?;
    if text.is_empty() { Err(ValueRejection::MISSING) } else { Ok(text) }
}

/// A name, possibly empty: text that both databases can store and index.
pub(super) fn identifier(value: Value<'_>) -> Result<Cow<'_, str>, ValueRejection> {
    let text = string(value)?;
    if text.contains('\0') {
        return Err(ValueRejection::new(Reason::NulInText, "text without NUL"));
    }
    if text.chars().nth(MAX_IDENTIFIER_CHARACTERS).is_some() {
        return Err(ValueRejection::new(Reason::TooLong, "at most 255 characters"));
    }
    Ok(text)
}

fn string(value: Value<'_>) -> Result<Cow<'_, str>, ValueRejection> {
    if !value.is_string() {
        return Err(ValueRejection::wrong_type("a string"));
    }
    value.string().ok_or(ValueRejection::LONE_SURROGATE)
}
