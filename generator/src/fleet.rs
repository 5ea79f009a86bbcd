//! Organizations with their clusters, and the messages that the clusters send.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::{
    catalogue::{Catalogue, CatalogueError},
    cluster::{Cluster, GeneratedCluster},
    message::Message,
    random::{Purpose, SeededRng},
    workload_message::WorkloadMessage,
};

/// Far below the 19 million numbers to draw from, so that drawing distinct ones takes few tries.
const MAX_ORGANIZATIONS: u32 = 1_000_000;
/// A cluster takes about 300 bytes of memory and its hits.
const MAX_CLUSTERS: u32 = 10_000_000;

/// Organizations with clusters that report; the same for the same seed and size.
pub struct Fleet {
    seed: u64,
    catalogue: Catalogue,
    organizations: Vec<Organization>,
    clusters: Vec<Cluster>,
    turns: u64,
    workload_turns: u64,
}

/// The size of a fleet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FleetSize {
    /// Number of organizations, each with at least one cluster.
    pub organizations: u32,
    /// Number of clusters in all, spread unevenly.
    pub clusters: u32,
}

/// A message to be sent to the topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GeneratedMessage {
    /// The cluster that reports.
    pub cluster: Uuid,
    /// The organization that owns the cluster.
    pub organization: u32,
    /// The message's `LastChecked`, in whole microseconds.
    pub last_checked: DateTime<Utc>,
    /// The message: UTF-8 JSON.
    pub value: Vec<u8>,
}

/// A fleet that cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum FleetError {
    /// Fewer clusters than organizations, or more than fit into memory.
    #[error("{clusters} clusters for {organizations} organizations: request {organizations} to {MAX_CLUSTERS}")]
    Clusters {
        /// The requested number of organizations.
        organizations: u32,
        /// The requested number of clusters.
        clusters: u32,
    },
    /// No organization, or more than there are numbers for.
    #[error("a fleet of {organizations} organizations: request 1 to {MAX_ORGANIZATIONS}")]
    Organizations {
        /// The requested number.
        organizations: u32,
    },
    /// The embedded catalogue is invalid.
    #[error("the generator's recommendations cannot be used")]
    Catalogue(#[from] CatalogueError),
}

#[derive(Clone, Copy)]
struct Organization {
    id: u32,
    account: Option<u32>,
    weight: u32,
}

impl Fleet {
    /// A fleet of this size, none of whose clusters has reported yet.
    pub fn new(seed: u64, size: FleetSize) -> Result<Self, FleetError> {
        let FleetSize { organizations, clusters } = size;
        if !(1..=MAX_ORGANIZATIONS).contains(&organizations) {
            return Err(FleetError::Organizations { organizations });
        }
        if !(organizations..=MAX_CLUSTERS).contains(&clusters) {
            return Err(FleetError::Clusters { organizations, clusters });
        }
        let catalogue = Catalogue::embedded()?;
        let organizations = draw_organizations(seed, organizations);
        let clusters = draw_clusters(seed, clusters, &organizations);
        Ok(Self { seed, catalogue, organizations, clusters, turns: 0, workload_turns: 0 })
    }

