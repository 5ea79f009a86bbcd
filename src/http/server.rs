//! Accepting connections, so many and no more, and letting them finish.

use std::{sync::Arc, time::Duration};

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
};
use tokio_io_timeout::TimeoutStream;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{config, telemetry::metrics::HTTP_CONNECTIONS};

/// How many headers a request may have.
const MAX_HEADERS: usize = 64;
/// How long requests that are under way may take when the process stops.
const DRAIN: Duration = Duration::from_secs(10);
/// Pause after a connection could not be accepted: most often there are no file descriptors left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves until `stop`, then lets the requests under way finish.
pub async fn serve(listener: TcpListener, router: Router, http: config::Http, stop: CancellationToken) {
    let builder = builder(http.header_timeout);
    let graceful = GracefulShutdown::new();
    let tasks = TaskTracker::new();
    let places = Arc::new(Semaphore::new(http.max_connections));
    loop {
        let (socket, place) = tokio::select! {
            () = stop.cancelled() => break,
            next = next_connection(&listener, &places) => next,
        };
        if let Err(error) = socket.set_nodelay(true) {
            tracing::debug!(%error, "a connection went away at once");
            continue;
        }
        let mut socket = TimeoutStream::new(socket);
        socket.set_write_timeout(Some(http.write_timeout));
        let service = TowerToHyperService::new(router.clone());
        let connection = builder.serve_connection(TokioIo::new(Box::pin(socket)), service);
        let connection = graceful.watch(connection);
        let counted = Counted::new(place);
        tasks.spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection ended early");
            }
            drop(counted);
        });
    }
    drop(listener);
    if tokio::time::timeout(DRAIN, graceful.shutdown()).await.is_err() {
        tracing::warn!("requests were still under way when the process had to stop");
    }
}

/// The next connection, and its place. Where no place is free, it waits in the system's queue: that one ends within the
/// header timeout of being idle, so who waits is served in the end, as who is turned away would not be.
async fn next_connection(listener: &TcpListener, places: &Arc<Semaphore>) -> (TcpStream, Option<OwnedSemaphorePermit>) {
    // The semaphore is never closed.
    let place = places.clone().acquire_owned().await.ok();
    loop {
        match listener.accept().await {
            Ok((socket, _)) => return (socket, place),
            Err(error) => {
                tracing::warn!(%error, "a connection was not accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// A connection's place, counted while it is taken.
struct Counted {
    _place: Option<OwnedSemaphorePermit>,
}

impl Counted {
    fn new(place: Option<OwnedSemaphorePermit>) -> Self {
        metrics::gauge!(HTTP_CONNECTIONS.name).increment(1.0);
        Self { _place: place }
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        metrics::gauge!(HTTP_CONNECTIONS.name).decrement(1.0);
    }
}

/// HTTP/1 only: without TLS no browser speaks HTTP/2, and while the version of a connection is guessed, one that says
/// nothing is not bounded by any timer.
fn builder(header_timeout: Duration) -> http1::Builder {
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(header_timeout).max_headers(MAX_HEADERS);
    builder
}
