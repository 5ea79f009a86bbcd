//! The load, by wrk, and the requests and messages of others beside it, from a thread of their own.

use std::{
    io::Write as _,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    process::Stdio,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use reqwest::Client;
use serde_json::json;
use tempfile::NamedTempFile;
use tokio::process::Command;

use super::{data::cluster, kinds::Hostile, messages::MessageSender, service::ServiceProcess};

/// Number of concurrent connections with the hostile request.
const CONNECTIONS: &str = "32";
/// The pause after each small request.
const PAUSE: Duration = Duration::from_millis(5);
const TIMEOUT: Duration = Duration::from_secs(30);
/// The address of the client of the small requests. Each client has its turn at the database; wrk is another one.
const PROBE_ADDRESS: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2));

/// The times of requests.
#[derive(Default)]
pub(crate) struct Latencies {
    times: Vec<Duration>,
    pub(crate) failed: usize,
}

impl Latencies {
    pub(crate) fn add(&mut self, time: Duration, succeeded: bool) {
        self.times.push(time);
        self.failed += usize::from(!succeeded);
    }

    pub(crate) fn sorted(mut self) -> Self {
        self.times.sort();
        self
    }

    pub(crate) fn quantile(&self, share: f64) -> Duration {
        #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, clippy::cast_sign_loss)]
        let index = (share * (self.times.len().max(1) - 1) as f64).ceil() as usize;
        self.times.get(index).copied().unwrap_or_default()
    }
}

/// Small requests, sent one after another by a thread until it is stopped.
pub(crate) struct Probes {
    stop: Arc<AtomicBool>,
    thread: thread::JoinHandle<[Latencies; 3]>,
}

impl Probes {
    pub(crate) fn start(service: &ServiceProcess, database_url: &str) -> Self {
        let (address, health_address) = (service.address, service.health_address);
        let sender = MessageSender::new(service);
        let url = database_url.to_owned();
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = stop.clone();
        let thread = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            let (query, health, message) = runtime.block_on(async {
                let database = super::connect(&url).await;
                tokio::join!(
                    repeat(&stopped, |client, number| {
                        let uuid = cluster(1 + i64::from(number % 100), (number / 100 % 100).into());
                        let query = format!("{{ cluster(uuid: \"{uuid}\") {{ version lastCheckedAt }} }}");
                        client.post(format!("http://{address}/graphql")).json(&json!({ "query": query }))
                    }),
                    repeat(&stopped, |client, _| client.get(format!("http://{health_address}/healthz"))),
                    sender.repeat(&stopped, &database),
                )
            });
            [query, health, message]
        });
        Self { stop, thread }
    }

    /// The times of the query, of `/healthz`, and of a message from sent to stored.
    pub(crate) fn finish(self) -> [Latencies; 3] {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().expect("the probes do not panic")
    }
}

async fn repeat(stopped: &AtomicBool, build: impl Fn(&Client, u32) -> reqwest::RequestBuilder) -> Latencies {
    let client = Client::builder().local_address(PROBE_ADDRESS).timeout(TIMEOUT).build().expect("a client");
    let mut latencies = Latencies::default();
    let mut number = 0;
    while !stopped.load(Ordering::Relaxed) {
        number += 1;
        let start = Instant::now();
        let succeeded = match build(&client, number).send().await {
            Ok(response) if response.status().is_success() => {
                response.bytes().await.is_ok_and(|body| !body.starts_with(b"{\"data\":{\"cluster\":null}"))
            }
            _ => false,
        };
        latencies.add(start.elapsed(), succeeded);
        tokio::time::sleep(PAUSE).await;
    }
    latencies.sorted()
}

/// Repeats a hostile request for `time`. Returns the answers per second, and how many failed.
pub(crate) async fn attack(address: SocketAddr, hostile: &Hostile, time: Duration) -> (f64, u32) {
    let mut body = NamedTempFile::new().expect("a temporary file");
    body.write_all(hostile.body().as_bytes()).expect("the body is written");
    let mut wrk = Command::new("wrk");
    let seconds = time.as_secs().to_string();
    wrk.args(["--threads", "1", "--connections", CONNECTIONS, "--duration", &seconds, "--timeout", "30"]);
    wrk.args(["--script", concat!(env!("CARGO_MANIFEST_DIR"), "/benches/query/load.lua")]);
    wrk.arg(format!("http://{address}/graphql")).arg("--").arg(body.path());
    let output = wrk.stderr(Stdio::inherit()).output().await.expect("wrk runs: `services/install load` installs it");
    let output = String::from_utf8_lossy(&output.stdout).into_owned();
    let line = output.lines().find_map(|line| line.strip_prefix("figures ")).expect("wrk prints its figures");
    let figures: Vec<u32> = line.split(' ').map(|figure| figure.parse().expect("a number")).collect();
    let [requests, micros, _, failed] = figures[..] else { panic!("four figures: {line}") };
    (f64::from(requests) * 1e6 / f64::from(micros), failed)
}
