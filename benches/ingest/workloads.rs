//! Workload results: throughput of the first ones of clusters, and peak memory with both topics.

use super::{
    Environment, Method, ServiceProcess, config, connect, data::Wave, database_url, environment, service, topic,
};

/// Clusters whose results are sent.
const CLUSTERS: u32 = 40_000;
/// Partitions of each of the two topics when memory is measured.
const PARTITIONS: i32 = 8;
/// Recommendations of a result, namespaces of a cluster, and objects in each of them.
const RECOMMENDATIONS: u32 = 5;
const NAMESPACES: u32 = 4;
const OBJECTS: u32 = 2;
/// Number of recommendations; each applies to an equal share of the clusters.
const RULES: u32 = 30;

/// Prints the throughput of workload results of clusters that are known by their reports, and the peak memory while the
/// results of both kinds are read. Continues in the database of the service.
pub(crate) async fn measure() {
    let url = database_url(Method::Service);
    let database = connect(url.as_str()).await;
    for (phase, time, partitions) in [
        ("workloads", "2026-01-04T00:00:00.123456789Z", topic::PARTITIONS),
        ("both", "2026-01-05T00:00:00.123456789Z", PARTITIONS),
    ] {
        eprintln!("{phase} ..");
        let environment = with_workloads(environment(url.as_str(), Method::Service, phase));
        let kafka = config(&environment).kafka;
        let workloads = kafka.workload_topic.clone().expect("a workload topic");
        topic::fill(&kafka, &workloads, partitions, (0..CLUSTERS).map(|number| message(number, time))).await;
        let reports = if phase == "both" { CLUSTERS } else { 0 };
        let report = |number| {
            let report = Wave::First.message(number);
            (report.cluster.to_string(), report.json().replace(Wave::First.last_checked(), time))
        };
        topic::fill(&kafka, &kafka.ocp_topic, partitions, (0..reports).map(report)).await;
        let service = ServiceProcess::start(&environment);
        let figure = service::ingest(&database, ("workload_checked_at", time), CLUSTERS).await;
        if reports > 0 {
            service::ingest(&database, ("report_checked_at", time), reports).await;
        }
        println!("{:40} {figure:10.0}", format!("{phase}: workload results/s"));
        println!("{:40} {:10.0}", format!("{phase}: peak memory, MB"), service.stop());
    }
}

fn with_workloads(mut environment: Environment) -> Environment {
    let prefix = "INSIGHTS_RESULTS_AGGREGATOR__KAFKA__";
    let topic = format!("{}-workloads", environment[&format!("{prefix}OCP_TOPIC")]);
    environment.insert(format!("{prefix}WORKLOAD_TOPIC"), topic);
    environment
}

/// Key and value of the result of a cluster: about 8 kB. Each recommendation has the same objects.
fn message(number: u32, time: &str) -> (String, String) {
    let report = Wave::First.message(number);
    let (organization, cluster) = (report.organization, report.cluster.to_string());
    let objects: Vec<_> = (0..NAMESPACES * OBJECTS).map(|object| workload(number, object)).collect();
    let objects = objects.join(", ");
    let recommendations = (0..RECOMMENDATIONS).map(|place| {
        let rule = (number + place) % RULES;
        format!(
            r#"{{"response_id": "rule_{rule}|DVO_{rule}", "component": "ccx_rules_ocp.external.dvo.rule_{rule}.recommendation", "key": "DVO_{rule}", "details": {{"check_name": "rule_{rule}"}}, "tags": [], "links": {{}}, "workloads": [{objects}]}}"#
        )
    });
    let recommendations = recommendations.collect::<Vec<_>>().join(", ");
    let value = format!(
        r#"{{"OrgID": {organization}, "ClusterName": "{cluster}", "LastChecked": "{time}", "Version": 2, "Metrics": {{"system": {{}}, "fingerprints": [], "version": 1, "analysis_metadata": {{}}, "workload_recommendations": [{recommendations}]}}}}"#
    );
    (cluster, value)
}

fn workload(number: u32, object: u32) -> String {
    let namespace = object / OBJECTS;
    let uid = |kind: u128, place: u32| uuid::Uuid::from_u128(kind << 64 | u128::from(number) << 32 | u128::from(place));
    let (namespace_uid, uid) = (uid(1, namespace), uid(2, object));
    format!(
        r#"{{"namespace": "namespace-{namespace}", "namespace_uid": "{namespace_uid}", "kind": "Deployment", "name": "object-{object}", "uid": "{uid}"}}"#
    )
}
