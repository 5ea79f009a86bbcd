//! Why a message is bad: a word for machines, and the place for people.

use std::fmt;

/// A bad message: why, and where. It never holds bytes of the message, so it may go into logs and headers.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}: {detail}")]
pub struct Rejected {
    /// Why, in one of fifteen words.
    pub reason: Reason,
    /// The place and what was wanted there, as in `Report.reports[3].component: wanted a string`.
    pub detail: String,
}

/// Why a message is bad. The same words stand in headers, tables, metrics and logs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// The value is absent, empty, broken gzip or no JSON.
    NotJson,
    /// JSON by its grammar, but its bytes are not UTF-8.
    InvalidUtf8,
    /// A text that is kept holds a lone surrogate, which strict readers refuse.
    InvalidUnicode,
    /// An identifier holds a NUL, which not every database can keep.
    NulInText,
    /// A required field is absent, null or empty.
    MissingField,
    /// A field holds another type of value than it should, or a number beyond its range.
    WrongType,
    /// The cluster's name is no UUID.
    BadUuid,
    /// A time is not written as RFC 3339.
    BadTime,
    /// The report was checked more than a day after it arrived: it would freeze its cluster.
    FutureTime,
    /// The report lacks the structure of a report.
    BadReport,
    /// The value is longer than the limit, as it came or unpacked.
    TooLarge,
    /// A hit's details are nested too deeply for the readers of our answers.
    TooDeep,
    /// The report has more hits than the limit.
    TooManyHits,
    /// An identifier is longer than the limit.
    TooLong,
    /// The database refuses what the message says.
    StoreRejected,
}

impl Reason {
    /// All of them, in the order of their declaration.
    pub const ALL: [Self; 15] = [
        Self::NotJson,
        Self::InvalidUtf8,
        Self::InvalidUnicode,
        Self::NulInText,
        Self::MissingField,
        Self::WrongType,
        Self::BadUuid,
        Self::BadTime,
        Self::FutureTime,
        Self::BadReport,
        Self::TooLarge,
        Self::TooDeep,
        Self::TooManyHits,
        Self::TooLong,
        Self::StoreRejected,
    ];

    /// The fixed word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotJson => "not_json",
            Self::InvalidUtf8 => "invalid_utf8",
            Self::InvalidUnicode => "invalid_unicode",
            Self::NulInText => "nul_in_text",
            Self::MissingField => "missing_field",
            Self::WrongType => "wrong_type",
            Self::BadUuid => "bad_uuid",
            Self::BadTime => "bad_time",
            Self::FutureTime => "future_time",
            Self::BadReport => "bad_report",
            Self::TooLarge => "too_large",
            Self::TooDeep => "too_deep",
            Self::TooManyHits => "too_many_hits",
            Self::TooLong => "too_long",
            Self::StoreRejected => "store_rejected",
        }
    }

    /// The reason of that word.
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == word)
    }

    /// What it means, in the words of `docs/errors.md`.
    pub const fn cause(self) -> &'static str {
        match self {
            Self::NotJson => "no value, broken gzip, or no JSON",
            Self::InvalidUtf8 => "bytes that are not UTF-8",
            Self::InvalidUnicode => "half of a surrogate pair in a text",
            Self::NulInText => "a NUL in an identifier, which not every database can keep",
            Self::MissingField => "a required field is absent, null or empty",
            Self::WrongType => "a field holds another type, or a number beyond its range",
            Self::BadUuid => "the cluster's name is no UUID",
            Self::BadTime => "a time is not written as RFC 3339",
            Self::FutureTime => {
                "the rules ran more than a day after the message arrived; stored, it would freeze the cluster"
            }
            Self::BadReport => "the report lacks the structure of a report",
            Self::TooLarge => "longer than `ingest.max_message_bytes`, as it came or unpacked",
            Self::TooDeep => "a hit's details are nested beyond 64 levels",
            Self::TooManyHits => "more than 1,000 hits in one report",
            Self::TooLong => "an identifier of more than 255 characters",
            Self::StoreRejected => "the database refused what the message says",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What is wrong with one value. The value does not know where it stands; whoever does calls [`Fault::at`].
///
/// What was wanted is fixed text, so that nothing of the message can slip into a [`Rejected`].
#[derive(Clone, Copy, Debug)]
pub(super) struct Fault {
    reason: Reason,
    wanted: &'static str,
}

impl Fault {
    /// A required value that is absent, null or empty.
    pub(super) const MISSING: Self = Self::new(Reason::MissingField, "a value");

    /// A fault; `wanted` completes the sentence "here was wanted ..".
    pub(super) const fn new(reason: Reason, wanted: &'static str) -> Self {
        Self { reason, wanted }
    }

    /// A value of another type than `wanted`, or out of its range.
    pub(super) const fn wrong_type(wanted: &'static str) -> Self {
        Self::new(Reason::WrongType, wanted)
    }

    /// The fault at its place, as in `Report.reports[3].component`: names of ours and indices, nothing else.
    pub(super) fn at(self, place: impl fmt::Display) -> Rejected {
        Rejected { reason: self.reason, detail: format!("{place}: wanted {}", self.wanted) }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn each_reason_has_a_word_of_its_own() {
        let words: HashSet<&str> = Reason::ALL.into_iter().map(Reason::as_str).collect();
        assert_eq!(words.len(), Reason::ALL.len());
        assert!(words.iter().all(|word| word.bytes().all(|b| b.is_ascii_lowercase() || b == b'_' || b == b'8')));
    }

    #[test]
    fn a_rejection_reads_as_reason_place_and_wish() {
        let rejected = Fault::wrong_type("a string").at("Report.reports[3].component");
        assert_eq!(rejected.to_string(), "wrong_type: Report.reports[3].component: wanted a string");
    }
}
