//! The search for the dearest admitted request: random changes to a random document, of which the dearer one is kept.

use std::{collections::HashMap, fs, path::PathBuf, time::Duration};

use insights_results_aggregator::{graphql::Executor, identity::Viewer};
use sea_orm::{ConnectionTrait as _, DatabaseConnection, DbBackend, Statement};

use super::{
    document::Document,
    generator::Generator,
    kinds::{Hostile, request},
};

/// Number of documents that are tried for each measure.
const ROUNDS: usize = 400;
/// A document that takes longer ends the search.
const TIMEOUT: Duration = Duration::from_secs(5);
/// A search begins again with a random document after this many rounds without progress, unless the champion is dearer.
const PATIENCE_ROUNDS: usize = 60;

/// What a request takes.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Usage {
    /// CPU time of the service.
    pub(crate) service: Duration,
    /// CPU time of the database, without parallel workers.
    pub(crate) database: Duration,
    /// Length of the answer.
    pub(crate) bytes: usize,
    pub(crate) cost: u64,
    /// Whether the answer is complete.
    pub(crate) has_errors: bool,
    timed_out: bool,
}

/// What the search maximizes.
type Measure = (&'static str, fn(&Usage) -> u128);

const MEASURES: [Measure; 3] = [
    ("search: CPU of the service", |usage| usage.service.as_micros()),
    ("search: CPU of the database", |usage| usage.database.as_micros()),
    ("search: bytes", |usage| if usage.has_errors { 0 } else { usage.bytes as u128 }),
];

/// Measures requests in this process, whose CPU time is that of the service.
pub(crate) struct Meter<'a> {
    pub(crate) executor: &'a Executor,
    pub(crate) connection: &'a DatabaseConnection,
}

impl Meter<'_> {
    /// The dearest document by each measure whose name contains a word.
    pub(crate) async fn search(&self, generator: &mut Generator, word: &str) -> Vec<Hostile> {
        let mut champions = Vec::new();
        for measure in MEASURES.into_iter().filter(|(name, _)| name.contains(word)) {
            eprintln!("{} ..", measure.0);
            champions.push(self.champion(generator, measure).await);
        }
        champions
    }

    async fn champion(&self, generator: &mut Generator, (name, measure): Measure) -> Hostile {
        let mut champion = (0, generator.document());
        let mut current = champion.clone();
        let mut without_progress = 0;
        for _ in 0..ROUNDS {
            let restarts = without_progress > PATIENCE_ROUNDS;
            let mut document = if restarts { generator.document() } else { generator.mutated(&current.1) };
            self.shrink_until_admitted(generator, &mut document);
            let (query, variables) = document.render();
            let usage = self.usage(&query, &variables).await;
            let mut found = measure(&usage);
            if found > champion.0 {
                // Measured again, because other processes and the first use of a statement add to it.
                found = found.min(measure(&self.usage(&query, &variables).await));
            }
            without_progress += 1;
            if restarts || found > current.0 {
                without_progress = 0;
            }
            // An equal one too, since a change may need another one to have an effect.
            if restarts || found >= current.0 {
                current = (found, document);
            }
            if current.0 > champion.0 {
                champion = current.clone();
            }
            if usage.timed_out {
                break;
            }
        }
        let (query, variables) = champion.1.render();
        let hostile = Hostile { name: name.to_owned(), query, variables };
        save(&hostile);
        hostile
    }

    fn shrink_until_admitted(&self, generator: &mut Generator, document: &mut Document) {
        let is_refused = |document: &Document| {
            let (query, variables) = document.render();
            self.executor.admit(request(&query, &variables)).is_err()
        };
        while is_refused(document) {
            generator.shrink(document);
        }
    }

    /// Executes a request once.
    pub(crate) async fn usage(&self, query: &str, variables: &serde_json::Value) -> Usage {
        let before = (cpu_of_threads(), self.database_cpu().await);
        let answer = self.executor.execute(Viewer::unrestricted(), request(query, variables), TIMEOUT).await;
        let json = answer.into_json();
        let after = (cpu_of_threads(), self.database_cpu().await);
        let answer: serde_json::Value = serde_json::from_slice(&json).expect("JSON");
        Usage {
            service: after.0.saturating_sub(before.0),
            database: after
                .1
                .iter()
                .map(|(pid, time)| time.saturating_sub(before.1.get(pid).copied().unwrap_or_default()))
                .sum(),
            bytes: json.len(),
            cost: answer["extensions"]["cost"]["cost"].as_u64().unwrap_or_default(),
            has_errors: answer.get("errors").is_some(),
            timed_out: answer["errors"][0]["extensions"]["code"] == "TIMEOUT",
        }
    }

    /// CPU time of each connection to the database, by process.
    async fn database_cpu(&self) -> HashMap<i32, Duration> {
        let sql = "SELECT pid FROM pg_stat_activity WHERE datname = current_database()";
        let rows = self.connection.query_all_raw(Statement::from_string(DbBackend::Postgres, sql)).await.expect("pids");
        let pids = rows.iter().map(|row| row.try_get_by_index::<i32>(0).expect("a pid"));
        pids.map(|pid| (pid, cpu(&format!("/proc/{pid}")))).collect()
    }
}

/// CPU time of all threads of this process.
fn cpu_of_threads() -> Duration {
    let threads = fs::read_dir("/proc/self/task").expect("the threads");
    threads.map(|thread| cpu(&thread.expect("a thread").path().to_string_lossy())).sum()
}

/// CPU time of a process or thread, or zero where it cannot be read.
fn cpu(folder: &str) -> Duration {
    let text = fs::read_to_string(format!("{folder}/schedstat")).unwrap_or_default();
    Duration::from_nanos(text.split(' ').next().and_then(|nanos| nanos.parse().ok()).unwrap_or_default())
}

/// Writes the request's body to a file, so that it can be sent again.
fn save(hostile: &Hostile) {
    let name: String = hostile.name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    fs::create_dir_all(&folder).expect("a folder");
    let path = folder.join(format!("{name}.json"));
    fs::write(&path, hostile.body()).expect("the request is written");
    eprintln!("{}: {}", hostile.name, path.display());
}
