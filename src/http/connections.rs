//! The open connections of a listener, and their limit.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, timeout},
};

use super::connection::{Connection, Reason};

/// Time for a closed connection to release its permit, before another one is closed.
const CLOSE_TIME: Duration = Duration::from_millis(50);

/// The open connections of a listener.
pub(super) struct Connections {
    permits: Arc<Semaphore>,
    open: Mutex<HashMap<u64, Arc<Connection>>>,
    next_id: AtomicU64,
    gauge: metrics::Gauge,
}

impl Connections {
    /// A listener without connections. `gauge` shows their number.
    pub(super) fn new(limit: usize, gauge: metrics::Gauge) -> Self {
        Self { permits: Arc::new(Semaphore::new(limit)), open: Mutex::default(), next_id: AtomicU64::new(0), gauge }
    }

    /// Waits for a permit for another connection. While all are in use, closes the connection whose client has kept the
    /// service waiting longest.
    pub(super) async fn permit(&self) -> Option<OwnedSemaphorePermit> {
        loop {
            if let Ok(permit) = self.permits.clone().try_acquire_owned() {
                return Some(permit);
            }
            let open = self.all();
            let longest =
                open.iter().filter_map(|each| Some((each.rank_to_close()?, each))).min_by_key(|(rank, _)| *rank);
            if let Some((_, connection)) = longest {
                connection.disconnect(Reason::MaxConnections);
            }
            if let Ok(permit) = timeout(CLOSE_TIME, self.permits.clone().acquire_owned()).await {
                // The semaphore is never closed.
                return permit.ok();
            }
        }
    }

    /// Adds a connection. It is removed when the returned value is dropped.
    pub(super) fn open(self: &Arc<Self>, permit: Option<OwnedSemaphorePermit>) -> OpenConnection {
        self.gauge.increment(1.0);
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        let connection = Arc::new(Connection::new(Arc::downgrade(self)));
        self.lock().insert(id, connection.clone());
        OpenConnection { connection, id, all: self.clone(), _permit: permit }
    }

    /// Disconnects the client that has been receiving an answer of the graph longest, if one is slow. Returns whether
    /// there was one.
    pub(super) fn disconnect_slowest_answer(&self) -> bool {
        let open = self.all();
        let answers = open.iter().filter_map(|each| Some((each.slow_answer_since()?, each)));
        let Some((_, slowest)) = answers.min_by_key(|(since, _)| *since) else { return false };
        slowest.disconnect(Reason::SlowAnswer);
        true
    }

    /// Closes each connection without a request in progress whose client has had `grace` since `stopped` to send one.
    pub(super) fn close_finished(&self, stopped: Instant, grace: Duration) {
        self.all().iter().filter(|each| each.is_finished(stopped, grace)).for_each(|each| each.close());
    }

    /// Closes all connections.
    pub(super) fn close_all(&self) {
        self.all().iter().for_each(|each| each.close());
    }

    fn all(&self) -> Vec<Arc<Connection>> {
        self.lock().values().cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<u64, Arc<Connection>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An open connection: holds its permit and is counted in the gauge.
pub(super) struct OpenConnection {
    pub(super) connection: Arc<Connection>,
    id: u64,
    all: Arc<Connections>,
    _permit: Option<OwnedSemaphorePermit>,
}

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.all.gauge.decrement(1.0);
        self.all.lock().remove(&self.id);
    }
}
