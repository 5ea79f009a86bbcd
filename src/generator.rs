//! Realistic messages from a seed: for `produce`, the demo, the benches and the tests.
//!
//! A [`Fleet`] is a number of organizations with their clusters, which live: hits come and go, counts in their
//! details change, versions are upgraded. The same seed, size and sequence of calls give the same bytes, on any
//! machine and in any later version: only whole numbers are drawn, and each report from dice of its own.
//!
//! This room knows the message's form, written here a second time on purpose: a mistake in the parser cannot hide.

mod catalogue;
mod cluster;
mod dice;
mod fleet;
mod message;
mod site;
mod template;
mod version;

pub use catalogue::{BadCatalogue, Catalogue, Recommendation};
pub use fleet::{Fleet, FleetSize, GeneratedCluster, GeneratedMessage, NotAFleet};
pub use template::BadTemplate;

/// The seed where nobody names one.
pub const DEFAULT_SEED: u64 = 20_240_502;
