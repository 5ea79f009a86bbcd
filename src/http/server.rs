//! Accepts connections up to a limit, and drains them at shutdown.

use std::{
    convert::Infallible,
    net::{self, IpAddr},
    sync::Arc,
    time::Duration,
};

use axum::{
    Router,
    body::HttpBody as _,
    extract::Request,
    http::{HeaderValue, header},
    response::Response,
};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    time::{Instant, sleep, sleep_until},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    connection::{Connection, Reason},
    connections::{Connections, OpenConnection},
    exchange::{ReceivedBody, SentBody},
    socket::Socket,
};
use crate::{config, telemetry::metrics::HTTP_CONNECTIONS};

/// Maximum number of headers of a request.
const MAX_HEADERS: usize = 64;
/// Time for requests in progress to finish at shutdown.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(10);
/// Time at shutdown for clients with an open connection to send another request, which is answered. Clients that send
/// continuously do so within this time, and close the connection after the answer.
const LAST_REQUEST_GRACE: Duration = Duration::from_secs(1);
/// Pause between two searches for connections that can be closed at shutdown.
const DRAIN_INTERVAL: Duration = Duration::from_millis(20);
/// Pause after accepting a connection failed: most often the process has no file descriptors left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// The address of the client's end of a request's connection: an extension of the request.
#[derive(Clone, Copy, Debug)]
pub(super) struct PeerAddress(pub(super) IpAddr);

/// The limits of a listener.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub(super) header_timeout: Duration,
    pub(super) write_timeout: Duration,
    pub(super) max_connections: usize,
    /// Time after `stop` in which connections are still accepted.
    pub(super) lame_duck: Duration,
}

/// Serves until `stop`, then for `http.lame_duck` with `Connection: close`, then lets requests in progress finish.
pub async fn serve(listener: TcpListener, router: Router, http: config::Http, stop: CancellationToken) {
    for reason in Reason::ALL {
        reason.count(0);
    }
    let limits = Limits {
        header_timeout: http.header_timeout,
        write_timeout: http.write_timeout,
        max_connections: http.max_connections,
        lame_duck: http.lame_duck,
    };
    let connections = Connections::new(limits.max_connections, metrics::gauge!(HTTP_CONNECTIONS.name));
    serve_within(limits, connections, listener, router, stop).await;
}

/// Serves within `limits`.
pub(super) async fn serve_within(
    limits: Limits,
    connections: Connections,
    listener: TcpListener,
    router: Router,
    stop: CancellationToken,
) {
    let server = Server {
        limits,
        connections: Arc::new(connections),
        builder: builder(limits.header_timeout),
        router,
        stop,
        tasks: TaskTracker::new(),
    };
    let mut stopped = Instant::now();
    let mut waiting = None;
    tokio::select! {
        never = server.accept_all(&listener, &mut waiting) => match never {},
        () = async {
            server.stop.cancelled().await;
            stopped = Instant::now();
            sleep(limits.lame_duck).await;
        } => {}
    }
    server.close_listener(listener, waiting);
    server.drain(stopped).await;
}

struct Server {
    limits: Limits,
    connections: Arc<Connections>,
    builder: http1::Builder,
    router: Router,
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl Server {
    /// Accepts connections. One that finds all permits in use is in `waiting` until another connection ends or is
    /// closed.
    async fn accept_all(&self, listener: &TcpListener, waiting: &mut Option<TcpStream>) -> Infallible {
        loop {
            match listener.accept().await {
                Ok((stream, _)) => {
                    *waiting = Some(stream);
                    let permit = self.connections.permit().await;
                    if let Some(stream) = waiting.take() {
                        self.spawn(stream, self.connections.open(permit));
                    }
                }
                Err(error) => {
                    tracing::warn!(%error, "accepting a connection failed");
                    sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }

    fn spawn(&self, stream: TcpStream, open: OpenConnection) {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "a connection was closed at once");
            return;
        }
        let address = stream.peer_addr().map(|peer| PeerAddress(peer.ip())).ok();
        let connection = open.connection.clone();
        let socket = Socket::new(stream, connection.clone(), self.limits.write_timeout);
        let router = TowerToHyperService::new(self.router.clone());
        let stop = self.stop.clone();
        let of_request = connection.clone();
        let service = service_fn(move |mut request: Request<Incoming>| {
            if let Some(address) = address {
                request.extensions_mut().insert(address);
            }
            respond(request, router.clone(), of_request.clone(), stop.clone())
        });
        let serving = self.builder.serve_connection(TokioIo::new(Box::pin(socket)), service);
        self.tasks.spawn(async move {
            tokio::select! {
                served = serving => if let Err(error) = served {
                    tracing::debug!(%error, "a connection ended early");
                },
                () = connection.closed() => {}
            }
            // After the socket, which `select!` drops.
            drop(open);
        });
    }

    /// Closes the listener. Serves the connections that were accepted before, by the system or the service.
    fn close_listener(&self, listener: TcpListener, waiting: Option<TcpStream>) {
        let backlog = listener.into_std().map(|listener| {
            // Up to the error that no connection waits. The listener is closed immediately after it: closing resets the
            // connections in its backlog.
            std::iter::from_fn(|| listener.accept().ok()).map(|(stream, _)| stream).collect::<Vec<_>>()
        });
        let backlog = backlog.unwrap_or_default().into_iter().filter_map(|stream| to_tokio(stream).ok());
        waiting.into_iter().chain(backlog).for_each(|stream| self.spawn(stream, self.connections.open(None)));
    }

    /// Waits for requests in progress and for clients that have yet to send their last request.
    async fn drain(&self, stopped: Instant) {
        self.tasks.close();
        let deadline = Instant::now() + DRAIN_TIMEOUT;
        loop {
            self.connections.close_finished(stopped, LAST_REQUEST_GRACE);
            tokio::select! {
                () = self.tasks.wait() => return,
                () = sleep_until(deadline) => break,
                () = sleep(DRAIN_INTERVAL) => {}
            }
        }
        tracing::warn!("requests were still in progress when the drain timed out");
        self.connections.close_all();
        self.tasks.wait().await;
    }
}

fn to_tokio(stream: net::TcpStream) -> std::io::Result<TcpStream> {
    stream.set_nonblocking(true)?;
    TcpStream::from_std(stream)
}

/// Passes a request to the router, and records what the connection waits for.
async fn respond(
    request: Request<Incoming>,
    router: TowerToHyperService<Router>,
    connection: Arc<Connection>,
    stop: CancellationToken,
) -> Result<Response<SentBody>, Infallible> {
    connection.received_head(!request.body().is_end_stream());
    let mut request = request.map(|body| ReceivedBody::new(body, connection.clone()));
    request.extensions_mut().insert(connection.clone());
    let mut response = hyper::service::Service::call(&router, request).await?;
    if stop.is_cancelled() {
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    connection.starts_sending();
    Ok(response.map(|body| SentBody::new(body, connection)))
}

/// HTTP/1 only: without TLS no browser uses HTTP/2, and hyper has no timeout on detecting the version of a connection.
fn builder(header_timeout: Duration) -> http1::Builder {
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(header_timeout).max_headers(MAX_HEADERS);
    builder
}
