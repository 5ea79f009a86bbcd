//! A message on the OCP topic: the result of the rules for one cluster.

use super::{
    parse::{Parsed, RuleResult},
    parts::Parts,
    rejection::Rejection,
    report::ReportFields,
};
use crate::domain::{Report, Timestamp};

/// Parses the text of a message; `None` if its report is empty.
pub(super) fn parse(text: &str, arrived_at: Timestamp) -> Result<Option<Parsed>, Rejection> {
    let Some(parts) = Parts::parse::<ReportFields<'_>>(text, arrived_at)? else { return Ok(None) };
    let Parts { subject, circumstances, findings, mut deviations } = parts;
    let listed = findings.hits.len();
    let mut report = Report::new(subject.organization, subject.cluster, circumstances.last_checked, findings.hits);
    report.gathered_at = circumstances.gathered_at;
    report.request_id = circumstances.request_id;
    report.version = findings.version;
    deviations.repeated_hits = u32::try_from(listed - report.hits().len()).unwrap_or(u32::MAX);
    Ok(Some(Parsed { result: RuleResult::Report(report), deviations }))
}
