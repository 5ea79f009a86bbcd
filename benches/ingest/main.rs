//! Throughput of ingestion from real Kafka into a durable PostgreSQL: first reports, reports with changed hits, and
//! reports in which only the times are new.
//!
//! `make bench-ingest` runs it, and `make bench-ingest ARGS=service` only the service. The whole run also measures the
//! method of the original aggregator (one message at a time, in eight transactions) and the service with batches of one
//! message, and the service with messages that have request ids. Then it measures a wave of workload results, and the peak
//! memory with both topics. A topic is filled before a consumer starts; the time from the first stored message to the last is
//! measured.
//!
//! The service runs in a process of its own, whose peak memory is printed. At the end, the time from sent to stored is
//! measured at a low, steady rate.

mod data;
mod freshness;
mod original;
mod plot;
mod process;
mod service;
mod topic;
mod workloads;

use std::{collections::BTreeMap, env, path::Path, time::Instant};

use insights_results_aggregator::config::Config;
use mimalloc::MiMalloc;
use sea_orm::{ConnectOptions, ConnectionTrait as _, DatabaseConnection};

use self::{data::Wave, process::ServiceProcess};

/// The allocator of the service.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// The path of the chart.
const CHART: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/ingest.svg");

/// A method of ingestion.
#[derive(Clone, Copy)]
enum Method {
    Original,
    BatchesOfOne,
    Service,
    /// The service, and each message has a request id that is remembered.
    ServiceWithRequests,
}

/// The throughput of a method in each wave, in messages per second.
pub(crate) struct Row {
    pub(crate) name: &'static str,
    pub(crate) figures: [f64; 3],
}

/// A method's configuration in a wave, as environment variables.
pub(crate) type Environment = BTreeMap<String, String>;

impl Method {
    const ALL: [Self; 4] = [Self::Original, Self::BatchesOfOne, Self::Service, Self::ServiceWithRequests];

    fn name(self) -> &'static str {
        match self {
            Self::Original => "one at a time, eight transactions",
            Self::BatchesOfOne => "batches of one",
            Self::Service => "the service",
            Self::ServiceWithRequests => "the service with request ids",
        }
    }

    /// Number of messages, chosen so that each measurement takes seconds.
    fn messages(self) -> u32 {
        match self {
            Self::Original => 1_500,
            Self::BatchesOfOne => 4_000,
            Self::Service | Self::ServiceWithRequests => 40_000,
        }
    }
}

#[tokio::main]
async fn main() {
    let mut rows = Vec::new();
    prepare_server().await;
    let filter = env::args().skip(1).find(|argument| !argument.starts_with("--")).unwrap_or_default();
    for method in Method::ALL.into_iter().filter(|method| method.name().contains(&filter)) {
        let row = measure(method).await;
        print_row(&row);
        rows.push(row);
    }
    if rows.len() == Method::ALL.len() {
        print_ratios(&rows);
        plot::draw(Path::new(CHART), &rows[..3]).expect("the chart is drawn");
        println!("drawn: docs/ingest.svg");
    }
    if rows.iter().any(|row| row.name == Method::Service.name()) {
        workloads::measure().await;
        freshness::measure().await;
    }
}

fn print_row(row: &Row) {
    println!("{:40} {}", row.name, row.figures.map(|figure| format!("{figure:10.0}")).join(" "));
}

async fn measure(method: Method) -> Row {
    let (url, database) = create_database(method).await;
    if let Method::Original = method {
        original::create_tables(&database).await;
    }
    let (mut figures, mut peaks) = ([0.0; 3], [0.0; 3]);
    for ((wave, figure), peak) in Wave::ALL.into_iter().zip(&mut figures).zip(&mut peaks) {
        let environment = environment(&url, method, wave.name());
        let config = config(&environment);
        eprintln!("{}: {} ..", method.name(), wave.name());
        let messages = (0..method.messages()).map(|number| message(method, wave, number));
        topic::fill(&config.kafka, &config.kafka.ocp_topic, topic::PARTITIONS, messages).await;
        *figure = match method {
            Method::Original => {
                let mut start = Instant::now();
                original::ingest(&config.kafka, &database, method.messages(), || start = Instant::now()).await;
                f64::from(method.messages()) / start.elapsed().as_secs_f64()
            }
            Method::BatchesOfOne | Method::Service | Method::ServiceWithRequests => {
                let service = ServiceProcess::start(&environment);
                let is_stored = ("last_checked_at", wave.last_checked());
                let figure = service::ingest(&database, is_stored, method.messages()).await;
                *peak = service.stop();
                figure
            }
        };
        // As autovacuum would, so that plans are those of a database that has been in use.
        database.execute_unprepared("VACUUM ANALYZE").await.expect("vacuum");
        // So that writes of this wave do not slow down the next.
        database.execute_unprepared("CHECKPOINT").await.expect("checkpoint");
    }
    if let Method::Service | Method::ServiceWithRequests = method {
        print_row(&Row { name: "peak memory of the service, MB", figures: peaks });
    }
    Row { name: method.name(), figures }
}

