//! Random messages of all kinds that are sent to a topic, and the tables and dead letters that they should result in.

use std::collections::{BTreeMap, BTreeSet};

use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use rdkafka::{Message as _, message::Headers as _};

use super::{DETAILS, Model, ReportSpec, VERSIONS, intervals::overlaps, without_digests};
use crate::harness::{Database, Tables, Topic, refuse_recommendations_of, tables};

/// The number of clusters that report.
const CLUSTERS: u32 = 300;
/// The number of kinds of bad messages, without the kind that only a refusing database has.
const BAD_KINDS: u32 = 6;
/// The rule that the database refuses in [`Flow::with_refused_rule`].
const REFUSED_RULE: &str = "rules.refused";

/// A generator of messages for a topic, and a record of those that were sent.
pub(crate) struct Flow {
    pub(crate) topic: Topic,
    generator: Generator,
    /// Whether a cluster's messages are spread over all partitions instead of one.
    is_scattered: bool,
    /// The number of kinds of bad messages.
    bad_kinds: u32,
    minute: u32,
    sent: Vec<Sent>,
}

/// A message that was delivered.
struct Sent {
    offset: i64,
    message: Outgoing,
}

impl Flow {
    /// Generates messages from a seed, those of a cluster in one partition.
    pub(crate) fn new(topic: Topic, seed: u64) -> Self {
        Self {
            topic,
            generator: Generator::new(seed),
            is_scattered: false,
            bad_kinds: BAD_KINDS,
            minute: 0,
            sent: vec![],
        }
    }

    /// Generates messages from a seed, those of a cluster spread over all partitions.
    pub(crate) fn scattered(topic: Topic, seed: u64) -> Self {
        Self { is_scattered: true, ..Self::new(topic, seed) }
    }

    /// Generates messages as [`Flow::new`], some of which the database refuses.
    pub(crate) async fn with_refused_rule(topic: Topic, seed: u64, database: &Database) -> Self {
        refuse_recommendations_of(REFUSED_RULE, database).await;
        Self { bad_kinds: BAD_KINDS + 1, ..Self::new(topic, seed) }
    }

    /// Sends this many further messages.
    pub(crate) async fn send(&mut self, messages: u32) {
        let partitions = self.topic.partitions.try_into().expect("a few");
        let minutes = self.minute..self.minute + messages;
        self.minute = minutes.end;
        let mut outgoing: Vec<_> =
            minutes.map(|minute| self.generator.message(minute, partitions, self.bad_kinds)).collect();
        if self.is_scattered {
            let partitions = (0..self.topic.partitions).cycle();
            outgoing.iter_mut().zip(partitions).for_each(|(message, partition)| message.partition = partition);
        }
        let values = outgoing.iter().map(|message| (message.partition, message.value.as_slice()));
        let offsets = self.topic.send_all(values).await;
        self.sent.extend(outgoing.into_iter().zip(offsets).map(|(message, offset)| Sent { offset, message }));
    }

    /// The tables that the sent messages should result in.
    pub(crate) fn tables(&self) -> Tables {
        self.tables_of(|_| true)
    }

    /// The tables that a part of the sent messages should result in.
    fn tables_of(&self, is_part: impl Fn(&Sent) -> bool) -> Tables {
        let mut model = Model::default();
        for sent in self.sent.iter().filter(|sent| is_part(sent)) {
            match &sent.message.content {
                Content::Report(report) => drop(model.apply(report)),
                Content::Bad(reason) => model.reject(format!("{} {reason}", self.position(sent))),
                Content::Empty => {}
            }
        }
        model.tables()
    }

    /// A message's position, in the form of the tables and dead letters.
    fn position(&self, sent: &Sent) -> String {
        format!("{}/{}/{}", self.topic.name, sent.message.partition, sent.offset)
    }

    /// The value of each bad message, by its position.
    fn dead_letters(&self) -> BTreeMap<String, Vec<u8>> {
        let bad = self.sent.iter().filter(|sent| matches!(sent.message.content, Content::Bad(_)));
        bad.map(|sent| (self.position(sent), sent.message.value.clone())).collect()
    }

    /// Asserts that the tables and dead letters are those that the sent messages should result in.
    pub(crate) async fn assert_exact(&self, database: &Database) {
        let found = without_digests(tables(&database.connect().await).await);
        assert_eq!(differences(&found, &self.tables()), [""; 0], "{}", database.name);
        let found = dead_letters(&self.topic);
        assert!(found == self.dead_letters(), "{}: each bad message is a dead letter, byte for byte", database.name);
    }
}

