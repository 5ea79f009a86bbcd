//! `Cluster`.

use std::{collections::BTreeSet, sync::Arc};

use async_graphql::Object;
use uuid::Uuid;

use super::{
    connection::Paged,
    cursor::Listed,
    organization::{Organization, OrganizationSiblings},
    report::{Report, RuleHitsOfClusters},
    scalars::DateTime,
};
use crate::{
    domain::ClusterId,
    store::{self, Slice},
};

/// A cluster, and those that its list produced together with it.
#[derive(Clone)]
pub(super) struct Cluster {
    pub(super) row: Arc<store::Cluster>,
    pub(super) siblings: Arc<ClusterSiblings>,
}

/// Clusters that one list produced together, over all parents of the list.
pub(super) struct ClusterSiblings {
    owners: Arc<OrganizationSiblings>,
    pub(super) rule_hits: RuleHitsOfClusters,
}

impl ClusterSiblings {
    pub(super) fn of<'a>(clusters: impl Iterator<Item = &'a store::Cluster> + Clone) -> Arc<Self> {
        let owners: BTreeSet<_> = clusters.clone().map(|cluster| cluster.organization).collect();
        // A cluster without a report has no hits to be asked for.
        let reported = clusters.filter(|cluster| cluster.report.is_some()).map(|cluster| cluster.id);
        Arc::new(Self {
            owners: OrganizationSiblings::new(owners.into_iter().collect()),
            rule_hits: RuleHitsOfClusters::new(reported.collect()),
        })
    }
}

impl Cluster {
    /// A page of clusters among their siblings.
    pub(super) fn list(slice: &Slice<store::Cluster>, siblings: &Arc<ClusterSiblings>) -> Slice<Self> {
        slice.clone().map(|row| Self { row: Arc::new(row), siblings: siblings.clone() })
    }
}

/// An OpenShift cluster.
#[Object]
impl Cluster {
    /// The cluster's UUID, in lower case.
    async fn uuid(&self) -> Uuid {
        self.row.id.uuid()
    }

    /// What to call the cluster: its UUID where no name is known.
    async fn display_name(&self) -> String {
        self.row.id.to_string()
    }

    /// The cluster's OpenShift version; null until a report told it.
    async fn version(&self) -> Option<&str> {
        self.row.version.as_deref()
    }

    /// Who owns the cluster.
    async fn organization(&self) -> Organization {
        Organization::among(&self.siblings.owners, self.row.organization)
    }

    /// When rules last ran over data of the cluster.
    async fn last_checked_at(&self) -> DateTime {
        DateTime(self.row.last_checked)
    }

    /// What the rules said last; null until a report is stored.
    async fn report(&self) -> Option<Report> {
        Report::of(self)
    }
}

impl Listed for Cluster {
    const LIST: &'static str = "clusters:uuid:asc";
    type Key = ClusterId;

    fn key(&self) -> ClusterId {
        self.row.id
    }
}

impl Paged for Cluster {
    const CONNECTION: &'static str = "ClusterConnection";
    const EDGE: &'static str = "ClusterEdge";
}
