//! The pauses between retries: exponential backoff with full jitter, so that waiting clients do not retry all at once.

use std::time::Duration;

use rand::RngExt as _;

const FIRST_BOUND: Duration = Duration::from_millis(50);
const MAX_BOUND: Duration = Duration::from_secs(5);

/// Counts failed tries, and computes the pause after each.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Backoff {
    tries: u32,
}

impl Backoff {
    /// The pause before the next try: between zero and a bound that doubles with each try.
    pub(super) fn next_pause(&mut self) -> Duration {
        let bound = self.bound();
        self.tries += 1;
        bound.mul_f64(rand::rng().random_range(0.0..=1.0))
    }

    /// The number of failed tries.
    pub(super) fn tries(self) -> u32 {
        self.tries
    }

    fn bound(self) -> Duration {
        FIRST_BOUND.saturating_mul(2_u32.saturating_pow(self.tries)).min(MAX_BOUND)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_five_seconds() {
        let bounds = (0..9).map(|tries| Backoff { tries }.bound().as_millis()).collect::<Vec<_>>();
        assert_eq!(bounds, [50, 100, 200, 400, 800, 1600, 3200, 5000, 5000]);
        assert_eq!(Backoff { tries: u32::MAX }.bound(), MAX_BOUND);
        let mut backoff = Backoff::default();
        assert!((0..20).all(|_| backoff.next_pause() <= MAX_BOUND));
        assert_eq!(backoff.tries(), 20);
    }
}
