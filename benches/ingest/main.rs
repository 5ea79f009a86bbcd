//! Throughput of ingestion from real Kafka into a durable PostgreSQL: first reports, reports with changed hits, and
//! reports in which only the times are new.
//!
//! `make bench-ingest` runs it. The same run measures the method of the original aggregator (one message at a time, in
//! eight transactions) and the service with batches of one message. The topic is filled before a consumer starts; the
//! time from the first stored message to the last is measured.

mod data;
mod original;
mod plot;
mod service;
mod topic;

use std::{env, path::Path, time::Instant};

use insights_results_aggregator::config::{Config, Database};
use mimalloc::MiMalloc;
use sea_orm::{ConnectOptions, ConnectionTrait as _, DatabaseConnection};

use self::data::Wave;

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
}

/// The throughput of a method in each wave, in messages per second.
pub(crate) struct Row {
    pub(crate) name: &'static str,
    pub(crate) figures: [f64; 3],
}

impl Method {
    const ALL: [Self; 3] = [Self::Original, Self::BatchesOfOne, Self::Service];

    fn name(self) -> &'static str {
        match self {
            Self::Original => "one at a time, eight transactions",
            Self::BatchesOfOne => "batches of one",
            Self::Service => "the service",
        }
    }

    /// Number of messages, chosen so that each measurement takes seconds.
    fn messages(self) -> u32 {
        match self {
            Self::Original => 1_500,
            Self::BatchesOfOne => 4_000,
            Self::Service => 40_000,
        }
    }
}

#[tokio::main]
async fn main() {
    let mut rows = Vec::new();
    prepare_server().await;
    for method in Method::ALL {
        let row = measure(method).await;
        println!("{:40} {}", row.name, row.figures.map(|figure| format!("{figure:10.0}")).join(" "));
        rows.push(row);
    }
    print_ratios(&rows);
    plot::draw(Path::new(CHART), &rows).expect("the chart is drawn");
    println!("drawn: docs/ingest.svg");
}

async fn measure(method: Method) -> Row {
    let (url, database) = create_database(method).await;
    if let Method::Original = method {
        original::create_tables(&database).await;
    }
    let mut figures = [0.0; 3];
    for (wave, figure) in Wave::ALL.into_iter().zip(&mut figures) {
        let config = config(&url, method, wave);
        eprintln!("{}: {} ..", method.name(), wave.name());
        topic::fill(&config.kafka, wave, method.messages()).await;
        *figure = match method {
            Method::Original => {
                let mut start = Instant::now();
                original::ingest(&config.kafka, &database, method.messages(), || start = Instant::now()).await;
                f64::from(method.messages()) / start.elapsed().as_secs_f64()
            }
            Method::BatchesOfOne | Method::Service => {
                service::ingest(&config, &database, wave, method.messages()).await
            }
        };
        // As autovacuum would, so that plans are those of a database that has been in use.
        database.execute_unprepared("VACUUM ANALYZE").await.expect("vacuum");
        // So that writes of this wave do not slow down the next.
        database.execute_unprepared("CHECKPOINT").await.expect("checkpoint");
    }
    Row { name: method.name(), figures }
}

fn print_ratios(rows: &[Row]) {
    let [original, .., service] = rows else { return };
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
    let name = match method {
        Method::Original => "bench_original",
        Method::BatchesOfOne => "bench_one",
        Method::Service => "bench_service",
    };
    let url: url::Url = variable("TEST_DATABASE_URL").parse().expect("a database URL");
    let server = connect(url.as_str()).await;
    server.execute_unprepared(&format!("CREATE DATABASE {name}")).await.expect("create a database");
    let mut own = url;
    own.set_path(name);
    (own.to_string(), connect(own.as_str()).await)
}

async fn connect(url: &str) -> DatabaseConnection {
    let mut options = ConnectOptions::new(url);
    options.max_connections(2).sqlx_logging(false);
    sea_orm::Database::connect(options).await.expect("connect")
}

/// The default configuration, with a topic and a group for the wave.
fn config(url: &str, method: Method, wave: Wave) -> Config {
    let mut config = Config::load(None, &std::collections::BTreeMap::new()).expect("the defaults load").config;
    config.http.address = "127.0.0.1:0".parse().expect("an address");
    config.database = Database { url: url.to_owned().try_into().expect("a database URL"), ..config.database };
    config.kafka.brokers = variable("TEST_KAFKA_BROKERS").split(',').map(str::to_owned).collect();
    config.kafka.ocp_topic = format!("bench-{}-{}", method.name(), wave.name()).replace([' ', ','], "-");
    config.kafka.group.clone_from(&config.kafka.ocp_topic);
    if let Method::BatchesOfOne = method {
        config.ingest.batch_messages = 1;
    }
    config
}

fn variable(name: &str) -> String {
    env::var(name).unwrap_or_else(|_| {
        eprintln!("{name} is not set: run `make bench-ingest`, which starts PostgreSQL and Kafka");
        std::process::exit(1)
    })
}
