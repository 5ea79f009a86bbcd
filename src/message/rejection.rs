//! Why a message is rejected: a code for programs, and a text with the path of the value for people.

use std::fmt;

use strum::{Display, EnumMessage, EnumString, IntoStaticStr, VariantArray};

/// Why a message is rejected, and where. It never contains bytes of the message, so that it can be logged and sent in
/// headers.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}: {detail}")]
pub struct Rejection {
    /// One of fifteen codes.
    pub reason: Reason,
    /// The path and what was expected there, as in `Report.reports[3].component: expected a string`.
    pub detail: String,
}

/// The reason for a rejection. Headers, tables, metrics and logs use the same codes. The comment of each variant is the
/// cause that `docs/errors.md` and `dead-letters show` print.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Display, EnumMessage, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum Reason {
    /// No value, broken gzip, or no JSON.
    NotJson,
    /// Bytes that are not UTF-8.
    InvalidUtf8,
    /// Half of a surrogate pair in a text, which strict readers refuse.
    InvalidUnicode,
    /// A NUL in an identifier, which not every database can keep.
    NulInText,
    /// A required field is absent, null or empty.
    MissingField,
    /// A field holds another type, or a number beyond its range.
    WrongType,
    /// The cluster's name is not a valid UUID.
    BadUuid,
    /// A time is not written as RFC 3339.
    BadTime,
    /// The rules ran more than a day after the message arrived: stored, it would freeze the cluster.
    FutureTime,
    /// The report, or the metrics of workloads, lack their structure.
    BadReport,
    /// Longer than `ingest.max_message_bytes`, as received or inflated.
    TooLarge,
    /// A hit's details are nested beyond 64 levels, too deep for the readers of our answers.
    TooDeep,
    /// More than 1,000 hits in one message, or 10,000 objects.
    TooManyHits,
    /// An identifier of more than 255 characters.
    TooLong,
    /// The database refused what the message says.
    StoreRejected,
}

impl Reason {
    /// The code.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// The cause in one sentence.
    pub fn cause(self) -> &'static str {
        self.get_documentation().unwrap_or_default()
    }
}

/// Why a value is rejected, without its path: the caller that knows the path turns it into a [`Rejection`].
///
/// The expectation is a fixed text, so that nothing of the message can get into a [`Rejection`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ValueRejection {
    reason: Reason,
    expected: &'static str,
}

impl ValueRejection {
    /// A required value that is absent, null or empty.
    pub(super) const MISSING: Self = Self::new(Reason::MissingField, "a value");
    /// Half of a surrogate pair, in a string or in a key.
    pub(super) const LONE_SURROGATE: Self = Self::new(Reason::InvalidUnicode, "text without lone surrogates");

    /// `expected` completes the text "expected ..".
    pub(super) const fn new(reason: Reason, expected: &'static str) -> Self {
        Self { reason, expected }
    }

    /// A value of another type than `expected`, or out of its range.
    pub(super) const fn wrong_type(expected: &'static str) -> Self {
        Self::new(Reason::WrongType, expected)
    }

    /// The rejection of the value at a path such as `Report.reports[3].component`, which must consist of known names
    /// and indices only.
    pub(super) fn at(self, path: impl fmt::Display) -> Rejection {
        Rejection { reason: self.reason, detail: format!("{path}: expected {}", self.expected) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_parses_to_its_reason_and_a_reason_has_a_cause() {
        for &reason in Reason::VARIANTS {
            assert_eq!(reason.as_str().parse(), Ok(reason));
            assert!(!reason.cause().is_empty(), "{reason}");
        }
    }

    #[test]
    fn a_rejection_displays_reason_path_and_expectation() {
        let rejection = ValueRejection::wrong_type("a string").at("Report.reports[3].component");
        assert_eq!(rejection.to_string(), "wrong_type: Report.reports[3].component: expected a string");
    }
}
