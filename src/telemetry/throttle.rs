//! A limit on how often an event is logged.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// The time between two lines of an event.
const INTERVAL: Duration = Duration::from_secs(1);

/// Limits an event to one log line per second, and counts the lines that were left out before it.
#[derive(Debug, Default)]
pub struct Throttle(Mutex<Option<(Instant, u64)>>);

impl Throttle {
    /// A throttle that admits the first line.
    pub const fn new() -> Self {
        Self(Mutex::new(None))
    }

    /// Returns how many lines were left out since the last one, or `None` if this line is left out too.
    pub fn admit(&self) -> Option<u64> {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        match &mut *last {
            Some((at, left_out)) if now.duration_since(*at) < INTERVAL => {
                *left_out += 1;
                None
            }
            seen => Some(seen.replace((now, 0)).map_or(0, |(_, left_out)| left_out)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_beyond_one_per_second_are_counted_and_left_out() {
        let throttle = Throttle::new();
        assert_eq!(throttle.admit(), Some(0));
        assert_eq!((throttle.admit(), throttle.admit()), (None, None));
        let past = Instant::now().checked_sub(2 * INTERVAL).expect("the machine is up for two seconds");
        *throttle.0.lock().expect("lock") = Some((past, 2));
        assert_eq!(throttle.admit(), Some(2));
    }
}
