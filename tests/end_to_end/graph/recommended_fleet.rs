//! A random fleet with rule content, and a second implementation of what lists of recommendations and summaries show.

use std::{
    cmp::Ordering,
    collections::{BTreeMap, BTreeSet},
};

use insights_results_aggregator::store::ImportedValues;
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use super::*;
use crate::{
    content_files::{ContentFolder, FOR_MANAGED, RecommendationFiles},
    harness::each_database,
    model::seed,
    reports::{cluster, organization, report, time},
};

pub(super) const ORGANIZATIONS: u32 = 2;
const CLUSTERS: u32 = 7;
const VERSIONS: [Option<&str>; 6] =
    [None, Some("4.9.1"), Some("4.10.0-rc.1"), Some("4.10.0"), Some("4.10.0"), Some("x")];
/// Impacts by level, as in the files of content.
const IMPACTS: [&str; 4] = ["Slow", "Drift", "Outage", "Data Loss"];
const RISKS_OF_CHANGE: [&str; 4] = ["Retry", "Restart", "Rebuild", "Rollback"];
const DESCRIPTIONS: [&str; 6] = ["Ärger mit Straße", "disk", "Disk", "z % _ \\ '\"", "disk", "ÉTCD {{=pydata.name}}"];

/// A recommendation of the fleet.
#[derive(Clone, Debug)]
pub(super) struct Known {
    pub(super) selector: String,
    pub(super) content: Option<Content>,
}

/// What the content says of it.
#[derive(Clone, Debug)]
pub(super) struct Content {
    pub(super) rule_name: String,
    pub(super) description: &'static str,
    pub(super) impact: usize,
    pub(super) likelihood: usize,
    pub(super) risk_of_change: Option<usize>,
    pub(super) published: Option<&'static str>,
    pub(super) tags: Vec<&'static str>,
    pub(super) is_active: bool,
}

impl Content {
    pub(super) fn total_risk(&self) -> usize {
        self.impact.midpoint(self.likelihood)
    }

    /// The keys of categories, whose names are in the same order.
    pub(super) fn categories(&self) -> BTreeSet<&'static str> {
        self.tags.iter().copied().filter(|tag| ["performance", "security"].contains(tag)).collect()
    }
}

/// A cluster of the fleet.
#[derive(Clone, Debug)]
pub(super) struct Owned {
    pub(super) number: u32,
    pub(super) owner: u32,
    pub(super) version: Option<&'static str>,
    pub(super) is_managed: bool,
    /// Places of recommendations, each with the minute since when it has hit the cluster.
    pub(super) hits: BTreeMap<usize, u32>,
    pub(super) minute: u32,
}

impl Owned {
    pub(super) fn uuid(&self) -> String {
        cluster(self.number.into()).to_string()
    }
}

/// The fleet.
#[derive(Clone, Debug)]
pub(super) struct Recommended {
    pub(super) recommendations: Vec<Known>,
    pub(super) clusters: Vec<Owned>,
}

struct Random(ChaCha8Rng);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0.next_u32() as usize % bound
    }

    fn one_in(&mut self, count: usize) -> bool {
        self.below(count) == 0
    }
}

pub(super) fn minute(minute: u32) -> String {
    format!("2024-05-02T08:{minute:02}:00.000000Z")
}

