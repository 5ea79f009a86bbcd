//! Processes that die at each fault point between two steps of a message, or of a user's action. The next process must end
//! in the same state as a run without faults.
//!
//! `make test` runs these tests after the others, because the program must be built with the feature `fault-points`.

mod actions;

use std::{os::unix::process::ExitStatusExt as _, process::Command};

use insights_results_aggregator::{cli::Exit, fault_point::FaultPoint};
use strum::VariantArray as _;

use crate::{
    harness::{Database, Process, Topic, each_database, postgres, refuse_recommendations_of, serve_small_batches},
    messages::{Message, cluster},
    model::{Flow, seed},
};

/// What happens at a fault point.
#[derive(Clone, Copy, Debug)]
enum Fault {
    /// The process aborts.
    Kill,
    /// The task panics, and the process shuts itself down.
    Panic,
}

const SIGABRT: i32 = 6;

/// Starts a process that dies at the point after it has passed it `passes` times, and waits for its end.
async fn run_until_fault(mut command: Command, point: FaultPoint, fault: Fault, passes: u32) {
    let action = match fault {
        Fault::Kill => "return",
        Fault::Panic => "panic",
    };
    let name: &str = point.into();
    command.env("FAILPOINTS", format!("{name}={passes}*off->{action}"));
    let mut process = Process::spawn(command);
    let status = process.exit_status().await;
    let output = process.output();
    match fault {
        Fault::Kill => assert_eq!(status.signal(), Some(SIGABRT), "{point:?}: {status}\n{output}"),
        Fault::Panic => {
            assert_eq!(status.code(), Some(Exit::Kafka.code().into()), "{point:?}: {status}\n{output}");
            assert!(output.contains(&format!("failpoint {name} panic")), "{point:?}: {output}");
        }
    }
}

/// How often the second process passes a point before it dies there, chosen so that it dies in the middle of its work.
fn passes_of_second_process(point: FaultPoint) -> u32 {
    match point {
        FaultPoint::MessageTaken | FaultPoint::MessageParsed => 30,
        // Offsets are committed once per second. By then all messages are read.
        FaultPoint::OffsetCommitted => 0,
        _ => 3,
    }
}

async fn assert_same_state_despite(point: FaultPoint, fault: Fault, database: Database) {
    let mut flow = Flow::with_refused_rule(Topic::create_with_workloads(2).await, seed(), &database).await;
    for passes in [0, passes_of_second_process(point)] {
        flow.send(200).await;
        run_until_fault(serve_small_batches(&database, &flow.topic), point, fault, passes).await;
        flow.assert_committed_is_stored(&database).await;
    }
    flow.send(50).await;
    let _last = Process::spawn(serve_small_batches(&database, &flow.topic));
    flow.topic.until_all_committed().await;
    flow.assert_exact(&database).await;
}

/// Defines a test for each point and fault, so that they run in parallel.
macro_rules! test_each_point {
    ($($name:ident: $point:ident,)*) => {
        $(mod $name {
            use super::*;

            #[tokio::test(flavor = "multi_thread")]
            async fn a_killed_process_loses_and_doubles_nothing() {
                for database in each_database().await {
                    assert_same_state_despite(FaultPoint::$point, Fault::Kill, database).await;
                }
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn a_panicking_process_loses_and_doubles_nothing() {
                assert_same_state_despite(FaultPoint::$point, Fault::Panic, postgres().await).await;
            }
        })*

        #[test]
        fn every_point_is_tested() {
            assert_eq!([&[$(FaultPoint::$point,)*], actions::POINTS.as_slice()].concat(), FaultPoint::VARIANTS);
        }
    };
}

test_each_point! {
    message_taken: MessageTaken,
    message_parsed: MessageParsed,
    batch_filled: BatchFilled,
    transaction_begun: TransactionBegun,
    clusters_locked: ClustersLocked,
    results_written: ResultsWritten,
    rows_written: RowsWritten,
    committed: Committed,
    dead_letters_delivered: DeadLettersDelivered,
    offset_stored: OffsetStored,
    offset_committed: OffsetCommitted,
}

/// Once a later report of its cluster is stored, a message that the database refused is stale. The next process would
/// then skip it without a dead letter.
#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_the_database_refuses_becomes_a_dead_letter_whenever_the_process_is_killed() {
    // At the commit of the message before it, of its record, and of the message after it; and once its dead letter is
    // delivered.
    let commits = [0, 1, 2].map(|passes| (FaultPoint::Committed, passes));
    for (point, passes) in commits.into_iter().chain([(FaultPoint::DeadLettersDelivered, 0)]) {
        for database in each_database().await {
            assert_dead_letter_after(point, passes, &database).await;
        }
    }
}

async fn assert_dead_letter_after(point: FaultPoint, passes: u32, database: &Database) {
    let topic = Topic::create(1).await;
    refuse_recommendations_of("rules.refused", database).await;
    let at = |number, hour| Message::new(1, &cluster(number), &format!("2024-05-02T0{hour}:00:00Z"));
    let refused = at(2, 1).hit("rules.refused", "X", "{}").json();
    let (before, after) = (at(1, 1).json(), at(2, 2).json());
    topic.send_all([&before, &refused, &after].map(|value| (0, value.as_slice()))).await;

    run_until_fault(serve_small_batches(database, &topic), point, Fault::Kill, passes).await;
    let _next = Process::spawn(serve_small_batches(database, &topic));
    topic.until_all_committed().await;
    let found: Vec<_> = topic.dead_letter_topic().records(0).into_iter().map(|record| record.value).collect();
    let is_dead_letter = !found.is_empty() && found.iter().all(|value| *value == refused);
    assert!(is_dead_letter, "{}, {point:?} after {passes} passes: {found:?}", database.name);
}
