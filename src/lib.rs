//! The Insights Results Aggregator: stores cluster-health results from a Kafka topic with their history, and serves
//! them as one GraphQL graph.
//!
//! Data flows one way: `message` parses bytes, `ingest` batches reports, `store` writes and reads them, `graphql`
//! resolves queries from the store, `http` serves the graph. `docs/architecture.md` follows one message and one query
//! by file names.

pub mod cli;
pub mod config;
pub mod content;
pub mod domain;
pub mod fair_queue;
pub mod fault_point;
pub mod graphql;
pub mod http;
pub mod identity;
pub mod ingest;
pub mod message;
pub mod service;
pub mod store;
pub mod telemetry;

/// The program's version, with the commit it was built from.
pub const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), " (", env!("BUILD_COMMIT"), ")");
