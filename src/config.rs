//! The configuration: one typed value, merged from the defaults, a TOML file and environment variables.
//!
//! It is loaded once at start, and each part of the program receives its section. Only this module reads files or
//! environment variables for settings. `config/defaults.toml` lists every key with its meaning, unit and default.

mod auth;
mod database_url;
mod describe;
mod error;
mod insecure_bind;
mod kafka;
mod layers;
mod load;
mod parse;
mod secret;
mod similar_key;
mod validate;
mod white_space;

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use serde::Deserialize;
use strum::{EnumString, VariantNames};

use crate::domain::OrgId;

pub use auth::{Auth, AuthMode, DevIdentity, InvalidNetwork, Network};
pub use database_url::{DatabaseUrl, InvalidDatabaseUrl};
pub use error::{Error, KeyError, Origin};
pub use insecure_bind::{InsecureBind, is_loopback};
pub use kafka::{ClientSettings, Kafka, KafkaSecurity, SaslMechanism, SecurityProtocol};
pub use load::Loaded;
pub use secret::Secret;

/// Every key with its meaning, unit and default, as TOML with comments.
pub const DEFAULTS: &str = include_str!("config/defaults.toml");

/// The environment variable that names the configuration file if the command line does not.
pub const CONFIG_FILE_VARIABLE: &str = "INSIGHTS_RESULTS_AGGREGATOR_CONFIG_FILE";

/// The whole configuration. Its `Debug` output contains no secret.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The HTTP server.
    pub http: Http,
    /// The database.
    pub database: Database,
    /// The Kafka cluster and its topics.
    pub kafka: Kafka,
    /// Sizes of messages and batches.
    pub ingest: Ingest,
    /// On-demand requests.
    pub requests: Requests,
    /// What one GraphQL request may contain.
    pub limits: Limits,
    /// Authentication.
    pub auth: Auth,
    /// Rule content.
    pub content: Content,
    /// The log.
    pub log: Log,
}

/// `[http]`: the HTTP server.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Http {
    /// The address and port to listen on.
    #[serde(deserialize_with = "parse::address")]
    pub address: SocketAddr,
    /// The address and port of health and metrics, if not `address`.
    #[serde(deserialize_with = "parse::optional_address")]
    pub health_address: Option<SocketAddr>,
    /// Whether the query editor is served.
    pub graphiql: bool,
    /// One of the two settings that are required to listen beyond loopback without authentication.
    pub allow_remote_without_auth: bool,
    /// Longest time from the head of a request to the head of its response.
    #[serde(deserialize_with = "parse::duration")]
    pub request_timeout: Duration,
    /// Longest time for receiving the head of a request, and for a connection to be idle between two requests.
    #[serde(deserialize_with = "parse::duration")]
    pub header_timeout: Duration,
    /// Longest time for sending a response, from its head to its last byte.
    #[serde(deserialize_with = "parse::duration")]
    pub write_timeout: Duration,
    /// Largest request body, in bytes.
    pub max_body_bytes: usize,
    /// Most connections at a time. Further ones replace connections whose clients keep the service waiting.
    pub max_connections: usize,
    /// Most operations at a time. Further ones are refused.
    pub max_requests: usize,
    /// Most bytes of answers that are being sent at a time.
    pub max_answer_bytes: usize,
    /// Time after a signal to stop in which requests on new connections are still answered.
    #[serde(deserialize_with = "parse::duration")]
    pub lame_duck: Duration,
    /// Other origins whose web pages may send requests, written as in the `Origin` header.
    pub cors_origins: Vec<String>,
}

/// `[database]`: the database.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Database {
    /// The database that the ingester writes to. The API reads from it unless `read_url` is set.
    pub url: DatabaseUrl,
    /// The database that the API reads from, if not `url`.
    #[serde(deserialize_with = "parse::optional")]
    pub read_url: Option<DatabaseUrl>,
    /// Most connections of the readers' pool.
    pub max_connections: u32,
    /// Whether pending migrations are applied at start.
    pub migrate: bool,
}

impl Database {
    /// Returns the URL of the database that the API reads from.
    pub fn readers_url(&self) -> &DatabaseUrl {
        self.read_url.as_ref().unwrap_or(&self.url)
    }
}

/// `[ingest]`: sizes of messages and batches. A batch is closed when it reaches the first of its bounds.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ingest {
    /// Most messages in a batch.
    pub batch_messages: usize,
    /// Most bytes in a batch. A single message may be larger.
    pub batch_bytes: usize,
    /// Longest time that a batch waits for more messages.
    #[serde(deserialize_with = "parse::duration")]
    pub batch_wait: Duration,
    /// Largest message that is ingested, in bytes, before and after decompression.
    pub max_message_bytes: usize,
}

/// `[requests]`: on-demand requests, which are identified by the request ids of reports.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Requests {
    /// How long a request is remembered after its report was processed.
    #[serde(deserialize_with = "parse::duration")]
    pub keep: Duration,
}

/// `[limits]`: what one GraphQL request may contain.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Bytes of the query's text.
    pub query_bytes: usize,
    /// Tokens of the query, which bound the work of the parser: bytes alone would allow one-character tokens.
    pub query_tokens: usize,
    /// Levels of fields within fields: each may multiply the rows by a page.
    pub query_depth: usize,
    /// Selections (fields, spreads, inline fragments) after spreading fragments: a few nested ones unfold to millions.
    pub query_selections: usize,
    /// Root fields: each starts its own reads.
    pub query_root_fields: usize,
    /// Fields that the answer may contain, where those of a page count once per item: rows multiply from level to level.
    pub query_cost: usize,
    /// Largest answer in bytes.
    pub response_bytes: usize,
    /// Levels of lists and objects within an argument: values are walked recursively.
    pub argument_depth: usize,
    /// Characters of a text that a user writes, without the white space around it.
    pub text_characters: usize,
    /// Whether `__schema` and `__type` are enabled.
    pub introspection: bool,
}

/// `[content]`: rule content.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Content {
    /// The folder with `config.yaml` and the rules. `None`: no content.
    #[serde(deserialize_with = "parse::optional")]
    pub path: Option<PathBuf>,
    /// The file with the categories. `None`: no categories.
    #[serde(deserialize_with = "parse::optional")]
    pub groups: Option<PathBuf>,
    /// The organizations that see internal recommendations.
    #[serde(deserialize_with = "parse::organizations")]
    pub internal_organizations: Vec<OrgId>,
}

/// `[log]`: the log.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Log {
    /// The format of a line.
    #[serde(deserialize_with = "parse::one_of")]
    pub format: LogFormat,
    /// A level, or levels by module: directives of tracing's `EnvFilter`.
    pub level: String,
}

/// The format of a log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumString, VariantNames)]
#[strum(serialize_all = "lowercase")]
pub enum LogFormat {
    /// Text for people.
    Text,
    /// One JSON object per line.
    Json,
}
