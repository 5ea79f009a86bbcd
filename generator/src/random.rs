//! Reproducible random numbers: one generator for each seed, purpose and subject.

use std::ops::RangeInclusive;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// What numbers are drawn for. Each purpose has generators of its own, so that one more draw changes no other purpose.
#[derive(Clone, Copy)]
pub(crate) enum Purpose {
    /// The number of an organization, by the organization's index.
    Organization = 1,
    /// Which organization owns a cluster, by the cluster's index.
    Owner,
    /// The UUID, site and usual number of hits of a cluster, by its index.
    Cluster,
    /// The address of a node, by the node's number.
    Node,
    /// What changed since a cluster's last report, by the report's number.
    Report,
    /// The part of a hit's details that never changes.
    Hit,
    /// The part of a hit's details that changes.
    Change,
    /// Which cluster reports next.
    Turn,
    /// The number of a cluster's namespaces, and which names they have, by the cluster's index.
    Workloads,
    /// The uid and the number of objects of a namespace, by the namespace's number.
    Namespace,
    /// The kind, name and uid of an object and the recommendations that apply to it, by the object's number.
    Object,
    /// Whether an object exists, by the number of its period.
    ObjectPeriod,
    /// What differs from one workload result of a cluster to the next, by the result's number.
    WorkloadReport,
    /// Which cluster sends the next workload result.
    WorkloadTurn,
}

/// A random number generator for one purpose. It computes ranges itself, because those of the crate `rand` may change
/// between its versions.
pub(crate) struct SeededRng(ChaCha8Rng);

impl SeededRng {
    /// The generator for one subject of a purpose, such as a cluster, and one of its turns, such as a report.
    pub(crate) fn new(seed: u64, purpose: Purpose, subject: u64, turn: u64) -> Self {
        let mut key = [0; 32];
        for (bytes, word) in key.chunks_exact_mut(8).zip([seed, purpose as u64, subject, turn]) {
            bytes.copy_from_slice(&word.to_le_bytes());
        }
        Self(ChaCha8Rng::from_seed(key))
    }

    /// A generator for one item of a list. It depends neither on earlier draws nor on the length of the list.
    pub(crate) fn for_item(&self, index: u32) -> Self {
        let mut rng = ChaCha8Rng::from_seed(self.0.get_seed());
        // An item may contain a list whose items need generators of their own.
        rng.set_stream((self.0.get_stream() << 16) + u64::from(index) + 1);
        Self(rng)
    }

    /// A number from 0 to below `bound`; 0 when the bound is 0.
    pub(crate) fn below(&mut self, bound: u32) -> u32 {
        // The high half of the product: even enough for bounds far below 2^32.
        ((u64::from(self.0.next_u32()) * u64::from(bound)) >> 32) as u32
    }

    /// A number of the range, both ends included.
    pub(crate) fn within(&mut self, range: &RangeInclusive<u32>) -> u32 {
        range.start() + self.below((range.end() - range.start()).saturating_add(1))
    }

    /// True with a chance of `chance` percent.
    pub(crate) fn percent(&mut self, chance: u32) -> bool {
        self.below(100) < chance
    }

    /// One of `items`, each equally likely. `items` must not be empty.
    pub(crate) fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.index_in(items)]
    }

    /// The index of one of `items`, each equally likely.
    pub(crate) fn index_in<T>(&mut self, items: &[T]) -> usize {
        self.below(u32::try_from(items.len()).unwrap_or(u32::MAX)) as usize
    }

    /// 16 random bytes.
    pub(crate) fn bytes(&mut self) -> [u8; 16] {
        let mut bytes = [0; 16];
        self.0.fill_bytes(&mut bytes);
        bytes
    }

    /// A text of `length` characters of `alphabet`.
    pub(crate) fn text(&mut self, alphabet: &[u8], length: usize) -> String {
        (0..length).map(|_| char::from(*self.pick(alphabet))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_arguments_give_equal_numbers_and_different_ones_give_different_numbers() {
        let draws = |purpose, subject, turn| {
            let mut rng = SeededRng::new(7, purpose, subject, turn);
            [(); 8].map(|()| rng.below(1_000_000))
        };
        assert_eq!(draws(Purpose::Hit, 3, 5), draws(Purpose::Hit, 3, 5));
        for other in [draws(Purpose::Change, 3, 5), draws(Purpose::Hit, 4, 5), draws(Purpose::Hit, 3, 6)] {
            assert_ne!(draws(Purpose::Hit, 3, 5), other);
        }
    }

    #[test]
    fn both_ends_of_a_range_occur_and_nothing_outside() {
        let mut rng = SeededRng::new(7, Purpose::Turn, 0, 0);
        let mut seen = [0; 8];
        for _ in 0..1_000 {
            seen[rng.within(&(2..=5)) as usize] += 1;
        }
        assert_eq!(seen.map(|times| times > 200), [false, false, true, true, true, true, false, false]);
        assert_eq!((rng.below(0), rng.below(1), rng.within(&(9..=9))), (0, 0, 9));
    }

    #[test]
    fn the_numbers_of_an_item_do_not_depend_on_earlier_draws() {
        let mut rng = SeededRng::new(7, Purpose::Hit, 0, 0);
        let before = rng.for_item(2).bytes();
        rng.below(6);
        assert_eq!(rng.for_item(2).bytes(), before);
        assert_ne!(rng.for_item(3).bytes(), before);
        assert_ne!(rng.for_item(2).for_item(0).bytes(), rng.for_item(0).for_item(2).bytes());
    }
}
