//! Accepts connections up to a limit, and drains them at shutdown.

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

/// Maximum number of headers of a request.
const MAX_HEADERS: usize = 64;
/// Time for requests in progress to finish at shutdown.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(10);
/// Pause after accepting a connection failed: most often the process has no file descriptors left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves until `stop`, then lets requests in progress finish.
pub async fn serve(listener: TcpListener, router: Router, http: config::Http, stop: CancellationToken) {
    let builder = builder(http.header_timeout);
    let graceful = GracefulShutdown::new();
    let tasks = TaskTracker::new();
    let permits = Arc::new(Semaphore::new(http.max_connections));
    loop {
        let (socket, permit) = tokio::select! {
            () = stop.cancelled() => break,
            next = next_connection(&listener, &permits) => next,
        };
        if let Err(error) = socket.set_nodelay(true) {
            tracing::debug!(%error, "a connection was closed at once");
            continue;
        }
        let mut socket = TimeoutStream::new(socket);
        socket.set_write_timeout(Some(http.write_timeout));
        let service = TowerToHyperService::new(router.clone());
        let connection = builder.serve_connection(TokioIo::new(Box::pin(socket)), service);
        let connection = graceful.watch(connection);
        let open = OpenConnection::new(permit);
        tasks.spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection ended early");
            }
            drop(open);
        });
    }
    drop(listener);
    if tokio::time::timeout(DRAIN_TIMEOUT, graceful.shutdown()).await.is_err() {
        tracing::warn!("requests were still in progress when the drain timed out");
    }
}

/// Accepts the next connection once a permit is free. Until then it waits in the system's backlog rather than being
/// closed: idle connections end within the header timeout, so a waiting client is served.
async fn next_connection(
    listener: &TcpListener,
    permits: &Arc<Semaphore>,
) -> (TcpStream, Option<OwnedSemaphorePermit>) {
    // The semaphore is never closed.
    let permit = permits.clone().acquire_owned().await.ok();
    loop {
        match listener.accept().await {
            Ok((socket, _)) => return (socket, permit),
            Err(error) => {
                tracing::warn!(%error, "accepting a connection failed");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// An open connection: holds its permit and is counted in the gauge.
struct OpenConnection {
    _permit: Option<OwnedSemaphorePermit>,
}

impl OpenConnection {
    fn new(permit: Option<OwnedSemaphorePermit>) -> Self {
        metrics::gauge!(HTTP_CONNECTIONS.name).increment(1.0);
        Self { _permit: permit }
    }
}

impl Drop for OpenConnection {
    fn drop(&mut self) {
        metrics::gauge!(HTTP_CONNECTIONS.name).decrement(1.0);
    }
}

/// HTTP/1 only: without TLS no browser uses HTTP/2, and hyper has no timeout on detecting the version of a connection.
fn builder(header_timeout: Duration) -> http1::Builder {
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(header_timeout).max_headers(MAX_HEADERS);
    builder
}
