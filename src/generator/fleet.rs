//! Organizations with their clusters, and the messages that these send.

use std::collections::HashSet;

use super::{
    catalogue::{BadCatalogue, Catalogue},
    cluster::Cluster,
    dice::{Dice, Throw},
};
use crate::domain::{ClusterId, OrgId, Timestamp};

/// Far fewer than there are numbers to draw, so that drawing distinct ones takes few tries.
const MOST_ORGANIZATIONS: u32 = 1_000_000;
/// Each takes some 300 bytes of memory and its hits.
const MOST_CLUSTERS: u32 = 10_000_000;

/// Organizations with clusters that report; the same for the same seed and size.
pub struct Fleet {
    seed: u64,
    catalogue: Catalogue,
    organizations: Vec<Organization>,
    clusters: Vec<Cluster>,
    turns: u64,
}

/// How large a fleet is to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FleetSize {
    /// Number of organizations, each with at least one cluster.
    pub organizations: u32,
    /// Number of clusters in all, spread unevenly.
    pub clusters: u32,
}

/// A cluster of the fleet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct GeneratedCluster {
    /// Its owner.
    pub organization: OrgId,
    /// Its name in messages.
    pub id: ClusterId,
}

/// A message to be put on the topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GeneratedMessage {
    /// The cluster that reports.
    pub cluster: ClusterId,
    /// The cluster's owner.
    pub organization: OrgId,
    /// The message's `LastChecked`.
    pub last_checked: Timestamp,
    /// The message: UTF-8 JSON.
    pub value: Vec<u8>,
}

/// A fleet that cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum NotAFleet {
    /// Some organization would have no cluster, or there are too many to keep.
    #[error(
        "{organizations} organizations cannot share {clusters} clusters: ask for {organizations} to {MOST_CLUSTERS}"
    )]
    Clusters {
        /// As asked for.
        organizations: u32,
        /// As asked for.
        clusters: u32,
    },
    /// Nobody to own the clusters, or more than there are numbers for.
    #[error("a fleet of {organizations} organizations: ask for 1 to {MOST_ORGANIZATIONS}")]
    Organizations {
        /// As asked for.
        organizations: u32,
    },
    /// The committed list is broken.
    #[error("the generator's recommendations cannot be used")]
    Catalogue(#[from] BadCatalogue),
}

#[derive(Clone, Copy)]
struct Organization {
    id: OrgId,
    account: Option<u32>,
    weight: u32,
}

impl Fleet {
    /// A fleet of this size, none of whose clusters has reported yet.
    pub fn new(seed: u64, size: FleetSize) -> Result<Self, NotAFleet> {
        let FleetSize { organizations, clusters } = size;
        if !(1..=MOST_ORGANIZATIONS).contains(&organizations) {
            return Err(NotAFleet::Organizations { organizations });
        }
        if !(organizations..=MOST_CLUSTERS).contains(&clusters) {
            return Err(NotAFleet::Clusters { organizations, clusters });
        }
        let catalogue = Catalogue::committed()?;
        let organizations = draw_organizations(seed, organizations);
        let clusters = draw_clusters(seed, clusters, &organizations);
        Ok(Self { seed, catalogue, organizations, clusters, turns: 0 })
    }

    /// The organizations. A larger fleet of the same seed begins with the same ones.
    pub fn organizations(&self) -> impl ExactSizeIterator<Item = OrgId> + '_ {
        self.organizations.iter().map(|organization| organization.id)
    }

    /// The clusters, in the order in which a round visits them: first one of each organization, then the others.
    pub fn clusters(&self) -> impl ExactSizeIterator<Item = GeneratedCluster> + '_ {
        self.clusters.iter().map(|cluster| cluster.identity)
    }

    /// One report of every cluster, checked within the 90 seconds up to `at` and after the cluster's previous one.
    ///
    /// Where that one is not before `at`, the new one lies beyond `at`, a microsecond after it: give times that rise.
    /// A cluster whose message is not taken from the iterator has not reported.
    pub fn round(&mut self, at: Timestamp) -> impl ExactSizeIterator<Item = GeneratedMessage> + '_ {
        let Self { catalogue, clusters, .. } = self;
        clusters.iter_mut().map(move |cluster| cluster.report(catalogue, at))
    }

    /// One report of some cluster, with the times of [`Fleet::round`].
    pub fn next_message(&mut self, at: Timestamp) -> GeneratedMessage {
        let place = Dice::new(self.seed, Throw::Turn, self.turns, 0).place_in(&self.clusters);
        self.turns += 1;
        self.clusters[place].report(&self.catalogue, at)
    }
}

impl GeneratedMessage {
    /// The message's key: the cluster, so that its reports stay in one partition and in order.
    pub fn key(&self) -> String {
        self.cluster.to_string()
    }
}

fn draw_organizations(seed: u64, number: u32) -> Vec<Organization> {
    let mut taken = HashSet::new();
    (0..number)
        .map(|place| draw_organization(Dice::new(seed, Throw::Organization, place.into(), 0), &mut taken))
        .collect()
}

fn draw_organization(mut dice: Dice, taken: &mut HashSet<OrgId>) -> Organization {
    let account = dice.percent(50).then(|| dice.within(&(500_000..=9_999_999)));
    // Each step doubles the clusters that an organization draws: most have few, some very many.
    let weight = 1 << dice.below(7);
    loop {
        let number = dice.within(&(1_000_000..=19_999_999));
        if let Ok(id) = OrgId::try_from(i64::from(number))
            && taken.insert(id)
        {
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
    let owner = |place: u32| {
        let drawn = Dice::new(seed, Throw::Owner, place.into(), 0).below(total);
        organizations[upper_ends.partition_point(|end| *end <= drawn)]
    };
    (0..number)
        .map(|place| {
            let owner = organizations.get(place as usize).copied().unwrap_or_else(|| owner(place));
            Cluster::new(seed, place.into(), owner.id, owner.account)
        })
        .collect()
}

#[cfg(test)]
mod tests;
