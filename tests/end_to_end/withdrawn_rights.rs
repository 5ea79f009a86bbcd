//! Rights on the topic or the group that are withdrawn, or missing at start: readiness reports it until they are
//! granted, however long that takes, and the messages are read then.

use std::time::{Duration, Instant};

use reqwest::StatusCode;

use crate::{
    harness::{Database, On, Process, Right, Topic, serve, set_config, sqlite, stays},
    messages::{Message, cluster},
    workloads::WorkloadMessage,
};

/// Longest time until readiness reports it.
const REPORT_LIMIT: Duration = Duration::from_secs(10);
/// How long it has to be reported: longer than the interval of any refresh of librdkafka.
const WITHOUT_RIGHT: Duration = Duration::from_secs(90);
/// Longest time from the grant to the first message.
const RESUME_LIMIT: Duration = Duration::from_mins(1);

const READ: (On, Right) = (On::Topic, Right::Read);
const DESCRIBE: (On, Right) = (On::Topic, Right::Describe);
const GROUP: (On, Right) = (On::Group, Right::Read);
const LAG: &str = "ingest_lag_messages{topic=\"ocp\",partition=\"0\"}";

#[derive(Clone, Copy, Debug, PartialEq)]
enum When {
    AtStart,
    WhileRunning,
}

fn report(number: u16) -> Vec<u8> {
    Message::new(1, &cluster(number), "2024-05-02T08:00:00Z").json()
}

/// The service as a user who has only granted rights.
fn serve_with_granted_rights(database: &Database, topic: &Topic) -> Process {
    let mut command = serve(database, topic);
    let kafka = topic.limited_settings();
    for (key, value) in [
        ("BROKERS", kafka.brokers[0].as_str()),
        ("SECURITY__PROTOCOL", "sasl_plaintext"),
        ("SECURITY__SASL_MECHANISM", "PLAIN"),
        ("SECURITY__SASL_USERNAME", &kafka.security.sasl_username),
        ("SECURITY__SASL_PASSWORD", kafka.security.sasl_password.expose()),
    ] {
        set_config(&mut command, &format!("KAFKA__{key}"), value);
    }
    Process::spawn(command)
}

async fn is_reported_until_granted(missing: &[(On, Right)], when: When, reason: &str) {
    let (database, topic) = (sqlite(), Topic::create(1).await);
    let grant = |rights: &[(On, Right)]| {
        for (on, right) in rights {
            topic.grant(*on, *right);
        }
    };
    grant(&[READ, DESCRIBE, GROUP]);
    topic.dead_letter_topic().grant(On::Topic, Right::All);
    let withdraw = || {
        for (on, right) in missing {
            topic.withdraw(*on, *right);
        }
    };
    if when == When::AtStart {
        withdraw();
    }
    let process = serve_with_granted_rights(&database, &topic);
    if when == When::WhileRunning {
        let sent = topic.send(&report(1)).await;
        topic.until_committed(0, sent + 1).await;
        process.until_ready().await;
        process.until_metric(LAG, 0.0).await;
        withdraw();
    }
    process.address().await;
    let (started, reason) = (Instant::now(), reason.replace("TOPIC", &topic.name).replace("GROUP", &topic.group));
    process.until_kafka_is_missing(&reason).await;
    let case = format!("{missing:?} {when:?}");
    println!("{case}: reported after {:?}", started.elapsed());
    assert!(started.elapsed() < REPORT_LIMIT, "{case}: reported after {:?}", started.elapsed());

    let warnings = || process.lines_with(" WARN ") + process.lines_with(" ERROR ");
    let sent = topic.send(&report(2)).await;
    let before = warnings();
    stays(&format!("{case} is reported"), WITHOUT_RIGHT, async || {
        let (status, current) = process.kafka_readiness().await;
        let lag = process.metric(LAG).await;
        let is_reported = current.as_ref().is_some_and(|current| current.contains(&reason));
        // Without the group's right messages are still read, and only not committed.
        let is_hidden = lag == Some(0.0) && missing != [GROUP];
        let is_right = status == StatusCode::SERVICE_UNAVAILABLE && is_reported && !is_hidden;
        (!is_right).then(|| format!("{status} {current:?} lag {lag:?}"))
    })
    .await;
    // The reminder of each minute; without the group's right, also the first commit that fails.
    assert_eq!(process.lines_with("ingestion is not ready"), 1, "{case}:\n{}", process.output());
    assert!(warnings() - before <= 2, "{case}: one line per minute:\n{}", process.output());

    grant(missing);
    let granted = Instant::now();
    topic.until_committed(0, sent + 1).await;
    println!("{case}: read {:?} after the grant", granted.elapsed());
    assert!(granted.elapsed() < RESUME_LIMIT, "{case}: read {:?} after the grant", granted.elapsed());
    process.until_ready().await;
    process.until_metric(LAG, 0.0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_right_is_reported_until_it_is_granted() {
    let read = "TOPIC/0 stopped";
    let topic = "refuse access to the topic TOPIC";
    let group = "refuse access to the group GROUP";
    tokio::join!(
        is_reported_until_granted(&[READ], When::WhileRunning, read),
        is_reported_until_granted(&[READ], When::AtStart, read),
        is_reported_until_granted(&[READ, DESCRIBE], When::WhileRunning, topic),
        is_reported_until_granted(&[READ, DESCRIBE], When::AtStart, topic),
        is_reported_until_granted(&[GROUP], When::WhileRunning, group),
        is_reported_until_granted(&[GROUP], When::AtStart, group),
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_workload_topic_is_named_and_does_not_delay_reports() {
    let (database, topic) = (sqlite(), Topic::create_with_workloads(1).await);
    for (on, right) in [READ, DESCRIBE, GROUP] {
        topic.grant(on, right);
    }
    topic.dead_letter_topic().grant(On::Topic, Right::All);
    let process = serve_with_granted_rights(&database, &topic);
    let reason = format!("the brokers refuse access to the topic {}: grant", topic.workloads().name);
    process.until_kafka_is_missing(&reason).await;
    topic.send(&report(1)).await;
    topic.until_all_committed().await;
    process.until_kafka_is_missing(&reason).await;

    let workloads = WorkloadMessage::new(1, &cluster(2), "2024-05-02T08:00:00Z").json();
    topic.workloads().send(&workloads).await;
    for (on, right) in [READ, DESCRIBE] {
        topic.workloads().grant(on, right);
    }
    let granted = Instant::now();
    topic.workloads().until_all_committed().await;
    assert!(granted.elapsed() < RESUME_LIMIT, "read {:?} after the grant", granted.elapsed());
    process.until_ready().await;
}
