//! Generates random messages of all kinds.

use std::collections::BTreeMap;

use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use super::{DETAILS, OBJECTS, ReportSpec, VERSIONS, WORKLOAD_DETAILS, WorkloadSpec};

/// The number of clusters that report.
const CLUSTERS: u32 = 300;
/// The rule that the database may refuse.
pub(super) const REFUSED_RULE: &str = "rules.refused";

/// A message before it is sent.
pub(super) struct Outgoing {
    /// Whether its topic is that of workloads.
    pub(super) is_workload: bool,
    pub(super) partition: i32,
    pub(super) value: Vec<u8>,
    pub(super) content: Content,
}

/// The content of a message.
pub(super) enum Content {
    Report(ReportSpec),
    Workloads(WorkloadSpec),
    /// A message that is rejected for this reason.
    Bad(&'static str),
    /// A message with an empty report, which is skipped.
    Empty,
}

/// Generates messages of all kinds. On average, of 20 messages one is bad, one lacks a field, one is empty, one is
/// stale, two repeat earlier ones and one moves its cluster.
///
/// Two topics are read in any order. So that the result does not depend on it, clusters with results of both kinds do not
/// move; the tests of any batches move these too.
pub(super) struct Generator {
    rng: ChaCha8Rng,
    has_workloads: bool,
    owners: BTreeMap<u16, u32>,
    reports: Vec<ReportSpec>,
    workloads: Vec<WorkloadSpec>,
}

/// What a cluster's number says about the kinds of its results, if there are workloads.
const HAS_BOTH_KINDS: u16 = 0;
const HAS_REPORTS: u16 = 1;
const HAS_WORKLOADS: u16 = 2;

impl Generator {
    pub(super) fn new(seed: u64, has_workloads: bool) -> Self {
        let rng = ChaCha8Rng::seed_from_u64(seed);
        Self { rng, has_workloads, owners: BTreeMap::new(), reports: vec![], workloads: vec![] }
    }

    fn below(&mut self, bound: u32) -> u32 {
        self.rng.next_u32() % bound
    }

    pub(super) fn message(&mut self, minute: u32, partitions: u16, bad_kinds: u32) -> Outgoing {
        let is_workload = self.has_workloads && self.below(2) == 0;
        let kind = self.below(20);
        let (cluster, valid, refused, content) =
            if is_workload { self.workload_message(minute, kind) } else { self.report_message(minute, kind) };
        let (value, content) = match kind {
            4 => bad_message(&valid, refused, self.below(bad_kinds)),
            5 => (b"{\"OrgID\": 1, \"Report\": {}}".to_vec(), Content::Bad("missing_field")),
            6 => (empty(&valid), Content::Empty),
            _ => (valid.into_bytes(), content),
        };
        Outgoing { is_workload, partition: (cluster % partitions).into(), value, content }
    }

    /// The cluster of a report, its message, the same with a hit that the database refuses, and its content.
    fn report_message(&mut self, minute: u32, kind: u32) -> (u16, String, Vec<u8>, Content) {
        let mut report = self.report(minute, kind == 0, kind == 1);
        if (kind == 2 || kind == 3) && !self.reports.is_empty() {
            let before = self.below(u32::try_from(self.reports.len()).expect("small")) as usize;
            report.clone_from(&self.reports[before]);
        }
        self.reports.push(report.clone());
        // Without a request id: a refused message that is read again after a later one is stale, and its request is
        // remembered then.
        let without_id = ReportSpec { has_upload: false, ..report.clone() };
        let refused = without_id.message().hit(REFUSED_RULE, "X", "{}").json();
        (report.cluster, text(report.message().json()), refused, Content::Report(report))
    }

    /// The same of a workload result.
    fn workload_message(&mut self, minute: u32, kind: u32) -> (u16, String, Vec<u8>, Content) {
        let mut workloads = self.workloads(minute, kind == 0, kind == 1);
        if (kind == 2 || kind == 3) && !self.workloads.is_empty() {
            let before = self.below(u32::try_from(self.workloads.len()).expect("small")) as usize;
            workloads.clone_from(&self.workloads[before]);
        }
        self.workloads.push(workloads.clone());
        let refused = workloads.message().hit(REFUSED_RULE, "X", "{}", &[OBJECTS[0]]).json();
        (workloads.cluster, text(workloads.message().json()), refused, Content::Workloads(workloads))
    }

