//! `demo`: runs everything in one process, without installation or configuration.

mod example_data;

use std::{
    collections::BTreeMap,
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

use super::{Error, producer::Producer, progress, signals::stop_on_signal};
use crate::{
    config::{AuthMode, Config, DatabaseUrl, DevIdentity},
    domain::{ClusterId, OrgId, Timestamp},
    identity::Viewer,
    ingest,
    service::{self, Role, Service},
    store::Store,
    telemetry,
};

/// Organizations and clusters of the demo. With the fixed seed they are always the same.
const FLEET: FleetSize = FleetSize { organizations: 20, clusters: 1000 };
/// The workload topic, unless the configuration names one.
const WORKLOAD_TOPIC: &str = "ccx.dvo.results";
/// How much older the reports of the first round are than its workload results. Times of a round are spread over 90 s.
const REPORTS_OLDER: Duration = Duration::from_secs(90);
/// Partitions of the embedded broker's topics.
const PARTITIONS: i32 = 4;
/// Time between two groups of new messages after the first round, and the numbers of messages in a group.
const REPORT_INTERVAL: Duration = Duration::from_secs(3);
const REPORTS_PER_INTERVAL: usize = 5;
const WORKLOADS_PER_INTERVAL: usize = 2;
/// Longest time until the first round is stored. It usually takes about 3 seconds.
const STORED_TIMEOUT: Duration = Duration::from_mins(2);
/// Time between two checks whether it is stored.
const STORED_POLL_INTERVAL: Duration = Duration::from_millis(100);

/// The user that every viewer of the demo is.
const USER: &str = "demo";

const FIRST_QUERY: &str = include_str!("../../examples/queries/01-first-look.graphql");

/// Run a self-contained demo: a broker, a database, a producer of realistic messages, the API and the query editor.
///
/// The demo is not for production: the broker is librdkafka's mock cluster, which keeps few messages, and the database
/// is an SQLite file. Stop it with Ctrl-C.
#[derive(Debug, Args)]
pub(super) struct Demo {
    /// Keep the database in this folder and use it again the next time. Without it, the database is removed at the end.
    #[arg(long, value_name = "FOLDER")]
    keep: Option<PathBuf>,
}

impl Demo {
    pub(super) async fn run(self, mut config: Config) -> Result<(), Error> {
        if config.log.level == "info" {
            // The demo prints its own messages instead.
            "warn".clone_into(&mut config.log.level);
        }
        telemetry::start(&config.log);
        let stop = stop_on_signal()?;
        let folder = Folder::open(self.keep)?;

        step("starting a broker in this process");
        let workload_topic = config.kafka.workload_topic.get_or_insert_with(|| WORKLOAD_TOPIC.to_owned()).clone();
        let broker = start_broker(&[&config.kafka.ocp_topic, &workload_topic, &config.kafka.dead_letter_topic])?;
        config.kafka.brokers = vec![broker.bootstrap_servers()];
        config.database.url = folder.database()?;
        config.database.read_url = None;
        config.http.address = free_address(config.http.address)?;
        let mut fleet = Fleet::new(DEFAULT_SEED, FLEET)?;
        config.auth.dev_identity = viewer_of(&fleet, config.auth.mode)?;

        let content = tempfile::tempdir().map_err(content_failed)?;
        config.content = example_data::write_content(content.path()).map_err(content_failed)?;

        step(&format!("opening the database in {}", folder.path.display()));
        let topic = |name: &str| Producer::new(ingest::client_config(&config.kafka), name);
        let topics = Topics { reports: topic(&config.kafka.ocp_topic)?, workloads: topic(&workload_topic)? };
        config.check_bind(false)?;
        let service = Service::build(config, Role::All).await?;
        let (store, readiness, address) = (service.store().clone(), service.readiness().clone(), service.address());
        let mut running = tokio::spawn(service.run(stop.clone()));

        let showing = async {
            step("generating messages and sending them to the broker (joining the consumer group takes 3 seconds)");
            let expected = topics.send_first_round(&mut fleet)?;
            wait_until_stored(&store, expected).await?;
            let named = example_data::imported_clusters(&fleet);
            store.import_clusters(&named, false, |_| {}).await.map_err(Error::Database)?;
            wait_until_ready(|| readiness.all_missing()).await?;
            print_instructions(address, folder.is_kept);
            keep_reporting(&topics, fleet).await
        };
        tokio::select! {
            Err(error) = showing => {
                stop.cancel();
                joined(running.await)?;
                Err(error)
            }
            result = &mut running => joined(result),
        }
    }
}

fn step(what: &str) {
    println!("-> {what}");
}

fn start_broker(topics: &[&str]) -> Result<MockCluster<'static, DefaultProducerContext>, Error> {
    let failed = |source| Error::Kafka { context: "cannot start the embedded broker".to_owned(), source };
    let broker = MockCluster::new(1).map_err(failed)?;
    for topic in topics {
        broker.create_topic(topic, PARTITIONS, 1).map_err(failed)?;
    }
    Ok(broker)
}

