//! The entry point: turns the value of a message into its content, by the kind of messages of its topic.

use derive_more::AddAssign;
use strum::{IntoStaticStr, VariantArray};

use super::{
    ocp,
    optional::LeftOutFields,
    rejection::Rejection,
    unpack::{Limits, json, unpack},
    workload,
};
use crate::domain::{Report, Timestamp, WorkloadResult};

/// The kind of the messages of a topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum Kind {
    /// Results of the rules about clusters.
    Ocp,
    /// Results of the rules about workloads.
    Workload,
}

impl Kind {
    /// The value of the label `topic` of metrics.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// The content of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// A result to be stored.
    Result(Box<Parsed>),
    /// The empty result of an archive that the rule engine could not process: it is counted and not stored.
    Empty,
}

/// A result, and the deviations of its message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parsed {
    /// The result.
    pub result: RuleResult,
    /// What is tolerated and counted.
    pub deviations: Deviations,
}

/// The result of the rules for one cluster at one time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RuleResult {
    /// That of the rules about the cluster.
    Report(Report),
    /// That of the rules about its workloads.
    Workloads(WorkloadResult),
}

/// Counts of tolerated deviations, of one message or of several.
#[derive(AddAssign, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Deviations {
    /// Messages with an unknown or missing version.
    pub unknown_versions: u32,
    /// Results whose `LastChecked` is after their arrival, by at most a day.
    pub from_the_future: u32,
    /// Hits left out because a later one has the same selector.
    pub repeated_hits: u32,
    /// Info entries left out because they are not objects, or should contain a version and do not.
    pub ignored_infos: u32,
    /// Optional fields left out because they do not fit.
    pub left_out: LeftOutFields,
}

/// Parses the value of a message; `arrived_at` is the current time.
///
/// The whole text is checked to be JSON first. Then the required fields are validated in a fixed order, whatever their
/// order in the message, so that the same errors always result in the same reason.
///
/// # Errors
/// When the message is rejected: the reason and the path of the value.
pub fn parse(kind: Kind, value: Option<&[u8]>, arrived_at: Timestamp, limits: &Limits) -> Result<Content, Rejection> {
    let bytes = unpack(value, *limits)?;
    let text = json(&bytes)?;
    let parsed = match kind {
        Kind::Ocp => ocp::parse(text, arrived_at)?,
        Kind::Workload => workload::parse(text, arrived_at)?,
    };
    Ok(parsed.map_or(Content::Empty, |parsed| Content::Result(Box::new(parsed))))
}