impl Flow {
    /// Asserts that every message before the committed offsets is stored; otherwise it would be lost.
    pub(crate) async fn assert_committed_is_stored(&self, database: &Database) {
        let committed = self.topic.all_committed().await;
        let expected = self.tables_of(|sent| sent.offset < committed[&sent.message.partition]);
        let found = tables(&database.connect().await).await;
        assert_eq!(lost(&expected, &found), [""; 0], "{}, with {committed:?} committed", database.name);
    }

    /// Asserts what does not depend on the order in which messages were read: each cluster has its newest report and
    /// exactly that report's hits.
    pub(crate) async fn assert_newest_kept(&self, database: &Database) {
        let found = tables(&database.connect().await).await;
        let expected = self.tables();
        let checked = |lines: &BTreeSet<String>| {
            let hits = |line: &String| {
                let (_, hits) = line.rsplit_once(" hits ").expect("the number of hits");
                hits.split(' ').next().map(ToOwned::to_owned)
            };
            let words = |line: &String| line.split(' ').take(4).map(ToOwned::to_owned).chain(hits(line)).collect();
            lines.iter().map(words).collect::<BTreeSet<Vec<String>>>()
        };
        assert_eq!(checked(&found.clusters), checked(&expected.clusters), "{}", database.name);
        // The time since which a hit is open depends on the order.
        let hits = |lines: &BTreeSet<String>| {
            let words = |line: &String| {
                let words: Vec<_> = line.splitn(5, ' ').map(ToOwned::to_owned).collect();
                [&words[..3], &words[4..]].concat()
            };
            lines.iter().map(words).collect::<BTreeSet<_>>()
        };
        assert!(hits(&found.rule_hits) == hits(&expected.rule_hits), "{}: the newest reports' hits", database.name);
        assert_eq!(found.rule_hits.len(), expected.rule_hits.len(), "{}: no hit is open twice", database.name);
        assert_eq!(overlaps(&found), [], "{}: a hit closes before it opens again", database.name);
        assert_eq!(found.consumer_errors, expected.consumer_errors, "{}", database.name);
    }
}

/// Returns up to 40 lines that only one of the two has, marked with `found` or `not found`.
pub(crate) fn differences(found: &Tables, expected: &Tables) -> Vec<String> {
    let lines = |tables: &Tables| {
        let Tables { organizations, clusters, rule_hits, history, recommendations, consumer_errors, .. } =
            tables.clone();
        let Tables { workload_hits, workload_history, namespaces, objects, requests, .. } = tables.clone();
        let organizations = organizations.into_iter().map(|number| number.to_string());
        let texts = [
            ("cluster", clusters),
            ("rule hit", rule_hits),
            ("closed rule hit", history),
            ("recommendation", recommendations),
            ("bad message", consumer_errors),
            ("workload hit", workload_hits),
            ("closed workload hit", workload_history),
            ("namespace", namespaces),
            ("object", objects),
            ("request", requests),
        ];
        let texts =
            texts.into_iter().flat_map(|(name, lines)| lines.into_iter().map(move |line| format!("{name} {line}")));
        organizations.chain(texts).collect::<BTreeSet<_>>()
    };
    let (found, expected) = (lines(found), lines(expected));
    let only_found = found.difference(&expected).map(|line| format!("found: {line}"));
    only_found.chain(expected.difference(&found).map(|line| format!("not found: {line}"))).take(40).collect()
}

/// Returns what `found` lacks of `expected`: reports newer than the stored ones, and lines that are never removed.
fn lost(expected: &Tables, found: &Tables) -> Vec<String> {
    let stored = checked(found);
    let is_lost = |(cluster, checked): &(&str, &str)| stored.get(cluster).is_none_or(|stored| stored < checked);
    let reports =
        checked(expected).into_iter().filter(is_lost).map(|(cluster, checked)| format!("{cluster} {checked}"));
    let lines = [
        (&expected.history, &found.history),
        (&expected.recommendations, &found.recommendations),
        (&expected.consumer_errors, &found.consumer_errors),
    ];
    let lines = lines.into_iter().flat_map(|(expected, found)| expected.difference(found).cloned());
    reports.chain(lines).collect()
}

/// The time of each cluster's report.
fn checked(tables: &Tables) -> BTreeMap<&str, &str> {
    let lines = tables.clusters.iter().map(|line| line.split(' '));
    lines.filter_map(|mut words| Some((words.next()?, words.nth(2)?))).collect()
}

