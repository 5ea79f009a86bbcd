//! The graph: organizations -> clusters -> reports -> rule hits, one file per noun.
//!
//! A resolver reads its arguments, loads what it needs and wraps it. A list is declared in the store; `connection` makes
//! its field of it, and `siblings` loads its pages for all nodes of a level in one statement. `in_order` resolves the
//! fields of objects. [`Executor`] is the entrance: it refuses requests beyond the limits and masks internal errors.

mod acknowledgement;
mod answer;
mod answer_size;
mod category;
mod cluster;
mod cluster_list;
mod cluster_toggle;
mod code;
mod connection;
mod context;
mod error;
mod executor;
mod expensive_requests;
#[cfg(any(test, feature = "fuzzing"))]
pub mod fuzzing;
mod gathering_request;
mod guard;
mod hidden_hits;
mod history_event;
mod impacted_cluster;
mod impacted_cluster_list;
mod in_order;
mod list_size;
mod loaders;
mod metrics;
mod mutation;
mod namespace;
mod namespace_list;
mod node;
mod node_id;
mod operation;
mod organization;
mod organization_summary;
mod query;
mod recommendation;
mod recommendation_content;
mod recommendation_list;
mod recommendation_row;
mod redaction;
mod related;
mod report;
mod request_hit;
mod risks;
mod root;
mod rule_hit;
mod rule_hit_list;
mod scalars;
mod schema;
mod schema_types;
mod service;
mod shared;
mod siblings;
mod text_format;
mod total_risk_count;
mod user;
mod viewer;
mod vote;
mod workload_recommendation;

pub use answer::Answer;
pub use code::Code;
pub use executor::{Executor, ExecutorError};
pub use mutation::{UserAction, UserActionOutcome, UserErrorCode};
pub use operation::AdmittedRequest;
pub use schema::sdl;
