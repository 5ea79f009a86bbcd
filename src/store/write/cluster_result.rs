//! What the two kinds of results have in common: each replaces the hits of its kind on a cluster.

use super::reconcile::{ClusterState, Newest};
use crate::domain::{ClusterId, Digest, OrgId, Report, RuleHit, Timestamp, WorkloadResult};

/// The tables of open hits. Each has a table of closed ones beside it, and all have the same columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum HitTable {
    Rules,
    Workloads,
}

impl HitTable {
    /// The name.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Rules => "rule_hit",
            Self::Workloads => "workload_hit",
        }
    }

    /// The table of the other kind.
    pub(super) fn other(self) -> Self {
        match self {
            Self::Rules => Self::Workloads,
            Self::Workloads => Self::Rules,
        }
    }
}

/// The cluster of a result with its owner, and when the rules ran.
#[derive(Clone, Copy, Debug)]
pub(super) struct Subject {
    pub(super) organization: OrgId,
    pub(super) cluster: ClusterId,
    pub(super) last_checked: Timestamp,
}

/// A result of one of the kinds.
pub(super) trait ClusterResult {
    /// The table of this kind's hits.
    const HITS: HitTable;

    fn subject(&self) -> Subject;
    fn hits(&self) -> &[RuleHit];
    /// Equal for two results that say the same about the cluster.
    fn digest(&self) -> Digest;
    /// The cluster's version, if the result contains it.
    fn version(&self) -> Option<&str>;
    /// What the cluster's row has of the newest result of this kind.
    fn newest(state: &mut ClusterState) -> &mut Newest;

    fn organization(&self) -> OrgId {
        self.subject().organization
    }

    fn cluster(&self) -> ClusterId {
        self.subject().cluster
    }

    fn last_checked(&self) -> Timestamp {
        self.subject().last_checked
    }
}

impl ClusterResult for Report {
    const HITS: HitTable = HitTable::Rules;

    fn subject(&self) -> Subject {
        let Self { organization, cluster, last_checked, .. } = *self;
        Subject { organization, cluster, last_checked }
    }

    fn hits(&self) -> &[RuleHit] {
        self.hits()
    }

    fn digest(&self) -> Digest {
        self.hits_digest()
    }

    fn version(&self) -> Option<&str> {
        self.version.as_deref()
    }

    fn newest(state: &mut ClusterState) -> &mut Newest {
        &mut state.report
    }
}

impl ClusterResult for WorkloadResult {
    const HITS: HitTable = HitTable::Workloads;

    fn subject(&self) -> Subject {
        let Self { organization, cluster, last_checked, .. } = *self;
        Subject { organization, cluster, last_checked }
    }

    fn hits(&self) -> &[RuleHit] {
        self.hits()
    }

    fn digest(&self) -> Digest {
        self.digest()
    }

    fn version(&self) -> Option<&str> {
        None
    }

    fn newest(state: &mut ClusterState) -> &mut Newest {
        &mut state.workloads
    }
}