impl Recommended {
    pub(super) fn random() -> Self {
        let mut random = Random(ChaCha8Rng::seed_from_u64(seed()));
        let names =
            ["external.alpha", "external.Beta", "internal.gamma", "external.delta", "ocs.epsilon", "external.zeta"];
        let selectors = names.iter().flat_map(|name| ["KEY", "Other"].map(|key| format!("ccx.{name}|{key}")));
        let recommendations: Vec<_> = selectors
            .map(|selector| {
                let content = (!random.one_in(5)).then(|| Content {
                    rule_name: format!("Rule of {}", selector.split('|').next().unwrap_or_default()),
                    description: DESCRIPTIONS[random.below(DESCRIPTIONS.len())],
                    impact: 1 + random.below(4),
                    likelihood: 1 + random.below(4),
                    risk_of_change: (!random.one_in(3)).then(|| 1 + random.below(4)),
                    published: [None, Some("2024-04-08 00:42:00"), Some("2023-04-08 00:42:00")][random.below(3)],
                    tags: [FOR_MANAGED, "security", "performance", "other"]
                        .into_iter()
                        .filter(|_| random.one_in(2))
                        .collect(),
                    is_active: !random.one_in(3),
                });
                Known { selector, content }
            })
            .collect();
        let clusters = (1..=CLUSTERS).map(|number| {
            let hits = (0..recommendations.len()).filter_map(|place| {
                let since = u32::try_from(1 + random.below(2)).expect("small");
                random.one_in(3).then_some((place, since))
            });
            let hits: BTreeMap<_, _> = hits.collect();
            Owned {
                number,
                owner: 1 + number % ORGANIZATIONS,
                version: VERSIONS[random.below(VERSIONS.len())],
                is_managed: random.one_in(3),
                hits,
                minute: u32::try_from(2 + random.below(2)).expect("small"),
            }
        });
        let clusters = clusters.collect();
        Self { recommendations, clusters }
    }

    /// The graph over the fleet, on each database.
    pub(super) async fn graphs(&self) -> Vec<(Graph, Database)> {
        let mut graphs = Vec::new();
        for database in each_database().await {
            let store = database.store().await;
            for at in 1..=3 {
                let reports: Vec<_> = self.clusters.iter().filter_map(|owned| self.report(owned, at)).collect();
                write(&store, &reports).await;
            }
            let imported = self.clusters.iter().map(|owned| {
                let key = (organization(owned.owner), cluster(owned.number.into()));
                (key, ImportedValues { display_name: None, is_managed: owned.is_managed, status: None })
            });
            store.import_clusters(&imported.collect(), false, drop).await.expect("imported");
            let content = self.files().load_into(&store).await;
            graphs.push((Graph::with_content(store, content, &default_config().limits), database));
        }
        graphs
    }

    fn files(&self) -> ContentFolder {
        let folder = ContentFolder::new();
        for Known { selector, content } in &self.recommendations {
            let Some(content) = content else { continue };
            folder.write(&RecommendationFiles {
                selector,
                rule_name: &content.rule_name,
                description: content.description,
                impact: IMPACTS[content.impact - 1],
                likelihood: content.likelihood,
                risk_of_change: content.risk_of_change.map(|risk| RISKS_OF_CHANGE[risk - 1]),
                published: content.published,
                is_active: content.is_active,
                tags: &content.tags,
            });
        }
        folder
    }

    /// The report at a minute: the first one, or the last one if it is the third.
    fn report(&self, owned: &Owned, at: u32) -> Option<Report> {
        let hits = owned.hits.iter().filter(|(_, since)| **since <= at);
        let hits: Vec<_> =
            hits.map(|(place, _)| (self.recommendations[*place].selector.as_str(), "{\"a\": 1}")).collect();
        let mut report = report(owned.owner, owned.number.into(), &hits);
        report.last_checked = time(&minute(at));
        report.version = owned.version.map(str::to_owned);
        (at <= 2 || owned.minute == at).then_some(report)
    }

    /// The clusters of an organization, or of all, that a recommendation hits, as a viewer sees them.
    pub(super) fn impacted(&self, place: usize, of: Option<u32>, sees_internal: bool) -> Vec<&Owned> {
        let known = &self.recommendations[place];
        let is_internal = known.selector.contains(".internal.") || known.selector.contains(".ocs.");
        let is_for_managed = known.content.as_ref().is_none_or(|content| content.tags.contains(&FOR_MANAGED));
        let is_shown = |owned: &&Owned| {
            owned.hits.contains_key(&place)
                && of.is_none_or(|of| of == owned.owner)
                && (sees_internal || !is_internal)
                && (is_for_managed || !owned.is_managed)
        };
        self.clusters.iter().filter(is_shown).collect()
    }

