//! Custom scalars, where those of async-graphql have other formats than the schema promises.

use async_graphql::{InputValueError, InputValueResult, Scalar, ScalarType, Value};
use bytes::Bytes;
use chrono::{Datelike as _, TimeDelta};

use crate::domain::{ClusterId, Details, Timestamp};

/// The format of a custom scalar, for the message about a value in another format.
pub(super) fn expected_format(scalar: &str) -> Option<&'static str> {
    match scalar {
        "UUID" => Some("12345678-9abc-4def-8123-456789abcdef"),
        "DateTime" => Some("2026-01-02T03:04:05Z"),
        "URL" => Some("https://example.com/a"),
        "Duration" => Some("P7D, PT3H or P1DT12H, without months and years"),
        _ => None,
    }
}

/// Whether a value is of a custom scalar type. A type that is not here accepts any value.
pub(super) fn is_valid(scalar: &str, value: &Value) -> bool {
    match scalar {
        "UUID" => Uuid::is_valid(value),
        "DateTime" => DateTime::is_valid(value),
        "Duration" => Duration::is_valid(value),
        "URL" => Url::is_valid(value),
        _ => true,
    }
}

/// A cluster's UUID.
#[derive(Clone, Copy, Debug)]
pub(super) struct Uuid(pub(super) ClusterId);

/// A UUID. Output is hyphenated and in lower case. Input may be hyphenated, in braces, after `urn:uuid:`, or 32 digits.
#[Scalar(name = "UUID", specified_by_url = "https://datatracker.ietf.org/doc/html/rfc9562")]
impl ScalarType for Uuid {
    fn parse(value: Value) -> InputValueResult<Self> {
        match value {
            Value::String(text) => text.parse().map(Self).map_err(InputValueError::custom),
            other => Err(InputValueError::expected_type(other)),
        }
    }

    /// Checked by validation, before execution, so that the error names the argument.
    fn is_valid(value: &Value) -> bool {
        matches!(value, Value::String(text) if text.parse::<ClusterId>().is_ok())
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.to_string())
    }
}

/// A time.
#[derive(Clone, Copy, Debug)]
pub(super) struct DateTime(pub(super) Timestamp);

/// A time in UTC in the format of RFC 3339. Output always has six fractional digits and `Z`: `2026-01-02T03:04:05.000006Z`.
#[Scalar(specified_by_url = "https://datatracker.ietf.org/doc/html/rfc3339")]
impl ScalarType for DateTime {
    fn parse(value: Value) -> InputValueResult<Self> {
        match value {
            Value::String(text) => text.parse().map(Self).map_err(InputValueError::custom),
            other => Err(InputValueError::expected_type(other)),
        }
    }

    fn is_valid(value: &Value) -> bool {
        matches!(value, Value::String(text) if text.parse::<Timestamp>().is_ok())
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.to_string())
    }
}

/// A duration.
#[derive(Clone, Copy, Debug)]
pub(super) struct Duration(TimeDelta);

impl Duration {
    /// The time this long before another. `None` if that is before the year 1, and so before all times.
    pub(super) fn before(self, time: Timestamp) -> Option<Timestamp> {
        let before = time.utc().checked_sub_signed(self.0)?;
        (before.year() >= 1).then(|| before.into())
    }
}

/// A duration in the format of ISO 8601, in weeks, days, hours, minutes and seconds: `P7D`, `PT3H`, `P1DT12H`.
#[Scalar(specified_by_url = "https://en.wikipedia.org/wiki/ISO_8601#Durations")]
impl ScalarType for Duration {
    fn parse(value: Value) -> InputValueResult<Self> {
        let length = match &value {
            Value::String(text) => parse_iso8601(text),
            _ => None,
        };
        length.map(Self).ok_or_else(|| InputValueError::expected_type(value))
    }

    fn is_valid(value: &Value) -> bool {
        matches!(value, Value::String(text) if parse_iso8601(text).is_some())
    }

    fn to_value(&self) -> Value {
        Value::String(format!("PT{}S", self.0.num_seconds()))
    }
}

/// Parses an ISO 8601 duration of whole numbers, with each unit at most once and in order.
fn parse_iso8601(text: &str) -> Option<TimeDelta> {
    let (date, time) = match text.strip_prefix('P')?.split_once('T') {
        Some((_, "")) => return None,
        Some((date, time)) => (date, time),
        None => (text.strip_prefix('P')?, ""),
    };
    if date.is_empty() && time.is_empty() {
        return None;
    }
    let date = seconds(date, &[('W', 604_800), ('D', 86_400)])?;
    let time = seconds(time, &[('H', 3_600), ('M', 60), ('S', 1)])?;
    TimeDelta::try_seconds(date.checked_add(time)?)
}

