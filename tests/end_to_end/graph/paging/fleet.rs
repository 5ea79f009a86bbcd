//! Random fleets, and the expected lists of the graph over them.

use std::{
    cmp::{Ordering, Reverse},
    collections::{BTreeMap, BTreeSet},
};

use insights_results_aggregator::domain::{ClusterId, Report, Timestamp};
use proptest::{
    collection::{btree_map, btree_set},
    prelude::*,
    sample::select,
};
use semver::Version;

use crate::reports::{cluster, report, time};

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

/// A cluster: its first report, and its second one if that is later.
#[derive(Clone, Debug)]
pub(super) struct Stored {
    owner: u32,
    version: Option<&'static str>,
    checked: [usize; 2],
    hits: [BTreeSet<String>; 2],
}

pub(super) type Fleet = BTreeMap<ClusterId, Stored>;

pub(super) fn fleets() -> impl Strategy<Value = Fleet> {
    let owner = prop_oneof![1_u32..3, Just(u32::MAX)];
    // Characters of one to four bytes in upper and lower case, which are ordered by their bytes.
    let hits = || btree_set(r"[abZ_é𝄞]{1,2}\|[aB|é𝄞 ]{1,2}", 0..5);
    let times = 0..TIMES.len();
    let stored = (owner, select(&VERSIONS), [times.clone(), times], [hits(), hits()])
        .prop_map(|(owner, version, checked, hits)| Stored { owner, version, checked, hits });
    btree_map(any::<u128>().prop_map(cluster), stored, 1..9)
}

impl Stored {
    fn has_second(&self) -> bool {
        self.checked[1] > self.checked[0]
    }

    fn last(&self) -> usize {
        usize::from(self.has_second())
    }

    fn at(&self, number: usize) -> Timestamp {
        time(TIMES[self.checked[number]])
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
fn ranked<P: Ord>(items: &[(String, P, String)], parents: impl Iterator<Item = String>) -> BTreeMap<String, Vec<Row>> {
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

fn owners(fleet: &Fleet) -> BTreeSet<u32> {
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
    lists
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

fn around_clusters(fleet: &Fleet, list: &str) -> String {
    let uuids: Vec<_> = fleet.keys().map(|cluster| format!("\"{cluster}\"")).collect();
    format!("clusters(uuids: [{}]) {{ parent: uuid {list} }}", uuids.join(" "))
}

pub(super) fn rule_hits(fleet: &Fleet) -> List {
    let hits = |(cluster, stored): (&ClusterId, &Stored)| {
        let cluster = cluster.to_string();
        let hits = stored.hits[stored.last()].clone().into_iter();
        hits.map(move |hit| (cluster.clone(), hit.clone(), hit)).collect::<Vec<_>>()
    };
    List {
        around: around_clusters(fleet, "report { LIST }"),
        parents: "/clusters",
        path: "/report/list",
        field: "ruleHits",
        arguments: String::new(),
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
