//! Where a cluster runs: what its nodes are called and what they run.
//!
//! No name needs escaping in JSON.

use super::{
    dice::{Dice, Throw},
    version::Version,
};

const LETTERS: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
const HEX: &[u8] = b"0123456789abcdef";
const REGIONS: &[&str] = &["eu-west-1", "eu-central-1", "us-east-2", "us-west-2", "ap-southeast-1", "sa-east-1"];
const SITES: &[&str] = &["prod", "test", "edge", "lab", "shop", "telco", "bank", "dc2", "factory", "store"];

/// What a cluster's details are made of. Its nodes bear the same names in every hit.
pub(super) struct Site {
    seed: u64,
    cluster: u64,
    name: &'static str,
    region: &'static str,
    workers: u32,
    /// What the cluster runs at present.
    pub(super) version: Version,
}

impl Site {
    /// Draws the site of the cluster at this place of the fleet.
    pub(super) fn draw(seed: u64, cluster: u64, dice: &mut Dice) -> Self {
        Self {
            seed,
            cluster,
            name: *dice.pick(SITES),
            region: *dice.pick(REGIONS),
            // No list of workers in the details is longer than five.
            workers: dice.within(&(5..=30)),
            version: Version::draw(dice),
        }
    }

    /// A worker's name; numbers go round.
    pub(super) fn worker(&self, number: u32) -> String {
        self.node("worker", number % self.workers)
    }

    /// The name of a node of the control plane, of which there are three.
    pub(super) fn control_plane(&self, number: u32) -> String {
        self.node("master", number % 3)
    }

    /// Named in one of the ways that cloud and data centre have, the same for the whole cluster.
    fn node(&self, role: &str, number: u32) -> String {
        let Self { name, region, .. } = self;
        match self.cluster % 3 {
            0 => format!("{role}-{number}.{name}.example.com"),
            1 => {
                let place = u64::from(number) << 1 | u64::from(role == "worker");
                let mut dice = Dice::new(self.seed, Throw::Node, self.cluster, place);
                format!("ip-10-0-{}-{}.{region}.compute.internal", dice.below(256), dice.within(&(4..=254)))
            }
            _ => format!("{name}-{role}-{region}{}-{number}", ["a", "b", "c"][number as usize % 3]),
        }
    }

    /// The kubelet that comes with the cluster's version.
    pub(super) fn kubelet(&self) -> String {
        format!(
            "v1.{}.{}+{:07x}",
            self.version.kubernetes_minor(),
            self.cluster % 15,
            self.cluster * 0x3_0f5b % 0xfff_ffff
        )
    }
}

/// What follows a deployment's name in the name of its pod.
pub(super) fn pod_suffix(dice: &mut Dice) -> String {
    let replica_set = dice.text(LETTERS, 9);
    format!("{replica_set}-{}", dice.text(LETTERS, 5))
}

/// A private address.
pub(super) fn ip(dice: &mut Dice) -> String {
    format!("10.{}.{}.{}", dice.below(256), dice.below(256), dice.within(&(1..=254)))
}

/// Seven hex digits, as commits and secrets have them.
pub(super) fn id(dice: &mut Dice) -> String {
    dice.text(HEX, 7)
}
