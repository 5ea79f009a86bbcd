//! Asking again and again, over some connections at once: wrk does it, a process of its own that takes little of what the
//! service needs.

use std::{io::Write as _, net::SocketAddr, process::Stdio, time::Duration};

use reqwest::Client;
use serde_json::json;
use tempfile::NamedTempFile;
use tokio::process::Command;

use super::data::Query;

/// How many connections ask at once.
const CONNECTIONS: &str = "32";

/// A request that is asked again and again.
pub(crate) struct Target {
    url: String,
    /// The body, for a POST.
    body: Option<NamedTempFile>,
    /// The answer's length.
    pub(crate) bytes: usize,
}

impl Target {
    pub(crate) async fn graph(address: SocketAddr, query: &Query) -> Self {
        let url = format!("http://{address}/graphql");
        let json = json!({ "query": query.graphql }).to_string();
        let asked = Client::new().post(&url).header("content-type", "application/json").body(json.clone());
        let bytes = answered(asked).await;
        let mut body = NamedTempFile::new().expect("a temporary file");
        body.write_all(json.as_bytes()).expect("the body is written");
        Self { url, body: Some(body), bytes }
    }

    pub(crate) async fn by_hand(address: SocketAddr, query: &Query) -> Self {
        let url = format!("http://{address}{}", query.path);
        let bytes = answered(Client::new().get(&url)).await;
        Self { url, body: None, bytes }
    }

    /// Asks for `time`, each connection its next request as soon as it has its answer.
    pub(crate) async fn ask(&self, time: Duration) -> Figures {
        // One turn that counts, and one before it that does not: connections, caches and plans are warm then.
        self.turn(Duration::from_secs(1)).await;
        self.turn(time).await
    }

    async fn turn(&self, time: Duration) -> Figures {
        let mut wrk = Command::new("wrk");
        let seconds = time.as_secs().to_string();
        wrk.args(["--threads", "1", "--connections", CONNECTIONS, "--duration", &seconds, "--timeout", "30"]);
        wrk.args(["--script", concat!(env!("CARGO_MANIFEST_DIR"), "/benches/query/load.lua"), &self.url]);
        if let Some(body) = &self.body {
            wrk.arg("--").arg(body.path());
        }
        let output =
            wrk.stderr(Stdio::inherit()).output().await.expect("wrk runs: `services/install load` installs it");
        Figures::read(&String::from_utf8_lossy(&output.stdout))
    }
}

/// Asks once, to see that the answer is one; gives its length.
async fn answered(asked: reqwest::RequestBuilder) -> usize {
    let answer = asked.send().await.expect("an answer");
    assert!(answer.status().is_success(), "{}", answer.status());
    let body = answer.bytes().await.expect("a body");
    assert!(!body.starts_with(b"{\"errors\"") && !body.starts_with(b"{\"data\":null"), "{body:?}");
    body.len()
}

/// What a turn gave.
pub(crate) struct Figures {
    pub(crate) a_second: f64,
    pub(crate) p99: Duration,
}

impl Figures {
    /// From what `load.lua` prints.
    fn read(output: &str) -> Self {
        let line = output.lines().find_map(|line| line.strip_prefix("figures ")).expect("wrk tells its figures");
        let figures: Vec<u32> = line.split(' ').map(|figure| figure.parse().expect("a number")).collect();
        let [requests, micros, p99, failed] = figures[..] else { panic!("four figures: {line}") };
        assert_eq!(failed, 0, "some requests failed: {output}");
        Self { a_second: f64::from(requests) * 1e6 / f64::from(micros), p99: Duration::from_micros(p99.into()) }
    }

    /// The turn in the middle, by requests a second.
    pub(crate) fn median(mut turns: Vec<Self>) -> Self {
        turns.sort_by(|a, b| a.a_second.total_cmp(&b.a_second));
        let middle = turns.len() / 2;
        turns.swap_remove(middle)
    }
}
