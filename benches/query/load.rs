//! Load on the service: wrk repeats a request over several connections, in a process of its own that uses little CPU.

use std::{io::Write as _, net::SocketAddr, process::Stdio, time::Duration};

use reqwest::Client;
use serde_json::json;
use tempfile::NamedTempFile;
use tokio::process::Command;

use super::queries::Query;

/// Number of concurrent connections.
const CONNECTIONS: &str = "32";

/// A request that is repeated.
pub(crate) struct Target {
    url: String,
    /// The body, for a POST.
    body: Option<NamedTempFile>,
    /// The length of the response body.
    pub(crate) bytes: usize,
}

impl Target {
    pub(crate) async fn graph(address: SocketAddr, query: &Query) -> Self {
        let url = format!("http://{address}/graphql");
        let json = json!({ "query": query.graphql }).to_string();
        let request = Client::new().post(&url).header("content-type", "application/json").body(json.clone());
        let bytes = response_length(request).await;
        let mut body = NamedTempFile::new().expect("a temporary file");
        body.write_all(json.as_bytes()).expect("the body is written");
        Self { url, body: Some(body), bytes }
    }

    pub(crate) async fn handwritten(address: SocketAddr, query: &Query) -> Self {
        let url = format!("http://{address}{}", query.path);
        let bytes = response_length(Client::new().get(&url)).await;
        Self { url, body: None, bytes }
    }

    /// Repeats the request for `time`. Each connection sends its next request as soon as it has received a response.
    pub(crate) async fn measure(&self, time: Duration) -> Figures {
        // A first run warms up connections, caches and plans.
        self.run(Duration::from_secs(1)).await;
        self.run(time).await
    }

    async fn run(&self, time: Duration) -> Figures {
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

/// Sends the request once and checks that the response has no errors. Returns the length of its body.
async fn response_length(request: reqwest::RequestBuilder) -> usize {
    let response = request.send().await.expect("a response");
    assert!(response.status().is_success(), "{}", response.status());
    let body = response.bytes().await.expect("a body");
    assert!(!body.starts_with(b"{\"errors\"") && !body.starts_with(b"{\"data\":null"), "{body:?}");
    body.len()
}

/// The results of a run.
pub(crate) struct Figures {
    pub(crate) per_second: f64,
    pub(crate) p99: Duration,
}

impl Figures {
    /// Parses the output of `load.lua`.
    fn read(output: &str) -> Self {
        let line = output.lines().find_map(|line| line.strip_prefix("figures ")).expect("wrk prints its figures");
        let figures: Vec<u32> = line.split(' ').map(|figure| figure.parse().expect("a number")).collect();
        let [requests, micros, p99, failed] = figures[..] else { panic!("four figures: {line}") };
        assert_eq!(failed, 0, "some requests failed: {output}");
        Self { per_second: f64::from(requests) * 1e6 / f64::from(micros), p99: Duration::from_micros(p99.into()) }
    }

    /// The median run by requests per second.
    pub(crate) fn median(mut runs: Vec<Self>) -> Self {
        runs.sort_by(|a, b| a.per_second.total_cmp(&b.per_second));
        let middle = runs.len() / 2;
        runs.swap_remove(middle)
    }
}
