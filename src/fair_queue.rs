//! A queue in which each client has its turn, and none can hold all places.
//!
//! With a queue in the order of arrival, a client that sends many expensive requests would let those of all others wait
//! until they time out.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::oneshot;

use crate::identity::Client;

/// Most waiting tasks of one client. A request has some dozen reads that wait at the same time.
const MAX_WAITING_OF_CLIENT: usize = 500;
/// Most waiting tasks of all clients.
const MAX_WAITING: usize = 2_000;

/// Grants turns, at most one for each place.
#[derive(Debug)]
pub struct FairQueue {
    places: usize,
    state: Mutex<State>,
}

/// Too many tasks wait already.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many tasks wait for their turn")]
pub struct QueueFull;

#[derive(Debug, Default)]
struct State {
    /// The turns that each client holds.
    held: HashMap<Client, usize>,
    /// The tasks that wait, by client, in the order of their arrival.
    waiting: HashMap<Client, VecDeque<oneshot::Sender<Turn>>>,
    /// The clients with waiting tasks, in the order of their turns.
    turns: VecDeque<Client>,
}

/// The use of a place until it is dropped.
#[derive(Debug)]
pub struct Turn {
    queue: Arc<FairQueue>,
    client: Client,
}

impl FairQueue {
    /// A queue for this number of places.
    pub fn new(places: usize) -> Arc<Self> {
        Arc::new(Self { places, state: Mutex::default() })
    }

    /// Waits for the client's turn.
    ///
    /// # Errors
    /// If too many tasks of the client, or of all clients, wait already.
    pub async fn acquire(self: &Arc<Self>, client: Client) -> Result<Turn, QueueFull> {
        let turn = self.enqueue(client)?;
        self.grant();
        // The sender is dropped only after it has sent a turn.
        turn.await.map_err(|_| QueueFull)
    }

    fn enqueue(&self, client: Client) -> Result<oneshot::Receiver<Turn>, QueueFull> {
        let mut state = self.state();
        if state.is_full_for(client) {
            state.remove_abandoned();
            if state.is_full_for(client) {
                return Err(QueueFull);
            }
        }
        let (sender, receiver) = oneshot::channel();
        if !state.waiting.contains_key(&client) {
            state.turns.push_back(client);
        }
        state.waiting.entry(client).or_default().push_back(sender);
        Ok(receiver)
    }

    /// Grants free places to the clients whose turn it is.
    fn grant(self: &Arc<Self>) {
        loop {
            let Some((client, turn)) = self.state().next(self.places) else { return };
            // Sent without the lock: the turn of a task that was abandoned meanwhile is dropped here.
            drop(turn.send(Turn { queue: self.clone(), client }));
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Takes a place for the next task, if there is one that may begin now.
    fn next(&mut self, places: usize) -> Option<(Client, oneshot::Sender<Turn>)> {
        if self.held.values().sum::<usize>() >= places {
            return None;
        }
        for _ in 0..self.turns.len() {
            let client = self.turns.pop_front()?;
            let others_wait = !self.turns.is_empty();
            let may_begin = self.held.get(&client).is_none_or(|held| *held < share(places, others_wait));
            let tasks = self.waiting.get_mut(&client)?;
            let turn = if may_begin { pop_waiting(tasks) } else { None };
            if tasks.is_empty() {
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
        self.waiting.get(&client).is_some_and(|tasks| tasks.len() >= MAX_WAITING_OF_CLIENT)
            || self.waiting.values().map(VecDeque::len).sum::<usize>() >= MAX_WAITING
    }

    /// Removes the tasks whose requests have ended.
    fn remove_abandoned(&mut self) {
        self.waiting.retain(|_, tasks| {
            tasks.retain(|task| !task.is_closed());
            !tasks.is_empty()
        });
        self.turns.retain(|client| self.waiting.contains_key(client));
    }
}

/// The oldest task that still waits.
fn pop_waiting(tasks: &mut VecDeque<oneshot::Sender<Turn>>) -> Option<oneshot::Sender<Turn>> {
    while let Some(task) = tasks.pop_front() {
        if !task.is_closed() {
            return Some(task);
        }
    }
    None
}

/// The most places of one client: half while others wait. Alone it leaves a quarter, so that the first task of another
/// client does not wait for an expensive one to end.
fn share(places: usize, others_wait: bool) -> usize {
    let share = if others_wait { places / 2 } else { places - places.div_ceil(4) };
    share.max(1)
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.queue.state().release(self.client);
        self.queue.grant();
    }
}

#[cfg(test)]
mod tests;
