//! Where a cluster runs: the names of its nodes, and its version.
//!
//! No name needs escaping in JSON.

use crate::{
    random::{Purpose, SeededRng},
    version::Version,
};

const SUFFIX_ALPHABET: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
const HEX: &[u8] = b"0123456789abcdef";
const REGIONS: &[&str] = &["eu-west-1", "eu-central-1", "us-east-2", "us-west-2", "ap-southeast-1", "sa-east-1"];
const SITES: &[&str] = &["prod", "test", "edge", "lab", "shop", "telco", "bank", "dc2", "factory", "store"];

/// A cluster's nodes and version, which details of hits name. Nodes have the same names in every hit.
pub(crate) struct Site {
    seed: u64,
    cluster: u64,
    name: &'static str,
    region: &'static str,
    workers: u32,
    /// The present version.
    pub(crate) version: Version,
}

impl Site {
    /// Draws the site of the cluster with this index in the fleet.
    pub(crate) fn draw(seed: u64, cluster: u64, rng: &mut SeededRng) -> Self {
        Self {
            seed,
            cluster,
            name: *rng.pick(SITES),
            region: *rng.pick(REGIONS),
            // No list of workers in the details is longer than five.
            workers: rng.within(&(5..=30)),
            version: Version::draw(rng),
        }
    }

    /// A worker's name; numbers wrap around.
    pub(crate) fn worker(&self, number: u32) -> String {
        self.node("worker", number % self.workers)
    }

    /// The name of one of the three nodes of the control plane.
    pub(crate) fn control_plane(&self, number: u32) -> String {
        self.node("master", number % 3)
    }

    /// A name in one of three styles of clouds and data centres; all nodes of a cluster have the same style.
    fn node(&self, role: &str, number: u32) -> String {
        let Self { name, region, .. } = self;
        match self.cluster % 3 {
            0 => format!("{role}-{number}.{name}.example.com"),
            1 => {
                let index = u64::from(number) << 1 | u64::from(role == "worker");
                let mut rng = SeededRng::new(self.seed, Purpose::Node, self.cluster, index);
                format!("ip-10-0-{}-{}.{region}.compute.internal", rng.below(256), rng.within(&(4..=254)))
            }
            _ => format!("{name}-{role}-{region}{}-{number}", ["a", "b", "c"][number as usize % 3]),
        }
    }

    /// The version of the kubelet that belongs to the cluster's version.
    pub(crate) fn kubelet(&self) -> String {
        format!(
            "v1.{}.{}+{:07x}",
            self.version.kubernetes_minor(),
            self.cluster % 15,
            self.cluster * 0x3_0f5b % 0xfff_ffff
        )
    }
}

/// The part of a pod's name after the name of its deployment.
pub(crate) fn pod_suffix(rng: &mut SeededRng) -> String {
    let replica_set = rng.text(SUFFIX_ALPHABET, 9);
    format!("{replica_set}-{}", rng.text(SUFFIX_ALPHABET, 5))
}

/// A private address.
pub(crate) fn ip(rng: &mut SeededRng) -> String {
    format!("10.{}.{}.{}", rng.below(256), rng.below(256), rng.within(&(1..=254)))
}

/// Seven hex digits, as in abbreviated hashes.
pub(crate) fn id(rng: &mut SeededRng) -> String {
    rng.text(HEX, 7)
}
