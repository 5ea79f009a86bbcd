//! The database's server: where it is, and what is the matter when it says nothing.

use std::{
    fmt,
    path::{Path, PathBuf},
    time::Duration,
};

use sea_orm::DbErr;
use sqlx::postgres::PgConnectOptions;
use tokio::{
    net::{TcpStream, UnixStream},
    time::timeout,
};

use super::error::{Error, is_unreachable};
use crate::config::DatabaseUrl;

/// How long a server may take to accept a connection.
const PATIENCE: Duration = Duration::from_millis(1500);

/// Where a database's server listens. Nothing else of its URL is in it: this is told.
#[derive(Clone, Debug)]
pub(super) enum Server {
    Tcp { host: String, port: u16 },
    Socket(PathBuf),
}

impl Server {
    /// The server of a database; a file has none.
    pub(super) fn of(url: &DatabaseUrl) -> Option<Self> {
        if url.is_sqlite() {
            return None;
        }
        // Read as those read it who connect.
        let options: PgConnectOptions = url.expose().parse().ok()?;
        let (host, port) = (options.get_host(), options.get_port());
        // A host may be a folder too, as in `PGHOST`.
        let folder =
            options.get_socket().map(PathBuf::as_path).or_else(|| host.starts_with('/').then(|| Path::new(host)));
        Some(match folder {
            Some(folder) => Self::Socket(folder.join(format!(".s.PGSQL.{port}"))),
            None => Self::Tcp { host: host.to_owned(), port },
        })
    }

    /// Why it says nothing.
    async fn trouble(&self) -> String {
        let connecting = async {
            match self {
                Self::Tcp { host, port } => TcpStream::connect((host.trim_matches(['[', ']']), *port)).await.map(drop),
                Self::Socket(path) => UnixStream::connect(path).await.map(drop),
            }
        };
        match timeout(PATIENCE, connecting).await {
            Ok(Ok(())) => "it accepts connections and lets us in to none (starting, full, or no PostgreSQL)".to_owned(),
            Ok(Err(error)) => error.to_string(),
            Err(_) => "nothing comes back from there".to_owned(),
        }
    }
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp { host, port } => write!(f, "{host}:{port}"),
            Self::Socket(path) => write!(f, "{}", path.display()),
        }
    }
}

/// What came of asking a database whether it is there. The pool tries for as long as it may and then tells only that; the
/// socket tells why.
pub(super) async fn explained(error: DbErr, server: Option<&Server>) -> Error {
    match server {
        Some(server) if is_unreachable(&error) => {
            Error::Unreachable { server: server.to_string(), why: server.trouble().await }
        }
        _ => Error::during("asking for an answer")(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(url: &str) -> Option<String> {
        let url = DatabaseUrl::try_from(url.to_owned()).expect(url);
        Server::of(&url).map(|server| server.to_string())
    }

    #[test]
    fn a_server_is_told_by_its_place_alone() {
        for (url, place) in [
            ("postgres://user:s3cr3t@db.example/name", "db.example:5432"),
            ("postgres://user:s3cr3t@db.example:6432/name?sslmode=require", "db.example:6432"),
            ("postgresql://[::1]/name", "[::1]:5432"),
            ("postgres:///name?host=db.example&port=6432&password=s3cr3t", "db.example:6432"),
            ("postgres:///name?host=/run/postgresql", "/run/postgresql/.s.PGSQL.5432"),
            ("postgres://%2Frun%2Fpostgresql/name", "/run/postgresql/.s.PGSQL.5432"),
        ] {
            assert_eq!(told(url).as_deref(), Some(place), "{url}");
        }
        assert_eq!(told("sqlite://insights.db"), None);
    }

    #[tokio::test]
    async fn whatever_the_way_to_a_server_its_trouble_is_told() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("its address").port();
        let at = |host: &str| Server::Tcp { host: host.to_owned(), port };
        assert!(at("127.0.0.1").trouble().await.contains("lets us in to none"));
        drop(listener);
        assert!(at("127.0.0.1").trouble().await.contains("refused"));
        assert!(!at("[::1]").trouble().await.contains("lookup"), "an address is no name");
        let missing = Server::Socket("/nowhere/.s.PGSQL.5432".into());
        assert!(missing.trouble().await.contains("No such file"));
    }
}
