//! A workload result in the JSON form in which the pipeline sends it.

use std::fmt;

use chrono::{DateTime, SecondsFormat, Utc};

use crate::{
    catalogue::{Catalogue, WorkloadRecommendation},
    cluster::Cluster,
    message::{request_id, write_list},
    random::SeededRng,
    workloads::Object,
};

/// A workload result to be written. The order of keys is the pipeline's.
pub(crate) struct WorkloadMessage<'a> {
    cluster: &'a Cluster,
    /// The recommendations that apply, with their objects.
    findings: Vec<(&'a WorkloadRecommendation, Vec<Object>)>,
    last_checked: DateTime<Utc>,
    request_id: String,
}

impl<'a> WorkloadMessage<'a> {
    /// The result with these objects by recommendation; `rng` draws what differs from upload to upload.
    pub(crate) fn new(
        cluster: &'a Cluster,
        catalogue: &'a Catalogue,
        objects: Vec<Vec<Object>>,
        last_checked: DateTime<Utc>,
        rng: &mut SeededRng,
    ) -> Self {
        let all = catalogue.workload_recommendations().iter().zip(objects);
        let findings = all.filter(|(_, objects)| !objects.is_empty()).collect();
        Self { cluster, findings, last_checked, request_id: request_id(rng) }
    }
}

impl fmt::Display for WorkloadMessage<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { cluster, findings, last_checked, request_id } = self;
        write!(f, r#"{{"OrgID": {}, "#, cluster.identity.organization)?;
        if let Some(account) = cluster.account {
            write!(f, r#""AccountNumber": {account}, "#)?;
        }
        let last_checked = last_checked.to_rfc3339_opts(SecondsFormat::Micros, false);
        write!(f, r#""ClusterName": "{}", "LastChecked": "{last_checked}", "#, cluster.identity.id)?;
        write!(f, r#""Version": 2, "RequestId": "{request_id}", "Metrics": {{"system": {{}}, "fingerprints": [], "#)?;
        f.write_str(r#""version": 1, "analysis_metadata": {}, "workload_recommendations": ["#)?;
        write_list(f, findings, |f, (recommendation, objects)| {
            write!(f, r#"{}, "workloads": ["#, recommendation.head)?;
            write_list(f, objects, write_object)?;
            f.write_str("]}")
        })?;
        f.write_str("]}}")
    }
}

fn write_object(f: &mut fmt::Formatter<'_>, object: &Object) -> fmt::Result {
    let Object { namespace, namespace_uid, kind, name, uid } = object;
    write!(f, r#"{{"namespace": "{namespace}", "namespace_uid": "{namespace_uid}", "kind": "{kind}", "#)?;
    write!(f, r#""name": "{name}", "uid": "{uid}"}}"#)
}
