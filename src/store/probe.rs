//! Is the database there? Asked over a connection of its own, so that a pool that is busy is not taken for one that is
//! away.

use std::time::Duration;

use sea_orm::{ConnectOptions, ConnectionTrait, DatabaseConnection, DbErr, Statement};
use tokio::{net::TcpStream, time::timeout};

use super::{error::Error, pools};
use crate::config::DatabaseUrl;

/// How long the database may take to answer a probe.
const PATIENCE: Duration = Duration::from_millis(1500);

/// Asks whether the database is there.
#[derive(Clone, Debug)]
pub struct Probe {
    connection: DatabaseConnection,
    /// Host and port; `None` for a file.
    server: Option<(String, u16)>,
}

impl Probe {
    /// Opens a connection, lazily.
    ///
    /// # Errors
    /// When the URL cannot be read.
    pub async fn open(url: &DatabaseUrl) -> Result<Self, Error> {
        let mut options: ConnectOptions = pools::options(url);
        options.max_connections(1).acquire_timeout(PATIENCE);
        Ok(Self { connection: pools::connect(options).await?, server: server(url) })
    }

    /// Asks for an answer.
    ///
    /// # Errors
    /// When there is none, with the reason.
    pub async fn ask(&self) -> Result<(), String> {
        let select = Statement::from_string(self.connection.get_database_backend(), "SELECT 1");
        match timeout(PATIENCE, self.connection.query_one_raw(select)).await {
            Ok(Ok(_)) => Ok(()),
            // The pool tries for as long as it may and then tells only that; the socket tells why.
            Err(_) | Ok(Err(DbErr::ConnectionAcquire(_))) => Err(self.why_unreachable().await),
            Ok(Err(error)) => Err(Error::during("asking for an answer")(error).to_string()),
        }
    }

    async fn why_unreachable(&self) -> String {
        let Some((host, port)) = &self.server else { return "the database does not answer".to_owned() };
        match timeout(PATIENCE, TcpStream::connect((host.as_str(), *port))).await {
            Ok(Ok(_)) => format!("{host}:{port} accepts connections, but the database does not answer"),
            Ok(Err(error)) => format!("{host}:{port} cannot be reached: {error}"),
            Err(_) => format!("{host}:{port} cannot be reached: no answer"),
        }
    }
}

fn server(url: &DatabaseUrl) -> Option<(String, u16)> {
    if url.is_sqlite() {
        return None;
    }
    let url = url::Url::parse(url.expose()).ok()?;
    Some((url.host_str()?.to_owned(), url.port().unwrap_or(5432)))
}
