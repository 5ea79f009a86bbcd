//! The field's own terms as types: parsed once at the edge, trusted everywhere inside.
//!
//! Every room may use these; they know nothing of JSON messages, SQL, HTTP or GraphQL.

mod digest;
mod identifiers;
mod report;
mod selector;
mod timestamp;
mod version;

pub use digest::Digest;
pub use identifiers::{ClusterId, NotAnOrganization, OrgId};
pub use report::{Details, Report, RuleHit};
pub use selector::{NotASelector, Selector};
pub use timestamp::{NotATimestamp, Timestamp};
pub use version::VersionKey;