    fn report(&mut self, minute: u32, moves: bool, is_late: bool) -> ReportSpec {
        let (cluster, organization) = self.cluster_and_owner(HAS_REPORTS, moves);
        let hits = (0..self.below(5)).map(|_| {
            let details = DETAILS[self.below(6) as usize];
            (u8::try_from(self.below(12)).expect("small"), details)
        });
        let hits = hits.collect();
        let late = if is_late { self.below(900).min(minute) } else { 0 };
        // Of two reports with the same time the first that is read counts, and with two partitions that may be either.
        let is_taken = |report: &ReportSpec| report.cluster == cluster && report.minute == minute - late;
        let late = if self.reports.iter().any(is_taken) { 0 } else { late };
        let version = VERSIONS.get(self.below(6) as usize).copied();
        ReportSpec { organization, cluster, minute: minute - late, version, has_upload: self.below(2) == 0, hits }
    }

    fn workloads(&mut self, minute: u32, moves: bool, is_late: bool) -> WorkloadSpec {
        let (cluster, organization) = self.cluster_and_owner(HAS_WORKLOADS, moves);
        let hits = (0..self.below(4)).map(|_| {
            let details = WORKLOAD_DETAILS[self.below(5) as usize];
            let objects = (0..self.below(5)).map(|_| self.below(8) as usize).collect();
            (u8::try_from(self.below(6)).expect("small"), (details, objects))
        });
        let hits = hits.collect();
        let late = if is_late { self.below(900).min(minute) } else { 0 };
        WorkloadSpec { organization, cluster, minute: minute - late, hits }
    }

    /// A cluster that has results of this kind, and its owner, which may be a new one.
    fn cluster_and_owner(&mut self, kind: u16, moves: bool) -> (u16, u32) {
        let mut cluster = u16::try_from(self.below(CLUSTERS)).expect("small");
        if self.has_workloads && cluster % 3 != HAS_BOTH_KINDS {
            cluster = cluster - cluster % 3 + kind;
        }
        let other_owner = 1 + self.below(7);
        let owner = self.owners.entry(cluster).or_insert(other_owner);
        if moves && !(self.has_workloads && cluster % 3 == HAS_BOTH_KINDS) {
            *owner = other_owner;
        }
        (cluster, *owner)
    }
}

fn text(json: Vec<u8>) -> String {
    String::from_utf8(json).expect("text")
}

/// A bad message of a kind, made of a valid one, with the reason of its rejection. `refused` has a hit that the database
/// refuses.
fn bad_message(json: &str, refused: Vec<u8>, kind: u32) -> (Vec<u8>, Content) {
    let (value, reason) = match kind {
        0 => (vec![], "not_json"),
        1 => (json.as_bytes()[..json.len() / 2].to_vec(), "not_json"),
        2 => ([b"{\"unread\": \"\xff\", ", &json.as_bytes()[1..]].concat(), "invalid_utf8"),
        3 => (json.replace("\"ClusterName\": \"", "\"ClusterName\": \"x").into_bytes(), "bad_uuid"),
        4 => (json.replace("\"OrgID\": ", "\"OrgID\": -").into_bytes(), "wrong_type"),
        5 => (json.replace("\"LastChecked\": \"20", "\"LastChecked\": \"90").into_bytes(), "future_time"),
        _ => (refused, "store_rejected"),
    };
    (value, Content::Bad(reason))
}

/// A valid message with an empty result in place of its own.
fn empty(json: &str) -> Vec<u8> {
    let split = |body| json.split_once(&format!(", \"{body}\": ")).map(|(head, _)| (head, body));
    let (head, body) = split("Report").or_else(|| split("Metrics")).expect("a result");
    format!("{head}, \"{body}\": {{}}}}").into_bytes()
}
