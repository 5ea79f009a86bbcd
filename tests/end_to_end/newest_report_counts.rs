//! Of a cluster's reports the newest counts, and of equally new ones the first.
//!
//! Messages, some of which share a cluster and even its time, are sent through the whole pipeline. The graph returns
//! what was sent, byte for byte, and the sizes of batches make no difference.

use ::entity::cluster;
use insights_results_aggregator::service::Role;
use sea_orm::EntityTrait as _;
use serde_json::json;

use crate::{
    harness::{Database, Running, Topic, each_database, sqlite, tables},
    messages::Message,
};

const SHARED: &str = "7f6e2c1a-4b1d-4c0e-9a55-0d1f2e3a4b5c";
const CONTESTED: &str = "8a0b7d3e-15c2-4f7a-8e69-2b90c4d1f6a7";
const QUIET: &str = "9c1d5e2f-66b8-4a03-b1f4-7de85a20c3b9";
const HEALTHY: &str = "ad2e6f30-9b47-4d58-8c2a-e1f07b64d5ca";

const FIRST_CHECK: &str = "2024-05-02T08:00:05.268294Z";
const NEXT_CHECK: &str = "2024-05-02T10:00:07.5+00:00";

// Spaces, escapes, the form of numbers, the order of members and repeated members must be kept.
const KUBELET: &str = r#"{"type":"rule",  "nodes":[{"name":"w-1","version":1.10},{"name":"w-2","version":1E+1}]}"#;
const KUBELET_LATER: &str = r#"{"type":"rule", "nodes":[{"name":"w-2","version":1E+1}]}"#;
const PROXY: &str = r#"{ "a\u0000b\/c": "é\u00e9 <b>", "n": 9007199254740993, "a": 1, "a": 2 }"#;
const ALERT: &str = r#"[[],{},null,-0,1e-7,"🦀"]"#;
const DISK: &str = r#""not an object""#;

fn messages() -> Vec<Vec<u8>> {
    let kubelet = ("ccx.rules.nodes_kubelet_version_check", "NODE_KUBELET_VERSION");
    let proxy = ("ccx.rules.cluster_wide_proxy_auth_check", "AUTH_OPERATOR_PROXY_ERROR");
    let alert = ("alerts", "ALERT|WITH_BAR");
    let disk = ("ccx.rules.disk", "DISK");
    let hit = |message: Message, (rule, key): (&str, &str), details: &str| message.hit(rule, key, details);

    let first = hit(hit(Message::new(101, SHARED, FIRST_CHECK), proxy, PROXY), kubelet, KUBELET)
        .version("4.15.11")
        .upload("3nl2vda87ld6e3s25jlk7n2dna", "2024-05-02T07:58:00Z");
    let equally_new = hit(hit(Message::new(101, SHARED, FIRST_CHECK), disk, DISK), alert, ALERT).version("4.0.0");
    let of_another_organization = hit(Message::new(202, SHARED, FIRST_CHECK), disk, DISK).version("4.1.1");
    // Times are compared in microseconds, which is what the databases keep.
    let newer_by_nanoseconds = hit(Message::new(101, SHARED, "2024-05-02T08:00:05.268294999Z"), disk, DISK);
    let contested = hit(Message::new(303, CONTESTED, "2024-05-02T08:16:07.478901889Z"), disk, DISK);
    let quiet = hit(hit(Message::new(303, QUIET, "2024-05-02T09:00:00+02:00"), alert, ALERT), proxy, PROXY);
    let healthy = Message::new(101, HEALTHY, "2024-05-02T08:20:00Z").version("4.16.0-rc.1");
    let newer = hit(hit(Message::new(101, SHARED, NEXT_CHECK), kubelet, KUBELET_LATER), alert, ALERT);
    let too_late = hit(Message::new(101, SHARED, FIRST_CHECK), disk, DISK).version("4.2.2");
    let contested_too_late = hit(Message::new(404, CONTESTED, "2024-05-02T08:16:07.478901Z"), alert, ALERT);

    let all = [
        first,
        equally_new,
        of_another_organization,
        newer_by_nanoseconds,
        contested,
        quiet,
        healthy,
        newer,
        too_late,
        contested_too_late,
    ];
    all.iter().map(Message::json).collect()
}

const QUERY: &str = "query ($uuids: [UUID!]!) { clusters(uuids: $uuids) { uuid organization { orgId } version \
    lastCheckedAt report { gatheredAt requestId ruleHits { totalCount nodes { selector impactedSince details } } } } }";

