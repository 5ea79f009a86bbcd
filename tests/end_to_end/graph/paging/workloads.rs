//! The expected lists of namespaces, their recommendations and objects.

use std::collections::{BTreeMap, BTreeSet};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use insights_results_aggregator::domain::{ClusterId, TotalRisk, WorkloadResult};

use super::fleet::{Fleet, List, Stored, around_clusters, directed, facts_of, owners, ranked};
use crate::workloads::workloads;

/// The workload results of all clusters.
pub(super) fn results(fleet: &Fleet) -> Vec<WorkloadResult> {
    let result = |(cluster, stored): (&ClusterId, &Stored)| {
        let notation = |(namespace, object): &(&str, &str)| format!("{namespace}/{object}");
        let hits: Vec<(&str, Vec<String>)> = stored
            .workloads
            .iter()
            .map(|(selector, objects)| (selector.as_str(), objects.iter().map(notation).collect()))
            .collect();
        let objects: Vec<Vec<&str>> =
            hits.iter().map(|(_, objects)| objects.iter().map(String::as_str).collect()).collect();
        let hits: Vec<_> =
            hits.iter().zip(&objects).map(|((selector, _), objects)| (*selector, "{}", objects.as_slice())).collect();
        workloads(stored.owner, cluster.uuid().as_u128(), stored.at(1), &hits)
    };
    fleet.iter().map(result).collect()
}

/// A namespace of the fleet, with the recommendations that are shown and the objects to which each applies.
struct Namespace<'a> {
    cluster: ClusterId,
    stored: &'a Stored,
    uid: String,
    name: &'static str,
    shown: BTreeMap<&'a str, BTreeSet<Object>>,
}

/// Kind, name and uid.
type Object = (&'static str, &'static str, String);

fn uid(name: &str) -> String {
    if name.is_empty() { String::new() } else { format!("uid-of-{name}") }
}

impl<'a> Namespace<'a> {
    fn of(cluster: ClusterId, stored: &'a Stored, name: &'static str) -> Self {
        let mut shown: BTreeMap<&str, BTreeSet<Object>> = BTreeMap::new();
        for (selector, listed) in stored.workloads.iter().filter(|(selector, _)| !stored.hides(selector)) {
            for (_, object) in listed.iter().filter(|(of, _)| *of == name) {
                let (kind, name) = object.split_once('/').expect("kind/name");
                let objects = shown.entry(selector).or_default();
                // Of two objects with the same uid, the first one is stored.
                if name.is_empty() || objects.iter().all(|(_, other, _)| *other != name) {
                    objects.insert((kind, name, uid(name)));
                }
            }
        }
        Self { cluster, stored, uid: uid(name), name, shown }
    }

    fn all(fleet: &'a Fleet) -> Vec<Self> {
        let of = |(cluster, stored): (&ClusterId, &'a Stored)| {
            let names: BTreeSet<_> = stored.workloads.values().flatten().map(|(name, _)| *name).collect();
            let cluster = *cluster;
            names.into_iter().map(move |name| Self::of(cluster, stored, name)).collect::<Vec<_>>()
        };
        fleet.iter().flat_map(of).collect()
    }

    fn id(&self) -> String {
        let Self { cluster, stored, uid, .. } = self;
        URL_SAFE_NO_PAD.encode(format!("1:Namespace:{}:{cluster}:{uid}", stored.owner))
    }

    fn objects(&self) -> usize {
        let key = |(kind, name, uid): &Object| {
            if uid.is_empty() { format!("{kind}/{name}") } else { uid.clone() }
        };
        self.shown.values().flatten().map(key).collect::<BTreeSet<_>>().len()
    }

    fn total_risk(&self) -> Option<TotalRisk> {
        self.shown.keys().filter_map(|selector| Some(facts_of(selector)?.total_risk())).max()
    }
}

