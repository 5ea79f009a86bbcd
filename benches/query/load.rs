//! Asking again and again, over some connections at once.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use reqwest::{Client, Method, Request, Url};
use serde_json::json;
use tokio::task::JoinSet;

use super::data::Query;

/// A request that is asked again and again.
pub(crate) struct Target {
    method: Method,
    url: Url,
    body: Option<String>,
}

impl Target {
    pub(crate) fn graph(address: SocketAddr, query: &Query) -> Self {
        let body = json!({ "query": query.graphql }).to_string();
        Self { method: Method::POST, url: url(address, "/graphql"), body: Some(body) }
    }

    pub(crate) fn by_hand(address: SocketAddr, query: &Query) -> Self {
        Self { method: Method::GET, url: url(address, &query.path), body: None }
    }

    fn request(&self) -> Request {
        let mut request = Request::new(self.method.clone(), self.url.clone());
        if let Some(body) = &self.body {
            request.headers_mut().insert("content-type", "application/json".parse().expect("a header"));
            *request.body_mut() = Some(body.clone().into());
        }
        request
    }
}

fn url(address: SocketAddr, path: &str) -> Url {
    format!("http://{address}{path}").parse().expect("a URL")
}

/// What a turn gave.
pub(crate) struct Figures {
    pub(crate) a_second: f64,
    pub(crate) p99: Duration,
    pub(crate) bytes: usize,
}

impl Figures {
    /// The turn in the middle, by requests a second.
    pub(crate) fn median(mut turns: Vec<Self>) -> Self {
        turns.sort_by(|a, b| a.a_second.total_cmp(&b.a_second));
        let middle = turns.len() / 2;
        turns.swap_remove(middle)
    }
}

/// Asks for `time`, each connection its next request as soon as it has its answer.
pub(crate) async fn run(target: &Target, connections: usize, time: Duration) -> Figures {
    // One that counts, and one before it that does not: connections, caches and plans are warm then.
    turn(target, connections, time / 6).await;
    turn(target, connections, time).await
}

async fn turn(target: &Target, connections: usize, time: Duration) -> Figures {
    let begun = Instant::now();
    let mut asking = JoinSet::new();
    for _ in 0..connections {
        let (client, first) =
            (Client::builder().pool_max_idle_per_host(1).build().expect("a client"), target.request());
        asking.spawn(ask(client, first, begun + time));
    }
    let (mut waits, mut bytes) = (Vec::new(), 0);
    while let Some(done) = asking.join_next().await {
        let (waited, length) = done.expect("a client does not panic");
        waits.extend(waited);
        bytes = length;
    }
    let elapsed = begun.elapsed();
    waits.sort_unstable();
    let p99 = waits.get(waits.len() * 99 / 100).copied().unwrap_or_default();
    #[expect(clippy::cast_precision_loss, reason = "some thousands")]
    let a_second = waits.len() as f64 / elapsed.as_secs_f64();
    Figures { a_second, p99, bytes }
}

async fn ask(client: Client, request: Request, until: Instant) -> (Vec<Duration>, usize) {
    let (mut waits, mut length) = (Vec::new(), 0);
    while Instant::now() < until {
        let asked = Instant::now();
        let again = request.try_clone().expect("the body is in memory");
        let answer = client.execute(again).await.expect("an answer");
        assert!(answer.status().is_success(), "{}", answer.status());
        let body = answer.bytes().await.expect("a body");
        assert!(!body.starts_with(b"{\"errors\"") && !body.starts_with(b"{\"data\":null"), "{body:?}");
        length = body.len();
        waits.push(asked.elapsed());
    }
    (waits, length)
}
