//! A message on the workload topic: the result of the rules about the workloads of one cluster.

use super::{
    metrics::MetricsFields,
    parse::{Parsed, RuleResult},
    parts::Parts,
    rejection::Rejection,
};
use crate::domain::{Timestamp, WorkloadResult};

/// Parses the text of a message; `None` if its metrics are empty. The time of gathering and the request id are
/// validated as in a report, and not used.
pub(super) fn parse(text: &str, arrived_at: Timestamp) -> Result<Option<Parsed>, Rejection> {
    let Some(parts) = Parts::parse::<MetricsFields<'_>>(text, arrived_at)? else { return Ok(None) };
    let Parts { subject, circumstances, findings: hits, mut deviations } = parts;
    let listed = hits.len();
    let result = WorkloadResult::new(subject.organization, subject.cluster, circumstances.last_checked, hits);
    deviations.repeated_hits = u32::try_from(listed - result.hits().len()).unwrap_or(u32::MAX);
    Ok(Some(Parsed { result: RuleResult::Workloads(result), deviations }))
}
