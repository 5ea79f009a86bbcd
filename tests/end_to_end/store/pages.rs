//! Requests for pages from the beginning of a list, in its default order.

use insights_results_aggregator::{
    domain::{ClusterId, OrgId, Selector},
    store::{Cluster, List, ListRequest, Organization, PageRequest, Position, RuleHit, SortValue},
};

/// The first `size` items after a key.
fn first<L: List>(size: usize, after: Option<SortValue>) -> ListRequest<L> {
    let after = after.map(|key| Position { value: None, key });
    ListRequest::new(PageRequest { after, ..PageRequest::first(size) })
}

pub(crate) fn organizations(size: usize, after: Option<OrgId>, total: bool) -> ListRequest<Organization> {
    let after = after.map(|organization| SortValue::Integer(organization.as_i64()));
    ListRequest { total, ..first(size, after) }
}

pub(crate) fn clusters(size: usize, after: Option<ClusterId>, total: bool) -> ListRequest<Cluster> {
    ListRequest { total, ..first(size, after.map(|cluster| SortValue::Uuid(cluster.uuid()))) }
}

pub(crate) fn rule_hits(size: usize, after: Option<Selector>) -> ListRequest<RuleHit> {
    let after = after.map(|selector| SortValue::Text(selector.to_string()));
    ListRequest { total: true, large: Some(usize::MAX), ..first(size, after) }
}
