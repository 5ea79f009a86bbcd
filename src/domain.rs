//! Domain types: parsed once at the edge, trusted everywhere else.
//!
//! Every room may use them. They do not depend on the format of messages, SQL, HTTP or GraphQL.

mod digest;
mod identifiers;
mod lower_case;
mod recommendation;
mod report;
mod selector;
mod timestamp;
mod version;
mod workload;

pub use digest::Digest;
pub use identifiers::{ClusterId, InvalidOrgId, OrgId};
pub use lower_case::lower_case;
pub use recommendation::{Level, RecommendationFacts, RiskOfChange, TotalRisk};
pub use report::{Details, Report, RuleHit};
pub use selector::{InvalidSelector, Selector, rule_of_component, rule_of_workload_component};
pub use timestamp::{InvalidTimestamp, Timestamp};
pub use version::VersionKey;
pub use workload::{ListedObject, Namespace, WorkloadHit, WorkloadObject, WorkloadResult};
