//! Is the database there? Asked over a connection of its own, so that a pool that is busy is not taken for one that is
//! away.

use std::time::Duration;

use sea_orm::{ConnAcquireErr, ConnectOptions, ConnectionTrait, DatabaseConnection, DbErr, Statement};
use tokio::time::timeout;

use super::{
    error::Error,
    pools,
    server::{Server, explained},
};
use crate::config::DatabaseUrl;

/// How long the database may take to answer a probe.
const PATIENCE: Duration = Duration::from_millis(1500);

/// Asks whether the database is there.
#[derive(Clone, Debug)]
pub struct Probe {
    connection: DatabaseConnection,
    /// `None` for a file.
    server: Option<Server>,
}

impl Probe {
    /// Opens a connection, lazily.
    ///
    /// # Errors
    /// When the URL cannot be read.
    pub async fn open(url: &DatabaseUrl) -> Result<Self, Error> {
        let mut options: ConnectOptions = pools::options(url);
        options.max_connections(1).acquire_timeout(PATIENCE);
        Ok(Self { connection: pools::connect(options).await?, server: Server::of(url) })
    }

    /// Asks for an answer.
    ///
    /// # Errors
    /// When there is none, with the reason.
    pub async fn ask(&self) -> Result<(), Error> {
        let select = Statement::from_string(self.connection.get_database_backend(), "SELECT 1");
        let out_of_patience = |_| Err(DbErr::ConnectionAcquire(ConnAcquireErr::Timeout));
        match timeout(PATIENCE, self.connection.query_one_raw(select)).await.unwrap_or_else(out_of_patience) {
            Ok(_) => Ok(()),
            Err(error) => Err(explained(error, self.server.as_ref()).await),
        }
    }
}
