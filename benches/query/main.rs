//! Throughput of reads: seven queries of front-ends, each compared with a hand-written handler for that query, which runs
//! one statement without GraphQL.
//!
//! `make bench-query` runs it against a durable PostgreSQL; `make bench-query ARGS=hits` runs only the queries whose names
//! contain that word; `ARGS=large` measures pages of very long lists instead, and `ARGS=history` long histories. With
//! `unanalyzed` before that argument, or alone, tables have no statistics; with `actions`, users have acknowledged some
//! recommendations and turned others off. Both sides serve HTTP in this process, with the
//! same pool size and data, and are measured in turns. The result that matters is the ratio.

mod actions;
mod content;
mod data;
mod handwritten;
mod history;
mod large;
mod load;
mod queries;
mod statistics;
mod timing;

use std::{env, time::Duration};

use insights_results_aggregator::{
    config::{Config, Database},
    http::Readiness,
    service::{Role, Service},
    store::Store,
};
use mimalloc::MiMalloc;
use tokio_util::sync::CancellationToken;

use self::load::{Figures, Target};

/// The allocator of the service.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// Duration of a run.
const RUN: Duration = Duration::from_secs(3);
/// Number of runs per side.
const RUNS: usize = 3;
/// The argument that leaves tables without statistics.
const UNANALYZED: &str = "unanalyzed";
/// The argument for actions of users.
const ACTIONS: &str = "actions";

#[tokio::main]
async fn main() {
    let Ok(url) = env::var("TEST_DATABASE_URL") else {
        eprintln!("TEST_DATABASE_URL is not set: run `make bench-query`, which starts PostgreSQL");
        std::process::exit(1);
    };
    let config = config(url);
    let arguments: Vec<_> = env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    let analyzed = !arguments.iter().any(|argument| argument == UNANALYZED);
    let acts = arguments.iter().any(|argument| argument == ACTIONS);
    let filter = arguments.into_iter().find(|argument| ![UNANALYZED, ACTIONS].contains(&argument.as_str()));
    let filter = filter.unwrap_or_default();
    eprintln!("filling the database ..");
    if !analyzed {
        statistics::leave_out(&config.database).await;
    }
    data::fill(&config.database).await;
    if acts {
        let store = Store::open(&config.database).await.expect("open");
        actions::act(&store).await;
        store.close().await;
    }
    match filter.as_str() {
        "large" => large::measure(&config, analyzed).await,
        "history" => history::measure(&config.database, analyzed).await,
        filter => compare(config, filter, analyzed).await,
    }
}

/// Compares the queries whose names contain the filter with their hand-written handlers.
async fn compare(config: Config, filter: &str, analyzed: bool) {
    handwritten::prepare(&config.database).await;
    let (_folder, content) = content::write(data::RECOMMENDATIONS);
    let config = Config { content, ..config };
    let stop = CancellationToken::new();
    let graph = Service::build(config.clone(), Role::Api).await.expect("the service is built");
    let (graph_address, readiness) = (graph.address(), graph.readiness().clone());
    let graph = tokio::spawn(graph.run(stop.clone()));
    ready(&readiness).await;
    if analyzed {
        statistics::analyze(&config.database).await;
    }
    let handwritten_address = handwritten::serve(&config, stop.clone()).await;

    println!(
        "{:32} {:>9} {:>9} {:>9} {:>9} {:>7} {:>9}",
        "query", "graph/s", "p99 ms", "hand/s", "p99 ms", "ratio", "bytes"
    );
    for query in queries::queries().iter().filter(|query| query.name.contains(filter)) {
        let graph = Target::graph(graph_address, query).await;
        let handwritten = Target::handwritten(handwritten_address, query).await;
        let (mut graph_runs, mut handwritten_runs) = (Vec::new(), Vec::new());
        for _ in 0..RUNS {
            graph_runs.push(graph.measure(RUN).await);
            handwritten_runs.push(handwritten.measure(RUN).await);
        }
        print_row(query.name, graph.bytes, &Figures::median(graph_runs), &Figures::median(handwritten_runs));
    }
    stop.cancel();
    graph.await.expect("the service does not panic").expect("the service stops");
}

/// Waits until the service is ready, with its content.
async fn ready(readiness: &Readiness) {
    while !readiness.all_missing().is_empty() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn print_row(name: &str, bytes: usize, graph: &Figures, handwritten: &Figures) {
    println!(
        "{name:32} {:9.0} {:9.1} {:9.0} {:9.1} {:7.2} {:9}",
        graph.per_second,
        graph.p99.as_secs_f64() * 1e3,
        handwritten.per_second,
        handwritten.p99.as_secs_f64() * 1e3,
        graph.per_second / handwritten.per_second,
        bytes,
    );
}

/// The default configuration, with this database and a free port.
fn config(url: String) -> Config {
    let mut config = Config::load(None, &std::collections::BTreeMap::new()).expect("the defaults load").config;
    config.http.address = "127.0.0.1:0".parse().expect("an address");
    config.database = Database { url: url.try_into().expect("a database URL"), ..config.database };
    config
}
