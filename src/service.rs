//! A process as a value: its parts, built from the configuration and run until `stop`.
//!
//! `Service::build(config, role).await?.run(stop).await`. Tests build the same on port 0 and read its address. HTTP is
//! served at once. While the database, the schema or Kafka is missing, /readyz lists it and the process waits.

mod content;
mod requests;
mod watch;

use std::{net::SocketAddr, sync::Arc, time::Duration};

use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::sync::CancellationToken;

use crate::{
    config::Config,
    content::{CurrentContent, Source},
    graphql::{Executor, ExecutorError},
    http::{self, Api, HealthServer, Readiness, RunningHealthServer},
    identity::ViewerPolicy,
    ingest::{self, Ingester},
    store::{self, Store},
    telemetry::{
        self,
        metrics::{CONTENT_FAILED_LOADS, Metrics},
    },
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
    /// An address cannot be listened on.
    #[error("cannot listen on {address} ({key})")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Its key in the configuration.
        key: &'static str,
        /// The error of the operating system.
        #[source]
        source: std::io::Error,
    },
    /// Health and metrics cannot be served on their own address.
    #[error("health and metrics cannot be served")]
    Health(#[source] std::io::Error),
    /// The database cannot be used, and waiting cannot help.
    #[error("the database cannot be used")]
    Store(#[from] store::Error),
    /// The graph cannot be served.
    #[error("the graph cannot be served")]
    Graph(#[from] ExecutorError),
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
    health: Option<HealthServer>,
    store: Store,
    /// The files of rule content, if there are any and the graph is served.
    source: Option<Source>,
    content: CurrentContent,
    probes: Vec<(&'static str, store::Probe)>,
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
        let listen = |source| Error::Listen { address, key: "http.address", source };
        let listener = http::listen(address).map_err(listen)?;
        let health = config.http.health_address.map(|address| {
            let listen = |source| Error::Listen { address, key: "http.health_address", source };
            HealthServer::bind(address).map_err(listen)
        });
        let health = health.transpose()?;
        let address = listener.local_addr().map_err(listen)?;
        let store = Store::open(&config.database).await?;
        let probes = watch::probes(&config.database, role)?;
        let readiness = Arc::new(Readiness::default());
        for (part, _) in &probes {
            readiness.missing(part, "not checked yet");
        }
        readiness.missing(watch::MIGRATIONS, "not checked yet");
        if role.ingests() {
            readiness.missing(watch::KAFKA, "waits for the database");
        }
        let source = Source::configured(&config.content).filter(|_| role.serves());
        if source.is_some() {
            readiness.missing(content::CONTENT, "waits for the database");
        }
        let metrics = telemetry::metrics::start();
        if role.ingests() {
            ingest::start_counters(&config.kafka);
        }
        if source.is_some() {
            CONTENT_FAILED_LOADS.start_at_zero([]);
        }
        let content = CurrentContent::default();
        Ok(Self { config, role, listener, address, health, store, source, content, probes, readiness, metrics })
    }

    /// The address of the HTTP server, with the actual port.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The address of health and metrics, with the actual port, if it is not that of the HTTP server.
    pub fn health_address(&self) -> Option<SocketAddr> {
        self.health.as_ref().map(HealthServer::address)
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
        let mode = self.config.auth.mode;
        let health_routes = http::health_router(self.readiness.clone(), self.metrics.clone());
        let (health, health_routes) = match self.health {
            Some(server) => {
                tracing::info!(health_address = %server.address(), "serving health and metrics");
                let router = http::separate_health_router(server.address(), mode, health_routes);
                (Some(server.start(router).map_err(Error::Health)?), None)
            }
            None => (None, Some(health_routes)),
        };
        let api = if self.role.serves() {
            let executor = Executor::new(self.store.clone(), self.content.clone(), &self.config.limits)?;
            let Config { http, auth, content, .. } = &self.config;
            let policy =
                ViewerPolicy::new(auth.administrators.iter().cloned(), content.internal_organizations.iter().copied());
            Some(Api::new(executor, http, auth, policy))
        } else {
            None
        };
        let router = http::router(&self.config.http, mode, api, health_routes);
        let server = tokio::spawn(http::serve(self.listener, router, self.config.http.clone(), stop_serving.clone()));
        let probing = tokio::spawn(watch::databases(self.probes, self.store.clone(), self.readiness.clone()));
        let mut ingester = None;
        let upkeep = tokio::spawn(self.metrics.run_upkeep());
        let mut tasks = Tasks { server, health, probing, upkeep };
        let with_database = async {
            if let Err(error) = prepare(&self.config, self.role, &self.store, &self.readiness).await {
                return error;
            }
            let content = async {
                match self.source {
                    Some(source) => content::keep_current(source, &self.store, &self.content, &self.readiness).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                never = content => match never {},
                never = Box::pin(requests::remove_expired(&self.config.requests, &self.store)) => match never {},
                error = ingest(&self.config, &self.store, &self.readiness, &mut ingester), if self.role.ingests() => error,
            }
        };
        let ended = tokio::select! {
            () = stop.cancelled() => Ok(()),
            error = tasks.ended() => Err(error),
            error = with_database => Err(error),
        };
        self.readiness.missing("process", "is stopping");
        stop_serving.cancel();
        // Both limit their own time.
        let (drained, health) = tokio::join!(drain(ingester), tasks.finish());
        if tokio::time::timeout(STORE_CLOSE_TIMEOUT, self.store.close()).await.is_err() {
            tracing::warn!("the database connections did not close in time");
        }
        // Stops last: until then it reports that the process is stopping.
        drop(health);
        ended.and(drained)
    }
}

/// Waits for the schema, then reads what queries need often.
async fn prepare(config: &Config, role: Role, store: &Store, readiness: &Readiness) -> Result<(), Error> {
    watch::until_schema_is_current(store, role, config.database.migrate, readiness).await?;
    if role.serves()
        && let Err(error) = store.cache_recommendations().await
    {
        // Queries read what they need instead.
        tracing::warn!(%error, "the recommendations could not be cached");
    }
    Ok(())
}

/// Ingests. Returns only on an error.
async fn ingest(config: &Config, store: &Store, readiness: &Readiness, ingester: &mut Option<Ingester>) -> Error {
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
    health: Option<RunningHealthServer>,
    probing: JoinHandle<std::convert::Infallible>,
    upkeep: JoinHandle<std::convert::Infallible>,
}

impl Tasks {
    /// Waits until one of the tasks ends.
    async fn ended(&mut self) -> Error {
        let health = async {
            match &mut self.health {
                Some(health) => health.ended().await,
                None => std::future::pending().await,
            }
        };
        let task = tokio::select! {
            _ = &mut self.server => "the HTTP server",
            () = health => "the server of health and metrics",
            _ = &mut self.probing => "the database probe",
            _ = &mut self.upkeep => "the metrics upkeep",
        };
        Error::TaskEnded { task }
    }

    /// Waits for the HTTP server, which limits its own drain. Returns the server of health and metrics, which stops when
    /// it is dropped.
    async fn finish(self) -> Option<RunningHealthServer> {
        if !self.server.is_finished() {
            // A panic in it is already logged.
            let _ = self.server.await;
        }
        self.probing.abort();
        self.upkeep.abort();
        self.health
    }
}