/// The folder of the database: the one that the user named, or a temporary one.
struct Folder {
    path: PathBuf,
    is_kept: bool,
    _temporary: Option<TempDir>,
}

impl Folder {
    fn open(keep: Option<PathBuf>) -> Result<Self, Error> {
        let failed =
            |source| Error::Io { context: "cannot create a folder for the demo's database".to_owned(), source };
        if let Some(path) = keep {
            std::fs::create_dir_all(&path).map_err(failed)?;
            return Ok(Self { path, is_kept: true, _temporary: None });
        }
        let temporary = tempfile::Builder::new().prefix("insights-demo-").tempdir().map_err(failed)?;
        Ok(Self { path: temporary.path().to_owned(), is_kept: false, _temporary: Some(temporary) })
    }

    fn database(&self) -> Result<DatabaseUrl, Error> {
        let url = format!("sqlite://{}?mode=rwc", self.path.join("insights.db").display());
        DatabaseUrl::try_from(url).map_err(|error| Error::Usage(format!("--keep: {error}")))
    }
}

fn content_failed(source: std::io::Error) -> Error {
    Error::Io { context: "cannot write the demo's rule content".to_owned(), source }
}

/// The identity of the demo's viewers: a user of the first organization.
fn viewer_of(fleet: &Fleet, mode: AuthMode) -> Result<DevIdentity, Error> {
    if mode != AuthMode::None {
        return Err(Error::Usage("the demo identifies no callers: leave auth.mode at its default, none".to_owned()));
    }
    let org_id = fleet.organizations().next().and_then(|number| OrgId::try_from(i64::from(number)).ok());
    Ok(DevIdentity { org_id, user_id: Some(USER.to_owned()) })
}

/// Returns the configured address, with another port if that one is in use.
fn free_address(configured: SocketAddr) -> Result<SocketAddr, Error> {
    match TcpListener::bind(configured) {
        Ok(listener) => listener.local_addr(),
        Err(error) if error.kind() == ErrorKind::AddrInUse => {
            step(&format!("port {} is in use; using another one", configured.port()));
            TcpListener::bind((configured.ip(), 0)).and_then(|listener| listener.local_addr())
        }
        Err(error) => Err(error),
    }
    .map_err(|source| Error::Io { context: format!("cannot listen on {configured}"), source })
}

/// The producers of the two topics.
struct Topics {
    reports: Producer,
    workloads: Producer,
}

/// The times of the first results of a cluster.
#[derive(Clone, Copy)]
struct FirstResults {
    cluster: ClusterId,
    report: Timestamp,
    /// Later than that of the report, so that it is that of the last check once the workloads are stored.
    workloads: Timestamp,
}

