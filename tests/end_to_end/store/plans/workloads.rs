//! Workloads of the clusters that the tests of plans have.

use insights_results_aggregator::{
    domain::WorkloadResult,
    store::{Batch, Results, Store, record_statements},
};

use super::{super::owned_cluster::minute, CLUSTERS_OF_EACH, ORGANIZATIONS};
use crate::workloads::{workloads, write_workloads};

/// Writes two namespaces of each cluster, and then others instead of one of them.
pub(super) async fn fill(store: &Store) {
    for (at, objects) in [(1, ["shop/Pod/cart", "old/Pod/gone"]), (2, ["shop/Pod/cart", "pay/Pod/till"])] {
        let numbers = 0..ORGANIZATIONS * CLUSTERS_OF_EACH;
        let results: Vec<_> =
            numbers.map(|number| result(1 + number / CLUSTERS_OF_EACH, number, at, &objects)).collect();
        for results in results.chunks(1_000) {
            write_workloads(store, results).await;
        }
    }
}

/// Writes a new cluster with a new selector, an unchanged one, one that moves, and one whose namespaces change. Returns
/// the statements.
pub(super) async fn changes(store: &Store) -> Vec<String> {
    let results = [
        workloads(9, 1_000_001, minute(3), &[("new|W", "{}", &["shop/Pod/cart"])]),
        result(1, 1, 3, &["shop/Pod/cart", "pay/Pod/till"]),
        result(2, 2, 3, &["shop/Pod/cart"]),
        result(1, 3, 3, &["shop/Pod/other", "new/Pod/cart"]),
    ];
    let batch = Batch { results: Results::Workloads(&results), rejected: &[] };
    let (written, statements) = record_statements(store.write(batch)).await;
    assert_eq!(written.expect("written").applied, results.len());
    statements
}

fn result(owner: u32, number: u32, at: u32, objects: &[&str]) -> WorkloadResult {
    workloads(owner, number.into(), minute(at), &[("w0|W", "{}", objects), ("w1|W", "", &objects[..1])])
}
