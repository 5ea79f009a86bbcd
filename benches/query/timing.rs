//! Times of single reads, without load.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::{Duration, Instant},
};

use insights_results_aggregator::{
    identity::{Scope, Viewer},
    store::{List, ListRequest, Store},
};

/// Of several runs the median counts.
const RUNS: usize = 7;

/// How many times were above their limits.
static ABOVE_LIMIT: AtomicUsize = AtomicUsize::new(0);

/// The median time of several runs.
pub(crate) async fn median(run: impl AsyncFn() -> Duration) -> Duration {
    let mut times = Vec::new();
    for _ in 0..RUNS {
        times.push(run().await);
    }
    times.sort_unstable();
    times[RUNS / 2]
}

/// The time of one page of each parent.
pub(crate) async fn time<L: List>(store: &Store, parents: &[L::Parent], request: &ListRequest<L>) -> Duration {
    timed(L::load(store, everything(), parents, request)).await.1
}

/// The result of a read, with its time.
pub(crate) async fn timed<T, E: std::fmt::Debug>(read: impl Future<Output = Result<T, E>>) -> (T, Duration) {
    let start = Instant::now();
    (read.await.expect("the store answers"), start.elapsed())
}

/// Prints a time, and whether it is above its limit in milliseconds.
pub(crate) fn print(name: &str, time: Duration, limit: Option<u32>) {
    let millis = time.as_secs_f64() * 1e3;
    let is_above = limit.is_some_and(|limit| millis > f64::from(limit));
    if is_above {
        ABOVE_LIMIT.fetch_add(1, Ordering::Relaxed);
    }
    let limit = limit.map_or(String::new(), |limit| format!("of {limit}"));
    println!("{name:72} {millis:9.1} {limit}{}", if is_above { ": too slow" } else { "" });
}

/// Prints how many times were above their limits.
pub(crate) fn print_sum() {
    println!("{} above their limits", ABOVE_LIMIT.load(Ordering::Relaxed));
}

pub(crate) fn everything() -> Scope {
    Viewer::unrestricted().scope()
}
