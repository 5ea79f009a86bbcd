//! The numbers of a cluster's shown hits by total risk, in one number that orders as they do: critical first.
//!
//! A report has at most 1,000 hits. So each number has twelve bits: from the lowest ones, all hits, then those of low,
//! moderate, important and critical risk. Sums of these numbers add up each part.

use std::fmt;

use crate::{domain::TotalRisk, identity::Scope};

/// The bits of each number.
const BITS: u32 = 12;
/// The largest number.
const MASK: i64 = (1 << BITS) - 1;
/// All risks.
const RISKS: [TotalRisk; 4] = [TotalRisk::Low, TotalRisk::Moderate, TotalRisk::Important, TotalRisk::Critical];

/// The numbers of a cluster's hits that a viewer sees by default.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct ShownCounts(i64);

impl ShownCounts {
    /// From the form in which the database has them.
    pub(super) fn from_packed(packed: i64) -> Self {
        Self(packed)
    }

    /// All hits, those without content included.
    pub fn all(self) -> u32 {
        self.part(0)
    }

    /// The hits of recommendations of this risk.
    pub fn of(self, risk: TotalRisk) -> u32 {
        self.part(risk as u32)
    }

    /// A number that orders clusters by their critical hits, then by their important ones, and so on.
    pub(super) fn by_risk(self) -> i64 {
        self.0 >> BITS
    }

    fn part(self, place: u32) -> u32 {
        u32::try_from((self.0 >> (BITS * place)) & MASK).unwrap_or_default()
    }
}

impl fmt::Debug for ShownCounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} hits", self.all())?;
        RISKS.iter().try_for_each(|risk| write!(f, ", {} {risk:?}", self.of(*risk)))
    }
}

/// The kept counts of the hits that are shown by default within a scope, in SQL.
pub(super) fn within(scope: Scope, clusters: &str) -> String {
    if scope.includes_internal() {
        format!("({clusters}.external_counts + {clusters}.internal_counts)")
    } else {
        format!("{clusters}.external_counts")
    }
}

/// Whether a cluster has no hit that is hidden by default for another reason than that it is internal, in SQL.
pub(super) fn nothing_is_hidden(clusters: &str) -> String {
    let counts = format!("({clusters}.external_counts + {clusters}.internal_counts)");
    format!("({clusters}.hit_count = ({counts} & {MASK}))")
}

/// What a hit adds to the counts, by the risk of its recommendation. A trigger has the same numbers.
pub(super) fn weight(total_risk: Option<TotalRisk>) -> i64 {
    1 + total_risk.map_or(0, one)
}

/// The part of counts that a column of lists has, in SQL; `None` if it is another column.
pub(super) fn part(column: &str, counts: &str) -> Option<String> {
    let of = |risk: TotalRisk| format!("(({counts} >> {}) & {MASK})", BITS * risk as u32);
    Some(match column {
        "counts" => counts.to_owned(),
        "hits" => format!("({counts} & {MASK})"),
        "risks" => format!("({counts} >> {BITS})"),
        "low" => of(TotalRisk::Low),
        "moderate" => of(TotalRisk::Moderate),
        "important" => of(TotalRisk::Important),
        "critical" => of(TotalRisk::Critical),
        _ => return None,
    })
}

/// The bits of counts that are not all zero if there are hits of any of these risks.
pub(super) fn mask(risks: &[TotalRisk]) -> i64 {
    risks.iter().fold(0, |mask, risk| mask | (MASK * one(*risk)))
}

/// One hit of a risk.
fn one(risk: TotalRisk) -> i64 {
    1 << (BITS * risk as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_add_up_and_order_by_the_highest_risk_first() {
        let counts = |low: i64, moderate: i64, important: i64, critical: i64, without: i64| {
            let by_risk = [low, moderate, important, critical].into_iter().zip(RISKS);
            ShownCounts(by_risk.map(|(count, risk)| count * weight(Some(risk))).sum::<i64>() + without * weight(None))
        };
        let most = counts(0, 1_000, 0, 0, 0);
        assert_eq!((most.all(), most.of(TotalRisk::Moderate), most.of(TotalRisk::Important)), (1_000, 1_000, 0));
        let sum = ShownCounts(counts(1, 2, 3, 4, 5).0 + counts(10, 20, 30, 40, 50).0);
        assert_eq!(RISKS.map(|risk| sum.of(risk)), [11, 22, 33, 44]);
        assert_eq!(sum.all(), 165);
        assert!(counts(0, 0, 0, 1, 0).by_risk() > counts(300, 300, 399, 0, 1).by_risk());
        assert_eq!(counts(1, 0, 0, 0, 7).by_risk(), counts(1, 0, 0, 0, 0).by_risk(), "others do not count");
        assert_ne!(mask(&[TotalRisk::Low]) & counts(1, 0, 0, 0, 0).0, 0);
        assert_eq!(mask(&[TotalRisk::Low, TotalRisk::Critical]) & counts(0, 9, 9, 0, 9).0, 0);
        assert_eq!(mask(&[]), 0);
    }

    #[test]
    fn the_weights_are_those_of_the_migration() {
        assert_eq!(RISKS.map(|risk| weight(Some(risk))), [4097, 16_777_217, 68_719_476_737, 281_474_976_710_657]);
        assert_eq!(weight(None), 1);
    }
}
