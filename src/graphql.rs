//! The graph: organizations -> clusters -> reports -> rule hits, one file a noun.
//!
//! A resolver reads its arguments, asks for what it needs and wraps it. The only way from a parent to its children is a
//! loader (`loaders`), asked once for all `siblings` of a list; so each level of a query costs one statement, however
//! many rows come back. [`Executor`] stands in front of the schema: it refuses what asks for too much and masks what
//! went wrong inside.

mod answer;
mod cluster;
mod cluster_list;
mod code;
mod connection;
mod context;
mod error;
mod executor;
#[cfg(any(test, feature = "fuzzing"))]
pub mod fuzzing;
mod guard;
mod history_event;
mod in_order;
mod loaders;
mod metrics;
mod node;
mod node_id;
mod operation;
mod organization;
mod query;
mod redaction;
mod report;
mod root;
mod rule_hit;
mod scalars;
mod schema;
mod schema_types;
mod service;
mod shared;
mod siblings;
mod viewer;

pub use answer::Answer;
pub use code::Code;
pub use executor::Executor;
pub use operation::AdmittedRequest;
pub use schema::sdl;
pub use schema_types::SchemaError;