pub(super) fn lists(fleet: &Fleet) -> Vec<List> {
    let namespaces = Namespace::all(fleet);
    let mut lists = Vec::new();
    for (of_clusters, directions) in [(false, &[false, true][..]), (true, &[true])] {
        lists.push(namespaces_by(fleet, &namespaces, of_clusters, "", |namespace| namespace.name));
        for &descending in directions {
            let order = |field| format!("{{field: {field}, direction: {}}}", if descending { "DESC" } else { "ASC" });
            let mut add = |field, value: &dyn Fn(&Namespace<'_>) -> Option<String>| {
                let sort_key = |namespace: &Namespace<'_>| directed(value(namespace), descending);
                lists.push(namespaces_by(fleet, &namespaces, of_clusters, &order(field), sort_key));
            };
            add("NAME", &|namespace| Some(namespace.name.to_owned()));
            add("CLUSTER", &|namespace| Some(namespace.stored.sort_name(namespace.cluster)));
            add("LAST_CHECKED", &|namespace| Some(namespace.stored.at(1).to_string()));
            add("RECOMMENDATIONS", &|namespace| Some(format!("{:05}", namespace.shown.len())));
            add("OBJECTS", &|namespace| Some(format!("{:05}", namespace.objects())));
            add("TOTAL_RISK", &|namespace| namespace.total_risk().map(|risk| format!("{}", risk as u8)));
        }
    }
    lists.push(recommendations(&namespaces));
    let most = namespaces.iter().max_by_key(|namespace| namespace.objects());
    lists.extend(most.map(objects));
    lists
}

fn namespaces_by<P: Ord>(
    fleet: &Fleet,
    namespaces: &[Namespace<'_>],
    of_clusters: bool,
    order: &str,
    sort_key: impl Fn(&Namespace<'_>) -> P,
) -> List {
    let item = |namespace: &Namespace<'_>| {
        let Namespace { cluster, stored, uid, .. } = namespace;
        let parent = if of_clusters { cluster.to_string() } else { stored.owner.to_string() };
        (parent, (sort_key(namespace), *cluster, uid.clone()), uid.clone())
    };
    let items: Vec<_> = namespaces.iter().map(item).collect();
    let parents: Vec<_> = if of_clusters {
        fleet.keys().map(ToString::to_string).collect()
    } else {
        owners(fleet).into_iter().map(|owner| owner.to_string()).collect()
    };
    List {
        around: if of_clusters {
            around_clusters(fleet, "LIST")
        } else {
            "organizations(first: 100) { nodes { parent: orgId LIST } }".to_owned()
        },
        parents: if of_clusters { "/clusters" } else { "/organizations/nodes" },
        path: "/list",
        field: "namespaces",
        arguments: if order.is_empty() { String::new() } else { format!("orderBy: {order}") },
        key: &["uid"],
        rows: ranked(&items, parents.into_iter()),
    }
}

fn recommendations(namespaces: &[Namespace<'_>]) -> List {
    let ids: Vec<_> = namespaces.iter().map(Namespace::id).collect();
    let of = |namespace: &Namespace<'_>| {
        let id = namespace.id();
        let item = |selector: &&str| (id.clone(), (*selector).to_owned(), (*selector).to_owned());
        namespace.shown.keys().map(item).collect::<Vec<_>>()
    };
    let items: Vec<_> = namespaces.iter().flat_map(of).collect();
    List {
        around: format!("nodes(ids: {ids:?}) {{ ... on Namespace {{ parent: id LIST }} }}"),
        parents: "/nodes",
        path: "/list",
        field: "recommendations",
        arguments: String::new(),
        key: &["selector"],
        rows: ranked(&items, ids.into_iter()),
    }
}

fn objects(namespace: &Namespace<'_>) -> List {
    let of = |(selector, objects): (&&str, &BTreeSet<Object>)| {
        let selector = (*selector).to_owned();
        let item = |(kind, name, uid): &Object| (selector.clone(), (*kind, *name), format!("{kind} {name} {uid}"));
        objects.iter().map(item).collect::<Vec<_>>()
    };
    let items: Vec<_> = namespace.shown.iter().flat_map(of).collect();
    let id = namespace.id();
    List {
        around: format!(
            "node(id: {id:?}) {{ ... on Namespace {{ recommendations(first: 100) {{ nodes {{ parent: selector LIST }} }} }} }}"
        ),
        parents: "/node/recommendations/nodes",
        path: "/list",
        field: "objects",
        arguments: String::new(),
        key: &["kind", "name", "uid"],
        rows: ranked(&items, namespace.shown.keys().map(|selector| (*selector).to_owned())),
    }
}
