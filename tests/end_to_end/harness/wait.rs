//! Waiting for a condition: the only place where tests sleep.

use std::time::Duration;

use tokio::time::{Instant, sleep};

const LOOK_EVERY: Duration = Duration::from_millis(25);
/// Generous: machines are shared, and a test that waits in vain fails in any case.
const PATIENCE: Duration = Duration::from_secs(90);

/// Waits until `look` sees what it looks for.
pub(crate) async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(seen) = look().await {
            return seen;
        }
        assert!(Instant::now() < deadline, "waited {PATIENCE:?} in vain until {what}");
        sleep(LOOK_EVERY).await;
    }
}
