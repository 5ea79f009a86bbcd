//! Random messages in any order and in batches of any size. The tables must equal those of a simple model that takes
//! one message at a time.
//!
//! All random values follow from a seed, which is printed first. The variable `TEST_SEED` sets it.

use std::env;

use ::entity::{
    cluster, consumer_error, gathering_request, organization, rule_hit, rule_hit_history, workload_hit,
    workload_hit_history, workload_namespace, workload_object,
};
use insights_results_aggregator::{
    domain::Digest,
    store::{Attempt, Batch, ConsumerError, MessageIdentity, Results, Store},
};
use proptest::{
    prelude::*,
    test_runner::{Config, RngAlgorithm, TestError, TestRng, TestRunner},
};
use sea_orm::{DatabaseConnection, EntityTrait as _};
use tokio::runtime::Handle;

use crate::{
    harness::{Database, Running, Tables, Topic, each_database, postgres, sqlite, tables, wrong_kept_values},
    model::{
        DETAILS, Flow, Model, OBJECTS, ReportSpec, VERSIONS, WORKLOAD_DETAILS, WorkloadSpec, differences,
        know_rules_and_clusters, seed, without_digests,
    },
};

/// The number of messages that are sent through Kafka.
const MESSAGES: u32 = 5_000;

/// Reports with few organizations, clusters, rules and times, so that all of them coincide.
fn report() -> impl Strategy<Value = ReportSpec> {
    let hits = prop::collection::btree_map(0_u8..5, prop::sample::select(&DETAILS[..]), 0..5);
    let version = prop::option::of(prop::sample::select(&VERSIONS[..]));
    (1_u32..4, 0_u16..4, 0_u32..25, version, any::<bool>(), hits).prop_map(
        |(organization, cluster, minute, version, has_upload, hits)| ReportSpec {
            organization,
            cluster,
            minute,
            version,
            has_upload,
            hits,
        },
    )
}

/// Workload results about the same clusters.
fn workloads() -> impl Strategy<Value = WorkloadSpec> {
    let objects = prop::collection::vec(0..OBJECTS.len(), 0..5);
    let details = prop::sample::select(&WORKLOAD_DETAILS[..]);
    let hits = prop::collection::btree_map(0_u8..4, (details, objects), 0..4);
    (1_u32..4, 0_u16..4, 0_u32..25, hits).prop_map(|(organization, cluster, minute, hits)| WorkloadSpec {
        organization,
        cluster,
        minute,
        hits,
    })
}

/// A message of either kind, or a bad one.
#[derive(Clone, Debug)]
enum Message {
    Report(ReportSpec),
    Workloads(WorkloadSpec),
    Bad,
}

fn messages() -> impl Strategy<Value = Vec<Message>> {
    let message = prop_oneof![
        4 => report().prop_map(Message::Report),
        4 => workloads().prop_map(Message::Workloads),
        1 => Just(Message::Bad),
    ];
    prop::collection::vec(message, 1..40)
}

fn rejected(offset: usize) -> ConsumerError {
    let message = MessageIdentity {
        topic: "topic".to_owned(),
        partition: 0,
        offset: i64::try_from(offset).expect("small"),
        timestamp: Some(7),
        value_digest: Digest::of(b"bad"),
    };
    let (attempt, detail) = (Attempt { message, number: 1 }, "at byte 0".to_owned());
    ConsumerError { attempt, key: None, value_bytes: 1, reason: "not_json", detail }
}

/// Empties all tables except `recommendation`, whose ids the store caches.
async fn empty(connection: &DatabaseConnection) {
    rule_hit::Entity::delete_many().exec(connection).await.expect("empty");
    rule_hit_history::Entity::delete_many().exec(connection).await.expect("empty");
    workload_hit::Entity::delete_many().exec(connection).await.expect("empty");
    workload_hit_history::Entity::delete_many().exec(connection).await.expect("empty");
    workload_namespace::Entity::delete_many().exec(connection).await.expect("empty");
    workload_object::Entity::delete_many().exec(connection).await.expect("empty");
    gathering_request::Entity::delete_many().exec(connection).await.expect("empty");
    cluster::Entity::delete_many().exec(connection).await.expect("empty");
    organization::Entity::delete_many().exec(connection).await.expect("empty");
    consumer_error::Entity::delete_many().exec(connection).await.expect("empty");
}

