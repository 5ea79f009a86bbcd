//! How fast the graph reads: four queries of front-ends, each beside a handler written by hand for that query alone, with
//! one statement and no GraphQL.
//!
//! `make bench-query` runs it against a durable PostgreSQL; `make bench-query ARGS=hits` only the queries whose names hold
//! that word. Both sides answer over HTTP in this process, on the same pool size and data, in turns; what counts is the
//! ratio.

mod by_hand;
mod data;
mod load;

use std::{env, time::Duration};

use insights_results_aggregator::{
    config::{Config, Database},
    service::{Role, Service},
};
use mimalloc::MiMalloc;
use tokio_util::sync::CancellationToken;

use self::load::{Figures, Target};

/// As the program itself has it.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// How long each side is asked at a time.
const TURN: Duration = Duration::from_secs(3);
/// How often each side has its turn.
const TURNS: usize = 3;

#[tokio::main]
async fn main() {
    let Ok(url) = env::var("TEST_DATABASE_URL") else {
        eprintln!("TEST_DATABASE_URL is not set: run `make bench-query`, which starts PostgreSQL");
        std::process::exit(1);
    };
    let config = config(url);
    eprintln!("filling the database ..");
    let facts = data::fill(&config.database).await;

    let stop = CancellationToken::new();
    let graph = Service::build(config.clone(), Role::Api).await.expect("the service is built");
    let graph_address = graph.address();
    let graph = tokio::spawn(graph.run(stop.clone()));
    let by_hand_address = by_hand::serve(&config, stop.clone()).await;

    println!(
        "{:32} {:>9} {:>9} {:>9} {:>9} {:>7} {:>9}",
        "query", "graph/s", "p99 ms", "hand/s", "p99 ms", "ratio", "bytes"
    );
    let wanted = env::args().skip(1).find(|argument| !argument.starts_with("--")).unwrap_or_default();
    for query in facts.queries().iter().filter(|query| query.name.contains(&wanted)) {
        let graph = Target::graph(graph_address, query).await;
        let by_hand = Target::by_hand(by_hand_address, query).await;
        let (mut of_graph, mut of_hand) = (Vec::new(), Vec::new());
        for _ in 0..TURNS {
            of_graph.push(graph.ask(TURN).await);
            of_hand.push(by_hand.ask(TURN).await);
        }
        print_row(query.name, graph.bytes, &Figures::median(of_graph), &Figures::median(of_hand));
    }
    stop.cancel();
    graph.await.expect("the service does not panic").expect("the service stops");
}

fn print_row(name: &str, bytes: usize, graph: &Figures, by_hand: &Figures) {
    println!(
        "{name:32} {:9.0} {:9.1} {:9.0} {:9.1} {:7.2} {:9}",
        graph.a_second,
        graph.p99.as_secs_f64() * 1e3,
        by_hand.a_second,
        by_hand.p99.as_secs_f64() * 1e3,
        graph.a_second / by_hand.a_second,
        bytes,
    );
}

/// The configuration that nobody changed, on this database and a free port.
fn config(url: String) -> Config {
    let mut config = Config::load(None, &std::collections::BTreeMap::new()).expect("the defaults load").config;
    config.http.address = "127.0.0.1:0".parse().expect("an address");
    config.database = Database { url: url.try_into().expect("a database URL"), ..config.database };
    config
}
