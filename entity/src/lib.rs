//! The tables as sea-orm entities, one file a table.
//!
//! Columns are told in `migration`; a test compares both with what a database really has.

pub mod cluster;
pub mod consumer_error;
pub mod organization;
pub mod recommendation;
pub mod rule_hit;
pub mod rule_hit_history;
