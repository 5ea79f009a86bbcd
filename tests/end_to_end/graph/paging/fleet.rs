//! Random fleets, and the expected lists of the graph over them.

use std::{
    cmp::{Ordering, Reverse},
    collections::{BTreeMap, BTreeSet},
};

use insights_results_aggregator::{
    domain::{ClusterId, Level, RecommendationFacts, Report, Timestamp, TotalRisk},
    store::{ImportKey, ImportedValues},
};
use proptest::{
    collection::{btree_map, btree_set},
    option,
    prelude::*,
    sample::select,
};
use semver::Version;

use crate::reports::{cluster, organization, report, time};

/// Few, so that clusters have equal times; with and without fraction, because SQLite stores times as text.
const TIMES: [&str; 5] = [
    "2024-05-02T08:00:00Z",
    "2024-05-02T08:00:00.5Z",
    "2024-05-02T08:00:00.500001Z",
    "2024-05-02T08:00:01Z",
    "2024-05-02T08:00:01.000001Z",
];
/// Versions whose order is not that of their text, equal ones, and invalid ones.
const VERSIONS: [Option<&str>; 9] = [
    None,
    Some("latest"),
    Some("4.16"),
    Some("4.9.10"),
    Some("4.10.0-rc.2"),
    Some("4.10.0-rc.10"),
    Some("4.10.0"),
    Some("4.10.0+build"),
    Some("4.10.2"),
];

/// Names that are equal in lower case, that are ordered by UUID, and that SQL does not know the lower case of.
const NAMES: [Option<&str>; 8] =
    [None, Some("shop"), Some("Shop"), Some("SHOP 2"), Some("Ärger"), Some("ärger"), Some("8"), Some("🦀%_\\")];
/// Names of namespaces, and objects in the notation of [`crate::workloads::object`], in the order of kinds and names.
const NAMESPACES: [&str; 5] = ["", "B", "a", "a-b", "é"];
const OBJECTS: [&str; 5] = ["Pod/a", "Pod/a-b", "Pod-x/a", "Pod-x/é", "é/"];
const DESCRIPTIONS: [&str; 4] = ["It fails", "it fails", "Écrit", ""];
const LEVELS: [Level; 4] = [Level::Low, Level::Medium, Level::High, Level::Critical];

/// A cluster: its first report, and its second one if that is later.
#[derive(Clone, Debug)]
pub(super) struct Stored {
    pub(super) owner: u32,
    version: Option<&'static str>,
    imported: Option<Imported>,
    checked: [usize; 2],
    hits: [BTreeSet<String>; 2],
    /// The objects to which recommendations apply, each with its namespace.
    pub(super) workloads: BTreeMap<String, BTreeSet<(&'static str, &'static str)>>,
}

pub(super) type Fleet = BTreeMap<ClusterId, Stored>;

