//! Clusters of two organizations, hit by recommendations of `examples/content`.

use insights_results_aggregator::{
    domain::Report,
    identity::Viewer,
    store::{ImportedValues, Store},
};

use crate::reports::{cluster, organization, report, time, write};

/// The organization of the member that reads the pages.
pub(super) const OWN: u32 = 1;
/// An organization with hits of the same recommendations.
const FOREIGN: u32 = 2;

const ETCD: &str = "ccx_rules_ocp.external.rules.etcd_health|ETCD_MEMBER_LOST";
const PRESSURE: &str = "ccx_rules_ocp.external.rules.node_pressure|NODE_UNDER_DISK_PRESSURE";
const REGISTRY: &str = "ccx_rules_ocp.external.rules.image_registry_storage|REGISTRY_VOLUME_NEARLY_FULL";
const MONITORING: &str = "ccx_rules_ocp.external.rules.monitoring_storage|PROMETHEUS_WITHOUT_PERSISTENT_VOLUME";
const STORAGE_CLASS: &str = "ccx_rules_ocp.external.rules.default_storage_class|SEVERAL_DEFAULT_STORAGE_CLASSES";
const API_CERTIFICATE: &str = "ccx_rules_ocp.external.rules.api_certificate|CERTIFICATE_EXPIRES_SOON";
const WITHOUT_CONTENT: &str = "ccx_rules_ocp.external.bug_rules.bug_2233051|BUGZILLA_BUG_2233051";
const INTERNAL: &str = "ccx_rules_ocp.internal.rules.support_level|CLUSTER_OUT_OF_SUPPORT";

/// A cluster, and the values that an import sets if it has a name.
struct Known {
    owner: u32,
    number: u128,
    name: Option<&'static str>,
    is_managed: bool,
    version: Option<&'static str>,
    /// The hits of the first report, and further ones of the second report.
    hits: [&'static [&'static str]; 2],
}

const CLUSTERS: [Known; 8] = [
    Known {
        owner: OWN,
        number: 0xa1,
        name: Some("Production Nürnberg"),
        is_managed: false,
        version: Some("4.15.11"),
        hits: [&[MONITORING, WITHOUT_CONTENT], &[ETCD, PRESSURE, INTERNAL]],
    },
    Known {
        owner: OWN,
        number: 0xa2,
        name: Some("production-us"),
        is_managed: false,
        version: Some("4.14.20"),
        hits: [&[PRESSURE], &[REGISTRY]],
    },
    Known {
        owner: OWN,
        number: 0xa3,
        name: Some("staging <1>"),
        is_managed: false,
        version: Some("4.16.0-rc.2"),
        hits: [&[MONITORING], &[STORAGE_CLASS]],
    },
    // Of these three only the first one is for managed clusters.
    Known {
        owner: OWN,
        number: 0xa4,
        name: Some("Managed"),
        is_managed: true,
        version: Some("4.15.11"),
        hits: [&[PRESSURE, ETCD], &[STORAGE_CLASS]],
    },
    Known { owner: OWN, number: 0xa5, name: None, is_managed: false, version: None, hits: [&[], &[]] },
    Known {
        owner: OWN,
        number: 0xa6,
        name: None,
        is_managed: false,
        version: Some("4.9.0"),
        hits: [&[ETCD], &[REGISTRY]],
    },
    Known {
        owner: FOREIGN,
        number: 0xb1,
        name: Some("production of others"),
        is_managed: false,
        version: Some("4.15.11"),
        hits: [&[PRESSURE, ETCD], &[API_CERTIFICATE, INTERNAL]],
    },
    Known {
        owner: FOREIGN,
        number: 0xb2,
        name: None,
        is_managed: false,
        version: None,
        hits: [&[PRESSURE], &[REGISTRY]],
    },
];

/// A member of the organization.
pub(super) fn member() -> Viewer {
    Viewer::member_of(organization(OWN))
}

/// The details of a hit, with names of the cluster.
fn details(selector: &str, number: u128) -> String {
    match selector {
        PRESSURE => format!(
            r#"{{"nodes":[{{"name":"worker-{number:x}","since":"2024-05-01T20:00:00Z","free_percent":6,"evicted_pods":3,
                "condition":{{"message":"<b>imagefs</b> is *full*"}}}}]}}"#
        ),
        ETCD => format!(
            r#"{{"unhealthy":{{"name":"master-{number:x}","peer_url":"https://10.0.0.5:2380","since":"2024-05-02T06:30:00Z"}},
                "message":"1 of 3 members is unhealthy"}}"#
        ),
        REGISTRY => format!(
            r#"{{"pvc":{{"name":"registry-{number:x}","namespace":"openshift-image-registry","capacity":"100Gi","used_percent":97}}}}"#
        ),
        MONITORING => r#"{"namespace":"openshift-monitoring","retention":"15d",
            "stateful_sets":[{"name":"prometheus-k8s","replicas":2,"volume":"emptyDir"}]}"#
            .to_owned(),
        STORAGE_CLASS => r#"{"classes":["gp2","gp3"],"unbound_claims":1}"#.to_owned(),
        API_CERTIFICATE => {
            r#"{"certificate":{"namespace":"openshift-config","secret":"api","days_left":9}}"#.to_owned()
        }
        INTERNAL => r#"{"version":"4.15.11","days_over":30,"tier":"premium"}"#.to_owned(),
        _ => String::new(),
    }
}

fn report_of(known: &Known, reports: usize) -> Report {
    let selectors = known.hits[..reports].concat();
    let hits: Vec<_> = selectors.iter().map(|selector| (*selector, details(selector, known.number))).collect();
    let hits: Vec<_> = hits.iter().map(|(selector, details)| (*selector, details.as_str())).collect();
    // The second report of a cluster without new hits follows later.
    let minute = known.number % 16 + if known.hits[1].is_empty() { 30 } else { 0 };
    let mut report = report(known.owner, known.number, &hits);
    report.last_checked = time(&format!("2024-05-0{reports}T08:{minute:02}:00Z"));
    report.gathered_at = Some(time(&format!("2024-05-0{reports}T08:00:00Z")));
    report.request_id = Some(format!("request{reports}of{:x}", known.number));
    report.version = known.version.map(str::to_owned);
    report
}

/// Writes the clusters: two reports of each, and their names.
pub(super) async fn write_fleet(store: &Store) {
    for reports in 1..=2 {
        let reports: Vec<_> = CLUSTERS.iter().map(|known| report_of(known, reports)).collect();
        write(store, &reports).await;
    }
    let imported = CLUSTERS.iter().filter_map(|known| {
        let values = ImportedValues {
            display_name: Some(known.name?.to_owned()),
            is_managed: known.is_managed,
            status: Some("Active".to_owned()),
        };
        Some(((organization(known.owner), cluster(known.number)), values))
    });
    store.import_clusters(&imported.collect(), false, drop).await.expect("the names are imported");
}

/// Writes further clusters of both organizations, hit by all recommendations.
pub(super) async fn add_clusters(store: &Store) {
    let hits = [ETCD, PRESSURE, REGISTRY, MONITORING, STORAGE_CLASS, API_CERTIFICATE, WITHOUT_CONTENT, INTERNAL];
    let reports: Vec<_> = (0x1000..0x1100_u128)
        .map(|number| {
            let details = hits.map(|selector| (selector, details(selector, number)));
            let hits: Vec<_> = details.iter().map(|(selector, details)| (*selector, details.as_str())).collect();
            report(if number % 2 == 0 { OWN } else { FOREIGN }, number, &hits)
        })
        .collect();
    write(store, &reports).await;
}
