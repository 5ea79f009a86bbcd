//! A TCP proxy in front of a server. While open it forwards bytes; when it is closed it cuts its connections and
//! refuses new ones. It can be switched to another server, and can stop forwarding on the connections that it has.

use std::{
    net::{Ipv4Addr, SocketAddr},
    pin::pin,
};

use insights_results_aggregator::config;
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpSocket, TcpStream},
    sync::watch,
    task::{JoinHandle, JoinSet},
};
use url::Url;

use super::Database;

/// A local port that leads to a server while the proxy is open.
pub(crate) struct Proxy {
    pub(crate) address: SocketAddr,
    server: watch::Sender<SocketAddr>,
    /// The number of times that the connections of the moment were frozen.
    freezes: watch::Sender<u32>,
    state: State,
}

enum State {
    /// Bound without listening: the port stays reserved and connections are refused.
    Closed(TcpSocket),
    Open(JoinHandle<()>),
}

impl Proxy {
    /// Creates a closed proxy.
    pub(crate) fn closed(server: SocketAddr) -> Self {
        let socket = bind((Ipv4Addr::LOCALHOST, 0).into());
        let address = socket.local_addr().expect("its address");
        Self {
            address,
            server: watch::Sender::new(server),
            freezes: watch::Sender::new(0),
            state: State::Closed(socket),
        }
    }

    /// Creates an open proxy.
    pub(crate) fn open(server: SocketAddr) -> Self {
        Self::closed(server).reopen()
    }

    /// Accepts connections from now on.
    pub(crate) fn reopen(mut self) -> Self {
        if let State::Closed(socket) = self.state {
            let listener = socket.listen(64).expect("a listener");
            let forwarding = forward(listener, self.server.subscribe(), self.freezes.clone());
            self.state = State::Open(tokio::spawn(forwarding));
        }
        self
    }

    /// Forwards new connections to another server. Existing connections stay with theirs.
    pub(crate) fn switch(&self, server: SocketAddr) {
        self.server.send_replace(server);
    }

    /// Forwards nothing on the existing connections from now on, and keeps them open, as a network that lost their
    /// state does. New connections work.
    pub(crate) fn freeze(&self) {
        self.freezes.send_modify(|freezes| *freezes += 1);
    }

    /// Cuts all connections and refuses new ones.
    pub(crate) async fn close(mut self) -> Self {
        if let State::Open(forwarding) = self.state {
            forwarding.abort();
            assert!(forwarding.await.is_err_and(|error| error.is_cancelled()), "the proxy does not fail");
            self.state = State::Closed(bind(self.address));
        }
        self
    }
}

impl Database {
    /// The address of the database's server.
    pub(crate) fn server(&self) -> SocketAddr {
        let addresses = self.url().socket_addrs(|| Some(5432)).expect("a host that resolves");
        *addresses.first().expect("an address")
    }

    /// The configuration of a client that connects through the proxy.
    pub(crate) fn settings_through(&self, proxy: &Proxy) -> config::Database {
        let mut url = self.url();
        url.set_host(Some(&proxy.address.ip().to_string())).expect("a host");
        url.set_port(Some(proxy.address.port())).expect("a port");
        let url = url.to_string().try_into().expect("a database URL");
        config::Database { url, ..self.settings.clone() }
    }

    fn url(&self) -> Url {
        Url::parse(self.settings.url.expose()).expect("a URL")
    }
}

/// Binds the address, also while connections of an earlier listener linger on it.
fn bind(address: SocketAddr) -> TcpSocket {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.set_reuseaddr(true).expect("a reusable address");
    socket.bind(address).expect("the port is free");
    socket
}

/// Forwards connections. This future owns them, so dropping it cuts them.
async fn forward(listener: TcpListener, server: watch::Receiver<SocketAddr>, freezes: watch::Sender<u32>) {
    let mut connections = JoinSet::new();
    loop {
        let (mut client, _) = listener.accept().await.expect("a connection");
        let (server, mut frozen) = (*server.borrow(), freezes.subscribe());
        connections.spawn(async move {
            let mut server = TcpStream::connect(server).await?;
            let forwarded = {
                let mut forwarding = pin!(copy_bidirectional(&mut client, &mut server));
                tokio::select! {
                    forwarded = &mut forwarding => Some(forwarded),
                    _ = frozen.changed() => None,
                }
            };
            match forwarded {
                Some(forwarded) => forwarded,
                // Keeps both sockets open.
                None => std::future::pending().await,
            }
        });
    }
}
