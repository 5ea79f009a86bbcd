//! What a hostile request does to others: a small query, `/healthz` and a message from sent to stored are measured beside
//! 32 copies of the dearest request of each kind that is admitted.
//!
//! `make bench-hostile` runs it against a durable PostgreSQL and Kafka; `make bench-hostile ARGS=history` runs only the kinds whose
//! names contain that word. A search among random documents adds the dearest ones that it finds. It prints its seed;
//! `TEST_SEED` sets it. `kinds.rs` has the requests that are written by people.

#[path = "../query/data.rs"]
mod data;
mod document;
mod fill;
mod generator;
mod kinds;
mod load;
mod messages;
mod search;
mod service;

use std::{collections::BTreeMap, env, time::Duration};

use insights_results_aggregator::{
    config::{Config, Database},
    content::CurrentContent,
    graphql::{Executor, sdl},
};
use mimalloc::MiMalloc;
use sea_orm::{ConnectOptions, ConnectionTrait as _, DatabaseConnection};

use self::{
    generator::Generator,
    kinds::Hostile,
    load::Probes,
    messages::MessageSender,
    search::{Meter, Usage},
    service::ServiceProcess,
};

/// The allocator of the service.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// Duration of the load of each kind.
const RUN: Duration = Duration::from_secs(8);
/// Ends the statements of a service that was killed.
const END_STATEMENTS: &str = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND application_name <> 'bench' AND pid <> pg_backend_pid() AND state = 'active'";

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let (Ok(url), Ok(brokers)) = (env::var("TEST_DATABASE_URL"), env::var("TEST_KAFKA_BROKERS")) else {
        eprintln!("TEST_DATABASE_URL or TEST_KAFKA_BROKERS is not set: run `make bench-hostile`, which starts both");
        std::process::exit(1);
    };
    let given = env::var("TEST_SEED").ok().map(|seed| seed.parse().expect("TEST_SEED is a number"));
    let seed: u64 = given.unwrap_or_else(rand::random);
    println!("TEST_SEED={seed}");
    let filter = env::args().skip(1).find(|argument| !argument.starts_with("--")).unwrap_or_default();

    let config = config(&url);
    let connection = connect(&url).await;
    eprintln!("filling the database ..");
    let store = fill::fill(&config.database, &connection).await;
    let executor =
        Executor::new(store, CurrentContent::default(), &config.limits).expect("the schema's SDL is GraphQL");
    let meter = Meter { executor: &executor, connection: &connection };
    let is_selected = |hostile: &Hostile| hostile.name.contains(&filter);

    print_head();
    measure(&url, &brokers, &connection, None).await;
    for hostile in Hostile::all(&executor).into_iter().filter(is_selected) {
        let usage = meter.usage(&hostile.query, &hostile.variables).await;
        measure(&url, &brokers, &connection, Some((&hostile, usage))).await;
    }
    let mut generator = Generator::new(&sdl(), fill::keys(), seed);
    for hostile in meter.search(&mut generator, &filter).await {
        let usage = meter.usage(&hostile.query, &hostile.variables).await;
        measure(&url, &brokers, &connection, Some((&hostile, usage))).await;
    }
}

/// Measures beside a request, or without load.
async fn measure(url: &str, brokers: &str, connection: &DatabaseConnection, hostile: Option<(&Hostile, Usage)>) {
    let service = ServiceProcess::start(url, brokers).await;
    // When it is stored, the consumer has joined its group.
    assert!(MessageSender::new(&service).send_until_stored(connection).await, "the first message is stored");
    let probes = Probes::start(&service, url);
    let (rate, failed) = match hostile {
        Some((hostile, _)) => load::attack(service.address, hostile, RUN).await,
        None => {
            tokio::time::sleep(RUN).await;
            (0.0, 0)
        }
    };
    let [query, health, message] = probes.finish();
    let (name, usage) = hostile.map_or(("no load", Usage::default()), |(hostile, usage)| (&*hostile.name, usage));
    let millis = |time: Duration| time.as_secs_f64() * 1e3;
    println!(
        "{name:30} {:6} {:9} {:7.0} {:7.0} {:5} {:7.1} {:6} {:8.1} {:8.1} {:6} {:8.1} {:8.1} {:6} {:8.1} {:6} {:6}",
        usage.cost,
        usage.bytes,
        millis(usage.service),
        millis(usage.database),
        if usage.has_errors { "yes" } else { "no" },
        rate,
        failed,
        millis(query.quantile(0.5)),
        millis(query.quantile(0.99)),
        query.failed,
        millis(health.quantile(0.99)),
        millis(health.quantile(1.0)),
        health.failed,
        millis(message.quantile(1.0)),
        message.failed,
        service.peak_memory(),
    );
    drop(service);
    connection.execute_unprepared(END_STATEMENTS).await.expect("the statements end");
}

fn print_head() {
    println!(
        "{:30} {:>6} {:>9} {:>7} {:>7} {:>5} {:>7} {:>6} {:>8} {:>8} {:>6} {:>8} {:>8} {:>6} {:>8} {:>6} {:>6}",
        "request",
        "cost",
        "bytes",
        "cpu ms",
        "db ms",
        "error",
        "/s",
        "failed",
        "p50 ms",
        "p99 ms",
        "failed",
        "hz p99",
        "hz max",
        "failed",
        "msg max",
        "failed",
        "MB"
    );
}

async fn connect(url: &str) -> DatabaseConnection {
    let mut options = ConnectOptions::new(url);
    options.max_connections(1).sqlx_logging(false);
    sea_orm::Database::connect(options).await.expect("connect")
}

/// The default configuration, with this database.
fn config(url: &str) -> Config {
    let mut config = Config::load(None, &BTreeMap::new()).expect("the defaults load").config;
    config.database = Database { url: url.to_owned().try_into().expect("a database URL"), ..config.database };
    config
}
