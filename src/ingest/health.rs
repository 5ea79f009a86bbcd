//! How ingestion is doing, as readiness tells it.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Shared by the ingester, which knows, and by readiness, which asks.
#[derive(Debug, Default)]
pub struct Health(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    assigned: bool,
    trouble: Option<String>,
}

impl Health {
    /// Why ingestion is not ready; `None` when it is: an assignment was seen, even an empty one, and no trouble since.
    pub fn not_ready(&self) -> Option<String> {
        let state = self.state();
        match &state.trouble {
            Some(trouble) => Some(trouble.clone()),
            None if !state.assigned => Some("no partition is assigned yet".to_owned()),
            None => None,
        }
    }

    /// The group has told us which partitions are ours.
    pub(super) fn assigned(&self) {
        *self.state() = State { assigned: true, trouble: None };
    }

    /// Something stands between us and the messages.
    pub(super) fn troubled(&self, trouble: String) {
        self.state().trouble = Some(trouble);
    }

    /// A broker answers again.
    pub(super) fn untroubled(&self) {
        self.state().trouble = None;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
