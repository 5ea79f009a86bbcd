//! A model of the stored data: it applies the rules for reports to one message at a time, in plain maps. It shares no
//! code with the service.

mod actions;
mod flow;
mod intervals;
mod known;

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
    tables: Tables,
}

#[derive(Clone, Debug)]
struct Cluster {
    newest: ReportSpec,
    version: Option<&'static str>,
    /// The minute since which each open rule hits.
    open: BTreeMap<u8, u32>,
    /// The number of closed hits under each owner.
    closed: BTreeMap<u32, usize>,
}

impl Model {
    /// Applies a report if it is newer than the cluster's newest one; returns whether it is.
    pub(crate) fn apply(&mut self, report: &ReportSpec) -> bool {
        let known = self.clusters.get(&report.cluster).cloned();
        if known.as_ref().is_some_and(|known| report.minute <= known.newest.minute) {
            return false;
        }
        self.tables.organizations.insert(report.organization.into());
        self.tables.recommendations.extend(report.hits.keys().map(|rule| selector(*rule)));
        let mut open = BTreeMap::new();
        let mut closed = known.as_ref().map(|known| known.closed.clone()).unwrap_or_default();
        for (rule, since) in known.iter().flat_map(|known| &known.open) {
            let owner = known.as_ref().map_or(0, |known| known.newest.organization);
            if owner == report.organization && report.hits.contains_key(rule) {
                open.insert(*rule, *since);
            } else {
                *closed.entry(owner).or_default() += 1;
                let (cluster, since, until) = (uuid(report.cluster), time(*since), time(report.minute));
                self.tables.history.insert(format!("{cluster} {} {owner} {since} {until}", selector(*rule)));
            }
        }
        for rule in report.hits.keys() {
            open.entry(*rule).or_insert(report.minute);
        }
        // The version from reports of a former owner is hidden from the new owner.
        let known = known.filter(|known| known.newest.organization == report.organization);
        let version = report.version.or(known.and_then(|known| known.version));
        self.clusters.insert(report.cluster, Cluster { newest: report.clone(), version, open, closed });
        true
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
        }
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
    fn line(&self) -> String {
        let ReportSpec { organization, cluster, minute, has_upload, .. } = &self.newest;
        let (id, checked) = (uuid(*cluster), time(*minute));
        let (gathered, request) =
            if *has_upload { (checked.clone(), request(*minute)) } else { ("-".into(), "-".into()) };
        let (version, hits) = (self.version.unwrap_or("-"), self.open.len());
        let closed = self.closed.get(organization).copied().unwrap_or(0);
        format!(
            "{id} {organization} checked {checked} report {checked} gathered {gathered} request {request} \
             version {version} hits {hits} closed {closed}"
        )
    }

    fn hit_lines(&self) -> BTreeSet<String> {
        let ReportSpec { organization, cluster, hits, .. } = &self.newest;
        let line = |(rule, since): (&u8, &u32)| {
            let details = hits[rule].unwrap_or("-");
            format!("{} {} {organization} {} {details}", uuid(*cluster), selector(*rule), time(*since))
        };
        self.open.iter().map(line).collect()
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