/// A name, and whether the cluster is managed.
type Imported = (Option<&'static str>, bool);

pub(super) fn fleets() -> impl Strategy<Value = Fleet> {
    let owner = prop_oneof![1_u32..3, Just(u32::MAX)];
    // Characters of one to four bytes in upper and lower case, which are ordered by their bytes.
    let hits = || btree_set(r"[abZ_é𝄞]{1,2}\|[aB|é𝄞 ]{1,2}", 0..5);
    let times = 0..TIMES.len();
    let imported = option::of((select(&NAMES), any::<bool>()));
    let objects = btree_set((select(&NAMESPACES), select(&OBJECTS)), 0..6);
    let workloads = btree_map(r"[ab𝄞]\|[aB|é]{1,2}", objects, 0..4);
    let stored = (owner, select(&VERSIONS), imported, [times.clone(), times], [hits(), hits()], workloads).prop_map(
        |(owner, version, imported, checked, hits, workloads)| Stored {
            owner,
            version,
            imported,
            checked,
            hits,
            workloads,
        },
    );
    btree_map(any::<u128>().prop_map(cluster), stored, 1..9)
}

impl Stored {
    fn has_second(&self) -> bool {
        self.checked[1] > self.checked[0]
    }

    fn last(&self) -> usize {
        usize::from(self.has_second())
    }

    pub(super) fn at(&self, number: usize) -> Timestamp {
        time(TIMES[self.checked[number]])
    }

    /// Whether hits of a recommendation are hidden.
    pub(super) fn hides(&self, hit: &str) -> bool {
        let is_managed = self.imported.is_some_and(|(_, is_managed)| is_managed);
        is_managed && facts_of(hit).is_some_and(|facts| !facts.is_for_managed)
    }

    /// The selectors of the hits that are shown.
    fn shown(&self) -> Vec<&str> {
        self.hits[self.last()].iter().map(String::as_str).filter(|hit| !self.hides(hit)).collect()
    }

    /// The number of shown hits of a risk.
    fn count(&self, risk: TotalRisk) -> usize {
        let is_of = |hit: &&str| facts_of(hit).is_some_and(|facts| facts.total_risk() == risk);
        self.shown().into_iter().filter(is_of).count()
    }

    pub(super) fn sort_name(&self, cluster: ClusterId) -> String {
        let name = self.imported.and_then(|(name, _)| name);
        name.map_or_else(|| cluster.to_string(), str::to_lowercase)
    }

    /// The events as time, kind and selector.
    fn history(&self) -> Vec<(Timestamp, &'static str, &str)> {
        let [first, second] = &self.hits;
        let mut events: Vec<_> = first.iter().map(|hit| (self.at(0), "OPENED", hit.as_str())).collect();
        if self.has_second() {
            events.extend(first.difference(second).map(|hit| (self.at(1), "CLOSED", hit.as_str())));
            events.extend(second.difference(first).map(|hit| (self.at(1), "OPENED", hit.as_str())));
        }
        events
    }
}

/// The first reports, and the second ones.
pub(super) fn reports(fleet: &Fleet) -> [Vec<Report>; 2] {
    let of = |number: usize| {
        let stored = fleet.iter().filter(|(_, stored)| number == 0 || stored.has_second());
        let reports = stored.map(|(cluster, stored)| {
            let hits: Vec<_> = stored.hits[number].iter().map(|selector| (selector.as_str(), "")).collect();
            let mut written = report(stored.owner, cluster.uuid().as_u128(), &hits);
            written.last_checked = stored.at(number);
            written.version = stored.version.map(str::to_owned);
            written
        });
        reports.collect()
    };
    [of(0), of(1)]
}

/// What is imported.
pub(super) fn imported(fleet: &Fleet) -> BTreeMap<ImportKey, ImportedValues> {
    let imported = fleet.iter().filter_map(|(cluster, stored)| {
        let (name, is_managed) = stored.imported?;
        let values = ImportedValues { display_name: name.map(str::to_owned), is_managed, status: None };
        Some(((organization(stored.owner), *cluster), values))
    });
    imported.collect()
}

/// The facts of all recommendations that have some.
pub(super) fn facts(fleet: &Fleet) -> Vec<RecommendationFacts> {
    let of = |stored: &'_ Stored| -> Vec<String> {
        stored.hits.iter().flatten().chain(stored.workloads.keys()).cloned().collect()
    };
    let hits: BTreeSet<_> = fleet.values().flat_map(of).collect();
    hits.iter().filter_map(|hit| facts_of(hit)).collect()
}

/// Facts that follow from the selector, with ties and nulls; none for a fifth of them.
pub(super) fn facts_of(selector: &str) -> Option<RecommendationFacts> {
    let number = selector.bytes().map(usize::from).sum::<usize>();
    (number % 5 > 0).then(|| RecommendationFacts {
        selector: selector.parse().expect("a selector"),
        impact: LEVELS[number % 4],
        likelihood: LEVELS[number % 3],
        risk_of_change: None,
        is_for_managed: number.is_multiple_of(2),
        published_at: (number % 7 > 2).then(|| time(TIMES[number % TIMES.len()])),
        description: DESCRIPTIONS[number % DESCRIPTIONS.len()].to_owned(),
    })
}

/// An expected list of the graph.
pub(super) struct List {
    /// The query of all parents, with `LIST` where the list is selected.
    pub(super) around: String,
    /// The JSON pointer to the parents in the response's data.
    pub(super) parents: &'static str,
    /// The JSON pointer to the list in a parent.
    pub(super) path: &'static str,
    pub(super) field: &'static str,
    /// The arguments, without those of the page.
    pub(super) arguments: String,
    /// The fields that make up a node's key.
    pub(super) key: &'static [&'static str],
    /// The rows of each parent in their order.
    pub(super) rows: BTreeMap<String, Vec<Row>>,
}

/// An item of a list. Its rank is its position among the items of all parents. Items with the same cursor have the same
/// rank.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) rank: usize,
    pub(super) key: String,
}

