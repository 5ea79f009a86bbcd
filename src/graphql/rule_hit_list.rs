//! The arguments of lists of hits: `RuleHitFilter` and `RuleHitOrder`.

use async_graphql::{Enum, InputObject, Result};

use super::{
    cluster_list::{OrderDirection, at_most, risks, searched_text},
    risks::TotalRisk,
};
use crate::{
    content::{Content, Recommendation},
    domain::{Selector, lower_case},
    store::{self, IncludedHits, TextFilter},
};

/// Conditions on the hits of a list. A hit must meet all conditions that are given.
#[derive(Default, InputObject)]
pub(super) struct RuleHitFilter {
    /// The recommendation has one of these risks.
    total_risk: Option<Vec<TotalRisk>>,
    /// The recommendation is in one of these categories. Keys of categories, at most 100.
    categories: Option<Vec<String>>,
    /// The rule's name, the recommendation's description or its selector contains this text, ignoring case. At most 100
    /// characters.
    text: Option<String>,
}

/// The order of a list of hits. Hits without a value in the field are last in both directions. Hits with equal values are
/// ordered by selector.
#[derive(Clone, Copy, InputObject)]
pub(super) struct RuleHitOrder {
    /// The field to order by.
    field: RuleHitOrderField,
    /// The direction of the order.
    direction: OrderDirection,
}

/// A field by which hits can be ordered.
#[derive(Clone, Copy, Debug, Enum, PartialEq, Eq)]
pub(super) enum RuleHitOrderField {
    /// The selector.
    Selector,
    /// Since when the recommendation has hit the cluster.
    ImpactedSince,
    /// How severe the problem is.
    TotalRisk,
    /// The first 255 characters of the recommendation's description, as written.
    Description,
    /// When the recommendation was published.
    Published,
}

impl RuleHitFilter {
    /// As the store takes it, with the recommendations of the content that match.
    pub(super) fn check(self, included: IncludedHits, content: Option<&Content>) -> Result<store::RuleHitFilter> {
        let categories = at_most("filter.categories", self.categories)?;
        let matching = |is_match: &dyn Fn(&Recommendation) -> bool| -> Vec<Selector> {
            let all = content.map(Content::recommendations).into_iter().flatten();
            all.filter(|recommendation| is_match(recommendation)).map(|found| found.selector.clone()).collect()
        };
        let in_categories = |keys: Vec<String>| {
            let keys = keys.into_iter().collect();
            matching(&|recommendation| recommendation.is_in_category(&keys))
        };
        let text = searched_text(self.text)?.map(|text| {
            let part = lower_case(&text);
            let selectors = matching(&|recommendation| recommendation.contains(&part));
            TextFilter { text, selectors }
        });
        Ok(store::RuleHitFilter {
            included,
            selector: None,
            total_risk: self.total_risk.map(risks),
            selectors: categories.map(in_categories),
            text,
        })
    }
}

impl From<RuleHitOrder> for store::Order<store::RuleHit> {
    fn from(order: RuleHitOrder) -> Self {
        let by = match order.field {
            RuleHitOrderField::Selector => &store::RuleHit::BY_SELECTOR,
            RuleHitOrderField::ImpactedSince => &store::RuleHit::BY_IMPACTED_SINCE,
            RuleHitOrderField::TotalRisk => &store::RuleHit::BY_TOTAL_RISK,
            RuleHitOrderField::Description => &store::RuleHit::BY_DESCRIPTION,
            RuleHitOrderField::Published => &store::RuleHit::BY_PUBLISHED,
        };
        Self::new(by, order.direction.into())
    }
}
