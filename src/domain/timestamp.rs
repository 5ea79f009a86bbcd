//! Timestamps in UTC with microseconds, the precision of both databases.

use std::{fmt, str::FromStr};

use chrono::{DateTime, Datelike, SecondsFormat, SubsecRound, Utc};

/// A time in UTC, truncated to microseconds, within the years 1 to 9999.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(DateTime<Utc>);

/// A text that is not a valid RFC 3339 time within the years 1 to 9999.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a time is written as RFC 3339 with T and a zone, in the years 0001 to 9999, without leap seconds")]
pub struct InvalidTimestamp;

impl Timestamp {
    /// The current time of this machine.
    pub fn now() -> Self {
        Self::from(Utc::now())
    }

    /// The time as a chrono value, for the database and the graph.
    pub fn utc(self) -> DateTime<Utc> {
        self.0
    }
}

impl From<DateTime<Utc>> for Timestamp {
    /// Truncates to microseconds. The year is not checked: the time is from a clock or a database.
    fn from(time: DateTime<Utc>) -> Self {
        Self(time.trunc_subsecs(6))
    }
}

impl FromStr for Timestamp {
    type Err = InvalidTimestamp;

    /// RFC 3339 as written: `T` or `t`, a zone, any number of fractional digits.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // chrono also accepts a space instead of the T, and a leap second on any day.
        let bytes = text.as_bytes();
        if !matches!(bytes.get(10), Some(b'T' | b't')) || bytes.get(17..19) == Some(b"60") {
            return Err(InvalidTimestamp);
        }
        let time = DateTime::parse_from_rfc3339(text).map_err(|_| InvalidTimestamp)?.to_utc();
        // After the conversion: 0001-01-01T00:00:00+10:00 is in year 0, which PostgreSQL does not have.
        if !(1..=9999).contains(&time.year()) {
            return Err(InvalidTimestamp);
        }
        Ok(Self::from(time))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.to_rfc3339_opts(SecondsFormat::Micros, true))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_parsed_as_rfc_3339_and_truncated_to_microseconds() {
        for (text, shown) in [
            ("2024-05-02T08:15:59.478901889Z", "2024-05-02T08:15:59.478901Z"),
            ("2024-05-02T08:15:59.4789019999999Z", "2024-05-02T08:15:59.478901Z"),
            ("2024-05-02t08:15:59z", "2024-05-02T08:15:59.000000Z"),
            ("2024-05-02T08:15:59+23:59", "2024-05-01T08:16:59.000000Z"),
            ("9999-12-31T23:59:59.999999999Z", "9999-12-31T23:59:59.999999Z"),
            ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000000Z"),
            ("1969-12-31T23:59:59.9999999Z", "1969-12-31T23:59:59.999999Z"),
        ] {
            assert_eq!(text.parse::<Timestamp>().map(|t| t.to_string()), Ok(shown.to_owned()), "{text}");
        }
    }

    #[test]
    fn an_invalid_time_is_an_error() {
        for bad in [
            "",
            "2024-05-02",
            "2024-05-02 08:15:59Z",
            "2024-05-02T08:15:59",
            "2024-05-02T08:15:59,5Z",
            "2016-12-31T23:59:60Z",
            "10000-01-01T00:00:00Z",
            "0000-01-01T00:00:00Z",
            "0001-01-01T00:00:00+10:00",
            "9999-12-31T23:59:59-01:00",
            "2024-13-02T08:15:59Z",
            "2024-05-02T08:15:59Zulu",
        ] {
            assert_eq!(bad.parse::<Timestamp>(), Err(InvalidTimestamp), "{bad:?}");
        }
    }
}
