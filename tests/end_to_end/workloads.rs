//! Workload results: messages built as text, and results that are written directly into the store.

use insights_results_aggregator::{
    domain::{Details, ListedObject, Timestamp, WorkloadHit, WorkloadResult},
    store::{Batch, Results, Store},
};

use crate::reports::{cluster, organization};

/// A message of the workload topic about one cluster.
#[derive(Clone, Debug)]
pub(crate) struct WorkloadMessage {
    organization: u32,
    cluster: String,
    last_checked: String,
    recommendations: Vec<String>,
}

impl WorkloadMessage {
    /// A result without recommendations: no namespace of the cluster has findings.
    pub(crate) fn new(organization: u32, cluster: &str, last_checked: &str) -> Self {
        let (cluster, last_checked) = (cluster.to_owned(), last_checked.to_owned());
        Self { organization, cluster, last_checked, recommendations: vec![] }
    }

    /// Adds a recommendation with objects in the notation of [`object`]. `details` is JSON, which is sent exactly as given.
    pub(crate) fn hit(mut self, rule: &str, key: &str, details: &str, objects: &[&str]) -> Self {
        let workloads: Vec<_> = objects.iter().map(|notation| json(&object(notation))).collect();
        self.recommendations.push(format!(
            r#"{{"response_id": "{rule}|{key}", "component": "{rule}.recommendation", "key": "{key}", "details": {details},
                "tags": [], "links": {{}}, "workloads": [{}]}}"#,
            workloads.join(", ")
        ));
        self
    }

    /// The message's value.
    pub(crate) fn json(&self) -> Vec<u8> {
        let Self { organization, cluster, last_checked, recommendations } = self;
        let metrics = format!(
            r#"{{"system": {{}}, "fingerprints": [], "version": 1, "analysis_metadata": {{}},
                "workload_recommendations": [{}]}}"#,
            recommendations.join(", ")
        );
        format!(
            r#"{{"OrgID": {organization}, "ClusterName": "{cluster}", "LastChecked": "{last_checked}", "Version": 2,
                "RequestId": "workloads/1", "Metrics": {metrics}}}"#
        )
        .into_bytes()
    }
}

/// `shop/Pod/cart` is an object with the uid `uid-of-cart` in a namespace with the uid `uid-of-shop`. An empty name has
/// an empty uid; `shop/Pod/cart/` is the object without a uid.
pub(crate) fn object(notation: &str) -> ListedObject {
    let parts: Vec<_> = notation.split('/').collect();
    let uid = |name: &str| if name.is_empty() { String::new() } else { format!("uid-of-{name}") };
    ListedObject {
        namespace: parts[0].to_owned(),
        namespace_uid: uid(parts[0]),
        kind: parts[1].to_owned(),
        name: parts[2].to_owned(),
        uid: if parts.len() > 3 { String::new() } else { uid(parts[2]) },
    }
}

fn json(object: &ListedObject) -> String {
    let ListedObject { namespace, namespace_uid, kind, name, uid } = object;
    format!(
        r#"{{"namespace": "{namespace}", "namespace_uid": "{namespace_uid}", "kind": "{kind}", "name": "{name}",
            "uid": "{uid}"}}"#
    )
}

/// A result of a cluster with hits, each with its selector, its details and objects in the notation of [`object`]. Empty
/// details mean no details.
pub(crate) fn workloads(owner: u32, number: u128, at: Timestamp, hits: &[(&str, &str, &[&str])]) -> WorkloadResult {
    let hit = |(selector, details, objects): &(&str, &str, &[&str])| WorkloadHit {
        selector: selector.parse().expect("a selector"),
        details: (!details.is_empty()).then(|| Details::from_checked(*details)),
        objects: objects.iter().map(|notation| object(notation)).collect(),
    };
    WorkloadResult::new(organization(owner), cluster(number), at, hits.iter().map(hit).collect())
}

/// Writes workload results as one batch.
pub(crate) async fn write_workloads(store: &Store, results: &[WorkloadResult]) {
    let written = store
        .write(Batch { results: Results::Workloads(results), rejected: &[] })
        .await
        .expect("the results are written");
    assert_eq!(written.applied, results.len(), "no result was stale");
}
