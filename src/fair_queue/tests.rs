//! Tests of the turns, without a database.

use std::{net::IpAddr, pin::pin};

use futures_util::{FutureExt as _, future::BoxFuture, poll};
use proptest::prelude::*;

use super::*;

fn client(number: u8) -> Client {
    Client::Address(IpAddr::from([127, 0, 0, number]))
}

type Task = BoxFuture<'static, Result<Turn, QueueFull>>;

/// A task that waits for its turn, or has it.
fn task(queue: &Arc<FairQueue>, of: u8) -> Task {
    let queue = queue.clone();
    async move { queue.acquire(client(of)).await }.boxed()
}

/// The turns of the tasks that have one; the others wait on.
async fn granted(tasks: &mut Vec<Task>) -> Vec<Turn> {
    let (mut turns, mut waiting) = (Vec::new(), Vec::new());
    for mut task in tasks.drain(..) {
        match poll!(&mut task) {
            std::task::Poll::Ready(turn) => turns.push(turn.expect("a turn")),
            std::task::Poll::Pending => waiting.push(task),
        }
    }
    *tasks = waiting;
    turns
}

#[tokio::test]
async fn a_client_cannot_hold_all_places_and_another_one_begins_at_once() {
    let queue = FairQueue::new(10);
    let mut heavy: Vec<_> = (0..32).map(|_| task(&queue, 1)).collect();
    let held = granted(&mut heavy).await;
    assert_eq!(held.len(), 7, "a quarter is left");
    let mut light = vec![task(&queue, 2)];
    assert_eq!(granted(&mut light).await.len(), 1, "another client does not wait");
}

#[tokio::test]
async fn clients_that_wait_have_turns_however_many_tasks_each_has() {
    let queue = FairQueue::new(1);
    let holder = queue.acquire(client(9)).await.expect("a turn");
    let mut heavy: Vec<_> = (0..20).map(|_| task(&queue, 1)).collect();
    assert_eq!(granted(&mut heavy).await.len(), 0);
    let (mut second, mut third) = (vec![task(&queue, 2)], vec![task(&queue, 3)]);
    assert_eq!((granted(&mut second).await.len(), granted(&mut third).await.len()), (0, 0));
    drop(holder);
    assert_eq!(granted(&mut heavy).await.len(), 1);
    assert_eq!(granted(&mut second).await.len(), 1);
    assert_eq!(granted(&mut third).await.len(), 1);
    assert_eq!(granted(&mut heavy).await.len(), 1, "its second turn is after one of each other client");
}

#[tokio::test]
async fn clients_that_wait_share_the_places() {
    let queue = FairQueue::new(10);
    let mut fillers: Vec<_> = (11..21).map(|of| task(&queue, of)).collect();
    let held = granted(&mut fillers).await;
    assert_eq!(held.len(), 10);
    let (mut first, mut second): (Vec<_>, Vec<_>) = (0..20).map(|_| (task(&queue, 1), task(&queue, 2))).unzip();
    assert_eq!((granted(&mut first).await.len(), granted(&mut second).await.len()), (0, 0));
    drop(held);
    let (first, second) = (granted(&mut first).await, granted(&mut second).await);
    assert_eq!((first.len(), second.len()), (5, 5));
}

#[tokio::test]
async fn a_task_that_is_abandoned_while_it_waits_takes_no_place() {
    let queue = FairQueue::new(1);
    let holder = queue.acquire(client(1)).await.expect("a turn");
    let mut abandoned = vec![task(&queue, 2)];
    assert_eq!(granted(&mut abandoned).await.len(), 0);
    let mut patient = vec![task(&queue, 3)];
    assert_eq!(granted(&mut patient).await.len(), 0);
    drop(abandoned);
    drop(holder);
    assert_eq!(granted(&mut patient).await.len(), 1);
}

#[tokio::test]
async fn a_turn_that_was_granted_to_an_abandoned_task_is_returned() {
    let queue = FairQueue::new(1);
    let holder = queue.acquire(client(1)).await.expect("a turn");
    let mut abandoned = vec![task(&queue, 2)];
    assert_eq!(granted(&mut abandoned).await.len(), 0);
    drop(holder);
    // It has its turn and does not know it yet.
    drop(abandoned);
    let third = pin!(queue.acquire(client(3)));
    assert!(poll!(third).is_ready());
}

#[tokio::test]
async fn the_queue_is_bounded_and_tasks_that_ended_do_not_count() {
    let queue = FairQueue::new(1);
    let _holder = queue.acquire(client(9)).await.expect("a turn");
    let mut waiting: Vec<_> = (0..MAX_WAITING_OF_CLIENT).map(|_| task(&queue, 1)).collect();
    assert_eq!(granted(&mut waiting).await.len(), 0);
    let full = pin!(queue.acquire(client(1)));
    assert!(matches!(poll!(full), std::task::Poll::Ready(Err(QueueFull))));
    let other = pin!(queue.acquire(client(2)));
    assert!(poll!(other).is_pending(), "another client may wait");
    drop(waiting);
    let next = pin!(queue.acquire(client(1)));
    assert!(poll!(next).is_pending(), "the abandoned tasks were removed");
}

proptest! {
    /// Whatever happens, no place is lost, and no task waits while it could have one.
    #[test]
    fn every_task_ends_and_every_place_returns(
        places in 1..12_usize,
        steps in proptest::collection::vec((0..4_u8, 0..5_u8), 1..200),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
        runtime.expect("a runtime").block_on(async {
            let queue = FairQueue::new(places);
            let (mut waiting, mut held): (Vec<Task>, Vec<Turn>) = (Vec::new(), Vec::new());
            for (of, action) in steps {
                match action {
                    0..=2 => waiting.push(task(&queue, of)),
                    3 if !held.is_empty() => drop(held.swap_remove(usize::from(of) % held.len())),
                    4 if !waiting.is_empty() => drop(waiting.swap_remove(usize::from(of) % waiting.len())),
                    _ => {}
                }
                held.extend(granted(&mut waiting).await);
                assert!(held.len() <= places);
            }
            while !held.is_empty() {
                held.clear();
                held.extend(granted(&mut waiting).await);
            }
            assert!(waiting.is_empty(), "every task had its turn");
            let state = queue.state();
            assert!(state.held.is_empty() && state.waiting.is_empty() && state.turns.is_empty(), "{state:?}");
        });
    }
}
