//! The data: 100 organizations of 100 clusters with 5 hits each, with details of about 800 bytes.

use insights_results_aggregator::{
    config::Database,
    domain::{ClusterId, Details, OrgId, Report, RuleHit, Selector, Timestamp},
    store::{Batch, Results, Store},
};
use uuid::Uuid;

const ORGANIZATIONS: i64 = 100;
const CLUSTERS: u128 = 100;
const HITS: u32 = 5;
/// Each cluster has five of them in turn, so that each recommendation hits one in twenty clusters.
pub(crate) const RECOMMENDATIONS: u32 = 100;

/// Fills the database.
pub(crate) async fn fill(database: &Database) -> Store {
    let store = Store::open(database).await.expect("open");
    store.migrate_up().await.expect("migrate");
    for number in 1..=ORGANIZATIONS {
        let reports: Vec<_> = (0..CLUSTERS).map(|cluster| report(number, cluster)).collect();
        store.write(Batch { results: Results::Reports(&reports), rejected: &[] }).await.expect("write");
    }
    store
}

pub(crate) fn report(number: i64, index: u128) -> Report {
    let at: Timestamp = "2026-01-02T03:04:05.678901Z".parse().expect("a time");
    let first = u32::try_from(index).expect("small") * HITS;
    let hits = (first..first + HITS).map(|hit| RuleHit::new(selector(hit % RECOMMENDATIONS), Some(details(hit))));
    let mut report = Report::new(organization(number), cluster(number, index), at, hits.collect());
    report.version = Some(format!("4.{}.{}", 12 + index % 8, index % 40));
    report
}

pub(crate) fn organization(number: i64) -> OrgId {
    OrgId::try_from(number).expect("an organization")
}

pub(crate) fn cluster(organization: i64, index: u128) -> ClusterId {
    // Spread over the key's space, as real UUIDs are.
    let spread =
        (u128::from(organization.unsigned_abs()) << 64 | index).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835);
    Uuid::from_u128(spread).into()
}

pub(crate) fn selector(number: u32) -> Selector {
    let (rule, key) = (format!("ccx_rules_ocp.external.rules.rule_{number:03}"), format!("ERROR_KEY_{number:03}"));
    Selector::new(&rule, &key).expect("a selector")
}

fn details(number: u32) -> Details {
    let nodes = (0..8).map(|node| {
        format!(r#"{{"name": "worker-{node}.example.com", "role": "worker", "memory": {number}, "kubelet": "v1.2{node}.{number}"}}"#)
    });
    let nodes = nodes.collect::<Vec<_>>().join(", ");
    Details::from_checked(format!(
        r#"{{"type": "rule", "error_key": "ERROR_KEY_{number:03}", "nodes": [{nodes}], "op": "\u003c="}}"#
    ))
}
