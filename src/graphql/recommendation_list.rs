//! The arguments of lists of recommendations, `RecommendationFilter` and `RecommendationOrder`, and what has such a list.

use std::collections::BTreeSet;

use async_graphql::{Enum, InputObject, Result};

use super::{
    cluster_list::{OrderDirection, at_most, searched_text},
    connection::ParentOf,
    organization::Organization,
    recommendation_row::{RecommendationConditions, RecommendationRow},
    risks::{Level, RiskOfChange, TotalRisk},
    shared::Shared,
};
use crate::{
    domain::{OrgId, lower_case},
    store,
};

/// Conditions on the recommendations of a list. A recommendation must meet all conditions that are given. One without
/// content meets only `text`, by its selector, and `impacting`.
#[derive(InputObject)]
pub(super) struct RecommendationFilter {
    /// The name of the rule, the description or the selector contains this text, ignoring case, beyond ASCII
    /// too. At most 100 characters.
    text: Option<String>,
    /// The total risk is one of these.
    total_risk: Option<Vec<TotalRisk>>,
    /// The risk of the change is one of these.
    risk_of_change: Option<Vec<RiskOfChange>>,
    /// The impact is one of these.
    impact: Option<Vec<Level>>,
    /// The likelihood is one of these.
    likelihood: Option<Vec<Level>>,
    /// It is in one of the categories with these keys. At most 100.
    categories: Option<Vec<String>>,
    /// Also inactive recommendations that hit no cluster. Those that hit one are listed in any case.
    #[graphql(default_with = "Some(false)")]
    include_inactive: Option<bool>,
    /// Whether it hits at least one cluster.
    impacting: Option<bool>,
    /// Whether the organization has acknowledged it. Where recommendations are listed for no organization, none is
    /// acknowledged.
    #[graphql(default_with = "Some(RecommendationStatus::Any)")]
    status: Option<RecommendationStatus>,
}

/// Whether a recommendation is acknowledged.
#[derive(Clone, Copy, Debug, Enum, PartialEq, Eq)]
pub(super) enum RecommendationStatus {
    /// It is not.
    Enabled,
    /// It is: its hits are hidden.
    Disabled,
    /// Either.
    Any,
}

/// The order of a list of recommendations. Recommendations without a value in the field are last in both directions.
/// Recommendations with equal values are ordered by selector.
#[derive(Clone, Copy, InputObject)]
pub(super) struct RecommendationOrder {
    /// The field to order by.
    field: RecommendationOrderField,
    /// The direction of the order.
    direction: OrderDirection,
}

/// A field by which recommendations can be ordered.
#[derive(Clone, Copy, Debug, Enum, PartialEq, Eq)]
pub(super) enum RecommendationOrderField {
    /// The first 255 characters of the description, as written.
    Description,
    /// When the recommendation was published.
    Published,
    /// The name of the first of its categories by name.
    Category,
    /// The total risk.
    TotalRisk,
    /// The risk of the change.
    RiskOfChange,
    /// The number of clusters that it hits.
    ImpactedClusters,
}

impl RecommendationFilter {
    /// The conditions, checked.
    pub(super) fn check(self) -> Result<RecommendationConditions> {
        fn set<T: Into<U>, U: Ord>(values: Option<Vec<T>>) -> Option<BTreeSet<U>> {
            values.map(|values| values.into_iter().map(Into::into).collect())
        }
        Ok(RecommendationConditions {
            text: searched_text(self.text)?.as_deref().map(lower_case),
            total_risk: set(self.total_risk),
            risk_of_change: set(self.risk_of_change),
            impact: set(self.impact),
            likelihood: set(self.likelihood),
            categories: at_most("filter.categories", self.categories)?.map(|keys| keys.into_iter().collect()),
            includes_inactive: self.include_inactive.unwrap_or(false),
            impacting: self.impacting,
            is_acknowledged: match self.status {
                Some(RecommendationStatus::Enabled) => Some(false),
                Some(RecommendationStatus::Disabled) => Some(true),
                Some(RecommendationStatus::Any) | None => None,
            },
        })
    }
}

impl From<RecommendationOrder> for store::Order<RecommendationRow> {
    fn from(order: RecommendationOrder) -> Self {
        let by = match order.field {
            RecommendationOrderField::Description => &RecommendationRow::BY_DESCRIPTION,
            RecommendationOrderField::Published => &RecommendationRow::BY_PUBLISHED,
            RecommendationOrderField::Category => &RecommendationRow::BY_CATEGORY,
            RecommendationOrderField::TotalRisk => &RecommendationRow::BY_TOTAL_RISK,
            RecommendationOrderField::RiskOfChange => &RecommendationRow::BY_RISK_OF_CHANGE,
            RecommendationOrderField::ImpactedClusters => &RecommendationRow::BY_IMPACTED_CLUSTERS,
        };
        Self::new(by, order.direction.into())
    }
}

/// What recommendations are listed for.
#[derive(Clone)]
pub(super) enum RecommendationsOf {
    /// An organization, with its siblings.
    Organization(Organization),
    /// The viewer: all that they may see, which `None` stands for, or their own organization.
    Viewer(Option<OrgId>),
}

impl ParentOf<RecommendationRow> for RecommendationsOf {
    fn key(&self) -> Option<OrgId> {
        match self {
            Self::Organization(organization) => Some(organization.number()),
            Self::Viewer(of) => *of,
        }
    }

    fn sibling_keys(&self) -> Vec<Option<OrgId>> {
        match self {
            Self::Organization(organization) => organization.sibling_numbers().map(Some).collect(),
            Self::Viewer(of) => vec![*of],
        }
    }

    fn shared(&self) -> Option<&Shared> {
        match self {
            Self::Organization(organization) => Some(organization.shared()),
            Self::Viewer(_) => None,
        }
    }
}
