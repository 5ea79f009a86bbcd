//! Requests for pages from the beginning of a list, in its default order.

use insights_results_aggregator::{
    domain::{ClusterId, OrgId, Selector},
    store::{
        ClusterFilter, ClusterListing, ClusterOrder, ClusterOrderField, ClusterOrderValue, ClusterPosition, Direction,
        End, OrganizationListing, PageRequest, RuleHitListing,
    },
};

/// The first `size` items after a key.
fn first<K>(size: usize, after: Option<K>) -> PageRequest<K> {
    PageRequest { after, before: None, size, end: End::First }
}

pub(crate) fn organizations(size: usize, after: Option<OrgId>, total: bool) -> OrganizationListing {
    OrganizationListing { window: first(size, after), total }
}

pub(crate) fn clusters(size: usize, after: Option<ClusterId>, total: bool) -> ClusterListing {
    let place = |id| ClusterPosition { value: ClusterOrderValue::Uuid, id };
    ClusterListing {
        filter: ClusterFilter::default(),
        order: ClusterOrder { field: ClusterOrderField::Uuid, direction: Direction::Ascending },
        window: first(size, after.map(place)),
        total,
    }
}

pub(crate) fn rule_hits(size: usize, after: Option<Selector>) -> RuleHitListing {
    RuleHitListing { window: first(size, after), total: true, details: true }
}
