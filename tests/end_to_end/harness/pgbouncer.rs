//! A PgBouncer in front of a PostgreSQL server.

use std::{
    fs,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    os::unix::{fs::PermissionsExt as _, process::CommandExt as _},
    process::{Child, Command, Stdio},
};

use insights_results_aggregator::config;
use tempfile::TempDir;
use tokio::net::TcpStream;
use url::Url;

use super::{databases::Database, wait::until};

/// Debian's path, which is not in the PATH of every user.
const PROGRAM: &str = "/usr/sbin/pgbouncer";
/// The user and group `nobody`, because PgBouncer refuses to run as root.
const NOBODY: u32 = 65534;

/// A running pooler, which ends with the test.
pub(crate) struct PgBouncer {
    address: SocketAddr,
    process: Child,
    _folder: TempDir,
}

impl PgBouncer {
    /// Starts a pooler in front of the database's server: `pool_mode` and further settings, one per line.
    pub(crate) async fn start(database: &Database, settings: &str) -> Self {
        assert!(
            fs::exists(PROGRAM).is_ok_and(|exists| exists),
            "{PROGRAM} is missing: run `make test`, or `services/install pgbouncer`"
        );
        let folder = tempfile::tempdir().expect("a folder");
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).expect("permissions");
        let address = free_address();
        let url = Url::parse(database.settings.url.expose()).expect("a URL");
        let server = database.server();
        let file = folder.path().join("pgbouncer.ini");
        let text = format!(
            "[databases]\n* = host={} port={} user={} password={}\n[pgbouncer]\nlisten_addr = 127.0.0.1\n\
             listen_port = {}\nunix_socket_dir =\nauth_type = any\n{settings}\n",
            server.ip(),
            server.port(),
            url.username(),
            url.password().unwrap_or_default(),
            address.port(),
        );
        fs::write(&file, text).expect("its settings");
        let mut command = Command::new(PROGRAM);
        command.arg("-q").arg(&file).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        if fs::metadata("/proc/self").is_ok_and(|own| std::os::unix::fs::MetadataExt::uid(&own) == 0) {
            command.uid(NOBODY).gid(NOBODY);
        }
        let process = command.spawn().expect("PgBouncer starts");
        let pooler = Self { address, process, _folder: folder };
        until("PgBouncer listens", async || TcpStream::connect(address).await.ok().map(drop)).await;
        pooler
    }

    /// The configuration of a client that connects through the pooler, with these parameters of the URL.
    pub(crate) fn settings(&self, database: &Database, parameters: &str) -> config::Database {
        let mut url = Url::parse(database.settings.url.expose()).expect("a URL");
        url.set_host(Some(&self.address.ip().to_string())).expect("a host");
        url.set_port(Some(self.address.port())).expect("a port");
        url.set_query(Some(parameters).filter(|parameters| !parameters.is_empty()));
        let url = url.to_string().try_into().expect("a database URL");
        config::Database { url, ..database.settings.clone() }
    }
}

impl Drop for PgBouncer {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn free_address() -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    listener.local_addr().expect("its address")
}