    /// The places of the recommendations that are listed, by selector.
    pub(super) fn listed(
        &self,
        of: Option<u32>,
        sees_internal: bool,
        includes_inactive: bool,
    ) -> impl Iterator<Item = (usize, &Known)> {
        let mut listed: Vec<_> = self.recommendations.iter().enumerate().collect();
        listed.sort_by(|(_, a), (_, b)| a.selector.cmp(&b.selector));
        listed.into_iter().filter(move |(place, known)| {
            let is_internal = known.selector.contains(".internal.") || known.selector.contains(".ocs.");
            let hits = !self.impacted(*place, of, sees_internal).is_empty();
            let by_content =
                known.content.as_ref().is_some_and(|content| content.is_active || includes_inactive || hits);
            (sees_internal || !is_internal) && (by_content || hits)
        })
    }
}

/// Compares values in a direction, with unknown ones last.
pub(super) fn directed<T: Ord>(a: Option<T>, b: Option<T>, descending: bool) -> Ordering {
    match (a, b) {
        (Some(a), Some(b)) if descending => b.cmp(&a),
        (Some(a), Some(b)) => a.cmp(&b),
        (a, b) => b.is_some().cmp(&a.is_some()),
    }
}

/// Who reads, and for which organization: a query that begins with `{`, and what the model needs to know.
pub(super) struct Reader {
    pub(super) viewer: Viewer,
    /// What is before and after the list in a query.
    pub(super) around: [&'static str; 2],
    /// The list in the answer.
    pub(super) pointer: &'static str,
    pub(super) of: Option<u32>,
    pub(super) sees_internal: bool,
}

/// Without authentication, over the root and over an organization; and members.
pub(super) fn readers() -> [Reader; 4] {
    let member = Viewer::member_of(organization(1));
    let root = ["{ list: ", "}"];
    let of_second = [r#"{ organization(orgId: "2") { list: "#, "} }"];
    let reader = |viewer, around, of, sees_internal| {
        let pointer = if around == root { "/data/list" } else { "/data/organization/list" };
        Reader { viewer, around, pointer, of, sees_internal }
    };
    [
        reader(Viewer::unrestricted(), root, None, true),
        reader(Viewer::unrestricted(), of_second, Some(2), true),
        reader(member.clone(), root, Some(1), false),
        reader(member.seeing_internal(), root, Some(1), true),
    ]
}

impl Reader {
    /// The list that a selection of it returns.
    pub(super) async fn list(&self, graph: &Graph, list: &str) -> Value {
        let query = format!("{}{list}{}", self.around[0], self.around[1]);
        let answer = graph.query_as(self.viewer.clone(), &query, json!({})).await;
        assert_eq!(answer.get("errors"), None, "{query}: {answer}");
        answer.pointer(self.pointer).expect("a list").clone()
    }

    /// Walks a list in pages of one, from an end, and returns the items with their values of `field` in the list's order.
    pub(super) async fn walk(&self, graph: &Graph, list: impl Fn(&str) -> String, from_end: bool) -> Vec<Value> {
        let mut found = Vec::new();
        let mut page = if from_end { "last: 1".to_owned() } else { "first: 1".to_owned() };
        loop {
            let list = self.list(graph, &list(&page)).await;
            let list = list.pointer("/nodes/0/list").unwrap_or(&list);
            let info = &list["pageInfo"];
            found.extend(list["edges"].as_array().expect("edges").iter().map(|edge| edge["node"].clone()));
            let (more, cursor) =
                if from_end { ("hasPreviousPage", "startCursor") } else { ("hasNextPage", "endCursor") };
            if info[more] == false {
                break;
            }
            let cursor = info[cursor].as_str().expect("a cursor");
            page = if from_end {
                format!("last: 1 before: \"{cursor}\"")
            } else {
                format!("first: 1 after: \"{cursor}\"")
            };
        }
        if from_end {
            found.reverse();
        }
        found
    }
}