/// Writes messages in batches whose sizes cycle through `sizes`; returns the tables and those of the model.
async fn write(database: &Database, messages: &[Message], sizes: &[usize]) -> (Tables, Tables) {
    let (store, connection) = (database.store().await, database.connect().await);
    empty(&connection).await;
    know_rules_and_clusters(&store).await;
    let mut model = Model::default();
    let mut rest = messages;
    for size in sizes.iter().cycle() {
        let (batch, remaining) = rest.split_at((*size).min(rest.len()));
        let mut first = messages.len() - rest.len();
        // A topic has messages of one kind, so a batch ends where the kind changes.
        for batch in batch.chunk_by(|one, next| is_report(one) == is_report(next)) {
            write_batch(&store, &mut model, batch, first).await;
            first += batch.len();
        }
        rest = remaining;
        if rest.is_empty() {
            break;
        }
    }
    store.close().await;
    let mut expected = model.tables();
    let found = without_digests(tables(&connection).await);
    assert_eq!(wrong_kept_values(&connection).await, [""; 0], "{}", database.name);
    assert!(expected.recommendations.is_subset(&found.recommendations), "all reported recommendations are stored");
    expected.recommendations.clone_from(&found.recommendations);
    (found, expected)
}

fn is_report(message: &Message) -> bool {
    matches!(message, Message::Report(_))
}

/// Writes messages of one kind, the first of which has this offset, and applies them to the model.
async fn write_batch(store: &Store, model: &mut Model, batch: &[Message], first: usize) {
    let (mut reports, mut workloads, mut bad, mut applied) = (vec![], vec![], vec![], 0);
    for (offset, message) in (first..).zip(batch) {
        match message {
            Message::Report(report) => {
                reports.push(report.report());
                applied += usize::from(model.apply(report));
            }
            Message::Workloads(spec) => {
                workloads.push(spec.result());
                applied += usize::from(model.apply_workloads(spec));
            }
            Message::Bad => {
                bad.push(rejected(offset));
                model.reject(format!("topic/0/{offset} not_json"));
            }
        }
    }
    let results = if reports.is_empty() { Results::Workloads(&workloads) } else { Results::Reports(&reports) };
    let written = store.write(Batch { results, rejected: &bad }).await.expect("written");
    assert_eq!((written.applied, written.stale), (applied, reports.len() + workloads.len() - applied));
}

#[tokio::test(flavor = "multi_thread")]
async fn any_messages_in_any_batches_result_in_the_tables_of_the_model() {
    let databases = each_database().await;
    let (seed, runtime) = (seed(), Handle::current());
    let checked = tokio::task::spawn_blocking(move || {
        let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[seed.to_le_bytes(); 4].concat());
        // PROPTEST_CASES sets another number.
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

/// Ingests random messages and compares tables and dead letters with the model. Then reads the whole topic again, which
/// must change nothing, not even the times of storage.
async fn assert_exact(database: Database, partitions: i32) {
    let mut flow = Flow::new(Topic::create_with_workloads(partitions).await, seed());
    flow.send(MESSAGES).await;
    let store = database.store().await;
    know_rules_and_clusters(&store).await;
    store.close().await;
    ingest(&database, &flow.topic).await;
    let expected = flow.tables();
    assert!(
        expected.history.len() > 400
            && expected.workload_history.len() > 400
            && expected.objects.len() > 200
            && expected.requests.len() > 400
            && expected.consumer_errors.len() > 200,
        "the traffic has enough of each kind"
    );
    flow.assert_exact(&database).await;
    assert_eq!(wrong_kept_values(&database.connect().await).await, [""; 0], "{}", database.name);

    let connection = database.connect().await;
    let before = rows_with_times(&connection).await;
    ingest(&database, &flow.topic.with_another_group()).await;
    flow.assert_exact(&database).await;
    assert!(rows_with_times(&connection).await == before, "{}: what is read again is not stored again", database.name);
}

async fn ingest(database: &Database, topic: &Topic) {
    let running = Running::all(database, topic).await;
    topic.until_all_committed().await;
    running.stop().await.expect("a clean end");
}

/// The rows with times of the service's clock: clusters with `stored_at` and bad messages with `consumed_at`.
async fn rows_with_times(connection: &DatabaseConnection) -> (Vec<cluster::Model>, Vec<consumer_error::Model>) {
    let mut clusters = cluster::Entity::find().all(connection).await.expect("clusters");
    clusters.sort_by_key(|row| row.id);
    let mut errors = consumer_error::Entity::find().all(connection).await.expect("bad messages");
    errors.sort_by_key(|row| (row.partition, row.topic_offset));
    (clusters, errors)
}

#[tokio::test(flavor = "multi_thread")]
async fn through_one_partition_the_tables_and_dead_letters_equal_the_model() {
    assert_exact(postgres().await, 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn through_four_partitions_the_tables_and_dead_letters_equal_the_model() {
    assert_exact(postgres().await, 4).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_sqlite_the_tables_and_dead_letters_equal_the_model() {
    assert_exact(sqlite(), 4).await;
}