/// Orders each parent's items by their sort keys; items are parent, sort key and node key.
pub(super) fn ranked<P: Ord>(
    items: &[(String, P, String)],
    parents: impl Iterator<Item = String>,
) -> BTreeMap<String, Vec<Row>> {
    let sort_keys: BTreeSet<&P> = items.iter().map(|(_, sort_key, _)| sort_key).collect();
    let rank: BTreeMap<&P, usize> =
        sort_keys.into_iter().enumerate().map(|(rank, sort_key)| (sort_key, rank)).collect();
    let mut rows: BTreeMap<String, Vec<Row>> = parents.map(|parent| (parent, Vec::new())).collect();
    for (parent, sort_key, key) in items {
        let row = Row { rank: rank[sort_key], key: key.clone() };
        rows.entry(parent.clone()).or_default().push(row);
    }
    for rows in rows.values_mut() {
        rows.sort_by_key(|row| row.rank);
    }
    rows
}

pub(super) fn owners(fleet: &Fleet) -> BTreeSet<u32> {
    fleet.values().map(|stored| stored.owner).collect()
}

pub(super) fn organizations(fleet: &Fleet) -> List {
    let items: Vec<_> = owners(fleet).into_iter().map(|owner| (String::new(), owner, owner.to_string())).collect();
    List {
        around: "LIST".to_owned(),
        parents: "",
        path: "/list",
        field: "organizations",
        arguments: String::new(),
        key: &["orgId"],
        rows: ranked(&items, [String::new()].into_iter()),
    }
}

/// The sort key of a version. Invalid versions are last in both directions.
#[derive(PartialEq, Eq)]
struct ByVersion {
    version: Option<Version>,
    descending: bool,
}

impl Ord for ByVersion {
    fn cmp(&self, other: &Self) -> Ordering {
        match (&self.version, &other.version) {
            (Some(one), Some(another)) if self.descending => another.cmp_precedence(one),
            (Some(one), Some(another)) => one.cmp_precedence(another),
            (one, another) => one.is_none().cmp(&another.is_none()),
        }
    }
}

