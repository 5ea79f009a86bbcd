//! Whatever is said, in whatever order and however it is cut into batches: the tables are those of a simple model that takes
//! one message at a time.
//!
//! Everything random follows from a seed that is printed first; `TEST_SEED` takes it back.

use std::{
    collections::{BTreeMap, BTreeSet},
    env,
};

use insights_results_aggregator::{
    domain::Digest,
    store::{Batch, RejectedMessage},
};
use proptest::{
    prelude::*,
    test_runner::{Config, RngAlgorithm, TestError, TestRng, TestRunner},
};
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;
use sea_orm::{DatabaseConnection, EntityTrait as _};
use tokio::runtime::Handle;

use crate::{
    harness::{Database, Running, Tables, Topic, each_database, postgres, sqlite, tables},
    model::{Model, Said, without_digests},
};

/// Details that databases and readers have stumbled over.
const DETAILS: [&str; 6] =
    ["{}", r#"{"a": "\u0000"}"#, r#"{"b":"🦀 ' \" \\ $1 ?","c":[1e2, -0.0]}"#, "[]", r#"{"a":1}"#, r#"{"a":2}"#];
const VERSIONS: [&str; 3] = ["4.16.3", "4.17.0-rc.1", "of no known form"];
/// So many messages go through Kafka.
const MESSAGES: u32 = 5_000;

fn seed() -> u64 {
    let given = env::var("TEST_SEED").ok().map(|seed| seed.parse().expect("TEST_SEED is a number"));
    let seed = given.unwrap_or_else(|| rand::rng().next_u64());
    println!("TEST_SEED={seed}");
    seed
}

/// Few organizations, clusters, rules and times, so that all of them meet.
fn said() -> impl Strategy<Value = Said> {
    let hits = prop::collection::btree_map(0_u8..5, prop::sample::select(&DETAILS[..]), 0..5);
    let version = prop::option::of(prop::sample::select(&VERSIONS[..]));
    (1_u32..4, 0_u16..4, 0_u32..25, version, any::<bool>(), hits).prop_map(
        |(organization, cluster, minute, version, is_tracked, hits)| Said {
            organization,
            cluster,
            minute,
            version,
            is_tracked,
            hits,
        },
    )
}

/// A message of a batch; `None` is a bad one.
fn messages() -> impl Strategy<Value = Vec<Option<Said>>> {
    prop::collection::vec(prop::option::weighted(0.9, said()), 1..40)
}

fn bad(offset: usize) -> RejectedMessage {
    RejectedMessage {
        topic: "topic".to_owned(),
        partition: 0,
        offset: i64::try_from(offset).expect("small"),
        timestamp: Some(7),
        key: None,
        value_bytes: 1,
        value_digest: Digest::of(b"bad"),
        reason: "not_json",
        detail: "at byte 0".to_owned(),
        attempts: 1,
    }
}

/// Empties the tables, but for the dictionary, which the store remembers.
async fn empty(connection: &DatabaseConnection) {
    use ::entity::{cluster, consumer_error, organization, rule_hit, rule_hit_history};
    rule_hit::Entity::delete_many().exec(connection).await.expect("empty");
    rule_hit_history::Entity::delete_many().exec(connection).await.expect("empty");
    cluster::Entity::delete_many().exec(connection).await.expect("empty");
    organization::Entity::delete_many().exec(connection).await.expect("empty");
    consumer_error::Entity::delete_many().exec(connection).await.expect("empty");
}

/// Writes messages, cut into batches of these sizes in turn; gives the tables, and those of the model.
async fn write(database: &Database, messages: &[Option<Said>], sizes: &[usize]) -> (Tables, Tables) {
    let (store, connection) = (database.store().await, database.connect().await);
    empty(&connection).await;
    let mut model = Model::default();
    let mut rest = messages;
    for size in sizes.iter().cycle() {
        let (batch, behind) = rest.split_at((*size).min(rest.len()));
        let first = messages.len() - rest.len();
        let reports: Vec<_> = batch.iter().flatten().map(Said::report).collect();
        let places = batch.iter().enumerate().filter(|(_, said)| said.is_none());
        let rejected: Vec<_> = places.map(|(place, _)| bad(first + place)).collect();
        let written = store.write(Batch { reports: &reports, rejected: &rejected }).await.expect("written");
        let applied = batch.iter().flatten().filter(|said| model.take(said)).count();
        assert_eq!((written.applied, written.stale), (applied, reports.len() - applied));
        for bad in &rejected {
            model.refuse(format!("topic/0/{} not_json", bad.offset));
        }
        rest = behind;
        if rest.is_empty() {
            break;
        }
    }
    store.close().await;
    let mut expected = model.tables();
    let found = without_digests(tables(&connection).await);
    assert!(expected.recommendations.is_subset(&found.recommendations), "the dictionary has all that were told");
    expected.recommendations.clone_from(&found.recommendations);
    (found, expected)
}

/// Lines that only one side has, marked with the side; some dozens at most.
fn differences(found: &Tables, expected: &Tables) -> Vec<String> {
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

#[tokio::test(flavor = "multi_thread")]
async fn any_messages_in_any_batches_give_the_model_s_tables() {
    let databases = each_database().await;
    let (seed, runtime) = (seed(), Handle::current());
    let checked = tokio::task::spawn_blocking(move || {
        let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[seed.to_le_bytes(); 4].concat());
        // PROPTEST_CASES asks for more.
        let cases = env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(60);
        let config = Config { cases, failure_persistence: None, max_shrink_iters: 2_000, ..Config::default() };
        let sizes = prop::collection::vec(prop_oneof![Just(1_usize), 1_usize..8, Just(usize::MAX)], 1..5);
        TestRunner::new_with_rng(config, rng).run(&(messages(), sizes), |(messages, sizes)| {
            for database in &databases {
                let (found, expected) = runtime.block_on(write(database, &messages, &sizes));
                prop_assert_eq!(differences(&found, &expected), [""; 0], "{}", database.name);
            }
            Ok(())
        })
    });
    match checked.await.expect("the runner does not panic") {
        Ok(()) => {}
        Err(TestError::Fail(why, (messages, sizes))) => panic!("{why}\nbatches of {sizes:?} of {messages:#?}"),
        Err(TestError::Abort(why)) => panic!("{why}"),
    }
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

    fn message(&mut self, minute: u32, partitions: u16) -> Outgoing {
        let kind = self.below(20);
        let mut report = self.report(minute, kind == 0, kind == 1);
        if kind == 2 || kind == 3 {
            let before = self.below(minute + 1) as usize;
            report = self.said.get(before).cloned().unwrap_or(report);
        }
        self.said.push(report.clone());
        let partition = (report.cluster % partitions).into();
        let (value, says) = match kind {
            4 => spoilt(&report, self.below(6)),
            5 => (b"{\"OrgID\": 1, \"Report\": {}}".to_vec(), Err(Some("missing_field"))),
            6 => (empty_report(&report), Err(None)),
            _ => (report.message().json(), Ok(report)),
        };
        Outgoing { partition, value, says }
    }

    fn report(&mut self, minute: u32, moves: bool, is_late: bool) -> Said {
        let cluster = u16::try_from(self.below(300)).expect("small");
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
        _ => (json.replace("\"LastChecked\": \"20", "\"LastChecked\": \"90").into_bytes(), "future_time"),
    };
    (value, Err(Some(reason)))
}

fn empty_report(said: &Said) -> Vec<u8> {
    let json = String::from_utf8(said.message().json()).expect("text");
    let (head, _) = json.split_once(", \"Report\": ").expect("a report");
    format!("{head}, \"Report\": {{}}}}").into_bytes()
}

/// Sends random messages and ingests them; the tables and the dead letters are the model's. Then the whole topic is read
/// once more, which changes nothing, not even when something was stored.
async fn assert_exact(database: Database, partitions: u16) {
    let topic = Topic::create(partitions.into()).await;
    let mut traffic = Traffic::new(seed());
    let outgoing: Vec<_> = (0..MESSAGES).map(|minute| traffic.message(minute, partitions)).collect();
    let sent = topic.send_all(outgoing.iter().map(|message| (message.partition, message.value.as_slice()))).await;
    let (mut model, mut letters) = (Model::default(), BTreeMap::new());
    for (message, offset) in outgoing.iter().zip(sent) {
        match &message.says {
            Ok(said) => drop(model.take(said)),
            Err(Some(reason)) => {
                let place = format!("{}/{}/{offset}", topic.name, message.partition);
                model.refuse(format!("{place} {reason}"));
                letters.insert(place, message.value.clone());
            }
            Err(None) => {}
        }
    }

    ingest(&database, &topic).await;
    let connection = database.connect().await;
    let (found, expected) = (without_digests(tables(&connection).await), model.tables());
    assert!(expected.history.len() > 1_000 && expected.consumer_errors.len() > 200, "traffic that shows little");
    assert_eq!(differences(&found, &expected), [""; 0], "{}", database.name);
    assert!(dead_letters(&topic) == letters, "{}: each bad message is a letter, byte for byte", database.name);

    let before = rows(&connection).await;
    ingest(&database, &topic.of_another_group()).await;
    assert!(without_digests(tables(&connection).await) == expected, "{}: reading again changes nothing", database.name);
    assert!(rows(&connection).await == before, "{}: what is read again is not stored again", database.name);
}

async fn ingest(database: &Database, topic: &Topic) {
    let running = Running::all(database, topic).await;
    topic.until_all_committed().await;
    running.stop().await.expect("a clean end");
}

/// The dead letters' values by where they came from: a letter may lie there twice.
fn dead_letters(topic: &Topic) -> BTreeMap<String, Vec<u8>> {
    use rdkafka::{Message as _, message::Headers as _};
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

/// The clusters' rows, with the times when they were stored.
async fn rows(connection: &DatabaseConnection) -> Vec<::entity::cluster::Model> {
    let mut rows = ::entity::cluster::Entity::find().all(connection).await.expect("rows");
    rows.sort_by_key(|row| row.id);
    rows
}

#[tokio::test(flavor = "multi_thread")]
async fn through_one_partition_the_tables_and_dead_letters_are_the_model_s() {
    assert_exact(postgres().await, 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn through_four_partitions_the_tables_and_dead_letters_are_the_model_s() {
    assert_exact(postgres().await, 4).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_sqlite_the_tables_and_dead_letters_are_the_model_s() {
    assert_exact(sqlite(), 4).await;
}
