//! The tables as sea-orm entities, one file per table.
//!
//! The crate `migration` creates the columns; a test compares both with a real database.

pub mod acknowledgement;
pub mod cluster;
pub mod cluster_toggle;
pub mod consumer_error;
pub mod content_state;
pub mod gathering_request;
pub mod imported_cluster;
pub mod organization;
pub mod rating;
pub mod recommendation;
pub mod rule_hit;
pub mod rule_hit_history;
pub mod vote;
pub mod workload_hit;
pub mod workload_hit_history;
pub mod workload_namespace;
pub mod workload_object;
