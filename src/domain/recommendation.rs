//! What is known of a recommendation beside its texts.

use strum::FromRepr;

use super::{Selector, Timestamp};

/// How severe a recommendation is, computed from impact and likelihood. Ordered from low to critical.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, FromRepr)]
#[repr(u8)]
pub enum TotalRisk {
    /// 1.
    Low = 1,
    /// 2.
    Moderate,
    /// 3.
    Important,
    /// 4.
    Critical,
}

/// A level of impact or likelihood. Ordered from low to critical.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, FromRepr)]
#[repr(u8)]
pub enum Level {
    /// 1.
    Low = 1,
    /// 2.
    Medium,
    /// 3.
    High,
    /// 4.
    Critical,
}

/// The risk of the change that resolves a recommendation. Ordered from very low to high.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, FromRepr)]
#[repr(u8)]
pub enum RiskOfChange {
    /// 1.
    VeryLow = 1,
    /// 2.
    Low,
    /// 3.
    Moderate,
    /// 4.
    High,
}

/// The facts of a recommendation by which lists are filtered, ordered and restricted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecommendationFacts {
    /// The recommendation.
    pub selector: Selector,
    /// What the hit means for the cluster.
    pub impact: Level,
    /// How likely it is.
    pub likelihood: Level,
    /// The risk of the resolution; `None` if the content does not say.
    pub risk_of_change: Option<RiskOfChange>,
    /// Whether it applies to managed clusters.
    pub is_for_managed: bool,
    /// When it was published; `None` if the content does not say.
    pub published_at: Option<Timestamp>,
    /// The description, with its templates unfilled.
    pub description: String,
}

impl TotalRisk {
    /// The mean of impact and likelihood, rounded down.
    pub fn of(impact: Level, likelihood: Level) -> Self {
        let sum = impact as u8 + likelihood as u8;
        Self::from_repr(sum / 2).unwrap_or(Self::Low)
    }
}

impl RecommendationFacts {
    /// How severe the recommendation is.
    pub fn total_risk(&self) -> TotalRisk {
        TotalRisk::of(self.impact, self.likelihood)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_total_risk_is_the_mean_rounded_down() {
        for (impact, likelihood, expected) in [
            (Level::Low, Level::Low, TotalRisk::Low),
            (Level::Low, Level::Medium, TotalRisk::Low),
            (Level::Critical, Level::Low, TotalRisk::Moderate),
            (Level::High, Level::Critical, TotalRisk::Important),
            (Level::Critical, Level::Critical, TotalRisk::Critical),
        ] {
            assert_eq!(TotalRisk::of(impact, likelihood), expected, "{impact:?} {likelihood:?}");
        }
    }
}
