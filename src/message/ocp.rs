//! The message on the OCP topic: the result of the rules for one cluster.

use derive_more::AddAssign;

use super::{
    envelope::Envelope,
    optional::LeftOutFields,
    rejection::Rejection,
    report::ReportFields,
    unpack::{Limits, json, unpack},
};
use crate::domain::{Report, Timestamp};

/// The content of a message on the OCP topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OcpResult {
    /// A report to be stored.
    Report(Box<Parsed>),
    /// The empty report of an archive that the rule engine could not process: it is counted and not stored.
    Empty,
}

/// A report, and the deviations of its message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parsed {
    /// The report.
    pub report: Report,
    /// What is tolerated and counted.
    pub deviations: Deviations,
}

/// Counts of tolerated deviations, of one message or of several.
#[derive(AddAssign, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Deviations {
    /// Messages with an unknown or missing version.
    pub unknown_versions: u32,
    /// Reports whose `LastChecked` is after their arrival, by at most a day.
    pub from_the_future: u32,
    /// Hits left out because a later one has the same selector.
    pub repeated_hits: u32,
    /// Info entries left out because they are not objects, or should contain a version and do not.
    pub ignored_infos: u32,
    /// Optional fields left out because they do not fit.
    pub left_out: LeftOutFields,
}

impl OcpResult {
    /// Parses the value of a message; `arrived_at` is the current time.
    ///
    /// The whole text is checked to be JSON first. Then the required fields are validated in a fixed order, whatever their order
    /// in the message, so that the same errors always result in the same reason.
    ///
    /// # Errors
    /// When the message is rejected: the reason and the path of the value.
    pub fn parse(value: Option<&[u8]>, arrived_at: Timestamp, limits: &Limits) -> Result<Self, Rejection> {
        let bytes = unpack(value, *limits)?;
        let (envelope, report) = Envelope::read(json(&bytes)?, "Report", ReportFields::read)?;

        let subject = envelope.subject()?;
        let findings = report.map_err(|rejection| rejection.at("Report"))?.findings()?;
        let mut left_out = findings.as_ref().map(|findings| findings.left_out).unwrap_or_default();
        let circumstances = envelope.circumstances(arrived_at, &mut left_out)?;

        let Some(findings) = findings else { return Ok(Self::Empty) };
        let listed = findings.hits.len();
        let mut report = Report::new(subject.organization, subject.cluster, circumstances.last_checked, findings.hits);
        report.gathered_at = circumstances.gathered_at;
        report.request_id = circumstances.request_id;
        report.version = findings.version;
        let deviations = Deviations {
            unknown_versions: circumstances.unknown_version.into(),
            from_the_future: circumstances.from_the_future.into(),
            repeated_hits: u32::try_from(listed - report.hits().len()).unwrap_or(u32::MAX),
            ignored_infos: findings.ignored_infos,
            left_out,
        };
        Ok(Self::Report(Box::new(Parsed { report, deviations })))
    }
}
