//! A connection: which party it waits for, and since when.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::Duration,
};

use axum::body::Body;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::connections::Connections;
use crate::telemetry::metrics::HTTP_DISCONNECTS;

/// Time after which a client that is idle or receives a response is slow. Only slow ones are disconnected if a limit is
/// reached.
const SLOW_AFTER: Duration = Duration::from_secs(1);

/// An open connection.
pub(super) struct Connection {
    state: Mutex<State>,
    disconnect: CancellationToken,
    /// All connections of the same listener.
    others: Weak<Connections>,
}

struct State {
    phase: Phase,
    /// When the phase began.
    since: Instant,
    /// Whether the response is an answer of the graph, which holds permits until it is sent.
    is_answer: bool,
    /// The body of the response once all of it is in the write buffer. It is dropped, with the permits that it holds,
    /// when the write buffer is empty.
    buffered: Option<Body>,
    /// Whether the client was chosen to be disconnected.
    is_disconnected: bool,
}

/// What the connection waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// The next request, of which nothing was received.
    Idle,
    /// The rest of a request's head. New connections begin with this phase.
    Head,
    /// The rest of a request's body.
    Body,
    /// The service.
    Response,
    /// The client, which has to receive the response.
    Sending,
}

/// The reason why a client is disconnected. A label in /metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub(super) enum Reason {
    /// It did not receive its response within `http.write_timeout`.
    WriteTimeout,
    /// It kept the service waiting longest when all connections were in use.
    MaxConnections,
    /// It received its answer most slowly when the operations or bytes of all answers reached their limit.
    SlowAnswer,
}

impl Reason {
    pub(super) const ALL: [Self; 3] = [Self::WriteTimeout, Self::MaxConnections, Self::SlowAnswer];

    pub(super) fn count(self, clients: u64) {
        metrics::counter!(HTTP_DISCONNECTS.name, "reason" => <&str>::from(self)).increment(clients);
    }
}

impl Connection {
    pub(super) fn new(others: Weak<Connections>) -> Self {
        let state = State {
            phase: Phase::Head,
            since: Instant::now(),
            is_answer: false,
            buffered: None,
            is_disconnected: false,
        };
        Self { state: Mutex::new(state), disconnect: CancellationToken::new(), others }
    }

    /// Records that bytes were received.
    pub(super) fn received_bytes(&self) {
        let mut state = self.state();
        if state.phase == Phase::Idle {
            state.enter(Phase::Head);
        }
    }

    /// Records that the head of a request was received. `has_body`: whether a body follows.
    pub(super) fn received_head(&self, has_body: bool) {
        self.state().enter(if has_body { Phase::Body } else { Phase::Response });
    }

    /// Records that the body of a request was received, or is not needed.
    pub(super) fn received_body(&self) {
        let mut state = self.state();
        if state.phase == Phase::Body {
            state.enter(Phase::Response);
        }
    }

    /// Records that the response is an answer of the graph.
    pub(super) fn has_answer(&self) {
        self.state().is_answer = true;
    }

    /// Records that the head of the response is in the write buffer.
    pub(super) fn starts_sending(&self) {
        self.state().enter(Phase::Sending);
    }

    /// Records that the whole response is in the write buffer. Keeps its body until the buffer is empty.
    pub(super) fn buffered_response(&self, body: Body) {
        self.state().buffered = Some(body);
    }

    /// Records that the write buffer is empty.
    pub(super) fn flushed(&self) {
        let body = {
            let mut state = self.state();
            let body = state.buffered.take();
            if body.is_some() {
                state.is_answer = false;
                state.enter(Phase::Idle);
            }
            body
        };
        // Without the lock, because the body ends the request's entry in the log.
        drop(body);
    }

    /// When the service began to wait for the client to receive data: the start of the response, if there is one.
    pub(super) fn sending_since(&self) -> Option<Instant> {
        let state = self.state();
        (state.phase == Phase::Sending).then_some(state.since)
    }

    /// The rank of this connection among those that can be closed when all are in use, if it can: clients that have to
    /// send something before those that have to receive something, longest waiting first.
    pub(super) fn rank_to_close(&self) -> Option<(bool, Instant)> {
        let state = self.state();
        let is_slow = state.since.elapsed() >= SLOW_AFTER;
        let can_be_closed = match state.phase {
            // The newest incomplete request is last. So a client that sends its request at once is not closed, however
            // many others send only a part.
            Phase::Head | Phase::Body => true,
            Phase::Idle | Phase::Sending => is_slow,
            Phase::Response => false,
        };
        (can_be_closed && !state.is_disconnected).then_some((state.phase == Phase::Sending, state.since))
    }

    /// When this connection began to send an answer of the graph that is not sent after [`SLOW_AFTER`].
    pub(super) fn slow_answer_since(&self) -> Option<Instant> {
        let state = self.state();
        let is_slow = state.phase == Phase::Sending && state.since.elapsed() >= SLOW_AFTER;
        (is_slow && state.is_answer && !state.is_disconnected).then_some(state.since)
    }

    /// Whether no request is in progress, and the client has had `grace` since `stopped` to send one.
    pub(super) fn is_finished(&self, stopped: Instant, grace: Duration) -> bool {
        let state = self.state();
        match state.phase {
            Phase::Head => state.since.elapsed() >= grace,
            Phase::Idle => state.since.max(stopped).elapsed() >= grace,
            Phase::Body | Phase::Response | Phase::Sending => false,
        }
    }

    /// Closes the connection.
    pub(super) fn close(&self) {
        self.state().is_disconnected = true;
        self.disconnect.cancel();
    }

    /// Closes the connection because of a limit.
    pub(super) fn disconnect(&self, reason: Reason) {
        reason.count(1);
        tracing::debug!(reason = <&str>::from(reason), "a client was disconnected");
        self.close();
    }

    /// Waits until the connection is to be closed.
    pub(super) async fn closed(&self) {
        self.disconnect.cancelled().await;
    }

    /// Whether a response would be cut by closing the connection now.
    pub(super) fn is_sending(&self) -> bool {
        self.state().phase == Phase::Sending
    }

    /// Disconnects the client that has been receiving an answer of the graph longest, if one is slow. Returns whether
    /// there was one.
    pub(super) fn disconnect_slowest_answer(&self) -> bool {
        self.others.upgrade().is_some_and(|connections| connections.disconnect_slowest_answer())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn enter(&mut self, phase: Phase) {
        self.phase = phase;
        self.since = Instant::now();
    }
}

/// The connection of a request, in its extensions.
pub(super) type RequestConnection = Arc<Connection>;
