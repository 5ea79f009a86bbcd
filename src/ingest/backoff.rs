//! The pauses between tries: longer each time, never the same, so that many who wait do not come back at once.

use std::time::Duration;

use rand::RngExt as _;

const SHORTEST: Duration = Duration::from_millis(50);
const LONGEST: Duration = Duration::from_secs(5);

/// How often it was tried, and so how long to wait.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Backoff {
    tries: u32,
}

impl Backoff {
    /// The pause before the next try: anything up to a bound that doubles with each ("full jitter").
    pub(super) fn next_pause(&mut self) -> Duration {
        let bound = self.bound();
        self.tries += 1;
        bound.mul_f64(rand::rng().random_range(0.0..=1.0))
    }

    /// How often it was tried.
    pub(super) fn tries(self) -> u32 {
        self.tries
    }

    fn bound(self) -> Duration {
        SHORTEST.saturating_mul(2_u32.saturating_pow(self.tries)).min(LONGEST)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_five_seconds() {
        let bounds = (0..9).map(|tries| Backoff { tries }.bound().as_millis()).collect::<Vec<_>>();
        assert_eq!(bounds, [50, 100, 200, 400, 800, 1600, 3200, 5000, 5000]);
        assert_eq!(Backoff { tries: u32::MAX }.bound(), LONGEST);
        let mut backoff = Backoff::default();
        assert!((0..20).all(|_| backoff.next_pause() <= LONGEST));
        assert_eq!(backoff.tries(), 20);
    }
}