impl PartialOrd for ByVersion {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// The list of clusters in the default order and in each other order.
pub(super) fn clusters(fleet: &Fleet) -> Vec<List> {
    let mut lists = vec![clusters_by(fleet, "", |cluster, _| cluster)];
    lists.push(clusters_by(fleet, "{field: UUID, direction: ASC}", |cluster, _| cluster));
    lists.push(clusters_by(fleet, "{field: UUID, direction: DESC}", |cluster, _| Reverse(cluster)));
    lists.push(clusters_by(fleet, "{field: LAST_CHECKED, direction: ASC}", |cluster, stored| {
        (stored.at(stored.last()), cluster)
    }));
    lists.push(clusters_by(fleet, "{field: LAST_CHECKED, direction: DESC}", |cluster, stored| {
        (Reverse(stored.at(stored.last())), cluster)
    }));
    for (order, descending) in
        [("{field: VERSION, direction: ASC}", false), ("{field: VERSION, direction: DESC}", true)]
    {
        lists.push(clusters_by(fleet, order, |cluster, stored| {
            let version = stored.version.and_then(|text| Version::parse(text).ok());
            (ByVersion { version, descending }, cluster)
        }));
    }
    lists.extend(both_ways(fleet, "NAME", |cluster, stored| stored.sort_name(cluster)));
    lists.extend(both_ways(fleet, "HITS", |_, stored| stored.shown().len()));
    let by_risk = [
        ("CRITICAL", TotalRisk::Critical),
        ("IMPORTANT", TotalRisk::Important),
        ("MODERATE", TotalRisk::Moderate),
        ("LOW", TotalRisk::Low),
    ];
    lists.extend(by_risk.into_iter().flat_map(|(field, risk)| both_ways(fleet, field, |_, stored| stored.count(risk))));
    lists.extend(both_ways(fleet, "TOTAL_RISK", |_, stored| by_risk.map(|(_, risk)| stored.count(risk))));
    lists
}

/// The lists in either direction of a field without nulls.
fn both_ways<P: Ord>(fleet: &Fleet, field: &str, value: impl Fn(ClusterId, &Stored) -> P) -> [List; 2] {
    let order = |direction| format!("{{field: {field}, direction: {direction}}}");
    [
        clusters_by(fleet, &order("ASC"), |cluster, stored| (value(cluster, stored), cluster)),
        clusters_by(fleet, &order("DESC"), |cluster, stored| (Reverse(value(cluster, stored)), cluster)),
    ]
}

fn clusters_by<P: Ord>(fleet: &Fleet, order: &str, sort_key: impl Fn(ClusterId, &Stored) -> P) -> List {
    let item = |(cluster, stored): (&ClusterId, &Stored)| {
        (stored.owner.to_string(), sort_key(*cluster, stored), cluster.to_string())
    };
    List {
        around: "organizations(first: 100) { nodes { parent: orgId LIST } }".to_owned(),
        parents: "/organizations/nodes",
        path: "/list",
        field: "clusters",
        arguments: if order.is_empty() { String::new() } else { format!("orderBy: {order}") },
        key: &["uuid"],
        rows: ranked(
            &fleet.iter().map(item).collect::<Vec<_>>(),
            owners(fleet).into_iter().map(|owner| owner.to_string()),
        ),
    }
}

pub(super) fn around_clusters(fleet: &Fleet, list: &str) -> String {
    let uuids: Vec<_> = fleet.keys().map(|cluster| format!("\"{cluster}\"")).collect();
    format!("clusters(uuids: [{}]) {{ parent: uuid {list} }}", uuids.join(" "))
}

/// The list of hits in the default order and in each other order.
pub(super) fn rule_hits(fleet: &Fleet) -> Vec<List> {
    let selector = |_: &Stored, hit: &str| hit.to_owned();
    let mut lists = vec![rule_hits_by(fleet, "", selector)];
    for descending in [false, true] {
        let order = |field| format!("{{field: {field}, direction: {}}}", if descending { "DESC" } else { "ASC" });
        lists.push(rule_hits_by(fleet, &order("SELECTOR"), |_, hit| directed(Some(hit.to_owned()), descending)));
        let since = |stored: &Stored, hit: &str| {
            let is_old = stored.has_second() && stored.hits[0].contains(hit);
            stored.at(if is_old { 0 } else { stored.last() })
        };
        lists.push(rule_hits_by(fleet, &order("IMPACTED_SINCE"), |stored, hit| {
            (directed(Some(since(stored, hit)), descending), hit.to_owned())
        }));
        lists.push(rule_hits_by(fleet, &order("TOTAL_RISK"), |_, hit| {
            (directed(facts_of(hit).map(|facts| facts.total_risk()), descending), hit.to_owned())
        }));
        lists.push(rule_hits_by(fleet, &order("DESCRIPTION"), |_, hit| {
            (directed(facts_of(hit).map(|facts| facts.description), descending), hit.to_owned())
        }));
        lists.push(rule_hits_by(fleet, &order("PUBLISHED"), |_, hit| {
            (directed(facts_of(hit).and_then(|facts| facts.published_at), descending), hit.to_owned())
        }));
    }
    lists
}

/// A sort key with unknown values last in either direction.
pub(super) fn directed<T: Ord>(value: Option<T>, descending: bool) -> (bool, Option<Reverse<T>>, Option<T>) {
    let is_unknown = value.is_none();
    if descending { (is_unknown, value.map(Reverse), None) } else { (is_unknown, None, value) }
}

fn rule_hits_by<P: Ord>(fleet: &Fleet, order: &str, sort_key: impl Fn(&Stored, &str) -> P) -> List {
    let hits = |(cluster, stored): (&ClusterId, &Stored)| {
        let hit = |hit: &str| (cluster.to_string(), sort_key(stored, hit), hit.to_owned());
        stored.shown().into_iter().map(hit).collect::<Vec<_>>()
    };
    List {
        around: around_clusters(fleet, "report { LIST }"),
        parents: "/clusters",
        path: "/report/list",
        field: "ruleHits",
        arguments: if order.is_empty() { String::new() } else { format!("orderBy: {order}") },
        key: &["selector"],
        rows: ranked(&fleet.iter().flat_map(hits).collect::<Vec<_>>(), fleet.keys().map(ToString::to_string)),
    }
}

pub(super) fn history(fleet: &Fleet) -> List {
    let events = |(cluster, stored): (&ClusterId, &Stored)| {
        let event = |(at, kind, hit): (Timestamp, &'static str, &str)| {
            let sort_key = (Reverse(at), kind, hit.to_owned());
            (cluster.to_string(), sort_key, format!("{kind} {at} {hit}"))
        };
        stored.history().into_iter().map(event).collect::<Vec<_>>()
    };
    List {
        around: around_clusters(fleet, "LIST"),
        parents: "/clusters",
        path: "/list",
        field: "history",
        arguments: String::new(),
        key: &["kind", "at", "selector"],
        rows: ranked(&fleet.iter().flat_map(events).collect::<Vec<_>>(), fleet.keys().map(ToString::to_string)),
    }
}