    /// The organizations. A larger fleet of the same seed begins with the same ones.
    pub fn organizations(&self) -> impl ExactSizeIterator<Item = u32> + '_ {
        self.organizations.iter().map(|organization| organization.id)
    }

    /// The clusters in the order of [`Fleet::round`]: first one of each organization, then the others.
    pub fn clusters(&self) -> impl ExactSizeIterator<Item = GeneratedCluster> + '_ {
        self.clusters.iter().map(|cluster| cluster.identity)
    }

    /// One report of every cluster, checked within the 90 seconds up to `at` and after the cluster's previous report.
    ///
    /// Where the previous report is not before `at`, the new one is a microsecond after it, beyond `at`: pass times
    /// that increase. A cluster whose message is not taken from the iterator has not reported.
    pub fn round(&mut self, at: DateTime<Utc>) -> impl ExactSizeIterator<Item = GeneratedMessage> + '_ {
        let Self { catalogue, clusters, .. } = self;
        clusters.iter_mut().map(move |cluster| report(cluster, catalogue, at))
    }

    /// One report of a random cluster, with the times of [`Fleet::round`].
    pub fn next_message(&mut self, at: DateTime<Utc>) -> GeneratedMessage {
        let index = SeededRng::new(self.seed, Purpose::Turn, self.turns, 0).index_in(&self.clusters);
        self.turns += 1;
        report(&mut self.clusters[index], &self.catalogue, at)
    }

    /// One workload result of every cluster, with the times of [`Fleet::round`], which do not depend on those of reports.
    pub fn workload_round(&mut self, at: DateTime<Utc>) -> impl ExactSizeIterator<Item = GeneratedMessage> + '_ {
        let Self { catalogue, clusters, .. } = self;
        clusters.iter_mut().map(move |cluster| workload_result(cluster, catalogue, at))
    }

    /// One workload result of a random cluster, with the times of [`Fleet::round`].
    pub fn next_workload_message(&mut self, at: DateTime<Utc>) -> GeneratedMessage {
        let mut rng = SeededRng::new(self.seed, Purpose::WorkloadTurn, self.workload_turns, 0);
        let index = rng.index_in(&self.clusters);
        self.workload_turns += 1;
        workload_result(&mut self.clusters[index], &self.catalogue, at)
    }
}

impl GeneratedMessage {
    /// The message's key: the cluster, so that its reports stay in one partition and in order.
    pub fn key(&self) -> String {
        self.cluster.to_string()
    }
}

fn report(cluster: &mut Cluster, catalogue: &Catalogue, at: DateTime<Utc>) -> GeneratedMessage {
    let mut rng = cluster.report_rng();
    let last_checked = cluster.advance(catalogue, at, &mut rng);
    let value = Message::new(cluster, catalogue, last_checked, &mut rng).to_string().into_bytes();
    let GeneratedCluster { organization, id } = cluster.identity;
    GeneratedMessage { cluster: id, organization, last_checked, value }
}

fn workload_result(cluster: &mut Cluster, catalogue: &Catalogue, at: DateTime<Utc>) -> GeneratedMessage {
    let mut rng = cluster.workload_rng();
    let (objects, last_checked) = cluster.advance_workloads(catalogue, at, &mut rng);
    let message = WorkloadMessage::new(cluster, catalogue, objects, last_checked, &mut rng);
    let value = message.to_string().into_bytes();
    let GeneratedCluster { organization, id } = cluster.identity;
    GeneratedMessage { cluster: id, organization, last_checked, value }
}

fn draw_organizations(seed: u64, number: u32) -> Vec<Organization> {
    let mut taken = HashSet::new();
    (0..number)
        .map(|index| draw_organization(SeededRng::new(seed, Purpose::Organization, index.into(), 0), &mut taken))
        .collect()
}

fn draw_organization(mut rng: SeededRng, taken: &mut HashSet<u32>) -> Organization {
    let account = rng.percent(50).then(|| rng.within(&(500_000..=9_999_999)));
    // Each step doubles the clusters that an organization draws: most have few, some very many.
    let weight = 1 << rng.below(7);
    loop {
        let id = rng.within(&(1_000_000..=19_999_999));
        if taken.insert(id) {
            return Organization { id, account, weight };
        }
    }
}

fn draw_clusters(seed: u64, number: u32, organizations: &[Organization]) -> Vec<Cluster> {
    let upper_ends: Vec<u32> = organizations
        .iter()
        .scan(0, |sum, organization| {
            *sum += organization.weight;
            Some(*sum)
        })
        .collect();
    let total = upper_ends.last().copied().unwrap_or(0);
    let owner = |index: u32| {
        let drawn = SeededRng::new(seed, Purpose::Owner, index.into(), 0).below(total);
        organizations[upper_ends.partition_point(|end| *end <= drawn)]
    };
    (0..number)
        .map(|index| {
            let owner = organizations.get(index as usize).copied().unwrap_or_else(|| owner(index));
            Cluster::new(seed, index.into(), owner.id, owner.account)
        })
        .collect()
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod workload_tests;
