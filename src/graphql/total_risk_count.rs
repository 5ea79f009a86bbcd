//! `TotalRiskCount`.

use async_graphql::SimpleObject;

use super::risks::TotalRisk;
use crate::domain;

/// How many entries a list of numbers by total risk has.
pub(super) const TOTAL_RISKS: usize = 4;

/// The number of hits by recommendations of one total risk.
#[derive(SimpleObject)]
pub(super) struct TotalRiskCount {
    /// The total risk.
    total_risk: TotalRisk,
    /// The number of hits.
    count: u64,
}

impl TotalRiskCount {
    /// The number of each total risk, critical first.
    pub(super) fn of_each(count: impl Fn(domain::TotalRisk) -> u64) -> [Self; TOTAL_RISKS] {
        use domain::TotalRisk::{Critical, Important, Low, Moderate};
        [Critical, Important, Moderate, Low].map(|risk| Self { total_risk: risk.into(), count: count(risk) })
    }
}
