//! A process as a value: its parts, built from the configuration and run until `stop`.
//!
//! `Service::build(config, role).await?.run(stop).await`. Tests build the same on port 0 and read its address. HTTP is
//! served at once. While the database, the schema or Kafka is missing, /readyz lists it and the process waits.

mod watch;

use std::{net::SocketAddr, sync::Arc, time::Duration};

use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::sync::CancellationToken;

use crate::{
    config::Config,
    graphql::{Executor, SchemaError},
    http::{self, Api, Readiness},
    ingest::{self, Ingester},
    store::{self, Store},
    telemetry::{self, metrics::Metrics},
};

/// Time for ingestion to finish its batches, commit and leave the group. A client whose broker is unavailable takes
/// longer to close.
const INGEST_DRAIN_TIMEOUT: Duration = Duration::from_secs(8);
/// Time for connections to the database to close.
const STORE_CLOSE_TIMEOUT: Duration = Duration::from_secs(2);

/// The tasks of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Serves the graph.
    Api,
    /// Ingests messages.
    Ingest,
    /// Both.
    All,
}

impl Role {
    fn serves(self) -> bool {
        matches!(self, Self::Api | Self::All)
    }

    fn ingests(self) -> bool {
        matches!(self, Self::Ingest | Self::All)
    }
}

/// Why a process cannot start or continue.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The address cannot be listened on.
    #[error("cannot listen on {address} (http.address)")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// The error of the operating system.
        #[source]
        source: std::io::Error,
    },
    /// The database cannot be used, and waiting cannot help.
    #[error("the database cannot be used")]
    Store(#[from] store::Error),
    /// The graph cannot be served.
    #[error("the graph cannot be served")]
    Schema(#[from] SchemaError),
    /// Ingestion ended.
    #[error("ingestion ended")]
    Ingest(#[from] ingest::Error),
    /// A task ended although the process was not stopping.
    #[error("{task} ended unexpectedly; the log has the cause")]
    TaskEnded {
        /// The task.
        task: &'static str,
    },
}

/// The parts of a process, ready to run.
#[derive(Debug)]
pub struct Service {
    config: Config,
    role: Role,
    listener: TcpListener,
    address: SocketAddr,
    store: Store,
    probes: Vec<store::Probe>,
    readiness: Arc<Readiness>,
    metrics: Metrics,
}

impl Service {
    /// Binds the address and builds the parts that need no other service.
    ///
    /// # Errors
    /// When the address is taken or a database URL cannot be read.
    pub async fn build(config: Config, role: Role) -> Result<Self, Error> {
        let address = config.http.address;
        let listen = |source| Error::Listen { address, source };
        let listener = TcpListener::bind(address).await.map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;
        let store = Store::open(&config.database).await?;
        let mut probes = vec![store::Probe::new(&config.database.url)?];
        if let Some(replica) = &config.database.read_url {
            probes.push(store::Probe::new(replica)?);
        }
        let readiness = Arc::new(Readiness::default());
        readiness.missing(watch::DATABASE, "not checked yet");
        readiness.missing(watch::MIGRATIONS, "not checked yet");
        if role.ingests() {
            readiness.missing(watch::KAFKA, "waits for the database");
        }
        let metrics = telemetry::metrics::start();
        Ok(Self { config, role, listener, address, store, probes, readiness, metrics })
    }

    /// The address of the HTTP server, with the actual port.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The database.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The readiness of the process.
    pub fn readiness(&self) -> &Arc<Readiness> {
        &self.readiness
    }

    /// Runs until `stop`, then drains.
    ///
    /// # Errors
    /// When a part ends before `stop`. The process must then exit, so that its supervisor restarts it.
    pub async fn run(self, stop: CancellationToken) -> Result<(), Error> {
        tracing::info!(address = %self.address, role = ?self.role, version = crate::VERSION, "listening");
        let stop_serving = CancellationToken::new();
        let router = self.router()?;
        let server = tokio::spawn(http::serve(self.listener, router, self.config.http.clone(), stop_serving.clone()));
        let probing = tokio::spawn(watch::databases(self.probes, self.readiness.clone()));
        let mut ingester = None;
        let upkeep = tokio::spawn(self.metrics.run_upkeep());
        let mut tasks = Tasks { server, probing, upkeep };
        let ended = tokio::select! {
            () = stop.cancelled() => Ok(()),
            error = tasks.ended() => Err(error),
            error = run_ingestion(&self.config, self.role, &self.store, &self.readiness, &mut ingester) => Err(error),
        };
        self.readiness.missing("process", "is stopping");
        let drained = drain(ingester).await;
        stop_serving.cancel();
        tasks.finish().await;
        if tokio::time::timeout(STORE_CLOSE_TIMEOUT, self.store.close()).await.is_err() {
            tracing::warn!("the database connections did not close in time");
        }
        ended.and(drained)
    }

    fn router(&self) -> Result<axum::Router, Error> {
        let (http, mode) = (&self.config.http, self.config.auth.mode);
        let api = if self.role.serves() {
            let executor = Executor::new(self.store.clone(), &self.config.limits)?;
            Some(Api::new(executor, http, mode))
        } else {
            None
        };
        Ok(http::router(http, mode, api, self.readiness.clone(), self.metrics.clone()))
    }
}

/// Waits for the schema, then ingests. Returns only on an error.
async fn run_ingestion(
    config: &Config,
    role: Role,
    store: &Store,
    readiness: &Arc<Readiness>,
    ingester: &mut Option<Ingester>,
) -> Error {
    if let Err(error) = watch::until_schema_is_current(store, config.database.migrate, readiness).await {
        return error.into();
    }
    if role.serves()
        && let Err(error) = store.cache_recommendations().await
    {
        // Queries read what they need instead.
        tracing::warn!(%error, "the recommendations could not be cached");
    }
    if !role.ingests() {
        return std::future::pending().await;
    }
    let health = Arc::new(ingest::Health::default());
    match Ingester::start(&config.kafka, &config.ingest, store.clone(), health.clone()) {
        Ok(started) => {
            let running = ingester.insert(started);
            tokio::select! {
                error = running.ended() => {
                    // It already ended, so there is nothing to drain.
                    *ingester = None;
                    error.into()
                }
                never = watch::ingestion(&health, readiness) => match never {},
            }
        }
        Err(error) => error.into(),
    }
}

async fn drain(ingester: Option<Ingester>) -> Result<(), Error> {
    let Some(ingester) = ingester else { return Ok(()) };
    match tokio::time::timeout(INGEST_DRAIN_TIMEOUT, ingester.stop()).await {
        Ok(stopped) => Ok(stopped?),
        Err(_) => {
            tracing::warn!("ingestion did not stop in time; messages without a commit will be read again");
            Ok(())
        }
    }
}

/// The tasks beside ingestion.
struct Tasks {
    server: JoinHandle<()>,
    probing: JoinHandle<std::convert::Infallible>,
    upkeep: JoinHandle<std::convert::Infallible>,
}

impl Tasks {
    /// Waits until one of the tasks ends.
    async fn ended(&mut self) -> Error {
        let task = tokio::select! {
            _ = &mut self.server => "the HTTP server",
            _ = &mut self.probing => "the database probe",
            _ = &mut self.upkeep => "the metrics upkeep",
        };
        Error::TaskEnded { task }
    }

    async fn finish(self) {
        self.probing.abort();
        self.upkeep.abort();
        // The server limits its own drain. A panic in it is already logged.
        let _ = self.server.await;
    }
}
