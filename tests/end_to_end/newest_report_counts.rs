//! Of a cluster's reports the newest counts, and of those that are equally new the first.
//!
//! A morning's messages, some of which share a cluster and even the moment of their check, go through the whole
//! pipeline: what was sent comes out again, to the byte, and how they came in batches does not show.

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

// Spaces, escapes, numbers and the order of members are the sender's, and so is a member given twice.
const KUBELET: &str = r#"{"type":"rule",  "nodes":[{"name":"w-1","version":1.10},{"name":"w-2","version":1E+1}]}"#;
const KUBELET_LATER: &str = r#"{"type":"rule", "nodes":[{"name":"w-2","version":1E+1}]}"#;
const PROXY: &str = r#"{ "a\u0000b\/c": "é\u00e9 <b>", "n": 9007199254740993, "a": 1, "a": 2 }"#;
const ALERT: &str = r#"[[],{},null,-0,1e-7,"🦀"]"#;
const DISK: &str = r#""no object at all""#;

fn messages() -> Vec<Vec<u8>> {
    let kubelet = ("ccx.rules.nodes_kubelet_version_check", "NODE_KUBELET_VERSION");
    let proxy = ("ccx.rules.cluster_wide_proxy_auth_check", "AUTH_OPERATOR_PROXY_ERROR");
    let alert = ("alerts", "ALERT|WITH_BAR");
    let disk = ("ccx.rules.disk", "DISK");
    let hit = |message: Message, (rule, key): (&str, &str), details: &str| message.hit(rule, key, details);

    let first = hit(hit(Message::new(101, SHARED, FIRST_CHECK), proxy, PROXY), kubelet, KUBELET)
        .version("4.15.11")
        .upload("3nl2vda87ld6e3s25jlk7n2dna", "2024-05-02T07:58:00Z");
    let as_new = hit(hit(Message::new(101, SHARED, FIRST_CHECK), disk, DISK), alert, ALERT).version("4.0.0");
    let of_another_organization = hit(Message::new(202, SHARED, FIRST_CHECK), disk, DISK).version("4.1.1");
    // Databases keep microseconds, so that is how times are compared.
    let newer_by_nanoseconds = hit(Message::new(101, SHARED, "2024-05-02T08:00:05.268294999Z"), disk, DISK);
    let contested = hit(Message::new(303, CONTESTED, "2024-05-02T08:16:07.478901889Z"), disk, DISK);
    let quiet = hit(hit(Message::new(303, QUIET, "2024-05-02T09:00:00+02:00"), alert, ALERT), proxy, PROXY);
    let healthy = Message::new(101, HEALTHY, "2024-05-02T08:20:00Z").version("4.16.0-rc.1");
    let newer = hit(hit(Message::new(101, SHARED, NEXT_CHECK), kubelet, KUBELET_LATER), alert, ALERT);
    let too_late = hit(Message::new(101, SHARED, FIRST_CHECK), disk, DISK).version("4.2.2");
    let contested_in_vain = hit(Message::new(404, CONTESTED, "2024-05-02T08:16:07.478901Z"), alert, ALERT);

    let all = [
        first,
        as_new,
        of_another_organization,
        newer_by_nanoseconds,
        contested,
        quiet,
        healthy,
        newer,
        too_late,
        contested_in_vain,
    ];
    all.iter().map(Message::json).collect()
}

const QUERY: &str = "query ($uuids: [UUID!]!) { clusters(uuids: $uuids) { uuid organization { orgId } version \
    lastCheckedAt report { gatheredAt requestId ruleHits { totalCount nodes { selector impactedSince details } } } } }";

/// A cluster in the answer, with its hits, each `(selector, impacted since, details)`; the details stand there as they
/// were sent. None of these reports was an upload that told of itself.
fn answered(uuid: &str, organization: &str, version: &str, checked: &str, hits: &[(&str, &str, &str)]) -> String {
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
        // Not told again, the version stays; so does the time since when, though the details changed.
        answered(SHARED, "101", r#""4.15.11""#, next, &[(alert, next, ALERT), (kubelet, first, KUBELET_LATER)]),
        answered(CONTESTED, "303", "null", contested, &[(disk, contested, DISK)]),
        answered(QUIET, "303", "null", quiet, &[(alert, quiet, ALERT), (proxy, quiet, PROXY)]),
        answered(HEALTHY, "101", r#""4.16.0-rc.1""#, healthy, &[]),
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
async fn what_was_sent_is_answered_to_the_byte() {
    let topic = full_topic().await;
    for database in each_database().await {
        let running = ingest(&database, &topic.of_another_group(), 500).await;
        let variables = json!({ "uuids": [SHARED, CONTESTED, QUIET, HEALTHY] });
        assert_eq!(running.answer_to(QUERY, variables).await, expected_answer(), "{}", database.name);
        running.stop().await.expect("a clean end");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn hits_that_ended_are_history_and_stale_reports_leave_nothing_behind() {
    let topic = full_topic().await;
    for database in each_database().await {
        ingest(&database, &topic.of_another_group(), 500).await.stop().await.expect("a clean end");
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
async fn a_batch_gives_what_its_messages_one_at_a_time_give_on_both_databases() {
    let topic = full_topic().await;
    let stored = async |database: &Database, batch_messages| {
        let running = ingest(database, &topic.of_another_group(), batch_messages).await;
        running.stop().await.expect("a clean end");
        tables(&database.connect().await).await
    };
    let expected = stored(&sqlite(), 1).await;
    for batch_messages in [1, 3, 500] {
        let [left, right] = each_database().await;
        let both = tokio::join!(stored(&left, batch_messages), stored(&right, batch_messages));
        assert_eq!(both, (expected.clone(), expected.clone()), "{batch_messages} messages a batch");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_that_come_again_change_nothing_not_even_when_a_report_was_stored() {
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
