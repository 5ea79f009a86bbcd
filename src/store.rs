//! All database access: writes batches, and reads rows by key and by page.
//!
//! A [`Store`] is a cheap handle on two pools, one for writers and one for readers, so that slow reads do not delay
//! ingestion. PostgreSQL and SQLite have different texts of the hand-written statements, in `sql/`. The rooms that use
//! the store do not know which database it is, and contain neither SQL nor sea-orm types.

mod acknowledged_counts;
mod acknowledgements;
mod batch_lock;
mod cluster_filter;
mod cluster_toggles;
mod clusters;
mod columns;
mod consumer_errors;
mod contains;
mod error;
mod expired_requests;
mod facts_to_count;
mod gathering_requests;
mod history;
mod impact_counts;
mod impacted_clusters;
mod imported_clusters;
mod kept_values;
mod known_recommendations;
mod list;
mod migrations;
mod namespace_objects;
mod namespaces;
mod organizations;
mod page;
mod pools;
mod probe;
mod recommendation_facts;
mod recommendation_ids;
mod recommendation_key;
mod replaceable_pool;
mod rule_hits;
mod session;
mod shown_counts;
mod statement;
mod statement_count;
mod stored_values;
mod user_actions;
mod visibility;
mod votes;
mod workload_objects;
mod workload_recommendations;
mod write;

pub use acknowledgements::Acknowledgement;
pub use cluster_filter::ClusterFilter;
pub use cluster_toggles::{ClusterToggle, ToggleFilter, TogglesOf};
pub use clusters::{Cluster, ReportHead};
pub use consumer_errors::{Attempt, MessageIdentity, Replayed};
pub use error::{Class, Error};
pub use gathering_requests::{GatheringRequest, GatheringRequestFilter};
pub use history::{HistoryEvent, HistoryEventKind};
pub use impact_counts::{ClusterCounts, Impact, ImpactCounts};
pub use impacted_clusters::{ImpactStatus, ImpactedCluster, ImpactedClusterFilter, Impacting};
pub use imported_clusters::{ImportKey, Imported, ImportedValues};
pub use known_recommendations::OfOrganization;
pub use list::{
    Joined, List, ListRequest, Lookup, Order, Paged, ParentKey, Position, SortColumn, SortKind, SortValue, Source,
};
pub use migrations::{MigrationStatus, SchemaState, newest_migration};
pub use namespace_objects::{NamespaceCounts, NamespaceKey};
pub use namespaces::{Namespace, NamespaceFilter, NamespacesOf};
pub use organizations::Organization;
pub use page::{Direction, End, Page, PageRequest};
pub use pools::Store;
pub use probe::{Access, Probe};
pub use rule_hits::{ClusterHits, RuleHit, RuleHitFilter, TextFilter};
pub use shown_counts::ShownCounts;
pub use statement_count::{count_statements, inherit_count, record_statements};
pub use user_actions::Actor;
pub use visibility::IncludedHits;
pub use votes::{HitKey, Vote, VoteValue};
pub use workload_objects::{WorkloadObject, WorkloadObjectsOf};
pub use workload_recommendations::{WorkloadDetails, WorkloadHitKey, WorkloadRecommendation};
pub use write::{Batch, ConsumerError, Results, Written};