/// Key and value of the message of a cluster.
fn message(method: Method, wave: Wave, number: u32) -> (String, String) {
    let mut message = wave.message(number);
    if let Method::ServiceWithRequests = method {
        let letter = wave.name().chars().next().unwrap_or_default();
        message.request_id = Some(format!("{letter}{number:025}"));
    }
    (message.cluster.to_string(), message.json())
}

fn print_ratios(rows: &[Row]) {
    let [original, _, service, ..] = rows else { return };
    let ratio = |wave: usize| format!("{:9.1}x", service.figures[wave] / original.figures[wave]);
    println!("{:40} {}", "ratio of the service to one at a time", [0, 1, 2].map(ratio).join(" "));
}

/// Fills the write-ahead log, so that PostgreSQL recycles its files. Creating them halves the throughput of first
/// inserts.
async fn prepare_server() {
    let server = connect(&variable("TEST_DATABASE_URL")).await;
    for statement in [
        "DROP TABLE IF EXISTS written",
        "CREATE TABLE written AS SELECT repeat('x', 1000) FROM generate_series(1, 800000)",
        "DROP TABLE written",
        "CHECKPOINT",
    ] {
        server.execute_unprepared(statement).await.expect("the server is prepared");
    }
}

/// Creates a database for one method.
async fn create_database(method: Method) -> (String, DatabaseConnection) {
    let url = database_url(method);
    let server = connect(&variable("TEST_DATABASE_URL")).await;
    let name = url.path().trim_start_matches('/');
    server.execute_unprepared(&format!("CREATE DATABASE {name}")).await.expect("create a database");
    (url.to_string(), connect(url.as_str()).await)
}

fn database_url(method: Method) -> url::Url {
    let mut url: url::Url = variable("TEST_DATABASE_URL").parse().expect("a database URL");
    url.set_path(match method {
        Method::Original => "bench_original",
        Method::BatchesOfOne => "bench_one",
        Method::Service => "bench_service",
        Method::ServiceWithRequests => "bench_requests",
    });
    url
}

async fn connect(url: &str) -> DatabaseConnection {
    let mut options = ConnectOptions::new(url);
    options.max_connections(2).sqlx_logging(false);
    sea_orm::Database::connect(options).await.expect("connect")
}

/// The default configuration, with a topic and a group for the phase.
fn environment(url: &str, method: Method, phase: &str) -> Environment {
    let topic = format!("bench-{}-{phase}", method.name()).replace([' ', ','], "-");
    let mut settings = vec![
        ("HTTP__ADDRESS", "127.0.0.1:0".to_owned()),
        ("DATABASE__URL", url.to_owned()),
        ("KAFKA__BROKERS", variable("TEST_KAFKA_BROKERS")),
        ("KAFKA__GROUP", topic.clone()),
        ("KAFKA__DEAD_LETTER_TOPIC", format!("{topic}.dead-letter")),
        ("KAFKA__OCP_TOPIC", topic),
        ("LOG__LEVEL", "warn".to_owned()),
    ];
    if let Method::BatchesOfOne = method {
        settings.push(("INGEST__BATCH_MESSAGES", "1".to_owned()));
    }
    settings.into_iter().map(|(key, value)| (format!("INSIGHTS_RESULTS_AGGREGATOR__{key}"), value)).collect()
}

fn config(environment: &Environment) -> Config {
    Config::load(None, environment).expect("the configuration loads").config
}

fn variable(name: &str) -> String {
    env::var(name).unwrap_or_else(|_| {
        eprintln!("{name} is not set: run `make bench-ingest`, which starts PostgreSQL and Kafka");
        std::process::exit(1)
    })
}
