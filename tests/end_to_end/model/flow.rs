//! Random messages of all kinds that are sent to a topic, or to one for each kind of result, and the tables and dead letters that they should result in.

use std::collections::{BTreeMap, BTreeSet};

use rdkafka::{Message as _, message::Headers as _};

use super::{
    Model,
    generator::{Content, Generator, Outgoing, REFUSED_RULE},
    intervals::overlaps,
    without_digests,
};
use crate::harness::{Database, Tables, Topic, refuse_recommendations_of, tables};

/// The number of kinds of bad messages, without the kind that only a refusing database has.
const BAD_KINDS: u32 = 6;

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
            generator: Generator::new(seed, topic.has_workloads()),
            topic,
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
        let mut offsets = [vec![], vec![]];
        for (is_workload, offsets) in [false, true].into_iter().zip(&mut offsets) {
            let of_topic = outgoing.iter().filter(|message| message.is_workload == is_workload);
            let values: Vec<_> = of_topic.map(|message| (message.partition, message.value.as_slice())).collect();
            if !values.is_empty() {
                *offsets = self.topic_of(is_workload).send_all(values).await;
            }
        }
        let [mut of_reports, mut of_workloads] = offsets.map(Vec::into_iter);
        self.sent.extend(outgoing.into_iter().map(|message| {
            let offsets = if message.is_workload { &mut of_workloads } else { &mut of_reports };
            Sent { offset: offsets.next().expect("an offset of each message"), message }
        }));
    }

    fn topic_of(&self, is_workload: bool) -> &Topic {
        if is_workload { self.topic.workloads() } else { &self.topic }
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
                Content::Workloads(workloads) => drop(model.apply_workloads(workloads)),
                Content::Bad(reason) => model.reject(format!("{} {reason}", self.position(sent))),
                Content::Empty => {}
            }
        }
        model.tables()
    }

    /// A message's position, in the form of the tables and dead letters.
    fn position(&self, sent: &Sent) -> String {
        let topic = self.topic_of(sent.message.is_workload);
        format!("{}/{}/{}", topic.name, sent.message.partition, sent.offset)
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
        let mut committed = BTreeMap::new();
        for is_workload in [false, true].into_iter().take(1 + usize::from(self.topic.has_workloads())) {
            committed.insert(is_workload, self.topic_of(is_workload).all_committed().await);
        }
        let is_committed = |sent: &Sent| sent.offset < committed[&sent.message.is_workload][&sent.message.partition];
        let expected = self.tables_of(is_committed);
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
        (&expected.workload_history, &found.workload_history),
        (&expected.requests, &found.requests),
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
