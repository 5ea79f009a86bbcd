//! The arguments of lists of impacted clusters: `ImpactStatus` and `ImpactedClusterOrder`, beside those of all lists of
//! clusters.

use async_graphql::{Enum, InputObject, InputType as _, Value};

use super::cluster_list::{self, OrderDirection};
use crate::store::{self, ImpactedCluster};

/// Whether a recommendation is disabled on a cluster that it hits: turned off for the cluster, or acknowledged by the
/// organization that owns it.
#[derive(Clone, Copy, Debug, Enum, PartialEq, Eq)]
#[graphql(remote = "store::ImpactStatus")]
pub(super) enum ImpactStatus {
    /// It is not.
    Enabled,
    /// It is.
    Disabled,
    /// Either.
    Any,
}

/// The order of a list of clusters that a recommendation hits. Clusters without a value in the field are last in both
/// directions. Clusters with equal values are ordered by UUID.
#[derive(Clone, Copy, InputObject)]
pub(super) struct ImpactedClusterOrder {
    /// The field to order by.
    field: ImpactedClusterOrderField,
    /// The direction of the order.
    direction: OrderDirection,
}

/// A field by which the clusters that a recommendation hits can be ordered.
#[derive(Clone, Copy, Debug, Enum, PartialEq, Eq)]
pub(super) enum ImpactedClusterOrderField {
    /// The UUID.
    Uuid,
    /// The name for display, in lower case.
    Name,
    /// The version, in the order of semantic versioning.
    Version,
    /// When rules last ran on data of the cluster.
    LastChecked,
    /// Since when the recommendation has hit the cluster without interruption.
    ImpactedSince,
}

impl From<ImpactedClusterOrder> for store::Order<ImpactedCluster> {
    fn from(order: ImpactedClusterOrder) -> Self {
        let by = match order.field {
            ImpactedClusterOrderField::Uuid => &ImpactedCluster::BY_UUID,
            ImpactedClusterOrderField::Name => &ImpactedCluster::BY_NAME,
            ImpactedClusterOrderField::Version => &ImpactedCluster::BY_VERSION,
            ImpactedClusterOrderField::LastChecked => &ImpactedCluster::BY_LAST_CHECKED,
            ImpactedClusterOrderField::ImpactedSince => &ImpactedCluster::BY_IMPACTED_SINCE,
        };
        Self::new(by, order.direction.into())
    }
}

/// How often a list with these arguments reads all hits of its recommendations: as a list of clusters does with the same
/// filter, and for a total in any case. 0 where an argument is invalid.
pub(super) fn scans(filter: Option<Value>, order_by: Option<Value>, total: bool) -> usize {
    let order = Option::<ImpactedClusterOrder>::parse(order_by).ok().flatten();
    let is_sorted = order.is_some_and(|order| order.field != ImpactedClusterOrderField::Uuid);
    let is_filtered = cluster_list::scans(filter, None, false) > 0;
    usize::from(is_filtered || is_sorted) + usize::from(total)
}
