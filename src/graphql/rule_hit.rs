//! `RuleHit`.

use std::sync::Arc;

use async_graphql::Object;

use super::{
    cluster::Cluster,
    connection::Paged,
    node_id::NodeId,
    scalars::{DateTime, RawJson},
};
use crate::{
    domain::Selector,
    store::{self, Page},
};

/// A hit of a cluster's current report.
#[derive(Clone)]
pub(super) struct RuleHit {
    row: Arc<store::RuleHit>,
    cluster: Cluster,
}

impl RuleHit {
    /// A hit of a cluster.
    pub(super) fn of(cluster: Cluster, row: store::RuleHit) -> Self {
        Self { row: Arc::new(row), cluster }
    }

    /// A page of one cluster's hits.
    pub(super) fn list(page: &Page<Arc<store::RuleHit>>, cluster: &Cluster) -> Page<Self> {
        page.clone().map(|row| Self { row, cluster: cluster.clone() })
    }
}

/// A recommendation that fires on a cluster.
#[Object]
impl RuleHit {
    /// The hit's id, for `node`: it names the open hit of this recommendation on this cluster.
    pub(super) async fn id(&self) -> NodeId {
        NodeId::RuleHit(self.cluster.row.id, self.row.selector.clone())
    }

    /// The cluster that is hit.
    async fn cluster(&self) -> Cluster {
        self.cluster.clone()
    }

    /// The recommendation, written `ruleFqdn|errorKey`.
    async fn selector(&self) -> &str {
        self.row.selector.as_str()
    }

    /// The rule that hits: a Python module's name.
    async fn rule_fqdn(&self) -> &str {
        self.row.selector.rule_fqdn()
    }

    /// The way in which the rule failed. The same key may occur under many rules.
    async fn error_key(&self) -> &str {
        self.row.selector.error_key()
    }

    /// The template data that fill in the recommendation's text, byte for byte; null where the message had none.
    async fn details(&self) -> Option<RawJson> {
        self.row.details.clone().map(RawJson)
    }

    /// When the recommendation first hit the cluster, without a break since.
    async fn impacted_since(&self) -> DateTime {
        DateTime(self.row.impacted_since)
    }
}

impl Paged for RuleHit {
    const CONNECTION: &'static str = "RuleHitConnection";
    const EDGE: &'static str = "RuleHitEdge";
    type Order = ();
    type Position = Selector;

    fn list((): ()) -> &'static str {
        "ruleHits:selector:asc"
    }

    fn place(&self, (): ()) -> Selector {
        self.row.selector.clone()
    }
}