/// The values of the dead letters by the position of their message. The topic may have two for one message.
fn dead_letters(topic: &Topic) -> BTreeMap<String, Vec<u8>> {
    let dead_letters = topic.dead_letter_topic();
    let mut by_position = BTreeMap::new();
    for message in (0..topic.partitions).flat_map(|partition| dead_letters.messages(partition)) {
        let headers = message.headers().expect("headers");
        let value = |name: &str| {
            let header = headers.iter().find(|header| header.key == name).and_then(|header| header.value);
            String::from_utf8_lossy(header.expect("a header of the service")).into_owned()
        };
        let position = ["topic", "partition", "offset"].map(|part| value(&format!("__connect.errors.{part}")));
        by_position.insert(position.join("/"), message.payload().unwrap_or_default().to_vec());
    }
    by_position
}

/// A message before it is sent.
struct Outgoing {
    partition: i32,
    value: Vec<u8>,
    content: Content,
}

/// The content of a message.
enum Content {
    Report(ReportSpec),
    /// A message that is rejected for this reason.
    Bad(&'static str),
    /// A message with an empty report, which is skipped.
    Empty,
}

/// Generates messages of all kinds. On average, of 20 messages one is bad, one lacks a field, one is empty, one is
/// stale, two repeat earlier ones and one moves its cluster.
struct Generator {
    rng: ChaCha8Rng,
    owners: BTreeMap<u16, u32>,
    reports: Vec<ReportSpec>,
}

impl Generator {
    fn new(seed: u64) -> Self {
        Self { rng: ChaCha8Rng::seed_from_u64(seed), owners: BTreeMap::new(), reports: vec![] }
    }

    fn below(&mut self, bound: u32) -> u32 {
        self.rng.next_u32() % bound
    }

    fn message(&mut self, minute: u32, partitions: u16, bad_kinds: u32) -> Outgoing {
        let kind = self.below(20);
        let mut report = self.report(minute, kind == 0, kind == 1);
        if kind == 2 || kind == 3 {
            let before = self.below(minute + 1) as usize;
            report = self.reports.get(before).cloned().unwrap_or(report);
        }
        self.reports.push(report.clone());
        let partition = (report.cluster % partitions).into();
        let (value, content) = match kind {
            4 => bad_message(&report, self.below(bad_kinds)),
            5 => (b"{\"OrgID\": 1, \"Report\": {}}".to_vec(), Content::Bad("missing_field")),
            6 => (empty_report(&report), Content::Empty),
            _ => (report.message().json(), Content::Report(report)),
        };
        Outgoing { partition, value, content }
    }

    fn report(&mut self, minute: u32, moves: bool, is_late: bool) -> ReportSpec {
        let cluster = u16::try_from(self.below(CLUSTERS)).expect("small");
        let other_owner = 1 + self.below(7);
        let owner = self.owners.entry(cluster).or_insert(other_owner);
        if moves {
            *owner = other_owner;
        }
        let organization = *owner;
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
}

/// A bad message of a kind, with the reason of its rejection.
fn bad_message(report: &ReportSpec, kind: u32) -> (Vec<u8>, Content) {
    let json = String::from_utf8(report.message().json()).expect("text");
    let (value, reason) = match kind {
        0 => (vec![], "not_json"),
        1 => (json.as_bytes()[..json.len() / 2].to_vec(), "not_json"),
        2 => ([b"{\"unread\": \"\xff\", ", &json.as_bytes()[1..]].concat(), "invalid_utf8"),
        3 => (json.replace("\"ClusterName\": \"", "\"ClusterName\": \"x").into_bytes(), "bad_uuid"),
        4 => (json.replace("\"OrgID\": ", "\"OrgID\": -").into_bytes(), "wrong_type"),
        5 => (json.replace("\"LastChecked\": \"20", "\"LastChecked\": \"90").into_bytes(), "future_time"),
        _ => (report.message().hit(REFUSED_RULE, "X", "{}").json(), "store_rejected"),
    };
    (value, Content::Bad(reason))
}

fn empty_report(report: &ReportSpec) -> Vec<u8> {
    let json = String::from_utf8(report.message().json()).expect("text");
    let (head, _) = json.split_once(", \"Report\": ").expect("a report");
    format!("{head}, \"Report\": {{}}}}").into_bytes()
}
