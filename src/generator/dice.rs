//! Chance that repeats: whole numbers drawn from a named place of the seed.

use std::ops::RangeInclusive;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// What is drawn. Each has dice of its own, so that one more throw here changes nothing there.
#[derive(Clone, Copy)]
pub(super) enum Throw {
    /// An organization's number, by its place.
    Organization = 1,
    /// Which organization owns a cluster, by the cluster's place.
    Owner,
    /// A cluster's identity and temperament, by its place.
    Cluster,
    /// One of a cluster's nodes, by its number.
    Node,
    /// What changed since a cluster's last report, by the report's number.
    Report,
    /// What stays the same in a hit's details.
    Hit,
    /// What changes in a hit's details.
    Change,
    /// The cluster that reports next.
    Turn,
}

/// Dice for one purpose. The draws are spelled out here, since those of the crate `rand` may change with it.
pub(super) struct Dice(ChaCha8Rng);

impl Dice {
    /// The dice of `throw` for one `subject` at its `turn`.
    pub(super) fn new(seed: u64, throw: Throw, subject: u64, turn: u64) -> Self {
        let mut key = [0; 32];
        for (bytes, word) in key.chunks_exact_mut(8).zip([seed, throw as u64, subject, turn]) {
            bytes.copy_from_slice(&word.to_le_bytes());
        }
        Self(ChaCha8Rng::from_seed(key))
    }

    /// Dice for the item at `place` of a list, whatever was drawn before and however long the list is.
    pub(super) fn of_item(&self, place: u32) -> Self {
        let mut rng = ChaCha8Rng::from_seed(self.0.get_seed());
        // An item may hold a list itself, whose items need dice of their own.
        rng.set_stream((self.0.get_stream() << 16) + u64::from(place) + 1);
        Self(rng)
    }

    /// A number from 0 to below `bound`; 0 when the bound is 0.
    pub(super) fn below(&mut self, bound: u32) -> u32 {
        // The high half of the product: even enough for bounds far below 2^32.
        ((u64::from(self.0.next_u32()) * u64::from(bound)) >> 32) as u32
    }

    /// A number of the range, both ends included.
    pub(super) fn within(&mut self, range: &RangeInclusive<u32>) -> u32 {
        range.start() + self.below((range.end() - range.start()).saturating_add(1))
    }

    /// True in so many of a hundred cases.
    pub(super) fn percent(&mut self, chance: u32) -> bool {
        self.below(100) < chance
    }

    /// One of `things`, each as likely as the others. There must be one.
    pub(super) fn pick<'a, T>(&mut self, things: &'a [T]) -> &'a T {
        &things[self.place_in(things)]
    }

    /// The place of one of `things`.
    pub(super) fn place_in<T>(&mut self, things: &[T]) -> usize {
        self.below(u32::try_from(things.len()).unwrap_or(u32::MAX)) as usize
    }

    /// 16 random bytes.
    pub(super) fn bytes(&mut self) -> [u8; 16] {
        let mut bytes = [0; 16];
        self.0.fill_bytes(&mut bytes);
        bytes
    }

    /// A text of `length` characters out of `alphabet`.
    pub(super) fn text(&mut self, alphabet: &[u8], length: usize) -> String {
        (0..length).map(|_| char::from(*self.pick(alphabet))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_place_of_the_seed_gives_the_same_numbers_and_another_place_others() {
        let throws = |throw, subject, turn| {
            let mut dice = Dice::new(7, throw, subject, turn);
            [(); 8].map(|()| dice.below(1_000_000))
        };
        assert_eq!(throws(Throw::Hit, 3, 5), throws(Throw::Hit, 3, 5));
        for other in [throws(Throw::Change, 3, 5), throws(Throw::Hit, 4, 5), throws(Throw::Hit, 3, 6)] {
            assert_ne!(throws(Throw::Hit, 3, 5), other);
        }
    }

    #[test]
    fn both_ends_of_a_range_occur_and_nothing_beyond() {
        let mut dice = Dice::new(7, Throw::Turn, 0, 0);
        let mut seen = [0; 8];
        for _ in 0..1_000 {
            seen[dice.within(&(2..=5)) as usize] += 1;
        }
        assert_eq!(seen.map(|times| times > 200), [false, false, true, true, true, true, false, false]);
        assert_eq!((dice.below(0), dice.below(1), dice.within(&(9..=9))), (0, 0, 9));
    }

    #[test]
    fn an_item_keeps_its_numbers_whatever_was_drawn_before() {
        let mut dice = Dice::new(7, Throw::Hit, 0, 0);
        let before = dice.of_item(2).bytes();
        dice.below(6);
        assert_eq!(dice.of_item(2).bytes(), before);
        assert_ne!(dice.of_item(3).bytes(), before);
        assert_ne!(dice.of_item(2).of_item(0).bytes(), dice.of_item(0).of_item(2).bytes());
    }
}
