//! The tables as sea-orm entities, one file per table.
//!
//! The crate `migration` creates the columns; a test compares both with a real database.

pub mod cluster;
pub mod consumer_error;
pub mod content_state;
pub mod imported_cluster;
pub mod organization;
pub mod recommendation;
pub mod rule_hit;
pub mod rule_hit_history;
