//! `HiddenHits`.

use async_graphql::Enum;

use crate::store::IncludedHits;

/// A kind of hits that are hidden by default.
#[derive(Clone, Copy, Debug, Enum, PartialEq, Eq)]
pub(super) enum HiddenHits {
    /// On a managed cluster, the hits of recommendations that do not apply to managed clusters.
    NotForManaged,
    /// The hits of recommendations that the organization has turned off for the cluster.
    Disabled,
    /// The hits of recommendations that the organization has acknowledged.
    Acknowledged,
}

impl HiddenHits {
    /// What is shown besides the default if these kinds are.
    pub(super) fn included(kinds: &[Self]) -> IncludedHits {
        IncludedHits {
            not_for_managed: kinds.contains(&Self::NotForManaged),
            disabled: kinds.contains(&Self::Disabled),
            acknowledged: kinds.contains(&Self::Acknowledged),
        }
    }
}
