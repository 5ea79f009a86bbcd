//! A model of what the service keeps: the rules of the data, one message at a time, in plain maps. It shares no code with
//! what it is compared with.

mod flow;
mod intervals;

use std::{
    collections::{BTreeMap, BTreeSet},
    env,
};

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use insights_results_aggregator::domain::{Details, Report, RuleHit};
use uuid::Uuid;

pub(crate) use self::flow::{Flow, differences};
use crate::{harness::Tables, messages::Message};

/// Details that databases and readers have stumbled over, and none.
pub(crate) const DETAILS: [Option<&str>; 6] = [
    None,
    Some(r#"{"a": "\u0000"}"#),
    Some(r#"{"b":"🦀 ' \" \\ $1 ?","c":[1e2, -0.0]}"#),
    Some("[]"),
    Some(r#"{"a":1}"#),
    Some(r#"{"a":2}"#),
];
pub(crate) const VERSIONS: [&str; 3] = ["4.16.3", "4.17.0-rc.1", "of no known form: 🦀'--"];
/// In the names of all rules, keys and requests: they are text, whatever a database or a reader may see in it.
const ODD: &str = "/🦀'$1?;--";

/// What everything random follows from. It is printed first, and `TEST_SEED` takes it back.
pub(crate) fn seed() -> u64 {
    let given = env::var("TEST_SEED").ok().map(|seed| seed.parse().expect("TEST_SEED is a number"));
    let seed = given.unwrap_or_else(rand::random);
    println!("TEST_SEED={seed}");
    seed
}

/// What a report says, as a test thinks of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Said {
    pub(crate) organization: u32,
    pub(crate) cluster: u16,
    /// When the rules ran: so many minutes after a morning.
    pub(crate) minute: u32,
    pub(crate) version: Option<&'static str>,
    /// Does it tell its request and when the data were collected?
    pub(crate) is_tracked: bool,
    /// Details by rule.
    pub(crate) hits: BTreeMap<u8, Option<&'static str>>,
}

/// The tables as they should be.
#[derive(Clone, Debug, Default)]
pub(crate) struct Model {
    clusters: BTreeMap<u16, Cluster>,
    tables: Tables,
}

#[derive(Clone, Debug)]
struct Cluster {
    newest: Said,
    version: Option<&'static str>,
    /// The minute since which a rule hits.
    open: BTreeMap<u8, u32>,
}

impl Model {
    /// Takes a report: newer ones count, others do not. Does this one count?
    pub(crate) fn take(&mut self, said: &Said) -> bool {
        let known = self.clusters.get(&said.cluster).cloned();
        if known.as_ref().is_some_and(|known| said.minute <= known.newest.minute) {
            return false;
        }
        self.tables.organizations.insert(said.organization.into());
        self.tables.recommendations.extend(said.hits.keys().map(|rule| selector(*rule)));
        let mut open = BTreeMap::new();
        for (rule, since) in known.iter().flat_map(|known| &known.open) {
            let owner = known.as_ref().map_or(0, |known| known.newest.organization);
            if owner == said.organization && said.hits.contains_key(rule) {
                open.insert(*rule, *since);
            } else {
                let (cluster, since, until) = (uuid(said.cluster), time(*since), time(said.minute));
                self.tables.history.insert(format!("{cluster} {} {owner} {since} {until}", selector(*rule)));
            }
        }
        for rule in said.hits.keys() {
            open.entry(*rule).or_insert(said.minute);
        }
        // What a former owner's reports told is not the present one's to see.
        let known = known.filter(|known| known.newest.organization == said.organization);
        let version = said.version.or(known.and_then(|known| known.version));
        self.clusters.insert(said.cluster, Cluster { newest: said.clone(), version, open });
        true
    }

    /// Takes a bad message, written as the tables write it: `topic/partition/offset reason`.
    pub(crate) fn refuse(&mut self, message: String) {
        self.tables.consumer_errors.insert(message);
    }

    /// The tables.
    pub(crate) fn tables(&self) -> Tables {
        let mut tables = self.tables.clone();
        for cluster in self.clusters.values() {
            tables.clusters.insert(cluster.line());
            tables.rule_hits.extend(cluster.hit_lines());
        }
        tables
    }
}

/// Tables without the digests, which the model does not know.
pub(crate) fn without_digests(mut tables: Tables) -> Tables {
    let cut = |line: String| line.split_once(" digest ").map_or(line.clone(), |(kept, _)| kept.to_owned());
    tables.clusters = tables.clusters.into_iter().map(cut).collect();
    tables
}

impl Cluster {
    fn line(&self) -> String {
        let Said { organization, cluster, minute, is_tracked, .. } = &self.newest;
        let (id, checked) = (uuid(*cluster), time(*minute));
        let (gathered, request) =
            if *is_tracked { (checked.clone(), request(*minute)) } else { ("-".into(), "-".into()) };
        let version = self.version.unwrap_or("-");
        format!(
            "{id} {organization} checked {checked} report {checked} gathered {gathered} request {request} version {version}"
        )
    }

    fn hit_lines(&self) -> BTreeSet<String> {
        let Said { organization, cluster, hits, .. } = &self.newest;
        let line = |(rule, since): (&u8, &u32)| {
            let details = hits[rule].unwrap_or("-");
            format!("{} {} {organization} {} {details}", uuid(*cluster), selector(*rule), time(*since))
        };
        self.open.iter().map(line).collect()
    }
}

impl Said {
    /// The report, for the store.
    pub(crate) fn report(&self) -> Report {
        let hits = self.hits.iter().map(|(rule, details)| {
            RuleHit::new(selector(*rule).parse().expect("a selector"), details.map(Details::from_checked))
        });
        let at = time(self.minute).parse().expect("a time");
        let organization = i64::from(self.organization).try_into().expect("an organization");
        let mut report = Report::new(organization, uuid(self.cluster).into(), at, hits.collect());
        report.version = self.version.map(ToOwned::to_owned);
        report.request_id = self.is_tracked.then(|| request(self.minute));
        report.gathered_at = self.is_tracked.then_some(at);
        report
    }

    /// The message that says it, with more digits of its times than are kept.
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
        if self.is_tracked { message.upload(&request(self.minute), &at) } else { message }
    }
}

fn uuid(cluster: u16) -> Uuid {
    // Spread over the key's space.
    Uuid::from_u128(u128::from(cluster + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835))
}

fn selector(rule: u8) -> String {
    format!("{}|{}", rule_fqdn(rule), error_key(rule))
}

fn rule_fqdn(rule: u8) -> String {
    format!("rules.r{rule}{ODD}")
}

fn error_key(rule: u8) -> String {
    format!("KEY{rule}{ODD}|")
}

fn request(minute: u32) -> String {
    format!("request-{minute}{ODD}")
}

fn time(minute: u32) -> String {
    let morning: DateTime<Utc> = "2024-05-02T06:00:00.123456Z".parse().expect("a time");
    (morning + TimeDelta::minutes(minute.into())).to_rfc3339_opts(SecondsFormat::Micros, true)
}
