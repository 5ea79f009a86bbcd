//! A result of the rules about one cluster: the message on the OCP topic.

use derive_more::AddAssign;

use super::{
    envelope::Envelope,
    rejection::Rejection,
    report::ReportFields,
    unpack::{Limits, json, unpack},
};
use crate::domain::{Report, Timestamp};

/// What a message on the OCP topic says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OcpResult {
    /// A report to store.
    Report(Box<Parsed>),
    /// What an archive leaves that the rule engine could not process: to be counted, nothing to store.
    Empty,
}

/// A report, and what was odd about its message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parsed {
    /// What the message says.
    pub report: Report,
    /// What is worth counting.
    pub oddities: Oddities,
}

/// What is worth counting and a line in the log, but no fault; of one message, or of many together.
#[derive(AddAssign, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Oddities {
    /// Messages whose version is none that we know, or not told.
    pub unknown_versions: u32,
    /// Reports that were checked after they arrived, by at most a day.
    pub from_the_future: u32,
    /// Hits left out because a later one has their selector.
    pub repeated_hits: u32,
    /// Info entries left out because they are no objects, or should tell a version and do not.
    pub ignored_infos: u32,
}

impl OcpResult {
    /// Parses the value of a message; `arrived_at` is the present by our clock.
    ///
    /// Grammar is settled first, over the whole text. Then the fields are judged in one order, whatever their order
    /// in the message, so that the same faults always give the same reason.
    ///
    /// # Errors
    /// When the message is bad: the reason and the place.
    pub fn parse(value: Option<&[u8]>, arrived_at: Timestamp, limits: &Limits) -> Result<Self, Rejection> {
        let bytes = unpack(value, *limits)?;
        let (envelope, report) = Envelope::read(json(&bytes)?, "Report", ReportFields::read)?;

        let subject = envelope.subject()?;
        let findings = report.map_err(|fault| fault.at("Report"))?.findings()?;
        let circumstances = envelope.circumstances(arrived_at)?;

        let Some(findings) = findings else { return Ok(Self::Empty) };
        let listed = findings.hits.len();
        let mut report = Report::new(subject.organization, subject.cluster, circumstances.last_checked, findings.hits);
        report.gathered_at = circumstances.gathered_at;
        report.request_id = circumstances.request_id;
        report.version = findings.version;
        let oddities = Oddities {
            unknown_versions: circumstances.unknown_version.into(),
            from_the_future: circumstances.from_the_future.into(),
            repeated_hits: u32::try_from(listed - report.hits().len()).unwrap_or(u32::MAX),
            ignored_infos: findings.ignored_infos,
        };
        Ok(Self::Report(Box::new(Parsed { report, oddities })))
    }
}