/// The expected JSON of a cluster with its hits, each `(selector, impacted since, details)`, with details as they were
/// sent. None of these reports has a request id or a gathering time.
fn cluster_json(uuid: &str, organization: &str, version: &str, checked: &str, hits: &[(&str, &str, &str)]) -> String {
    let node = |(selector, since, details): &(&str, &str, &str)| {
        format!(r#"{{"selector":"{selector}","impactedSince":"{since}","details":{details}}}"#)
    };
    let (total, nodes) = (hits.len(), hits.iter().map(node).collect::<Vec<_>>().join(","));
    let hits = format!(r#""ruleHits":{{"totalCount":{total},"nodes":[{nodes}]}}"#);
    let report = format!(r#""report":{{"gatheredAt":null,"requestId":null,{hits}}}"#);
    let cluster = format!(r#""uuid":"{uuid}","organization":{{"orgId":"{organization}"}},"version":{version}"#);
    format!(r#"{{{cluster},"lastCheckedAt":"{checked}",{report}}}"#)
}

fn expected_answer() -> String {
    let [first, next] = ["2024-05-02T08:00:05.268294Z", "2024-05-02T10:00:07.500000Z"];
    let [contested, quiet, healthy] =
        ["2024-05-02T08:16:07.478901Z", "2024-05-02T07:00:00.000000Z", "2024-05-02T08:20:00.000000Z"];
    let kubelet = "ccx.rules.nodes_kubelet_version_check|NODE_KUBELET_VERSION";
    let proxy = "ccx.rules.cluster_wide_proxy_auth_check|AUTH_OPERATOR_PROXY_ERROR";
    let (alert, disk) = ("alerts|ALERT|WITH_BAR", "ccx.rules.disk|DISK");
    let clusters = [
        // The version is kept although the newest report has none, and the time of the hit although its details
        // changed.
        cluster_json(SHARED, "101", r#""4.15.11""#, next, &[(alert, next, ALERT), (kubelet, first, KUBELET_LATER)]),
        cluster_json(CONTESTED, "303", "null", contested, &[(disk, contested, DISK)]),
        cluster_json(QUIET, "303", "null", quiet, &[(alert, quiet, ALERT), (proxy, quiet, PROXY)]),
        cluster_json(HEALTHY, "101", r#""4.16.0-rc.1""#, healthy, &[]),
    ];
    format!(r#"{{"data":{{"clusters":[{}]}}}}"#, clusters.join(","))
}

async fn full_topic() -> Topic {
    let topic = Topic::create(1).await;
    topic.send_all(messages().iter().map(|value| (0, value.as_slice()))).await;
    topic
}

async fn ingest(database: &Database, topic: &Topic, batch_messages: usize) -> Running {
    let mut config = Running::config(database, topic);
    config.ingest.batch_messages = batch_messages;
    let running = Running::start(config, Role::All).await;
    topic.until_all_committed().await;
    running
}

async fn cluster_rows(database: &Database) -> Vec<cluster::Model> {
    cluster::Entity::find().all(&database.connect().await).await.expect("read the clusters")
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_sent_is_returned_byte_for_byte() {
    let topic = full_topic().await;
    for database in each_database().await {
        let running = ingest(&database, &topic.with_another_group(), 500).await;
        let variables = json!({ "uuids": [SHARED, CONTESTED, QUIET, HEALTHY] });
        assert_eq!(running.response_text(QUERY, variables).await, expected_answer(), "{}", database.name);
        running.stop().await.expect("a clean end");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn hits_that_ended_are_history_and_stale_reports_change_nothing() {
    let topic = full_topic().await;
    for database in each_database().await {
        ingest(&database, &topic.with_another_group(), 500).await.stop().await.expect("a clean end");
        let tables = tables(&database.connect().await).await;
        let proxy = "ccx.rules.cluster_wide_proxy_auth_check|AUTH_OPERATOR_PROXY_ERROR";
        let ended = format!("{SHARED} {proxy} 101 2024-05-02T08:00:05.268294Z 2024-05-02T10:00:07.500000Z");
        assert_eq!(tables.history, [ended].into(), "{}", database.name);
        assert_eq!(tables.organizations, [101, 303].into(), "{}: 202 and 404 own nothing", database.name);
        assert_eq!(tables.consumer_errors, [].into(), "{}: stale is not bad", database.name);
        assert_eq!((tables.clusters.len(), tables.rule_hits.len()), (4, 5), "{}", database.name);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn batches_have_the_same_result_as_single_messages_on_both_databases() {
    let topic = full_topic().await;
    let stored = async |database: &Database, batch_messages| {
        let running = ingest(database, &topic.with_another_group(), batch_messages).await;
        running.stop().await.expect("a clean end");
        tables(&database.connect().await).await
    };
    let expected = stored(&sqlite(), 1).await;
    for batch_messages in [1, 3, 500] {
        let [left, right] = each_database().await;
        let both = tokio::join!(stored(&left, batch_messages), stored(&right, batch_messages));
        assert_eq!(both, (expected.clone(), expected.clone()), "batches of {batch_messages}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn repeated_messages_change_nothing_not_even_the_time_of_storage() {
    for database in each_database().await {
        let topic = full_topic().await;
        let running = ingest(&database, &topic, 500).await;
        let (before, rows_before) = (tables(&database.connect().await).await, cluster_rows(&database).await);
        topic.send_all(messages().iter().map(|value| (0, value.as_slice()))).await;
        topic.until_all_committed().await;
        assert_eq!(tables(&database.connect().await).await, before, "{}", database.name);
        assert_eq!(cluster_rows(&database).await, rows_before, "{}: stored_at too", database.name);
        running.stop().await.expect("a clean end");
    }
}
