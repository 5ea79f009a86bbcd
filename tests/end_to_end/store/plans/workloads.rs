//! Workloads of the clusters that the tests of plans have.

use insights_results_aggregator::{
    domain::{self, TotalRisk, WorkloadResult},
    identity::Scope,
    store::{
        Batch, Direction, GatheringRequest, GatheringRequestFilter, List, ListRequest, Namespace, NamespaceFilter,
        NamespaceKey, NamespacesOf, Order, PageRequest, Results, SortValue, Store, WorkloadObject,
        WorkloadRecommendation, record_statements,
    },
};

use super::{super::owned_cluster::minute, CLUSTERS_OF_EACH, ORGANIZATIONS, bounded, position, text};
use crate::{
    reports::{cluster, organization},
    workloads::{workloads, write_workloads},
};

/// Writes two namespaces of each cluster and then another one instead of the second, and a recommendation that closes.
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
    let other = if at == 1 { "old|W" } else { "w1|W" };
    workloads(owner, number.into(), minute(at), &[("w0|W", "{}", objects), (other, "", &objects[..1])])
}

/// Reads namespaces in each order and by each filter, their recommendations, details and objects, and requests.
pub(super) async fn read(store: &Store, scope: Scope) {
    let clusters = [cluster(1), cluster(2)];
    let organizations = [organization(1), organization(2)].map(NamespacesOf::Organization);
    let namespaces = clusters.map(|cluster| NamespaceKey { cluster, uid: domain::Namespace::key_of("uid-of-shop") });
    for total in [true, false] {
        for parents in [organizations, clusters.map(NamespacesOf::Cluster)] {
            for request in requests(total) {
                Namespace::load(store, scope, &parents, &request).await.expect("namespaces");
            }
        }
        let at = || position(None, text("w0|W"));
        for request in bounded::<WorkloadRecommendation>(total, WorkloadRecommendation::DEFAULT_ORDER, at()) {
            let pages = WorkloadRecommendation::load(store, scope, &namespaces, &request).await.expect("a page");
            let found: Vec<_> = pages.into_values().flat_map(|page| page.items).collect();
            let hits: Vec<_> = found.iter().map(WorkloadRecommendation::hit).collect();
            store.workload_details(scope, &hits, usize::MAX).await.expect("details");
            let parents: Vec<_> = found.iter().map(WorkloadRecommendation::objects).collect();
            for request in bounded::<WorkloadObject>(total, WorkloadObject::DEFAULT_ORDER, at()) {
                WorkloadObject::load(store, scope, &parents, &request).await.expect("objects");
            }
        }
    }
    store.namespace_counts(scope, &namespaces).await.expect("counts");
    let uids = clusters.map(|cluster| (cluster, "uid-of-shop".to_owned()));
    store.namespaces(scope, &uids).await.expect("namespaces");
    for ids in [None, Some(["a", "b"].map(str::to_owned).to_vec())] {
        for large in [None, Some(usize::MAX)] {
            let filter = GatheringRequestFilter { ids: ids.clone() };
            let request = ListRequest { filter, large, ..ListRequest::new(PageRequest::first(100)) };
            GatheringRequest::load(store, scope, &clusters, &request).await.expect("requests");
        }
    }
}

/// In each order, and with each filter alone in two of them.
fn requests(total: bool) -> Vec<ListRequest<Namespace>> {
    let key = || text("00000000000000000000000000000001 uid-of-shop");
    let number = || Some(SortValue::Integer(1));
    let mut requests = Vec::new();
    for (by, value) in [
        (&Namespace::BY_NAME, Some(text("shop"))),
        (&Namespace::BY_CLUSTER, Some(text("name 1"))),
        (&Namespace::BY_LAST_CHECKED, Some(SortValue::Time(minute(1)))),
        (&Namespace::BY_RECOMMENDATIONS, number()),
        (&Namespace::BY_OBJECTS, number()),
        (&Namespace::BY_TOTAL_RISK, number()),
        (&Namespace::BY_TOTAL_RISK, None),
    ] {
        let order = Order::new(by, Direction::Descending);
        requests.extend(bounded::<Namespace>(total, order, position(value, key())));
    }
    let any = NamespaceFilter::default;
    for filter in [
        NamespaceFilter { text: Some("shop".to_owned()), ..any() },
        NamespaceFilter { clusters: Some(vec![cluster(1), cluster(2)]), ..any() },
        NamespaceFilter { total_risk: Some(vec![TotalRisk::Critical, TotalRisk::Low]), ..any() },
        NamespaceFilter { uid: Some("uid-of-shop".to_owned()), ..any() },
    ] {
        for by in [&Namespace::BY_NAME, &Namespace::BY_OBJECTS] {
            let (filter, order) = (filter.clone(), Order::new(by, Direction::Ascending));
            requests.push(ListRequest { filter, order, total, ..ListRequest::new(PageRequest::first(10)) });
        }
    }
    requests
}
