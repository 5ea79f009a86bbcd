//! `produce`: sending messages from files, or generated ones.

use std::{collections::BTreeSet, fs, process::Command, time::Duration};

use insights_results_aggregator::domain::ClusterId;

use crate::harness::{Record, Topic, program, set_config};

fn produce(topic: &Topic, arguments: &[&str]) -> Command {
    let mut command = program();
    command.arg("produce").args(arguments);
    set_config(&mut command, "KAFKA__BROKERS", &topic.settings().brokers.join(","));
    set_config(&mut command, "KAFKA__OCP_TOPIC", &topic.name);
    command
}

/// Runs a command. Returns its exit code and its output.
fn run(mut command: Command) -> (Option<i32>, String) {
    let output = command.output().expect("the program starts");
    (output.status.code(), String::from_utf8([output.stdout, output.stderr].concat()).expect("UTF-8"))
}

fn delivered(number: u32, topic: &Topic) -> (Option<i32>, String) {
    (Some(0), format!("{number} messages delivered to the topic {}\n", topic.name))
}

#[tokio::test]
async fn files_are_sent_in_the_order_given_byte_for_byte() {
    let topic = Topic::create(1).await;
    let folder = tempfile::tempdir().expect("a folder");
    let files = [("b.json", &b"{ }\n"[..]), ("a.json", b"\xff\x00 not even text"), ("c.json", b"")];
    let mut command = produce(&topic, &[]);
    for (name, content) in files {
        let path = folder.path().join(name);
        fs::write(&path, content).expect("a file");
        command.arg(path);
    }
    assert_eq!(run(command), delivered(3, &topic));
    let sent: Vec<_> = topic.records(0).into_iter().map(|record| (record.key, record.value)).collect();
    assert_eq!(sent, files.map(|(name, content)| (name.to_owned(), content.to_vec())));
}

#[tokio::test]
async fn a_file_that_cannot_be_read_is_named() {
    let topic = Topic::create(1).await;
    let (code, output) = run(produce(&topic, &["no/such/file.json"]));
    assert_eq!(code, Some(1), "{output}");
    assert!(output.starts_with("error: cannot read no/such/file.json: "), "{output}");
}

fn clusters(records: &[Record]) -> BTreeSet<ClusterId> {
    records.iter().map(|record| record.key.parse().expect("the key is the cluster")).collect()
}

#[tokio::test]
async fn the_seed_determines_the_clusters() {
    let size = ["--organizations", "3", "--clusters", "40", "--rounds", "2"];
    let mut seen = vec![];
    for seed in ["7", "7", "8"] {
        let topic = Topic::create(2).await;
        let arguments = [&size[..], &["--seed", seed]].concat();
        assert_eq!(run(produce(&topic, &arguments)), delivered(80, &topic));
        let partitions = [topic.records(0), topic.records(1)];
        let [left, right] = partitions.each_ref().map(|records| clusters(records));
        assert!(left.is_disjoint(&right), "a cluster's reports stay in one partition");
        let all = &left | &right;
        assert_eq!(all.len(), 40);
        seen.push(all);
    }
    assert_eq!(seen[0], seen[1]);
    assert!(seen[0].is_disjoint(&seen[2]));
}

#[tokio::test]
async fn the_command_line_overrides_the_configuration() {
    let topic = Topic::create(1).await;
    let mut command = program();
    let brokers = topic.settings().brokers.join(",");
    command.args(["produce", "--brokers", &brokers, "--topic", &topic.name, "--organizations", "1", "--clusters", "2"]);
    set_config(&mut command, "KAFKA__BROKERS", "nowhere.invalid:1");
    set_config(&mut command, "KAFKA__OCP_TOPIC", "nothing");
    assert_eq!(run(command), delivered(2, &topic));
}

#[tokio::test]
async fn workload_results_of_the_same_clusters_are_sent_to_their_topic() {
    let topic = Topic::create_with_workloads(1).await;
    let size = ["--organizations", "2", "--clusters", "10"];
    assert_eq!(run(produce(&topic, &size)), delivered(10, &topic));
    let mut command = produce(&topic, &[&size[..], &["--workloads", "--rounds", "2"]].concat());
    set_config(&mut command, "KAFKA__WORKLOAD_TOPIC", &topic.workloads().name);
    assert_eq!(run(command), delivered(20, topic.workloads()));
    let results = topic.workloads().records(0);
    assert_eq!(clusters(&results), clusters(&topic.records(0)));
    assert!(results.iter().all(|record| String::from_utf8_lossy(&record.value).contains("workload_recommendations")));

    let (code, output) = run(produce(&topic, &["--workloads"]));
    assert_eq!(code, Some(1), "{output}");
    assert!(output.contains("set kafka.workload_topic, or pass --topic"), "{output}");
}

#[tokio::test]
async fn a_rate_is_not_exceeded() {
    let topic = Topic::create(1).await;
    let arguments = ["--organizations", "1", "--clusters", "6", "--rate", "10"];
    assert_eq!(run(produce(&topic, &arguments)), delivered(6, &topic));
    let records = topic.records(0);
    let [first, .., last] = records.as_slice() else { panic!("six records") };
    // Five intervals of 100 ms, minus a possible delay of the first message.
    let took = Duration::from_millis((last.timestamp - first.timestamp).try_into().expect("timestamps increase"));
    assert!(took >= Duration::from_millis(400), "{took:?}");
}

#[tokio::test]
async fn a_message_that_the_broker_refuses_is_an_error_of_kafka() {
    let topic = Topic::create_with(1, &[("max.message.bytes", "1000")]).await;
    let (code, output) = run(produce(&topic, &["--organizations", "1", "--clusters", "1"]));
    assert_eq!(code, Some(3), "{output}");
    assert!(output.contains(&format!("error: messages were not delivered to the topic {}: ", topic.name)), "{output}");
    assert!(topic.records(0).is_empty());
}
