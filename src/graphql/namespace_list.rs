//! The arguments of lists of namespaces: `NamespaceFilter` and `NamespaceOrder`.

use async_graphql::{Enum, InputObject, InputType as _, Result, Value};

use super::{
    cluster_list::{OrderDirection, at_most, risks, searched_text},
    risks::TotalRisk,
    scalars::Uuid,
};
use crate::store::{self, List as _, Namespace};

/// Conditions on the namespaces of a list. A namespace must meet all conditions that are given.
#[derive(InputObject)]
pub(super) struct NamespaceFilter {
    /// The name or the uid contains this text, ignoring case. At most 100 characters.
    text: Option<String>,
    /// The cluster is one of these. At most 100.
    cluster_uuids: Option<Vec<Uuid>>,
    /// A recommendation of one of these risks, which the viewer sees, applies to an object in the namespace.
    total_risk: Option<Vec<TotalRisk>>,
}

/// The order of a list of namespaces. Namespaces without a value in the field are last in both directions. Namespaces
/// with equal values are ordered by the UUID of their cluster, then by uid.
#[derive(Clone, Copy, InputObject)]
pub(super) struct NamespaceOrder {
    /// The field to order by.
    field: NamespaceOrderField,
    /// The direction of the order.
    direction: OrderDirection,
}

/// A field by which namespaces can be ordered.
#[derive(Clone, Copy, Debug, Enum, PartialEq, Eq)]
pub(super) enum NamespaceOrderField {
    /// The name.
    Name,
    /// The cluster's name for display, in lower case.
    Cluster,
    /// The number of recommendations that the viewer sees.
    Recommendations,
    /// The number of objects to which they apply, as in `objectCount`.
    Objects,
    /// Their highest total risk.
    TotalRisk,
    /// When rules last ran on the workloads of the cluster.
    LastChecked,
}

impl NamespaceFilter {
    /// As the store takes it.
    pub(super) fn check(self) -> Result<store::NamespaceFilter> {
        let clusters = at_most("filter.clusterUuids", self.cluster_uuids)?;
        Ok(store::NamespaceFilter {
            text: searched_text(self.text)?,
            clusters: clusters.map(|uuids| uuids.into_iter().map(|Uuid(id)| id).collect()),
            total_risk: self.total_risk.map(risks),
            ..store::NamespaceFilter::default()
        })
    }
}

impl From<NamespaceOrder> for store::Order<Namespace> {
    fn from(order: NamespaceOrder) -> Self {
        let by = match order.field {
            NamespaceOrderField::Name => &Namespace::BY_NAME,
            NamespaceOrderField::Cluster => &Namespace::BY_CLUSTER,
            NamespaceOrderField::Recommendations => &Namespace::BY_RECOMMENDATIONS,
            NamespaceOrderField::Objects => &Namespace::BY_OBJECTS,
            NamespaceOrderField::TotalRisk => &Namespace::BY_TOTAL_RISK,
            NamespaceOrderField::LastChecked => &Namespace::BY_LAST_CHECKED,
        };
        Self::new(by, order.direction.into())
    }
}

/// How often a list with these arguments reads the objects of all namespaces. 0 where an argument is invalid, because the
/// request is then refused.
pub(super) fn scans(filter: Option<Value>, order_by: Option<Value>, total: bool) -> usize {
    let filter = Option::<NamespaceFilter>::parse(filter).ok().flatten();
    let order = Option::<NamespaceOrder>::parse(order_by).ok().flatten();
    let Ok(filter) = filter.map(NamespaceFilter::check).transpose() else { return 0 };
    let order = order.map_or(Namespace::DEFAULT_ORDER, store::Order::from);
    Namespace::scans(&filter.unwrap_or_default(), order, total)
}
