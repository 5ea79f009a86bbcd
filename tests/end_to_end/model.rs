//! A model of the stored data: it applies the rules for reports to one message at a time, in plain maps. It shares no
//! code with the service.

mod actions;
mod flow;
mod generator;
mod intervals;
mod known;
mod workloads;

use std::{
    collections::{BTreeMap, BTreeSet},
    env,
};

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use insights_results_aggregator::domain::{Details, Report, RuleHit};
use uuid::Uuid;

pub(crate) use self::{
    actions::{Action, Actions, RULES, User, query, sorted},
    flow::{Flow, differences},
    known::know_rules_and_clusters,
    workloads::{OBJECTS, WORKLOAD_DETAILS, WorkloadSpec},
};
use crate::{harness::Tables, messages::Message};

/// Details with characters that databases and parsers mishandle, and no details.
pub(crate) const DETAILS: [Option<&str>; 6] = [
    None,
    Some(r#"{"a": "\u0000"}"#),
    Some(r#"{"b":"🦀 ' \" \\ $1 ?","c":[1e2, -0.0]}"#),
    Some("[]"),
    Some(r#"{"a":1}"#),
    Some(r#"{"a":2}"#),
];
pub(crate) const VERSIONS: [&str; 3] = ["4.16.3", "4.17.0-rc.1", "not a version: 🦀'--"];
/// A part of all rule names, error keys and request ids: characters with a meaning in SQL, which must be kept as text.
const SPECIAL_CHARACTERS: &str = "/🦀'$1?;--";

/// The seed of all random values. It is printed first, and the variable `TEST_SEED` sets it.
pub(crate) fn seed() -> u64 {
    let given = env::var("TEST_SEED").ok().map(|seed| seed.parse().expect("TEST_SEED is a number"));
    let seed = given.unwrap_or_else(rand::random);
    println!("TEST_SEED={seed}");
    seed
}

/// The contents of a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ReportSpec {
    pub(crate) organization: u32,
    pub(crate) cluster: u16,
    /// When the rules ran, in minutes after a fixed time.
    pub(crate) minute: u32,
    pub(crate) version: Option<&'static str>,
    /// Whether the report has a request id and the time when the data were gathered.
    pub(crate) has_upload: bool,
    /// The details of each rule's hit.
    pub(crate) hits: BTreeMap<u8, Option<&'static str>>,
}

/// The expected contents of the tables.
#[derive(Clone, Debug, Default)]
pub(crate) struct Model {
    clusters: BTreeMap<u16, Cluster>,
    /// The newest message of each request: cluster, organization and minute.
    requests: BTreeMap<(u16, u32, u32), ReportSpec>,
    tables: Tables,
}

#[derive(Clone, Debug)]
struct Cluster {
    number: u16,
    organization: u32,
    /// The minute of the newest accepted result of either kind.
    checked: u32,
    /// The minute of the newest accepted report, and of the newest accepted workload result.
    newest: [Option<u32>; 2],
    /// The report of the present owner.
    report: Option<ReportSpec>,
    version: Option<&'static str>,
    /// The minute since which each open rule hits, of each kind.
    open: [BTreeMap<u8, u32>; 2],
    /// The number of closed rule hits under each owner.
    closed: BTreeMap<u32, usize>,
    /// The workloads of the present owner.
    workloads: Option<WorkloadSpec>,
    /// The minute since which each namespace has findings, by uid.
    namespaces: BTreeMap<String, u32>,
}

/// The kinds of results, as places in the lists of a cluster.
const REPORTS: usize = 0;
const WORKLOADS: usize = 1;

impl Model {
    /// Applies a report if it is newer than the cluster's newest one, and remembers its request; returns whether it is.
    pub(crate) fn apply(&mut self, report: &ReportSpec) -> bool {
        if report.has_upload {
            self.requests.insert((report.cluster, report.organization, report.minute), report.clone());
        }
        let rules = report.hits.keys().copied().collect();
        let result = (report.organization, report.cluster, report.minute);
        let Some(cluster) = self.accept(REPORTS, result, &rules) else { return false };
        cluster.version = report.version.or(cluster.version);
        cluster.report = Some(report.clone());
        true
    }

    /// What both kinds of results have in common. Returns the cluster unless the result is stale.
    fn accept(
        &mut self,
        kind: usize,
        (organization, number, minute): (u32, u16, u32),
        rules: &BTreeSet<u8>,
    ) -> Option<&mut Cluster> {
        if self.clusters.get(&number).is_some_and(|known| known.is_stale(kind, organization, minute)) {
            return None;
        }
        self.tables.organizations.insert(organization.into());
        self.tables.recommendations.extend(rules.iter().map(|rule| selector(*rule)));
        let cluster = self.clusters.entry(number).or_insert_with(|| Cluster::new(number, organization));
        if cluster.organization != organization {
            for kind in [REPORTS, WORKLOADS] {
                cluster.close(kind, &BTreeSet::new(), minute, &mut self.tables);
            }
            (cluster.report, cluster.version, cluster.workloads) = (None, None, None);
            cluster.namespaces.clear();
            cluster.organization = organization;
        }
        cluster.close(kind, rules, minute, &mut self.tables);
        for rule in rules {
            cluster.open[kind].entry(*rule).or_insert(minute);
        }
        cluster.newest[kind] = Some(minute);
        cluster.checked = cluster.checked.max(minute);
        Some(cluster)
    }

    /// Records a rejected message, given as in the tables: `topic/partition/offset reason`.
    pub(crate) fn reject(&mut self, message: String) {
        self.tables.consumer_errors.insert(message);
    }

    /// The expected contents of the tables.
    pub(crate) fn tables(&self) -> Tables {
        let mut tables = self.tables.clone();
        for cluster in self.clusters.values() {
            tables.clusters.insert(cluster.line());
            tables.rule_hits.extend(cluster.hit_lines());
            cluster.add_workloads(&mut tables);
        }
        tables.requests.extend(self.requests.values().map(ReportSpec::request_line));
        tables
    }
}

/// Removes the digests, which the model does not compute.
pub(crate) fn without_digests(mut tables: Tables) -> Tables {
    let cut = |line: String| line.split_once(" digest ").map_or(line.clone(), |(kept, _)| kept.to_owned());
    tables.clusters = tables.clusters.into_iter().map(cut).collect();
    tables
}

impl Cluster {
    fn new(number: u16, organization: u32) -> Self {
        Self {
            number,
            organization,
            checked: 0,
            newest: [None, None],
            report: None,
            version: None,
            open: [BTreeMap::new(), BTreeMap::new()],
            closed: BTreeMap::new(),
            workloads: None,
            namespaces: BTreeMap::new(),
        }
    }

    fn is_stale(&self, kind: usize, organization: u32, minute: u32) -> bool {
        if organization == self.organization {
            self.newest[kind].is_some_and(|newest| minute <= newest)
        } else {
            minute <= self.checked
        }
    }

    /// Closes the open hits of a kind whose rules a result does not have.
    fn close(&mut self, kind: usize, kept: &BTreeSet<u8>, minute: u32, tables: &mut Tables) {
        let (cluster, owner) = (uuid(self.number), self.organization);
        let history = if kind == REPORTS { &mut tables.history } else { &mut tables.workload_history };
        for (rule, since) in self.open[kind].extract_if(.., |rule, _| !kept.contains(rule)) {
            history.insert(format!("{cluster} {} {owner} {} {}", selector(rule), time(since), time(minute)));
            if kind == REPORTS {
                *self.closed.entry(owner).or_default() += 1;
            }
        }
    }

    fn line(&self) -> String {
        let (id, organization, checked) = (uuid(self.number), self.organization, time(self.checked));
        let [report, workloads] = [self.report.is_some(), self.workloads.is_some()];
        let newest = |kind: usize, is_present: bool| match self.newest[kind] {
            None => "-".to_owned(),
            Some(minute) if is_present => time(minute),
            Some(minute) => format!("removed-{}", time(minute)),
        };
        let upload = self.report.as_ref().filter(|report| report.has_upload).map(|report| report.minute);
        let (gathered, request) = (upload.map_or("-".into(), time), upload.map_or("-".into(), request));
        let (version, hits) = (self.version.unwrap_or("-"), self.open[REPORTS].len());
        let closed = self.closed.get(&organization).copied().unwrap_or(0);
        format!(
            "{id} {organization} checked {checked} report {} gathered {gathered} request {request} version {version} \
             hits {hits} closed {closed} workloads {}",
            newest(REPORTS, report),
            newest(WORKLOADS, workloads)
        )
    }

    fn hit_lines(&self) -> BTreeSet<String> {
        let hits = self.report.iter().flat_map(|report| &report.hits);
        hits.map(|(rule, details)| self.hit_line(REPORTS, *rule, *details)).collect()
    }

    fn hit_line(&self, kind: usize, rule: u8, details: Option<&str>) -> String {
        let since = time(self.open[kind][&rule]);
        format!("{} {} {} {since} {}", uuid(self.number), selector(rule), self.organization, details.unwrap_or("-"))
    }
}

impl ReportSpec {
    /// The report as the store takes it.
    pub(crate) fn report(&self) -> Report {
        let hits = self.hits.iter().map(|(rule, details)| {
            RuleHit::new(selector(*rule).parse().expect("a selector"), details.map(Details::from_checked))
        });
        let at = time(self.minute).parse().expect("a time");
        let organization = i64::from(self.organization).try_into().expect("an organization");
        let mut report = Report::new(organization, uuid(self.cluster).into(), at, hits.collect());
        report.version = self.version.map(ToOwned::to_owned);
        report.request_id = self.has_upload.then(|| request(self.minute));
        report.gathered_at = self.has_upload.then_some(at);
        report
    }

    /// The line of the report's request.
    fn request_line(&self) -> String {
        let selectors: BTreeSet<_> = self.hits.keys().map(|rule| selector(*rule)).collect();
        let selectors = serde_json::to_string(&selectors).expect("JSON");
        let (cluster, at) = (uuid(self.cluster), time(self.minute));
        format!("{cluster} {} {} {at} {selectors}", self.organization, request(self.minute))
    }

    /// The report as a message. Its times have more digits than the store keeps.
    pub(crate) fn message(&self) -> Message {
        let precise = |time: String| time.replace('Z', "789Z");
        let at = precise(time(self.minute));
        let mut message = Message::new(self.organization, &uuid(self.cluster).to_string(), &at);
        for (rule, details) in &self.hits {
            let (rule, key) = (rule_fqdn(*rule), error_key(*rule));
            message = match details {
                Some(details) => message.hit(&rule, &key, details),
                None => message.hit_without_details(&rule, &key),
            };
        }
        if let Some(version) = self.version {
            message = message.version(version);
        }
        if self.has_upload { message.upload(&request(self.minute), &at) } else { message }
    }
}

/// The UUID of a cluster.
pub(crate) fn uuid(cluster: u16) -> Uuid {
    // Spread over the whole range of UUIDs.
    Uuid::from_u128(u128::from(cluster + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835))
}

/// The selector of a rule.
pub(crate) fn selector(rule: u8) -> String {
    format!("{}|{}", rule_fqdn(rule), error_key(rule))
}

fn rule_fqdn(rule: u8) -> String {
    format!("rules.r{rule}{SPECIAL_CHARACTERS}")
}

fn error_key(rule: u8) -> String {
    format!("KEY{rule}{SPECIAL_CHARACTERS}|")
}

fn request(minute: u32) -> String {
    format!("request-{minute}{SPECIAL_CHARACTERS}")
}

fn time(minute: u32) -> String {
    let start: DateTime<Utc> = "2024-05-02T06:00:00.123456Z".parse().expect("a time");
    (start + TimeDelta::minutes(minute.into())).to_rfc3339_opts(SecondsFormat::Micros, true)
}
