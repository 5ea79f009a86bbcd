//! The service in this process, built as in production, on a free port.

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

/// The default configuration.
pub(crate) fn default_config() -> Config {
    Config::load(None, &BTreeMap::new()).expect("the defaults load").config
}

/// A running service.
pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    /// The address of health and metrics, if it is not `address`.
    pub(crate) health_address: Option<SocketAddr>,
    pub(crate) readiness: Arc<Readiness>,
    stop: CancellationToken,
    task: JoinHandle<Result<(), Error>>,
    client: reqwest::Client,
}

impl Running {
    /// Starts the API over a database.
    pub(crate) async fn api(database: &Database) -> Self {
        Self::start(Self::config_of_api(database), Role::Api).await
    }

    /// The configuration of the API over a database.
    pub(crate) fn config_of_api(database: &Database) -> Config {
        let mut config = default_config();
        config.database = database.settings.clone();
        config
    }

    /// Starts the API and the ingester, from a topic into a database.
    pub(crate) async fn all(database: &Database, topic: &Topic) -> Self {
        Self::start(Self::config(database, topic), Role::All).await
    }

    /// The configuration of a service from a topic into a database.
    pub(crate) fn config(database: &Database, topic: &Topic) -> Config {
        let mut config = Self::config_of_api(database);
        config.kafka = topic.settings();
        config
    }

    /// Starts the service with this configuration, but on a free port.
    pub(crate) async fn start(mut config: Config, role: Role) -> Self {
        config.http.address.set_port(0);
        let service = Service::build(config, role).await.expect("the service is built");
        let (address, health_address) = (service.address(), service.health_address());
        let readiness = service.readiness().clone();
        let stop = CancellationToken::new();
        let task = tokio::spawn(service.run(stop.clone()));
        Self { address, health_address, readiness, stop, task, client: reqwest::Client::new() }
    }

    /// Waits until the service is ready.
    pub(crate) async fn ready(self) -> Self {
        until("the service is ready", async || self.readiness.all_missing().is_empty().then_some(())).await;
        self
    }

    /// Sends a query over HTTP and returns the whole response.
    pub(crate) async fn query(&self, query: &str) -> Value {
        self.query_with(query, json!({})).await
    }

    /// Sends a query with variables over HTTP and returns the whole response.
    pub(crate) async fn query_with(&self, query: &str, variables: Value) -> Value {
        serde_json::from_str(&self.response_text(query, variables).await).expect("JSON")
    }

    /// Sends a query over HTTP and returns the response's text.
    pub(crate) async fn response_text(&self, query: &str, variables: Value) -> String {
        let body = json!({ "query": query, "variables": variables });
        let response = self.client.post(self.url("/graphql")).json(&body).send().await.expect("a response");
        response.text().await.expect("text")
    }

    /// Sends a query that must succeed and returns its `data`.
    pub(crate) async fn data(&self, query: &str) -> Value {
        let mut response = self.query(query).await;
        assert_eq!(response.get("errors"), None, "{query}");
        response["data"].take()
    }

    /// The URL of a path.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Stops the service gracefully.
    pub(crate) async fn stop(self) -> Result<(), Error> {
        self.stop.cancel();
        self.task.await.expect("the service does not panic")
    }
}
