//! The service in this process, built as production builds it, on a free port.

use std::{collections::BTreeMap, net::SocketAddr, sync::Arc};

use insights_results_aggregator::{
    config::Config,
    http::Readiness,
    service::{Error, Role, Service},
};
use serde_json::{Value, json};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::{databases::Database, kafka::Topic, wait::until};

/// The configuration that nobody changed.
pub(crate) fn default_config() -> Config {
    Config::load(None, &BTreeMap::new()).expect("the defaults load").config
}

/// A service that runs.
pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    pub(crate) readiness: Arc<Readiness>,
    stop: CancellationToken,
    task: JoinHandle<Result<(), Error>>,
    client: reqwest::Client,
}

impl Running {
    /// The API alone, over a database.
    pub(crate) async fn api(database: &Database) -> Self {
        let mut config = default_config();
        config.database = database.settings.clone();
        Self::start(config, Role::Api).await
    }

    /// The API and the ingester, from a topic into a database.
    pub(crate) async fn all(database: &Database, topic: &Topic) -> Self {
        Self::start(Self::config(database, topic), Role::All).await
    }

    /// From a topic into a database, on a free port.
    pub(crate) fn config(database: &Database, topic: &Topic) -> Config {
        let mut config = default_config();
        config.database = database.settings.clone();
        config.kafka = topic.settings();
        config
    }

    /// Whatever is configured, on a free port.
    pub(crate) async fn start(mut config: Config, role: Role) -> Self {
        config.http.address.set_port(0);
        let service = Service::build(config, role).await.expect("the service is built");
        let (address, readiness) = (service.address(), service.readiness().clone());
        let stop = CancellationToken::new();
        let task = tokio::spawn(service.run(stop.clone()));
        Self { address, readiness, stop, task, client: reqwest::Client::new() }
    }

    /// Waits until nothing is missing.
    pub(crate) async fn ready(self) -> Self {
        until("the service is ready", async || self.readiness.all_missing().is_empty().then_some(())).await;
        self
    }

    /// Asks the graph over HTTP; gives the whole answer.
    pub(crate) async fn ask(&self, query: &str) -> Value {
        self.ask_with(query, json!({})).await
    }

    /// Asks the graph over HTTP with variables; gives the whole answer.
    pub(crate) async fn ask_with(&self, query: &str, variables: Value) -> Value {
        serde_json::from_str(&self.answer_to(query, variables).await).expect("JSON")
    }

    /// Asks the graph over HTTP; gives the answer's text as it came.
    pub(crate) async fn answer_to(&self, query: &str, variables: Value) -> String {
        let body = json!({ "query": query, "variables": variables });
        let answer = self.client.post(self.url("/graphql")).json(&body).send().await.expect("an answer");
        answer.text().await.expect("text")
    }

    /// What a query that must succeed gives.
    pub(crate) async fn data(&self, query: &str) -> Value {
        let mut answer = self.ask(query).await;
        assert_eq!(answer.get("errors"), None, "{query}");
        answer["data"].take()
    }

    /// The URL of a path.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Lets it finish.
    pub(crate) async fn stop(self) -> Result<(), Error> {
        self.stop.cancel();
        self.task.await.expect("the service does not panic")
    }
}
