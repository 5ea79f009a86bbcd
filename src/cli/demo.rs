//! `demo`: everything in one process, with nothing to install or configure.

use std::{
    convert::Infallible,
    io::ErrorKind,
    net::{SocketAddr, TcpListener},
    path::PathBuf,
    time::{Duration, Instant},
};

use clap::Args;
use generator::{DEFAULT_SEED, Fleet, FleetSize, GeneratedMessage};
use rdkafka::{mocking::MockCluster, producer::DefaultProducerContext};
use tempfile::TempDir;

use super::{Failure, producer::Producer, progress, signals::stop_on_signal};
use crate::{
    config::{Config, DatabaseUrl},
    domain::{ClusterId, Timestamp},
    identity::Viewer,
    ingest,
    service::{self, Role, Service},
    store::Store,
    telemetry,
};

/// What the demo shows: always the same organizations and clusters.
const FLEET: FleetSize = FleetSize { organizations: 20, clusters: 1000 };
/// Partitions of the embedded broker's topic.
const PARTITIONS: i32 = 4;
/// How often new reports come once the first round is in, and how many.
const EVERY: Duration = Duration::from_secs(3);
const AT_ONCE: usize = 5;
/// How long the first round may take; a minute is twenty times what it takes.
const PATIENCE: Duration = Duration::from_mins(2);

/// How often it is looked whether it is in.
const LOOK_EVERY: Duration = Duration::from_millis(100);

const FIRST_QUERY: &str = include_str!("../../examples/queries/01-first-look.graphql");

/// Run everything embedded: a broker, a database, a producer of realistic reports, the API and its editor.
///
/// For a look around, not for production: the broker is librdkafka's own for tests and keeps little; the database is a
/// SQLite file. Stop it with Ctrl-C.
#[derive(Debug, Args)]
pub(super) struct Demo {
    /// Keep the database in this folder, and go on with it next time; otherwise it is removed at the end.
    #[arg(long, value_name = "FOLDER")]
    keep: Option<PathBuf>,
}

impl Demo {
    pub(super) async fn run(self, mut config: Config) -> Result<(), Failure> {
        if config.log.level == "info" {
            // What the demo has to say, it says itself.
            "warn".clone_into(&mut config.log.level);
        }
        telemetry::start(&config.log);
        let stop = stop_on_signal()?;
        let folder = Folder::open(self.keep)?;

        step("starting a broker inside this process");
        let broker = start_broker(&[&config.kafka.ocp_topic, &config.kafka.dead_letter_topic])?;
        config.kafka.brokers = vec![broker.bootstrap_servers()];
        config.database.url = folder.database()?;
        config.database.read_url = None;
        config.http.address = free_address(config.http.address)?;

        step(&format!("opening a database in {}", folder.path.display()));
        let producer = Producer::new(ingest::client_config(&config.kafka), &config.kafka.ocp_topic)?;
        config.refuse_open_bind(false)?;
        let service = Service::build(config, Role::All).await?;
        let (store, address) = (service.store().clone(), service.address());
        let mut running = tokio::spawn(service.run(stop.clone()));

        let showing = async {
            step("generating reports; they go through the broker (joining its group takes 3 seconds)");
            let mut fleet = Fleet::new(DEFAULT_SEED, FLEET)?;
            let round: Vec<_> = fleet.round(Timestamp::now().utc()).collect();
            let expected = round.iter().map(|message| (message.cluster.into(), message.last_checked.into())).collect();
            send(&producer, round)?;
            wait_until_stored(&store, expected).await?;
            tell(address, folder.is_kept);
            keep_reporting(&producer, fleet).await
        };
        tokio::select! {
            Err(failure) = showing => {
                stop.cancel();
                joined(running.await)?;
                Err(failure)
            }
            ended = &mut running => joined(ended),
        }
    }
}

fn step(what: &str) {
    println!("-> {what}");
}

fn start_broker(topics: &[&str]) -> Result<MockCluster<'static, DefaultProducerContext>, Failure> {
    let failed = |source| Failure::Kafka { doing: "the embedded broker does not start".to_owned(), source };
    let broker = MockCluster::new(1).map_err(failed)?;
    for topic in topics {
        broker.create_topic(topic, PARTITIONS, 1).map_err(failed)?;
    }
    Ok(broker)
}

/// Where the database is: a folder that the user named, or one that goes with the process.
struct Folder {
    path: PathBuf,
    is_kept: bool,
    _temporary: Option<TempDir>,
}

