//! Start-up as a value: the parts of a process, built from its configuration, run until it is told to stop.
//!
//! `Service::build(config, role).await?.run(stop).await`; tests build the same thing on port 0 and ask it for its
//! address. The API is up at once; what is missing yet (database, schema, Kafka) is told by /readyz and waited for.

mod watch;

use std::{net::SocketAddr, sync::Arc, time::Duration};

use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::sync::CancellationToken;

use crate::{
    config::Config,
    graphql::Executor,
    http::{self, Api, Readiness},
    ingest::{self, Ingester},
    store::{self, Store},
    telemetry::{self, metrics::Metrics},
};

/// How long ingestion may take to finish its batches, commit and leave the group. A client whose broker is away would
/// take longer to close than anyone wants to wait.
const INGEST_DRAIN: Duration = Duration::from_secs(8);
/// How long connections to the database may take to close.
const STORE_DRAIN: Duration = Duration::from_secs(2);

/// What a process does.
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

/// Why a process cannot start or go on.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The address cannot be listened on.
    #[error("cannot listen on {address} (http.address)")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The database cannot be used, and waiting would not help.
    #[error("the database cannot be used")]
    Store(#[from] store::Error),
    /// Ingestion ended.
    #[error("ingestion ended")]
    Ingest(#[from] ingest::Error),
    /// A task of the process ended that should not have.
    #[error("{task} ended unasked; the log tells why")]
    TaskEnded {
        /// Which.
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
    /// Listens, and makes everything that does not need anybody else to be there.
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
        readiness.missing(watch::DATABASE, "not asked yet");
        readiness.missing(watch::MIGRATIONS, "not looked at yet");
        if role.ingests() {
            readiness.missing(watch::KAFKA, "waits for the database");
        }
        let metrics = telemetry::metrics::start();
        Ok(Self { config, role, listener, address, store, probes, readiness, metrics })
    }

    /// Where the API listens: the port that was really given.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The database.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// What is missing before the process is ready.
    pub fn readiness(&self) -> &Arc<Readiness> {
        &self.readiness
    }

    /// Runs until `stop`, then lets everything finish.
    ///
    /// # Errors
    /// When it ends before: the process must then end too, so that whoever watches it starts it anew.
    pub async fn run(self, stop: CancellationToken) -> Result<(), Error> {
        tracing::info!(address = %self.address, role = ?self.role, version = crate::VERSION, "listening");
        let serving = CancellationToken::new();
        let router = self.router();
        let server = tokio::spawn(http::serve(self.listener, router, self.config.http.clone(), serving.clone()));
        let watching = tokio::spawn(watch::databases(self.probes, self.readiness.clone()));
        let mut ingester = None;
        let counting = tokio::spawn(self.metrics.keep_small());
        let mut tasks = Tasks { server, watching, counting };
        let ended = tokio::select! {
            () = stop.cancelled() => Ok(()),
            error = tasks.ended() => Err(error),
            error = work(&self.config, self.role, &self.store, &self.readiness, &mut ingester) => Err(error),
        };
        self.readiness.missing("process", "is stopping");
        let drained = drain(ingester).await;
        serving.cancel();
        tasks.finish().await;
        if tokio::time::timeout(STORE_DRAIN, self.store.close()).await.is_err() {
            tracing::warn!("the database's connections did not close in time");
        }
        ended.and(drained)
    }

    fn router(&self) -> axum::Router {
        let (http, mode) = (&self.config.http, self.config.auth.mode);
        let api = self.role.serves().then(|| {
            let executor = Executor::new(self.store.clone(), &self.config.limits);
            Api::new(executor, http, mode)
        });
        http::router(http, mode, api, self.readiness.clone(), self.metrics.clone())
    }
}

/// The process's work besides serving: brings the schema up to date, then ingests. Ends only with an error.
async fn work(
    config: &Config,
    role: Role,
    store: &Store,
    readiness: &Arc<Readiness>,
    ingester: &mut Option<Ingester>,
) -> Error {
    if let Err(error) = watch::bring_up_to_date(store, config.database.migrate, readiness).await {
        return error.into();
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
                    // Over already, so there is nothing to drain.
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
    match tokio::time::timeout(INGEST_DRAIN, ingester.stop()).await {
        Ok(stopped) => Ok(stopped?),
        Err(_) => {
            tracing::warn!("ingestion did not stop in time; what was not committed will be read again");
            Ok(())
        }
    }
}

/// The tasks beside the work.
struct Tasks {
    server: JoinHandle<()>,
    watching: JoinHandle<std::convert::Infallible>,
    counting: JoinHandle<std::convert::Infallible>,
}

impl Tasks {
    async fn ended(&mut self) -> Error {
        let task = tokio::select! {
            _ = &mut self.server => "the HTTP server",
            _ = &mut self.watching => "the database's watch",
            _ = &mut self.counting => "the upkeep of metrics",
        };
        Error::TaskEnded { task }
    }

    async fn finish(self) {
        self.watching.abort();
        self.counting.abort();
        // It bounds its own drain; a panic in it was logged.
        let _ = self.server.await;
    }
}
