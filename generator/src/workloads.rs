//! The workloads of a cluster, and the recommendations that apply to them.
//!
//! Nothing is stored: namespaces and objects follow from the seed and the cluster's index, and whether an object exists
//! from the number of the result. Uids stay the same from result to result.
//!
//! No name needs escaping in JSON.

use uuid::{Builder, Uuid};

use crate::{
    catalogue::Catalogue,
    random::{Purpose, SeededRng},
};

const NAMESPACES: &[&str] = &[
    "shop",
    "payments",
    "identity",
    "billing",
    "search-staging",
    "warehouse",
    "mail-relay",
    "ci-runners",
    "sensor-hub",
    "team-aurora",
    "gitops",
    "legacy-erp",
];
const NAMES: &[&str] = &[
    "cart",
    "ledger",
    "api",
    "worker",
    "frontend",
    "cache",
    "queue",
    "gateway",
    "search",
    "mailer",
    "scheduler",
    "exporter",
];
const KINDS: [&str; 3] = ["Deployment", "DaemonSet", "StatefulSet"];

/// The number of results for which an object exists, or does not, before that is drawn again.
const PERIOD: u32 = 4;

/// An object as a message lists it.
pub(crate) struct Object {
    pub(crate) namespace: &'static str,
    pub(crate) namespace_uid: Uuid,
    pub(crate) kind: &'static str,
    pub(crate) name: &'static str,
    pub(crate) uid: Uuid,
}

/// For each recommendation of the catalogue, the objects of a cluster to which it applies in its result of this number.
pub(crate) fn by_recommendation(seed: u64, cluster: u64, result: u32, catalogue: &Catalogue) -> Vec<Vec<Object>> {
    let recommendations = catalogue.workload_recommendations();
    let mut objects: Vec<Vec<Object>> = recommendations.iter().map(|_| vec![]).collect();
    let mut rng = SeededRng::new(seed, Purpose::Workloads, cluster, 0);
    // Nearly a third of the clusters have no findings.
    let namespaces = if rng.percent(30) { 0 } else { rng.within(&(1..=6)) };
    let first_name = rng.index_in(NAMESPACES);
    for number in 0..namespaces as usize {
        let subject = cluster << 8 | number as u64;
        let mut rng = SeededRng::new(seed, Purpose::Namespace, subject, 0);
        let namespace = NAMESPACES[(first_name + number) % NAMESPACES.len()];
        let namespace_uid = uuid(&mut rng);
        let count = rng.within(&(1..=8));
        let first_name = rng.index_in(NAMES);
        for number in 0..count as usize {
            let subject = subject << 8 | number as u64;
            let mut rng = SeededRng::new(seed, Purpose::Object, subject, 0);
            let name = NAMES[(first_name + number) % NAMES.len()];
            let (uid, kind) = (uuid(&mut rng), draw_kind(&mut rng));
            if !exists(seed, subject, result + rng.below(PERIOD)) {
                continue;
            }
            for (recommendation, objects) in recommendations.iter().zip(&mut objects) {
                // Drawn for each, so that a recommendation does not change what is drawn for the next.
                let applies = rng.percent(recommendation.percent);
                if applies && recommendation.kinds.iter().any(|applicable| applicable == kind) {
                    objects.push(Object { namespace, namespace_uid, kind, name, uid });
                }
            }
        }
    }
    objects
}

fn draw_kind(rng: &mut SeededRng) -> &'static str {
    match rng.below(10) {
        0..7 => KINDS[0],
        7..8 => KINDS[1],
        _ => KINDS[2],
    }
}

/// Whether an object exists in a result; `result` is its number, shifted so that not all objects change at once.
fn exists(seed: u64, subject: u64, result: u32) -> bool {
    SeededRng::new(seed, Purpose::ObjectPeriod, subject, u64::from(result / PERIOD)).percent(85)
}

fn uuid(rng: &mut SeededRng) -> Uuid {
    Builder::from_random_bytes(rng.bytes()).into_uuid()
}
