//! Random messages of all kinds that go through a topic, and what should come of them.

use std::collections::{BTreeMap, BTreeSet};

use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use rdkafka::{Message as _, message::Headers as _};

use super::{DETAILS, Model, Said, VERSIONS, intervals::overlaps, without_digests};
use crate::harness::{Database, Tables, Topic, refuse_recommendations_of, tables};

/// So many clusters report.
const CLUSTERS: u32 = 300;
/// In so many ways a message may be bad. There is one more where the database refuses a rule.
const WAYS: u32 = 6;
/// The rule that a database refuses.
const REFUSED: &str = "rules.refused";

/// Messages on their way, and what should come of those that were sent.
pub(crate) struct Flow {
    pub(crate) topic: Topic,
    traffic: Traffic,
    /// Whether a cluster's messages come over any partition, and not one alone.
    is_scattered: bool,
    /// In how many ways a message may be bad.
    ways: u32,
    minute: u32,
    sent: Vec<Sent>,
}

/// A message that the brokers have.
struct Sent {
    offset: i64,
    message: Outgoing,
}

impl Flow {
    /// Messages that follow from a seed, those of a cluster in one partition.
    pub(crate) fn new(topic: Topic, seed: u64) -> Self {
        Self { topic, traffic: Traffic::new(seed), is_scattered: false, ways: WAYS, minute: 0, sent: vec![] }
    }

    /// Messages that follow from a seed, those of a cluster over all partitions.
    pub(crate) fn scattered(topic: Topic, seed: u64) -> Self {
        Self { is_scattered: true, ..Self::new(topic, seed) }
    }

    /// As [`Flow::new`], but the database refuses what some of the messages say.
    pub(crate) async fn refused_in_part(topic: Topic, seed: u64, database: &Database) -> Self {
        refuse_recommendations_of(REFUSED, database).await;
        Self { ways: WAYS + 1, ..Self::new(topic, seed) }
    }

    /// Sends the next messages.
    pub(crate) async fn send(&mut self, messages: u32) {
        let partitions = self.topic.partitions.try_into().expect("a few");
        let minutes = self.minute..self.minute + messages;
        self.minute = minutes.end;
        let mut outgoing: Vec<_> = minutes.map(|minute| self.traffic.message(minute, partitions, self.ways)).collect();
        if self.is_scattered {
            let partitions = (0..self.topic.partitions).cycle();
            outgoing.iter_mut().zip(partitions).for_each(|(message, partition)| message.partition = partition);
        }
        let values = outgoing.iter().map(|message| (message.partition, message.value.as_slice()));
        let offsets = self.topic.send_all(values).await;
        self.sent.extend(outgoing.into_iter().zip(offsets).map(|(message, offset)| Sent { offset, message }));
    }

    /// The tables that what was sent should give.
    pub(crate) fn tables(&self) -> Tables {
        self.tables_of(|_| true)
    }

    /// The tables that a part of what was sent should give.
    fn tables_of(&self, is_part: impl Fn(&Sent) -> bool) -> Tables {
        let mut model = Model::default();
        for sent in self.sent.iter().filter(|sent| is_part(sent)) {
            match &sent.message.says {
                Ok(said) => drop(model.take(said)),
                Err(Some(reason)) => model.refuse(format!("{} {reason}", self.place(sent))),
                Err(None) => {}
            }
        }
        model.tables()
    }

    /// Where a message stands, as tables and letters tell it.
    fn place(&self, sent: &Sent) -> String {
        format!("{}/{}/{}", self.topic.name, sent.message.partition, sent.offset)
    }

    /// The value of each bad message, by its place.
    fn letters(&self) -> BTreeMap<String, Vec<u8>> {
        let bad = self.sent.iter().filter(|sent| matches!(sent.message.says, Err(Some(_))));
        bad.map(|sent| (self.place(sent), sent.message.value.clone())).collect()
    }

    /// Tables and dead letters are those that what was sent should give.
    pub(crate) async fn assert_exact(&self, database: &Database) {
        let found = without_digests(tables(&database.connect().await).await);
        assert_eq!(differences(&found, &self.tables()), [""; 0], "{}", database.name);
        let letters = dead_letters(&self.topic);
        assert!(letters == self.letters(), "{}: each bad message is a letter, byte for byte", database.name);
    }
}

impl Flow {
    /// Offsets may be behind what is stored; never ahead, or a message would be lost.
    pub(crate) async fn assert_committed_is_stored(&self, database: &Database) {
        let committed = self.topic.all_committed().await;
        let expected = self.tables_of(|sent| sent.offset < committed[&sent.message.partition]);
        let found = tables(&database.connect().await).await;
        assert_eq!(lost(&expected, &found), [""; 0], "{}, with {committed:?} committed", database.name);
    }

