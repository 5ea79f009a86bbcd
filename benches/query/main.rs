//! Throughput of reads: four queries of front-ends, each compared with a hand-written handler for that query, which runs
//! one statement without GraphQL.
//!
//! `make bench-query` runs it against a durable PostgreSQL; `make bench-query ARGS=hits` runs only the queries whose names
//! contain that word; `make bench-query ARGS=large` measures pages of very long lists instead. Both sides serve HTTP in this process, with the same pool size and data, and are measured in turns.
//! The result that matters is the ratio.

mod data;
mod handwritten;
mod large;
mod load;
mod queries;

use std::{env, time::Duration};

use insights_results_aggregator::{
    config::{Config, Database},
    service::{Role, Service},
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

#[tokio::main]
async fn main() {
    let Ok(url) = env::var("TEST_DATABASE_URL") else {
        eprintln!("TEST_DATABASE_URL is not set: run `make bench-query`, which starts PostgreSQL");
        std::process::exit(1);
    };
    let config = config(url);
    eprintln!("filling the database ..");
    data::fill(&config.database).await;
    let filter = env::args().skip(1).find(|argument| !argument.starts_with("--")).unwrap_or_default();
    if filter == "large" {
        large::measure(&config.database).await;
        return;
    }

    let stop = CancellationToken::new();
    let graph = Service::build(config.clone(), Role::Api).await.expect("the service is built");
    let graph_address = graph.address();
    let graph = tokio::spawn(graph.run(stop.clone()));
    let handwritten_address = handwritten::serve(&config, stop.clone()).await;

    println!(
        "{:32} {:>9} {:>9} {:>9} {:>9} {:>7} {:>9}",
        "query", "graph/s", "p99 ms", "hand/s", "p99 ms", "ratio", "bytes"
    );
    for query in queries::queries().iter().filter(|query| query.name.contains(&filter)) {
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