fn seconds(mut text: &str, units: &[(char, i64)]) -> Option<i64> {
    let mut total = 0_i64;
    for (unit, length) in units {
        if let Some((number, rest)) = text.split_once(*unit) {
            let plain = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
            let number: i64 = plain.then(|| number.parse().ok()).flatten()?;
            total = total.checked_add(number.checked_mul(*length)?)?;
            text = rest;
        }
    }
    text.is_empty().then_some(total)
}

/// The address of a page.
#[derive(Clone, Debug)]
pub(super) struct Url(pub(super) url::Url);

/// An absolute URL.
#[Scalar(name = "URL", specified_by_url = "https://url.spec.whatwg.org/")]
impl ScalarType for Url {
    fn parse(value: Value) -> InputValueResult<Self> {
        match value {
            Value::String(text) => text.parse().map(Self).map_err(InputValueError::custom),
            other => Err(InputValueError::expected_type(other)),
        }
    }

    fn is_valid(value: &Value) -> bool {
        matches!(value, Value::String(text) if text.parse::<url::Url>().is_ok())
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.to_string())
    }
}

/// JSON text that is returned unchanged.
#[derive(Clone, Debug)]
pub(super) struct RawJson(pub(super) Details);

/// Any JSON value, byte for byte as it was in the message.
#[Scalar(name = "JSON", specified_by_url = "https://www.rfc-editor.org/rfc/rfc8259")]
impl ScalarType for RawJson {
    fn parse(value: Value) -> InputValueResult<Self> {
        Ok(Self(Details::from_checked(serde_json::to_string(&value)?)))
    }

    fn to_value(&self) -> Value {
        // No other value is binary; `answer` writes its bytes unchanged.
        Value::Binary(Bytes::copy_from_slice(self.0.as_str().as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use async_graphql::{OutputType, value};

    use super::*;

    /// `is_valid` accepts what `parse` accepts: otherwise an invalid value would fail its field instead of its request.
    fn check_validated<S: ScalarType + OutputType>(good: &[&str]) {
        for good in good {
            let value = Value::from(*good);
            assert!(S::is_valid(&value) && is_valid(&S::type_name(), &value) && S::parse(value).is_ok(), "{good}");
        }
        for bad in
            [value!("s3cr3t"), value!(""), value!(1), value!(1.5), value!(true), value!(["P7D"]), value!({ "a": 1 })]
        {
            assert!(!S::is_valid(&bad) && !is_valid(&S::type_name(), &bad), "{bad}");
            assert!(S::parse(bad.clone()).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_valid_values_are_those_that_can_be_parsed() {
        let format = |scalar| expected_format(scalar).expect("a format");
        check_validated::<Uuid>(&[format("UUID"), "{12345678-9ABC-4def-8123-456789abcdef}"]);
        check_validated::<DateTime>(&[format("DateTime"), "2026-01-02T03:04:05.000006+07:00"]);
        check_validated::<Url>(&[format("URL"), "https://example.com/?a#b"]);
        check_validated::<Duration>(&["P7D", "PT3H", "P1DT12H"]);
    }

    #[test]
    fn durations_are_parsed_as_iso_8601() {
        for (text, seconds) in [("P7D", 604_800), ("PT3H", 10_800), ("P1W2DT3H4M5S", 788_645), ("PT0S", 0)] {
            assert_eq!(parse_iso8601(text), TimeDelta::try_seconds(seconds), "{text}");
        }
        for bad in [
            "",
            "P",
            "PT",
            "P1DT",
            "P1M",
            "P1Y",
            "PT1D",
            "P1H",
            "7D",
            "P-1D",
            "PT1.5S",
            "PT1S1M",
            "P1D1D",
            "P99999999999999999999D",
        ] {
            assert_eq!(parse_iso8601(bad), None, "{bad}");
        }
        let now: Timestamp = "2026-01-02T00:00:00Z".parse().expect("a time");
        let before = |duration| Duration(duration).before(now).map(|time| time.to_string());
        assert_eq!(before(TimeDelta::days(1)).as_deref(), Some("2026-01-01T00:00:00.000000Z"));
        assert_eq!(before(TimeDelta::days(1_000_000)), None);
        assert_eq!(before(TimeDelta::MAX), None);
    }
}
