//! The configuration: one typed value, put together from defaults, a TOML file and the environment.
//!
//! Loaded once at start, split into the section that each room needs, and passed in; nothing else reads files or
//! environment variables. A key stands here from the day on which something obeys it. What each means, its unit and its
//! default: `config/defaults.toml`, the only such list.

mod database_url;
mod describe;
mod error;
mod kafka;
mod layers;
mod load;
mod open_bind;
mod secret;
mod validate;

use std::{net::SocketAddr, time::Duration};

use serde::{
    Deserialize, Deserializer,
    de::{Error, IntoDeserializer},
};

pub use database_url::{DatabaseUrl, NotADatabaseUrl};
pub use error::{ConfigError, Origin, Problem};
pub use kafka::{ClientSettings, Kafka, KafkaSecurity, SaslMechanism, SecurityProtocol};
pub use load::{CONFIG_FILE_VARIABLE, Loaded};
pub use open_bind::OpenBind;
pub use secret::Secret;

/// Every key with its meaning, unit and default, as TOML with comments: the lowest layer and the reference in one.
pub const DEFAULTS: &str = include_str!("config/defaults.toml");

/// The whole configuration. Its `Debug` shows no secret.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The API's socket and requests.
    pub http: Http,
    /// Where results are kept.
    pub database: Database,
    /// Where results come from.
    pub kafka: Kafka,
    /// How messages are read and batched.
    pub ingest: Ingest,
    /// What one GraphQL request may contain.
    pub limits: Limits,
    /// Who may call.
    pub auth: Auth,
    /// What is logged, and how.
    pub log: Log,
}

/// `[http]`: the API's socket and requests.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Http {
    /// Where the API listens.
    #[serde(deserialize_with = "address_and_port")]
    pub address: SocketAddr,
    /// Whether the query editor is served.
    pub graphiql: bool,
    /// The first of the two times that listening beyond loopback without authentication must be asked for.
    pub allow_remote_without_auth: bool,
    /// Longest time for one request.
    #[serde(with = "humantime_serde")]
    pub request_timeout: Duration,
    /// Longest time for a request's head, and between two requests of a connection.
    #[serde(with = "humantime_serde")]
    pub header_timeout: Duration,
    /// Longest time that a client may leave its answer unread.
    #[serde(with = "humantime_serde")]
    pub write_timeout: Duration,
    /// Largest request body, in bytes.
    pub max_body_bytes: usize,
    /// Connections at once; further ones wait.
    pub max_connections: usize,
    /// Operations under way at once; further ones are refused.
    pub max_requests: usize,
    /// Origins of web pages elsewhere that may ask, as browsers send them.
    pub cors_origins: Vec<String>,
}

/// `[database]`: where results are kept.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Database {
    /// Where the ingester writes, and the API reads unless `read_url` says otherwise.
    pub url: DatabaseUrl,
    /// Where the API reads, if not at `url`.
    #[serde(deserialize_with = "empty_is_none")]
    pub read_url: Option<DatabaseUrl>,
    /// Connections of the readers' pool.
    pub max_connections: u32,
    /// Whether pending migrations are applied at start.
    pub migrate: bool,
}

impl Database {
    /// The database that the API reads.
    pub fn readers_url(&self) -> &DatabaseUrl {
        self.read_url.as_ref().unwrap_or(&self.url)
    }
}

/// `[ingest]`: how messages are read and batched. A batch closes at whichever bound is met first.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ingest {
    /// Most messages in a batch.
    pub batch_messages: usize,
    /// Most bytes in a batch; one message alone may be larger.
    pub batch_bytes: usize,
    /// Longest wait of a batch for more messages.
    #[serde(with = "humantime_serde")]
    pub batch_wait: Duration,
    /// Largest message that is read, in bytes, also once inflated.
    pub max_message_bytes: usize,
}

/// `[limits]`: what one GraphQL request may contain, checked before execution.
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
    /// Levels of lists and objects within an argument: values are walked recursively.
    pub argument_depth: usize,
    /// Whether `__schema` and `__type` are enabled.
    pub introspection: bool,
}

/// `[auth]`: who may call.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Auth {
    /// How a caller is known.
    pub mode: AuthMode,
}

/// How a caller is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AuthMode {
    /// Not at all: everybody may read everything. For development; listens on loopback only unless told so twice.
    None,
}

/// `[log]`: what is logged, and how.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Log {
    /// The form of a line.
    pub format: LogFormat,
    /// A level, or levels by module: the directives of tracing's `EnvFilter`.
    pub level: String,
}

/// The form of a log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    Text,
    /// For machines: an object a line.
    Json,
}

/// Reads a socket address; serde's own message does not say what it wants.
fn address_and_port<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SocketAddr, D::Error> {
    let text = String::deserialize(deserializer)?;
    text.parse().map_err(|_| D::Error::custom("must be an IP address and a port, as in 127.0.0.1:8080 or [::1]:8080"))
}

/// Reads the empty text as absence, so that every key has a default that can be written down.
fn empty_is_none<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    let text = String::deserialize(deserializer)?;
    if text.is_empty() { Ok(None) } else { T::deserialize(text.into_deserializer()).map(Some) }
}
