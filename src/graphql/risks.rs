//! `TotalRisk`, `Level` and `RiskOfChange`.

use async_graphql::Enum;

use crate::domain;

/// How severe a recommendation is: the mean of impact and likelihood, rounded down.
#[derive(Clone, Copy, Debug, Enum, PartialEq, Eq)]
#[graphql(remote = "domain::TotalRisk")]
pub(super) enum TotalRisk {
    /// Up to 1.5.
    Low,
    /// 2 and 2.5.
    Moderate,
    /// 3 and 3.5.
    Important,
    /// 4.
    Critical,
}

/// A level of impact or likelihood.
#[derive(Clone, Copy, Debug, Enum, PartialEq, Eq)]
#[graphql(remote = "domain::Level")]
pub(super) enum Level {
    /// 1.
    Low,
    /// 2.
    Medium,
    /// 3.
    High,
    /// 4.
    Critical,
}

/// The risk of the change that resolves a recommendation.
#[derive(Clone, Copy, Debug, Enum, PartialEq, Eq)]
#[graphql(remote = "domain::RiskOfChange")]
pub(super) enum RiskOfChange {
    /// 1.
    VeryLow,
    /// 2.
    Low,
    /// 3.
    Moderate,
    /// 4.
    High,
}
