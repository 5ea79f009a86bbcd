//! Every SQL statement: one write path that takes batches, and reads by key set and by page.
//!
//! A [`Store`] is a cheap handle on two pools, one for writers and one for readers, so that slow reads never hold
//! ingestion up. What differs between PostgreSQL and SQLite differs in `sql/`, statement by statement; nothing above
//! this room knows which of the two it talks to, writes SQL or names a sea-orm type.

mod cluster_filter;
mod clusters;
mod columns;
mod consumer_errors;
mod error;
mod history;
mod list;
mod migrations;
mod organizations;
mod page;
mod pools;
mod probe;
mod recommendation_ids;
mod rule_hits;
mod statement;
mod statement_count;
mod stored_values;
mod write;

pub use cluster_filter::ClusterFilter;
pub use clusters::{
    Cluster, ClusterListing, ClusterOrder, ClusterOrderField, ClusterOrderValue, ClusterPosition, ReportHead,
};
pub use consumer_errors::{Attempt, MessageIdentity, Replayed};
pub use error::{Class, Error};
pub use history::{HistoryEvent, HistoryEventKind, HistoryListing, HistoryPosition};
pub use migrations::{MigrationStatus, SchemaState, newest_migration};
pub use organizations::OrganizationListing;
pub use page::{Direction, End, Page, PageRequest};
pub use pools::Store;
pub use probe::Probe;
pub use rule_hits::{RuleHit, RuleHitListing};
pub use statement_count::{count_statements, record_statements};
pub use write::{Batch, ConsumerError, Written};
