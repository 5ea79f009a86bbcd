//! Expensive requests: few are executed at a time, each client in its turn, on threads of their own, so that they leave
//! processors and memory to others.

use std::{io, panic::resume_unwind, sync::Arc, thread::available_parallelism};

use tokio::{
    runtime::{Builder, Runtime},
    sync::OnceCell,
};
use tokio_util::task::AbortOnDropHandle;

use super::operation::Cost;
use crate::{
    fair_queue::{FairQueue, QueueFull, Turn},
    identity::Client,
};

/// A request that resolves more fields is expensive. A page of 100 clusters with five hits each resolves 3,000, in about
/// a millisecond.
const EXPENSIVE_FIELDS: usize = 5_000;
/// A request that resolves more fields of introspection is expensive: they are resolved without yielding.
const EXPENSIVE_INTROSPECTION: usize = 500;
/// A request that reads more bytes of details at once is expensive.
const EXPENSIVE_BYTES: u64 = 1_048_576;
/// The expensive requests that are executed at a time, for each processor: some of them wait for the database.
const REQUESTS_PER_PROCESSOR: usize = 3;

/// Whether a request is expensive by the work that it takes here, whatever it takes in the database.
pub(super) fn is_expensive(cost: &Cost) -> bool {
    cost.fields > EXPENSIVE_FIELDS || cost.introspection > EXPENSIVE_INTROSPECTION
}

/// Where expensive requests wait for their turn, and are executed.
#[derive(Debug)]
pub(super) struct ExpensiveRequests {
    queue: Arc<FairQueue>,
    threads: Threads,
}

/// The turn of one request, from when it proves expensive until its answer is serialized.
#[derive(Debug)]
pub(super) struct ExecutionTurn {
    queue: Arc<FairQueue>,
    client: Client,
    turn: OnceCell<Turn>,
}

/// Threads of their own: the system shares the processors between them and the others, whatever a request does without
/// yielding. Introspection and a large answer's text take ten milliseconds at once.
#[derive(Debug)]
struct Threads(Option<Runtime>);

impl ExpensiveRequests {
    /// Starts the threads.
    ///
    /// # Errors
    /// Those of the system.
    pub(super) fn new() -> io::Result<Self> {
        let processors = available_parallelism().map_or(1, usize::from);
        let threads =
            Builder::new_multi_thread().worker_threads(processors).thread_name("expensive").enable_all().build()?;
        let queue = FairQueue::new(processors * REQUESTS_PER_PROCESSOR);
        Ok(Self { queue, threads: Threads(Some(threads)) })
    }

    /// The turn of a request of a client.
    pub(super) fn turn_of(&self, client: Client) -> Arc<ExecutionTurn> {
        Arc::new(ExecutionTurn { queue: self.queue.clone(), client, turn: OnceCell::new() })
    }

    /// Runs a request on the threads until it ends, or until the returned future is dropped.
    pub(super) async fn run<T: Send + 'static>(&self, request: impl Future<Output = T> + Send + 'static) -> T {
        if let Some(threads) = &self.threads.0 {
            match AbortOnDropHandle::new(threads.spawn(request)).await {
                Ok(answer) => return answer,
                Err(error) => {
                    if let Ok(panic) = error.try_into_panic() {
                        resume_unwind(panic);
                    }
                }
            }
        }
        // The threads end only after the last request.
        std::future::pending().await
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        if let Some(threads) = self.0.take() {
            // Waiting for the threads would block the thread that drops them.
            threads.shutdown_background();
        }
    }
}

impl ExecutionTurn {
    /// Waits for the turn, if the request's cost requires one.
    pub(super) async fn take_for_cost(&self, cost: &Cost) -> Result<(), QueueFull> {
        if is_expensive(cost) { self.take().await } else { Ok(()) }
    }

    /// Waits for the turn, if the number of bytes that are read requires one.
    pub(super) async fn take_for_bytes(&self, bytes: u64) -> Result<(), QueueFull> {
        if bytes > EXPENSIVE_BYTES { self.take().await } else { Ok(()) }
    }

    async fn take(&self) -> Result<(), QueueFull> {
        self.turn.get_or_try_init(|| self.queue.acquire(self.client)).await.map(drop)
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use futures_util::{FutureExt as _, poll};
    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test]
    async fn only_expensive_requests_wait_and_each_has_one_turn() {
        let requests = ExpensiveRequests { queue: FairQueue::new(1), threads: Threads(None) };
        let first = requests.turn_of(Client::Other);
        let fields = |fields| Cost { fields, ..Cost::default() };
        first.take_for_cost(&fields(EXPENSIVE_FIELDS + 1)).await.expect("a turn");
        first.take_for_bytes(EXPENSIVE_BYTES + 1).await.expect("the same turn");
        let cheap = Cost { database: usize::MAX, introspection: EXPENSIVE_INTROSPECTION, ..fields(EXPENSIVE_FIELDS) };
        requests.turn_of(Client::Other).take_for_cost(&cheap).await.expect("none is needed");
        assert!(is_expensive(&Cost { introspection: EXPENSIVE_INTROSPECTION + 1, ..Cost::default() }));
        let second = requests.turn_of(Client::Other);
        let mut waiting = second.take_for_bytes(EXPENSIVE_BYTES + 1).boxed();
        assert!(poll!(&mut waiting).is_pending());
        drop(first);
        waiting.await.expect("a turn");
    }

    #[tokio::test]
    async fn a_request_runs_on_a_thread_of_its_own_and_ends_when_its_client_leaves() {
        let requests = ExpensiveRequests::new().expect("threads");
        let name = requests.run(async { thread::current().name().map(ToOwned::to_owned) }).await;
        assert_eq!(name.as_deref(), Some("expensive"));
        let (held, ended) = oneshot::channel::<()>();
        let mut running = requests
            .run(async move {
                let _held = held;
                std::future::pending::<()>().await;
            })
            .boxed();
        assert!(poll!(&mut running).is_pending());
        drop(running);
        ended.await.expect_err("the request was dropped");
    }

    #[tokio::test]
    #[should_panic(expected = "a bug")]
    async fn a_panic_is_that_of_the_caller() {
        ExpensiveRequests::new().expect("threads").run(async { panic!("a bug") }).await;
    }
}
