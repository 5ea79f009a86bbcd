//! The queue of reads for the readers' connections: each client has its turn, and none can hold all connections.
//!
//! Without it, a client that sends expensive reads fills the pool, and all other reads time out: the pool serves reads in
//! the order of their arrival.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::sync::oneshot;

use super::error::Error;
use crate::identity::Client;

/// Longest wait of a read for its turn. After it the client gets the error UNAVAILABLE.
const TURN_TIMEOUT: Duration = Duration::from_secs(2);
/// Most waiting reads of one client. A request has some dozen reads that wait at the same time.
const MAX_WAITING_OF_CLIENT: usize = 500;
/// Most waiting reads of all clients.
const MAX_WAITING: usize = 2_000;

/// Grants permits to read, at most one for each connection.
#[derive(Debug)]
pub(super) struct ReadQueue {
    connections: usize,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// The permits that each client holds.
    held: HashMap<Client, usize>,
    /// The reads that wait, by client, in the order of their arrival.
    waiting: HashMap<Client, VecDeque<oneshot::Sender<ReadPermit>>>,
    /// The clients with waiting reads, in the order of their turns.
    turns: VecDeque<Client>,
}

/// The permission to use a connection until it is dropped.
#[derive(Debug)]
pub(super) struct ReadPermit {
    queue: Arc<ReadQueue>,
    client: Client,
}

impl ReadQueue {
    pub(super) fn new(connections: usize) -> Arc<Self> {
        Arc::new(Self { connections, state: Mutex::default() })
    }

    /// Waits for the client's turn.
    pub(super) async fn acquire(self: &Arc<Self>, client: Client) -> Result<ReadPermit, Error> {
        let turn = self.enqueue(client)?;
        self.grant();
        let timed_out = || Error::TimedOut { during: "waiting for a connection", seconds: TURN_TIMEOUT.as_secs() };
        // The sender is dropped only after it has sent a permit.
        tokio::time::timeout(TURN_TIMEOUT, turn).await.ok().and_then(Result::ok).ok_or_else(timed_out)
    }

    fn enqueue(&self, client: Client) -> Result<oneshot::Receiver<ReadPermit>, Error> {
        let mut state = self.state();
        if state.is_full_for(client) {
            state.remove_abandoned();
            if state.is_full_for(client) {
                return Err(Error::ReadQueueFull);
            }
        }
        let (sender, receiver) = oneshot::channel();
        if !state.waiting.contains_key(&client) {
            state.turns.push_back(client);
        }
        state.waiting.entry(client).or_default().push_back(sender);
        Ok(receiver)
    }

    /// Grants free permits to the clients whose turn it is.
    fn grant(self: &Arc<Self>) {
        loop {
            let Some((client, turn)) = self.state().next(self.connections) else { return };
            // Sent without the lock: the permit of a read that was abandoned meanwhile is dropped here.
            drop(turn.send(ReadPermit { queue: self.clone(), client }));
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Takes a permit for the next read, if there is one that may read now.
    fn next(&mut self, connections: usize) -> Option<(Client, oneshot::Sender<ReadPermit>)> {
        if self.held.values().sum::<usize>() >= connections {
            return None;
        }
        for _ in 0..self.turns.len() {
            let client = self.turns.pop_front()?;
            let others_wait = !self.turns.is_empty();
            let may_read = self.held.get(&client).is_none_or(|held| *held < share(connections, others_wait));
            let reads = self.waiting.get_mut(&client)?;
            let turn = if may_read { pop_waiting(reads) } else { None };
            if reads.is_empty() {
                self.waiting.remove(&client);
            } else {
                self.turns.push_back(client);
            }
            if let Some(turn) = turn {
                *self.held.entry(client).or_default() += 1;
                return Some((client, turn));
            }
        }
        None
    }

    fn release(&mut self, client: Client) {
        if let Some(held) = self.held.get_mut(&client) {
            *held -= 1;
            if *held == 0 {
                self.held.remove(&client);
            }
        }
    }

    fn is_full_for(&self, client: Client) -> bool {
        self.waiting.get(&client).is_some_and(|reads| reads.len() >= MAX_WAITING_OF_CLIENT)
            || self.waiting.values().map(VecDeque::len).sum::<usize>() >= MAX_WAITING
    }

    /// Removes the reads whose requests have ended.
    fn remove_abandoned(&mut self) {
        self.waiting.retain(|_, reads| {
            reads.retain(|read| !read.is_closed());
            !reads.is_empty()
        });
        self.turns.retain(|client| self.waiting.contains_key(client));
    }
}

/// The oldest read that still waits.
fn pop_waiting(reads: &mut VecDeque<oneshot::Sender<ReadPermit>>) -> Option<oneshot::Sender<ReadPermit>> {
    while let Some(read) = reads.pop_front() {
        if !read.is_closed() {
            return Some(read);
        }
    }
    None
}

/// The most permits of one client: half while others wait. Alone it leaves a quarter, so that the first read of another
/// client does not wait for an expensive one to end.
fn share(connections: usize, others_wait: bool) -> usize {
    let share = if others_wait { connections / 2 } else { connections - connections.div_ceil(4) };
    share.max(1)
}

impl Drop for ReadPermit {
    fn drop(&mut self) {
        self.queue.state().release(self.client);
        self.queue.grant();
    }
}

#[cfg(test)]
mod tests;
