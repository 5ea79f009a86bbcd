//! The mode `identity-header` over HTTP: who is identified, what they see, and how other requests are refused.

mod edge;
mod refusals;
mod viewers;

use std::collections::BTreeMap;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use insights_results_aggregator::{config::Config, service::Role};
use reqwest::{Response, StatusCode, header::ACCEPT};
use serde_json::{Value, json};

use crate::harness::{Database, Running, default_config, each_database, sqlite};

/// The header with the identity.
pub(crate) const IDENTITY: &str = "x-rh-identity";

/// Starts the API over a database in mode `identity-header`, with a changed configuration.
pub(crate) async fn api(database: &Database, change: impl FnOnce(&mut Config)) -> Running {
    let mode = ("INSIGHTS_RESULTS_AGGREGATOR__AUTH__MODE".to_owned(), "identity-header".to_owned());
    let mut config = Config::load(None, &BTreeMap::from([mode])).expect("a valid configuration").config;
    config.database = database.settings.clone();
    change(&mut config);
    Running::start(config, Role::Api).await.ready().await
}

/// A header with the members of an identity.
fn header(identity: &Value) -> String {
    STANDARD.encode(json!({ "identity": identity }).to_string())
}

/// The header of a user of an organization.
pub(crate) fn user_of(organization: u32, user_id: &str) -> String {
    header(&json!({ "org_id": organization.to_string(), "type": "User", "user": { "user_id": user_id } }))
}

/// Posts a query with these values of the identity header.
async fn post<'a>(service: &Running, accept: &str, headers: impl IntoIterator<Item = &'a [u8]>) -> Response {
    post_query(service, accept, headers, "{ __typename }").await
}

async fn post_query<'a>(
    service: &Running,
    accept: &str,
    headers: impl IntoIterator<Item = &'a [u8]>,
    query: &str,
) -> Response {
    let request = reqwest::Client::new().post(service.url("/graphql")).header(ACCEPT, accept);
    let request = headers.into_iter().fold(request, |request, value| request.header(IDENTITY, value));
    request.json(&json!({ "query": query })).send().await.expect("an answer")
}

/// Sends a query with a header and returns its `data`.
async fn data(service: &Running, header: &str, query: &str) -> Value {
    let answer = post_query(service, "*/*", [header.as_bytes()], query).await;
    let mut answer: Value = answer.json().await.expect("JSON");
    assert_eq!(answer.get("errors"), None, "{query}: {answer}");
    answer["data"].take()
}
