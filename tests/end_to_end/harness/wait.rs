//! Waiting for conditions: the only place where tests sleep.

use std::time::Duration;

use tokio::time::{Instant, sleep};

const POLL_INTERVAL: Duration = Duration::from_millis(25);
/// Generous, because machines are shared, and a condition that never holds fails the test in any case.
const TIMEOUT: Duration = Duration::from_secs(90);

/// Waits until `check` returns a value, and returns that value.
pub(crate) async fn until<T>(condition: &str, mut check: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + TIMEOUT;
    loop {
        if let Some(value) = check().await {
            return value;
        }
        assert!(Instant::now() < deadline, "waited {TIMEOUT:?} in vain until {condition}");
        sleep(POLL_INTERVAL).await;
    }
}

/// Asserts for this long that `check` does not return what is wrong.
pub(crate) async fn stays(condition: &str, time: Duration, mut wrong: impl AsyncFnMut() -> Option<String>) {
    let end = Instant::now() + time;
    while Instant::now() < end {
        if let Some(wrong) = wrong().await {
            panic!("it must stay so that {condition}: {wrong}");
        }
        sleep(10 * POLL_INTERVAL).await;
    }
}