    /// Whatever the order in which they were read: each cluster has its newest report, and exactly that one's hits.
    pub(crate) async fn assert_newest_kept(&self, database: &Database) {
        let found = tables(&database.connect().await).await;
        let expected = self.tables();
        let checked = |lines: &BTreeSet<String>| {
            let words = |line: &String| line.split(' ').take(4).map(ToOwned::to_owned).collect::<Vec<_>>();
            lines.iter().map(words).collect::<BTreeSet<_>>()
        };
        assert_eq!(checked(&found.clusters), checked(&expected.clusters), "{}", database.name);
        // Since when a hit is open depends on the order.
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

/// Lines that only one side has, marked with the side; some dozens at most.
pub(crate) fn differences(found: &Tables, expected: &Tables) -> Vec<String> {
    let lines = |tables: &Tables| {
        let Tables { organizations, clusters, rule_hits, history, recommendations, consumer_errors } = tables.clone();
        let organizations = organizations.into_iter().map(|number| number.to_string());
        let texts = [clusters, rule_hits, history, recommendations, consumer_errors];
        organizations.chain(texts.into_iter().flatten()).collect::<BTreeSet<_>>()
    };
    let (found, expected) = (lines(found), lines(expected));
    let only_found = found.difference(&expected).map(|line| format!("found: {line}"));
    only_found.chain(expected.difference(&found).map(|line| format!("not found: {line}"))).take(40).collect()
}

/// What tables lack that should hold more than others: reports that are newer than a cluster's, and lines that stay.
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

/// When the rules of each cluster's report ran.
fn checked(tables: &Tables) -> BTreeMap<&str, &str> {
    let lines = tables.clusters.iter().map(|line| line.split(' '));
    lines.filter_map(|mut words| Some((words.next()?, words.nth(2)?))).collect()
}

/// The dead letters' values by where they came from: a letter may lie there twice.
fn dead_letters(topic: &Topic) -> BTreeMap<String, Vec<u8>> {
    let letters = topic.of_dead_letters();
    let mut by_origin = BTreeMap::new();
    for letter in (0..topic.partitions).flat_map(|partition| letters.messages(partition)) {
        let headers = letter.headers().expect("headers");
        let told = |name: &str| {
            let header = headers.iter().find(|header| header.key == name).and_then(|header| header.value);
            String::from_utf8_lossy(header.expect("a header of ours")).into_owned()
        };
        let place = ["topic", "partition", "offset"].map(|part| told(&format!("__connect.errors.{part}")));
        by_origin.insert(place.join("/"), letter.payload().unwrap_or_default().to_vec());
    }
    by_origin
}

/// A message for the topic, and what it says; `Err` names the reason of a bad one, or says that there is nothing in it.
struct Outgoing {
    partition: i32,
    value: Vec<u8>,
    says: Result<Said, Option<&'static str>>,
}

/// Messages of all kinds: of twenty, one is bad in some way, one lacks a field, one is empty, one stale, two are said before
/// and one moves its cluster.
struct Traffic {
    dice: ChaCha8Rng,
    owners: BTreeMap<u16, u32>,
    said: Vec<Said>,
}

impl Traffic {
    fn new(seed: u64) -> Self {
        Self { dice: ChaCha8Rng::seed_from_u64(seed), owners: BTreeMap::new(), said: vec![] }
    }

    fn below(&mut self, bound: u32) -> u32 {
        self.dice.next_u32() % bound
    }

    fn message(&mut self, minute: u32, partitions: u16, ways: u32) -> Outgoing {
        let kind = self.below(20);
        let mut report = self.report(minute, kind == 0, kind == 1);
        if kind == 2 || kind == 3 {
            let before = self.below(minute + 1) as usize;
            report = self.said.get(before).cloned().unwrap_or(report);
        }
        self.said.push(report.clone());
        let partition = (report.cluster % partitions).into();
        let (value, says) = match kind {
            4 => spoilt(&report, self.below(ways)),
            5 => (b"{\"OrgID\": 1, \"Report\": {}}".to_vec(), Err(Some("missing_field"))),
            6 => (empty_report(&report), Err(None)),
            _ => (report.message().json(), Ok(report)),
        };
        Outgoing { partition, value, says }
    }

    fn report(&mut self, minute: u32, moves: bool, is_late: bool) -> Said {
        let cluster = u16::try_from(self.below(CLUSTERS)).expect("small");
        let elsewhere = 1 + self.below(7);
        let owner = self.owners.entry(cluster).or_insert(elsewhere);
        if moves {
            *owner = elsewhere;
        }
        let organization = *owner;
        let hits = (0..self.below(5)).map(|_| {
            let details = DETAILS[self.below(6) as usize];
            (u8::try_from(self.below(12)).expect("small"), details)
        });
        let hits = hits.collect();
        let late = if is_late { self.below(900).min(minute) } else { 0 };
        // Of two reports of one moment the first that is read counts, and over two partitions that may be either.
        let is_taken = |said: &Said| said.cluster == cluster && said.minute == minute - late;
        let late = if self.said.iter().any(is_taken) { 0 } else { late };
        let version = VERSIONS.get(self.below(6) as usize).copied();
        Said { organization, cluster, minute: minute - late, version, is_tracked: self.below(2) == 0, hits }
    }
}

/// A message that is bad in one of some ways, with the reason.
fn spoilt(said: &Said, way: u32) -> (Vec<u8>, Result<Said, Option<&'static str>>) {
    let json = String::from_utf8(said.message().json()).expect("text");
    let (value, reason) = match way {
        0 => (vec![], "not_json"),
        1 => (json.as_bytes()[..json.len() / 2].to_vec(), "not_json"),
        2 => ([b"{\"unread\": \"\xff\", ", &json.as_bytes()[1..]].concat(), "invalid_utf8"),
        3 => (json.replace("\"ClusterName\": \"", "\"ClusterName\": \"x").into_bytes(), "bad_uuid"),
        4 => (json.replace("\"OrgID\": ", "\"OrgID\": -").into_bytes(), "wrong_type"),
        5 => (json.replace("\"LastChecked\": \"20", "\"LastChecked\": \"90").into_bytes(), "future_time"),
        _ => (said.message().hit(REFUSED, "X", "{}").json(), "store_rejected"),
    };
    (value, Err(Some(reason)))
}

fn empty_report(said: &Said) -> Vec<u8> {
    let json = String::from_utf8(said.message().json()).expect("text");
    let (head, _) = json.split_once(", \"Report\": ").expect("a report");
    format!("{head}, \"Report\": {{}}}}").into_bytes()
}
