//! The rules for workload results.

use std::collections::BTreeMap;

use insights_results_aggregator::domain::{Details, ListedObject, WorkloadHit, WorkloadResult};

use super::{Cluster, DETAILS, Model, WORKLOADS, error_key, rule_fqdn, selector, time, uuid};
use crate::{
    harness::Tables,
    workloads::{WorkloadMessage, object},
};

/// Objects in some namespaces: with and without uids and names, and two with the same uid.
pub(crate) const OBJECTS: [&str; 8] = [
    "shop/Deployment/cart",
    "shop/DaemonSet/cart",
    "shop/Deployment/cart/",
    "shop/DaemonSet/cart/",
    "pay/Deployment/till",
    "pay/Deployment/🦀'--",
    "/StatefulSet/lost",
    "//",
];

/// Those of the details that are an object, and none.
pub(crate) const WORKLOAD_DETAILS: [Option<&str>; 5] = [DETAILS[0], DETAILS[1], DETAILS[2], DETAILS[4], DETAILS[5]];

/// The contents of a workload result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct WorkloadSpec {
    pub(crate) organization: u32,
    pub(crate) cluster: u16,
    /// When the rules ran, in minutes after a fixed time.
    pub(crate) minute: u32,
    /// The details of each rule, a JSON object, and its objects, as places in [`OBJECTS`] in the order of the message.
    pub(crate) hits: BTreeMap<u8, (Option<&'static str>, Vec<usize>)>,
}

impl WorkloadSpec {
    /// The result as the store takes it.
    pub(crate) fn result(&self) -> WorkloadResult {
        let hit = |(rule, (details, objects)): (&u8, &(Option<&'static str>, Vec<usize>))| WorkloadHit {
            selector: selector(*rule).parse().expect("a selector"),
            details: details.map(Details::from_checked),
            objects: objects.iter().map(|place| object(OBJECTS[*place])).collect(),
        };
        let organization = i64::from(self.organization).try_into().expect("an organization");
        let at = time(self.minute).parse().expect("a time");
        WorkloadResult::new(organization, uuid(self.cluster).into(), at, self.hits.iter().map(hit).collect())
    }

    /// The result as a message. Its time has more digits than the store keeps.
    pub(crate) fn message(&self) -> WorkloadMessage {
        let at = time(self.minute).replace('Z', "789Z");
        let mut message = WorkloadMessage::new(self.organization, &uuid(self.cluster).to_string(), &at);
        for (rule, (details, objects)) in &self.hits {
            let objects: Vec<_> = objects.iter().map(|place| OBJECTS[*place]).collect();
            message = message.hit(&rule_fqdn(*rule), &error_key(*rule), details.unwrap_or("null"), &objects);
        }
        message
    }

    /// The objects by namespace and rule; of those with the same uid, or without one and with the same kind and name, the
    /// first.
    fn namespaces(&self) -> BTreeMap<String, BTreeMap<u8, Vec<ListedObject>>> {
        let mut namespaces: BTreeMap<_, BTreeMap<_, Vec<ListedObject>>> = BTreeMap::new();
        for (rule, (_, objects)) in &self.hits {
            for listed in objects.iter().map(|place| object(OBJECTS[*place])) {
                let of_rule = namespaces.entry(listed.namespace_uid.clone()).or_default().entry(*rule).or_default();
                let identity = |of: &ListedObject| {
                    let name = of.uid.is_empty().then(|| (of.kind.clone(), of.name.clone()));
                    (of.uid.clone(), name)
                };
                if !of_rule.iter().any(|known| identity(known) == identity(&listed)) {
                    of_rule.push(listed);
                }
            }
        }
        namespaces
    }
}

impl Model {
    /// Applies a workload result if it is newer than the cluster's newest one; returns whether it is.
    pub(crate) fn apply_workloads(&mut self, workloads: &WorkloadSpec) -> bool {
        let rules = workloads.hits.keys().copied().collect();
        let result = (workloads.organization, workloads.cluster, workloads.minute);
        let Some(cluster) = self.accept(WORKLOADS, result, &rules) else { return false };
        let since = |uid: String| {
            let since = cluster.namespaces.get(&uid).copied().unwrap_or(workloads.minute);
            (uid, since)
        };
        cluster.namespaces = workloads.namespaces().into_keys().map(since).collect();
        cluster.workloads = Some(workloads.clone());
        true
    }
}

impl Cluster {
    /// Adds the lines of the present workloads.
    pub(super) fn add_workloads(&self, tables: &mut Tables) {
        let Some(workloads) = &self.workloads else { return };
        let hits = workloads.hits.iter().map(|(rule, (details, _))| self.hit_line(WORKLOADS, *rule, *details));
        tables.workload_hits.extend(hits);
        let (id, owner) = (uuid(self.number), self.organization);
        for (uid, by_rule) in workloads.namespaces() {
            // Names are those of the uids, so that all objects of a namespace have the same.
            let name = uid.strip_prefix("uid-of-").unwrap_or_default();
            let since = time(self.namespaces[&uid]);
            tables.namespaces.insert(format!("{id} {uid:?} {owner} {name:?} {since}"));
            for (rule, listed) in by_rule {
                let line = |ListedObject { kind, name, uid: own, .. }: ListedObject| {
                    format!("{id} {uid:?} {} {owner} {kind}/{name}/{own}", selector(rule))
                };
                tables.objects.extend(listed.into_iter().map(line));
            }
        }
    }
}