impl Folder {
    fn open(keep: Option<PathBuf>) -> Result<Self, Failure> {
        let failed = |source| Failure::Io { doing: "cannot make a folder for the demo's database".to_owned(), source };
        if let Some(path) = keep {
            std::fs::create_dir_all(&path).map_err(failed)?;
            return Ok(Self { path, is_kept: true, _temporary: None });
        }
        let temporary = tempfile::Builder::new().prefix("insights-demo-").tempdir().map_err(failed)?;
        Ok(Self { path: temporary.path().to_owned(), is_kept: false, _temporary: Some(temporary) })
    }

    fn database(&self) -> Result<DatabaseUrl, Failure> {
        let url = format!("sqlite://{}?mode=rwc", self.path.join("insights.db").display());
        DatabaseUrl::try_from(url).map_err(|error| Failure::Usage(format!("--keep: {error}")))
    }
}

/// The address that is configured, or another port where that one is taken.
fn free_address(wanted: SocketAddr) -> Result<SocketAddr, Failure> {
    match TcpListener::bind(wanted) {
        Ok(listener) => listener.local_addr(),
        Err(error) if error.kind() == ErrorKind::AddrInUse => {
            step(&format!("port {} is taken; using another", wanted.port()));
            TcpListener::bind((wanted.ip(), 0)).and_then(|listener| listener.local_addr())
        }
        Err(error) => Err(error),
    }
    .map_err(|source| Failure::Io { doing: format!("cannot listen on {wanted}"), source })
}

fn send(producer: &Producer, messages: impl IntoIterator<Item = GeneratedMessage>) -> Result<(), Failure> {
    for message in messages {
        producer.send(&message.key(), &message.value)?;
    }
    Ok(())
}

/// Waits until each of these reports has come out of the broker and into the database.
async fn wait_until_stored(store: &Store, mut expected: Vec<(ClusterId, Timestamp)>) -> Result<(), Failure> {
    let bar = progress::bar(expected.len() as u64, "ingesting");
    let deadline = Instant::now() + PATIENCE;
    while !expected.is_empty() {
        if Instant::now() > deadline {
            let left = expected.len();
            return Err(Failure::Usage(format!(
                "{left} reports have not arrived after {PATIENCE:?}; look at the log on standard error"
            )));
        }
        tokio::time::sleep(LOOK_EVERY).await;
        let mut missing = Vec::new();
        for chunk in expected.chunks(500) {
            missing.extend(not_stored(store, chunk).await);
        }
        expected = missing;
        bar.set_position(bar.length().unwrap_or_default() - expected.len() as u64);
    }
    bar.finish_and_clear();
    Ok(())
}

/// Those that are not there yet; all of them while the database cannot be read.
async fn not_stored(store: &Store, reports: &[(ClusterId, Timestamp)]) -> Vec<(ClusterId, Timestamp)> {
    let ids: Vec<_> = reports.iter().map(|(cluster, _)| *cluster).collect();
    let found = store.clusters(Viewer::unrestricted().scope(), &ids).await.unwrap_or_default();
    let is_stored =
        |(cluster, at): &(ClusterId, Timestamp)| found.get(cluster).is_some_and(|row| row.last_checked >= *at);
    reports.iter().filter(|report| !is_stored(report)).copied().collect()
}

fn tell(address: SocketAddr, is_kept: bool) {
    let FleetSize { organizations, clusters } = FLEET;
    println!("-> {clusters} clusters of {organizations} organizations are in; {AT_ONCE} new reports every {EVERY:?}");
    println!("\nOpen http://{address}/graphiql in a browser, or paste this query there:\n\n{FIRST_QUERY}");
    let end = if is_kept { "the database stays" } else { "everything is removed" };
    println!("Ctrl-C ends the demo; {end}.");
}

/// Lets clusters report again, until the demo is stopped.
async fn keep_reporting(producer: &Producer, mut fleet: Fleet) -> Result<Infallible, Failure> {
    loop {
        tokio::time::sleep(EVERY).await;
        let now = Timestamp::now().utc();
        send(producer, (0..AT_ONCE).map(|_| fleet.next_message(now)).collect::<Vec<_>>())?;
    }
}

fn joined(ended: Result<Result<(), service::Error>, tokio::task::JoinError>) -> Result<(), Failure> {
    match ended {
        Ok(result) => Ok(result?),
        Err(_) => Err(Failure::Usage("the service panicked; the log tells why".to_owned())),
    }
}