impl Topics {
    /// Sends a report and a workload result of every cluster.
    fn send_first_round(&self, fleet: &mut Fleet) -> Result<Vec<FirstResults>, Error> {
        let now = Timestamp::now().utc();
        let reports: Vec<_> = fleet.round(now - REPORTS_OLDER).collect();
        let workloads: Vec<_> = fleet.workload_round(now).collect();
        let expected = reports.iter().zip(&workloads).map(|(report, workloads)| FirstResults {
            cluster: report.cluster.into(),
            report: report.last_checked.into(),
            workloads: workloads.last_checked.into(),
        });
        let expected = expected.collect();
        send(&self.reports, reports)?;
        send(&self.workloads, workloads)?;
        Ok(expected)
    }
}

fn send(producer: &Producer, messages: impl IntoIterator<Item = GeneratedMessage>) -> Result<(), Error> {
    for message in messages {
        producer.send(&message.key(), &message.value)?;
    }
    Ok(())
}

/// Waits until all of these results are stored.
async fn wait_until_stored(store: &Store, mut expected: Vec<FirstResults>) -> Result<(), Error> {
    let bar = progress::bar(expected.len() as u64, "ingesting");
    let deadline = Instant::now() + STORED_TIMEOUT;
    while !expected.is_empty() {
        if Instant::now() > deadline {
            let left = expected.len();
            return Err(Error::Usage(format!(
                "the results of {left} clusters are not stored after {STORED_TIMEOUT:?}; see the log on standard error"
            )));
        }
        tokio::time::sleep(STORED_POLL_INTERVAL).await;
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

/// Returns the results that are not stored yet: all of them while the database cannot be read.
async fn not_stored(store: &Store, expected: &[FirstResults]) -> Vec<FirstResults> {
    let ids: Vec<_> = expected.iter().map(|results| results.cluster).collect();
    let found = store.clusters(Viewer::unrestricted().scope(), &ids).await.unwrap_or_default();
    let is_stored = |results: &&FirstResults| {
        found.get(&results.cluster).is_some_and(|row| {
            let has_report = row.report.as_ref().is_some_and(|report| report.last_checked >= results.report);
            has_report && row.last_checked >= results.workloads
        })
    };
    expected.iter().filter(|results| !is_stored(results)).copied().collect()
}

/// Waits until the content is loaded too.
async fn wait_until_ready(missing: impl Fn() -> BTreeMap<&'static str, String>) -> Result<(), Error> {
    let deadline = Instant::now() + STORED_TIMEOUT;
    loop {
        let Some((part, reason)) = missing().pop_first() else { return Ok(()) };
        if Instant::now() > deadline {
            return Err(Error::Usage(format!("{part} is missing after {STORED_TIMEOUT:?}: {reason}")));
        }
        tokio::time::sleep(STORED_POLL_INTERVAL).await;
    }
}

fn print_instructions(address: SocketAddr, is_kept: bool) {
    let FleetSize { organizations, clusters } = FLEET;
    println!(
        "-> {clusters} clusters of {organizations} organizations are stored; {REPORTS_PER_INTERVAL} new reports and \
         {WORKLOADS_PER_INTERVAL} workload results follow every {REPORT_INTERVAL:?}"
    );
    println!("\nOpen http://{address}/graphiql in a browser, or paste this query there:\n\n{FIRST_QUERY}");
    let end = if is_kept { "the database is kept" } else { "the database is removed" };
    println!("Ctrl-C ends the demo; {end}.");
}

/// Sends new messages until the demo is stopped.
async fn keep_reporting(topics: &Topics, mut fleet: Fleet) -> Result<Infallible, Error> {
    loop {
        tokio::time::sleep(REPORT_INTERVAL).await;
        let now = Timestamp::now().utc();
        send(&topics.reports, (0..REPORTS_PER_INTERVAL).map(|_| fleet.next_message(now)))?;
        send(&topics.workloads, (0..WORKLOADS_PER_INTERVAL).map(|_| fleet.next_workload_message(now)))?;
    }
}

fn joined(result: Result<Result<(), service::Error>, tokio::task::JoinError>) -> Result<(), Error> {
    match result {
        Ok(result) => Ok(result?),
        Err(_) => Err(Error::Usage("the service panicked; see the log".to_owned())),
    }
}
