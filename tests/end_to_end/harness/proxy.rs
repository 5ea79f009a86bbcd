//! A door before a server: open it passes bytes, closed it cuts what runs and refuses who comes.

use std::net::{Ipv4Addr, SocketAddr};

use insights_results_aggregator::config;
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpSocket, TcpStream},
    task::{JoinHandle, JoinSet},
};
use url::Url;

use super::Database;

/// A port of its own that leads to a server while it is open.
pub(crate) struct Proxy {
    pub(crate) address: SocketAddr,
    server: SocketAddr,
    door: Door,
}

enum Door {
    /// Bound without listening: the port stays ours, and whoever comes is refused.
    Closed(TcpSocket),
    Open(JoinHandle<()>),
}

impl Proxy {
    /// A door that is closed.
    pub(crate) fn closed(server: SocketAddr) -> Self {
        let socket = bind((Ipv4Addr::LOCALHOST, 0).into());
        let address = socket.local_addr().expect("its address");
        Self { address, server, door: Door::Closed(socket) }
    }

    /// A door that is open.
    pub(crate) fn open(server: SocketAddr) -> Self {
        Self::closed(server).opened()
    }

    /// Lets in who comes from now on.
    pub(crate) fn opened(mut self) -> Self {
        if let Door::Closed(socket) = self.door {
            let listener = socket.listen(64).expect("a listener");
            self.door = Door::Open(tokio::spawn(pass(listener, self.server)));
        }
        self
    }

    /// Cuts all connections and takes no more.
    pub(crate) async fn shut(mut self) -> Self {
        if let Door::Open(passing) = self.door {
            passing.abort();
            assert!(passing.await.is_err_and(|error| error.is_cancelled()), "the proxy does not fail");
            self.door = Door::Closed(bind(self.address));
        }
        self
    }
}

impl Database {
    /// Where its server listens.
    pub(crate) fn server(&self) -> SocketAddr {
        let addresses = self.url().socket_addrs(|| Some(5432)).expect("a host that resolves");
        *addresses.first().expect("an address")
    }

    /// Its configuration for those who come through the door.
    pub(crate) fn settings_behind(&self, door: &Proxy) -> config::Database {
        let mut url = self.url();
        url.set_host(Some(&door.address.ip().to_string())).expect("a host");
        url.set_port(Some(door.address.port())).expect("a port");
        let url = url.to_string().try_into().expect("a database URL");
        config::Database { url, ..self.settings.clone() }
    }

    fn url(&self) -> Url {
        Url::parse(self.settings.url.expose()).expect("a URL")
    }
}

/// The port can be had again although connections of the last opening linger on it.
fn bind(address: SocketAddr) -> TcpSocket {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.set_reuseaddr(true).expect("a reusable address");
    socket.bind(address).expect("the port is free");
    socket
}

/// The connections live in this future: dropped, it cuts them.
async fn pass(listener: TcpListener, server: SocketAddr) {
    let mut connections = JoinSet::new();
    loop {
        let (mut client, _) = listener.accept().await.expect("a connection");
        connections.spawn(async move {
            let mut server = TcpStream::connect(server).await?;
            copy_bidirectional(&mut client, &mut server).await
        });
    }
}
