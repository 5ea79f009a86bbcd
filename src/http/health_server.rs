//! Health and metrics on an address of their own, served by a thread of their own: they are answered while all
//! connections, operations and threads of the graph are in use.

use std::{io, net::SocketAddr, thread, time::Duration};

use axum::Router;
use tokio::{net::TcpListener, runtime, sync::oneshot};
use tokio_util::sync::CancellationToken;

use super::{
    connections::Connections,
    server::{Limits, serve_within},
    socket::listen,
};

/// Probes and scrapers are few, and send complete requests at once.
const LIMITS: Limits = Limits {
    header_timeout: Duration::from_secs(5),
    write_timeout: Duration::from_secs(5),
    max_connections: 64,
    lame_duck: Duration::ZERO,
};

/// The server of `http.health_address`, which is listening.
#[derive(Debug)]
pub struct HealthServer {
    listener: TcpListener,
    address: SocketAddr,
}

/// A [`HealthServer`] that runs until it is dropped.
#[derive(Debug)]
pub struct RunningHealthServer {
    stop: CancellationToken,
    ended: oneshot::Receiver<()>,
}

impl HealthServer {
    /// Listens on an address.
    ///
    /// # Errors
    /// Those of the system, for example when the address is in use.
    pub fn bind(address: SocketAddr) -> io::Result<Self> {
        let listener = listen(address)?;
        let address = listener.local_addr()?;
        Ok(Self { listener, address })
    }

    /// The address, with the actual port.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves the router in a new thread.
    ///
    /// # Errors
    /// Those of the system when it starts a thread.
    pub fn start(self, router: Router) -> io::Result<RunningHealthServer> {
        let listener = self.listener.into_std()?;
        let stop = CancellationToken::new();
        let stopped = stop.clone();
        let (end, ended) = oneshot::channel();
        let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
        thread::Builder::new().name("health".to_owned()).spawn(move || {
            runtime.block_on(async {
                match TcpListener::from_std(listener) {
                    Ok(listener) => tokio::select! {
                        () = serve_within(LIMITS, connections(), listener, router, CancellationToken::new()) => {}
                        // Without a drain: this server is the last part that stops.
                        () = stopped.cancelled() => {}
                    },
                    Err(error) => tracing::error!(%error, "health and metrics cannot be served"),
                }
            });
            drop(end);
        })?;
        Ok(RunningHealthServer { stop, ended })
    }
}

/// They are not counted among the connections of the graph.
fn connections() -> Connections {
    Connections::new(LIMITS.max_connections, metrics::Gauge::noop())
}

impl RunningHealthServer {
    /// Waits until the thread ends.
    pub async fn ended(&mut self) {
        // An error: the thread sends nothing, and drops its sender when it ends.
        let _ = (&mut self.ended).await;
    }
}

impl Drop for RunningHealthServer {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}
