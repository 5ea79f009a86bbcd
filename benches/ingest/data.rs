//! The messages: 200 organizations of 200 clusters that report three times, each message of 8.3 kB with five hits.

use std::fmt::Write as _;

use uuid::Uuid;

/// Number of organizations.
const ORGANIZATIONS: u32 = 200;
/// Hits per message.
const HITS: u32 = 5;
/// Number of recommendations; each hits an equal share of the clusters.
const RECOMMENDATIONS: u32 = 100;
/// Length of a message. As in real messages, most of it is content that the service skips.
const BYTES: usize = 8_300;

/// A round of reports, one of each cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wave {
    /// All clusters are new.
    First,
    /// Of the five hits, two are replaced by others and one has other details.
    Changed,
    /// Only the times are new.
    TimesOnly,
}

impl Wave {
    pub(crate) const ALL: [Self; 3] = [Self::First, Self::Changed, Self::TimesOnly];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::First => "first insert",
            Self::Changed => "changed hits",
            Self::TimesOnly => "only times",
        }
    }

    /// The time at which the rules ran, in RFC 3339.
    pub(crate) fn last_checked(self) -> &'static str {
        match self {
            Self::First => "2026-01-01T00:00:00.123456789Z",
            Self::Changed => "2026-01-02T00:00:00.123456789Z",
            Self::TimesOnly => "2026-01-03T00:00:00.123456789Z",
        }
    }

    /// The report of the cluster with this number.
    pub(crate) fn message(self, number: u32) -> Message {
        let organization = 1 + number % ORGANIZATIONS;
        // Spread over the key's space, as real UUIDs are.
        let cluster = Uuid::from_u128(u128::from(number + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835));
        // The number of each hit, and a number in its details.
        let hits: Vec<_> = match self {
            Self::First => (0..HITS).map(|hit| (hit, 1)).collect(),
            Self::Changed | Self::TimesOnly => (2..HITS + 2).map(|hit| (hit, if hit == 2 { 2 } else { 1 })).collect(),
        };
        let hits = hits.into_iter().map(|(hit, count)| Hit { recommendation: (number + hit) % RECOMMENDATIONS, count });
        Message { organization, cluster, last_checked: self.last_checked(), request_id: None, hits: hits.collect() }
    }
}

/// A message of one cluster.
pub(crate) struct Message {
    pub(crate) organization: u32,
    pub(crate) cluster: Uuid,
    last_checked: &'static str,
    /// The id of its upload, of as many characters as real ones.
    pub(crate) request_id: Option<String>,
    hits: Vec<Hit>,
}

struct Hit {
    recommendation: u32,
    count: u32,
}

impl Message {
    /// The message's value.
    pub(crate) fn json(&self) -> String {
        let Self { organization, cluster, last_checked, request_id, hits } = self;
        let request_id = request_id.as_ref().map(|id| format!(r#""RequestId": "{id}", "#)).unwrap_or_default();
        let hits: Vec<_> = hits.iter().map(Hit::json).collect();
        let mut json = format!(
            r#"{{"OrgID": {organization}, "AccountNumber": 1, "ClusterName": "{cluster}", "LastChecked": "{last_checked}", "Version": 2, {request_id}"Report": {{"system": {{"metadata": {{}}, "hostname": null}}, "fingerprints": [], "info": [{{"info_id": "version_info|CLUSTER_VERSION_INFO", "component": "ccx_rules_ocp.ocs.version_info", "type": "info", "key": "CLUSTER_VERSION_INFO", "details": {{"version": "4.16.3"}}}}], "reports": [{}], "skips": ["#,
            hits.join(", ")
        );
        // Skipped rules are the longest part of real reports.
        for skipped in 0.. {
            if json.len() + 120 > BYTES {
                break;
            }
            let comma = if skipped > 0 { ", " } else { "" };
            let _ = write!(
                json,
                r#"{comma}{{"rule_fqdn": "ccx_rules_ocp.ocs.rule_{skipped:04}", "reason": "MISSING_REQUIREMENTS", "type": "skip"}}"#
            );
        }
        json.push_str("]}}");
        json
    }
}

impl Hit {
    fn json(&self) -> String {
        let Self { recommendation, count } = self;
        let rule = format!("ccx_rules_ocp.external.rules.rule_{recommendation:03}");
        let key = format!("ERROR_KEY_{recommendation:03}");
        let nodes = (0..8).map(|node| {
            format!(r#"{{"name": "worker-{node}.example.com", "role": "worker", "memory": {count}, "kubelet": "v1.2{node}.{count}"}}"#)
        });
        let nodes = nodes.collect::<Vec<_>>().join(", ");
        format!(
            r#"{{"rule_id": "{rule}|{key}", "component": "{rule}.report", "type": "rule", "key": "{key}", "details": {{"type": "rule", "error_key": "{key}", "nodes": [{nodes}]}}, "tags": [], "links": {{}}}}"#
        )
    }
}
