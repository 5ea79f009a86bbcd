//! A process that dies at any named point of a message's way leaves no trace: the next one comes to the same end.
//!
//! A test binary of its own, since the program has to be built with the points: `make test` runs it after the others.

use std::{os::unix::process::ExitStatusExt as _, process::Command};

use insights_results_aggregator::{cli::Exit, fault_point::FaultPoint};
use strum::VariantArray as _;

use crate::{
    harness::{Database, Process, Topic, each_database, postgres, refuse_recommendations_of, serve_in_small_batches},
    messages::{Message, cluster},
    model::{Flow, seed},
};

/// What happens at a point.
#[derive(Clone, Copy, Debug)]
enum Fault {
    /// The process is gone at once.
    Kill,
    /// What runs there panics, and the process sees to its end itself.
    Panic,
}

/// SIGABRT.
const ABORTED: i32 = 6;

/// Starts a process and waits until it has died at the point, having passed it so often before.
async fn die(mut command: Command, point: FaultPoint, fault: Fault, passed: u32) {
    let action = match fault {
        Fault::Kill => "return",
        Fault::Panic => "panic",
    };
    let name: &str = point.into();
    command.env("FAILPOINTS", format!("{name}={passed}*off->{action}"));
    let mut process = Process::spawn(command);
    let ended = process.ended().await;
    let output = process.output();
    match fault {
        Fault::Kill => assert_eq!(ended.signal(), Some(ABORTED), "{point:?}: {ended}\n{output}"),
        Fault::Panic => {
            assert_eq!(ended.code(), Some(Exit::Kafka.code().into()), "{point:?}: {ended}\n{output}");
            assert!(output.contains(&format!("failpoint {name} panic")), "{point:?}: {output}");
        }
    }
}

/// How often a point is passed before the second process dies there: so that it does so in the middle of something.
fn passed_before(point: FaultPoint) -> u32 {
    match point {
        FaultPoint::MessageTaken | FaultPoint::MessageParsed => 30,
        // Once a second, and all is read by then.
        FaultPoint::OffsetCommitted => 0,
        _ => 3,
    }
}

async fn assert_no_trace_of(point: FaultPoint, fault: Fault, database: Database) {
    let mut flow = Flow::refused_in_part(Topic::create(2).await, seed(), &database).await;
    for passed in [0, passed_before(point)] {
        flow.send(200).await;
        die(serve_in_small_batches(&database, &flow.topic), point, fault, passed).await;
        flow.assert_committed_is_stored(&database).await;
    }
    flow.send(50).await;
    let _last = Process::spawn(serve_in_small_batches(&database, &flow.topic));
    flow.topic.until_all_committed().await;
    flow.assert_exact(&database).await;
}

/// A test for each point and fault, so that they run side by side.
macro_rules! at_each_point {
    ($($name:ident: $point:ident,)*) => {
        $(mod $name {
            use super::*;

            #[tokio::test(flavor = "multi_thread")]
            async fn a_process_that_is_killed_leaves_no_trace() {
                for database in each_database().await {
                    assert_no_trace_of(FaultPoint::$point, Fault::Kill, database).await;
                }
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn a_process_that_panics_leaves_no_trace() {
                assert_no_trace_of(FaultPoint::$point, Fault::Panic, postgres().await).await;
            }
        })*

        #[test]
        fn every_point_is_tried() {
            assert_eq!([$(FaultPoint::$point,)*], FaultPoint::VARIANTS);
        }
    };
}

at_each_point! {
    message_taken: MessageTaken,
    message_parsed: MessageParsed,
    batch_filled: BatchFilled,
    transaction_begun: TransactionBegun,
    clusters_locked: ClustersLocked,
    reports_written: ReportsWritten,
    rows_written: RowsWritten,
    committed: Committed,
    dead_letters_delivered: DeadLettersDelivered,
    offset_stored: OffsetStored,
    offset_committed: OffsetCommitted,
}

/// Once a later report of its cluster is in, a message that was refused is stale, and nobody would miss its letter.
#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_the_database_refuses_has_its_letter_whenever_the_process_is_killed() {
    // At what comes before it, at its record, and at what comes after it; and once its letter is there.
    let moments = [0, 1, 2].map(|passed| (FaultPoint::Committed, passed));
    for (point, passed) in moments.into_iter().chain([(FaultPoint::DeadLettersDelivered, 0)]) {
        for database in each_database().await {
            assert_letter_after(point, passed, &database).await;
        }
    }
}

async fn assert_letter_after(point: FaultPoint, passed: u32, database: &Database) {
    let topic = Topic::create(1).await;
    refuse_recommendations_of("rules.refused", database).await;
    let at = |number, hour| Message::new(1, &cluster(number), &format!("2024-05-02T0{hour}:00:00Z"));
    let refused = at(2, 1).hit("rules.refused", "X", "{}").json();
    let (before, after) = (at(1, 1).json(), at(2, 2).json());
    topic.send_all([&before, &refused, &after].map(|value| (0, value.as_slice()))).await;

    die(serve_in_small_batches(database, &topic), point, Fault::Kill, passed).await;
    let _next = Process::spawn(serve_in_small_batches(database, &topic));
    topic.until_all_committed().await;
    let letters: Vec<_> = topic.of_dead_letters().records(0).into_iter().map(|letter| letter.value).collect();
    let is_letter = !letters.is_empty() && letters.iter().all(|letter| *letter == refused);
    assert!(is_letter, "{}, {point:?} after {passed}: {letters:?}", database.name);
}
