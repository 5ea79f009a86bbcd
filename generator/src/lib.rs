//! Realistic messages from a seed, for `produce`, the demo and the tests.
//!
//! A [`Fleet`] is a number of organizations with their clusters. From report to report, hits appear and disappear,
//! counts in their details change, and clusters are upgraded; from one workload result to the next, objects appear and
//! disappear. The same seed, size and sequence of calls give the same
//! bytes on every machine and in every later version: only whole numbers are drawn, and each report has a random
//! number generator of its own.
//!
//! This crate writes the message format without the service's parser and types, so that tests find errors in those.

mod catalogue;
mod cluster;
mod fleet;
mod message;
mod random;
mod site;
mod template;
mod version;
mod workload_message;
mod workloads;

pub use catalogue::{Catalogue, CatalogueError, Recommendation, WorkloadRecommendation};
pub use cluster::GeneratedCluster;
pub use fleet::{Fleet, FleetError, FleetSize, GeneratedMessage};
pub use template::TemplateError;

/// The default seed.
pub const DEFAULT_SEED: u64 = 20_240_502;
