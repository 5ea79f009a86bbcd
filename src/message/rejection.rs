//! Why a message is bad: a word for machines, and the place for people.

use std::fmt;

use strum::{Display, EnumMessage, EnumString, IntoStaticStr, VariantArray};

/// A bad message: why, and where. It never holds bytes of the message, so it may go into logs and headers.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}: {detail}")]
pub struct Rejection {
    /// Why, in one of fifteen words.
    pub reason: Reason,
    /// The place and what was wanted there, as in `Report.reports[3].component: wanted a string`.
    pub detail: String,
}

/// Why a message is bad. The same words stand in headers, tables, metrics and logs; what is said of each here is the
/// cause that `docs/errors.md` and `dead-letters show` tell.
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
    /// The cluster's name is no UUID.
    BadUuid,
    /// A time is not written as RFC 3339.
    BadTime,
    /// The rules ran more than a day after the message arrived: stored, it would freeze the cluster.
    FutureTime,
    /// The report lacks the structure of a report.
    BadReport,
    /// Longer than `ingest.max_message_bytes`, as it came or unpacked.
    TooLarge,
    /// A hit's details are nested beyond 64 levels, too deep for the readers of our answers.
    TooDeep,
    /// More than 1,000 hits in one report.
    TooManyHits,
    /// An identifier of more than 255 characters.
    TooLong,
    /// The database refused what the message says.
    StoreRejected,
}

impl Reason {
    /// The fixed word.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// What it means.
    pub fn cause(self) -> &'static str {
        self.get_documentation().unwrap_or_default()
    }
}

/// What is wrong with one value. The value does not know where it stands; whoever does calls [`Fault::at`].
///
/// What was wanted is fixed text, so that nothing of the message can slip into a [`Rejection`].
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
    pub(super) fn at(self, place: impl fmt::Display) -> Rejection {
        Rejection { reason: self.reason, detail: format!("{place}: wanted {}", self.wanted) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_leads_back_to_its_reason_and_a_reason_to_its_cause() {
        for &reason in Reason::VARIANTS {
            assert_eq!(reason.as_str().parse(), Ok(reason));
            assert!(!reason.cause().is_empty(), "{reason}");
        }
    }

    #[test]
    fn a_rejection_reads_as_reason_place_and_wish() {
        let rejected = Fault::wrong_type("a string").at("Report.reports[3].component");
        assert_eq!(rejected.to_string(), "wrong_type: Report.reports[3].component: wanted a string");
    }
}
