//! What users do, and what they see afterwards, by the rules for users' actions. The model of reports says which hits are
//! open.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::{
    Cluster, Model, REPORTS,
    known::{is_for_managed, is_managed, total_risk},
    selector, uuid,
};
use crate::graph::each;

/// A user, by organization and name.
pub(crate) type User = (u32, &'static str);
type Rule = u8;

/// An action of a user.
#[derive(Clone, Debug)]
pub(crate) enum Action {
    Acknowledge(Rule, Option<&'static str>),
    DeleteAcknowledgement(Rule),
    Toggle(Rule, BTreeSet<u16>, bool),
    Vote(u16, Rule, &'static str),
    Rate(Rule, i8),
}

/// What users did, by the keys of the tables.
#[derive(Clone, Debug, Default)]
pub(crate) struct Actions {
    acknowledged: BTreeMap<(u32, Rule), Option<&'static str>>,
    /// Whether the rule is off.
    toggles: BTreeMap<(u32, u16, Rule), bool>,
    votes: BTreeMap<(u32, u16, Rule, &'static str), &'static str>,
    ratings: BTreeMap<(u32, Rule), i8>,
}

impl Actions {
    /// Performs a user's action. Returns the number of things that it was performed on: clusters of a toggle, otherwise
    /// one.
    pub(crate) fn act(&mut self, model: &Model, (organization, name): User, action: &Action) -> usize {
        let owned = |number: &u16| model.clusters.get(number).filter(|known| known.organization == organization);
        let is_known = |rule: Rule| model.has_hit(organization, rule);
        match action {
            Action::Acknowledge(rule, why) => {
                if is_known(*rule) {
                    self.acknowledged.insert((organization, *rule), *why);
                }
                usize::from(is_known(*rule))
            }
            Action::DeleteAcknowledgement(rule) => {
                usize::from(is_known(*rule) && self.acknowledged.remove(&(organization, *rule)).is_some())
            }
            Action::Toggle(rule, clusters, off) => {
                let own = clusters.iter().filter(|number| is_known(*rule) && owned(number).is_some());
                let toggled: Vec<_> = own.map(|number| ((organization, *number, *rule), *off)).collect();
                self.toggles.extend(toggled.iter().copied());
                toggled.len()
            }
            Action::Vote(cluster, rule, value) => {
                let is_hit = owned(cluster).is_some_and(|known| known.open[REPORTS].contains_key(rule));
                if is_hit {
                    self.votes.insert((organization, *cluster, *rule, name), *value);
                }
                usize::from(is_hit)
            }
            Action::Rate(rule, rating) => {
                if is_known(*rule) {
                    self.ratings.insert((organization, *rule), *rating);
                }
                usize::from(is_known(*rule))
            }
        }
    }

    /// What a user sees, in the form of the query that [`query`] returns.
    pub(crate) fn seen(&self, model: &Model, user: User) -> Value {
        let (organization, _) = user;
        let own: Vec<_> = {
            let mut own: Vec<_> = model.clusters.values().filter(|of| of.organization == organization).collect();
            own.sort_by_key(|of| uuid(of.number));
            own
        };
        let counts: BTreeMap<_, _> = own.iter().map(|of| (of.number, self.shown(of).len())).collect();
        let listed = |is_listed: &dyn Fn(&Cluster) -> bool| {
            let listed: Vec<_> = own.iter().filter(|of| is_listed(of)).map(|of| cluster_node(of)).collect();
            json!({ "totalCount": listed.len(), "nodes": listed })
        };
        let mut most = own.clone();
        most.sort_by_key(|of| (std::cmp::Reverse(counts[&of.number]), uuid(of.number)));
        let most: Vec<_> = most.into_iter().map(cluster_node).collect();
        let clusters: Vec<_> = own.iter().map(|of| self.cluster(of, user)).collect();
        let mut seen = json!({
            "clusters": { "totalCount": clusters.len(), "nodes": clusters },
            "hit": listed(&|of| counts[&of.number] > 0),
            "unhit": listed(&|of| counts[&of.number] == 0),
            "severe": listed(&|of| self.shown(of).iter().any(|rule| total_risk(*rule) >= 3)),
            "most": { "totalCount": own.len(), "nodes": most },
            "summary": {
                "clusterCount": own.len(),
                "hitClusterCount": counts.values().filter(|count| **count > 0).count(),
                "hitCount": counts.values().sum::<usize>(),
            },
            "among": { "hitCount": counts.values().sum::<usize>() },
            "recommendations": self.recommendations(&own, organization),
            "enabled": self.selectors(&own, organization, false),
            "disabled": self.selectors(&own, organization, true),
            "acknowledgements": self.acknowledgements(organization),
            "clusterToggles": self.toggles_of(&own, None),
        });
        for rule in 0..RULES {
            seen[format!("by{rule}")] = listed(&|of| self.shown(of).contains(&rule));
        }
        json!({ "viewer": { "organization": seen } })
    }

    /// The hits that are not hidden because a cluster is managed.
    fn open(cluster: &Cluster) -> impl Iterator<Item = Rule> {
        let managed = is_managed(cluster.organization, cluster.number);
        cluster.open[REPORTS].keys().copied().filter(move |rule| !managed || is_for_managed(*rule))
    }

    fn is_acknowledged(&self, cluster: &Cluster, rule: Rule) -> bool {
        self.acknowledged.contains_key(&(cluster.organization, rule))
    }

    fn is_off(&self, cluster: &Cluster, rule: Rule) -> bool {
        self.toggles.get(&(cluster.organization, cluster.number, rule)) == Some(&true)
    }

    /// The hits that are shown by default.
    fn shown(&self, cluster: &Cluster) -> Vec<Rule> {
        let is_shown = |rule: &Rule| !self.is_acknowledged(cluster, *rule) && !self.is_off(cluster, *rule);
        Self::open(cluster).filter(is_shown).collect()
    }

    fn cluster(&self, of: &Cluster, (organization, name): User) -> Value {
        let number = of.number;
        let hits = |rules: Vec<Rule>, hit: &dyn Fn(Rule) -> Value| {
            let mut hits: Vec<_> = rules.into_iter().map(hit).collect();
            hits.sort_by_key(|hit| hit["selector"].to_string());
            json!({ "totalCount": hits.len(), "nodes": hits })
        };
        let shown = self.shown(of);
        let with_actions = |rule: Rule| {
            let acknowledgement = self.acknowledged.get(&(organization, rule));
            let toggle = self.toggles.get(&(organization, number, rule));
            let vote = self.votes.get(&(organization, number, rule, name));
            json!({
                "selector": selector(rule),
                "acknowledgement": acknowledgement.map(|why| json!({ "justification": why })),
                "toggle": toggle.map(|off| json!({ "disabled": off })),
                "vote": vote.map(|value| json!({ "value": value })),
            })
        };
        json!({
            "uuid": uuid(number),
            "hitCount": shown.len(),
            "report": {
                "ruleHits": hits(shown, &|rule| json!({ "selector": selector(rule) })),
                "all": hits(of.open[REPORTS].keys().copied().collect(), &with_actions),
            },
        })
    }

    /// The recommendations that hit, most clusters first.
    fn recommendations(&self, own: &[&Cluster], organization: u32) -> Value {
        let mut listed: Vec<_> = self.impacting(own).into_iter().collect();
        listed.sort_by_key(|(rule, clusters)| (std::cmp::Reverse(clusters.len()), selector(*rule)));
        let nodes = listed.into_iter().map(|(rule, _)| {
            let acknowledged = self.acknowledged.get(&(organization, rule));
            let impacted = |status: Option<bool>| {
                let is_hit = |of: &&&Cluster| Self::open(of).any(|open| open == rule);
                let is_disabled = |of: &Cluster| acknowledged.is_some() || self.is_off(of, rule);
                let hit = own.iter().filter(is_hit);
                let nodes: Vec<_> = hit
                    .filter(|of| status.is_none_or(|disabled| disabled == is_disabled(of)))
                    .map(|of| cluster_node(of))
                    .collect();
                json!({ "totalCount": nodes.len(), "nodes": nodes })
            };
            json!({
                "selector": selector(rule),
                "acknowledgement": acknowledged.map(|why| json!({ "justification": why })),
                "rating": self.ratings.get(&(organization, rule)),
                "clusterToggles": self.toggles_of(own, Some(rule)),
                "impactedClusters": impacted(Some(false)),
                "disabled": impacted(Some(true)),
                "any": impacted(None),
            })
        });
        let nodes: Vec<_> = nodes.collect();
        json!({ "totalCount": nodes.len(), "nodes": nodes })
    }

    /// The clusters that each recommendation hits and for which it is not off. An acknowledgement does not change it.
    fn impacting(&self, own: &[&Cluster]) -> BTreeMap<Rule, BTreeSet<u16>> {
        let mut impacting: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
        for of in own {
            for rule in Self::open(of).filter(|rule| !self.is_off(of, *rule)) {
                impacting.entry(rule).or_default().insert(of.number);
            }
        }
        impacting
    }

    /// Those of the impacting recommendations that are acknowledged, or not.
    fn selectors(&self, own: &[&Cluster], organization: u32, acknowledged: bool) -> Value {
        let impacting = self.impacting(own).into_keys();
        let is_one = |rule: &Rule| self.acknowledged.contains_key(&(organization, *rule)) == acknowledged;
        let mut selectors: Vec<_> = impacting.filter(is_one).map(selector).collect();
        selectors.sort();
        let nodes: Vec<_> = selectors.into_iter().map(|selector| json!({ "selector": selector })).collect();
        json!({ "totalCount": nodes.len(), "nodes": nodes })
    }

    /// Without an order, see [`sorted`].
    fn acknowledgements(&self, organization: u32) -> Value {
        let own = self.acknowledged.iter().filter(|((of, _), _)| *of == organization);
        let nodes: Vec<_> = own
            .map(|((_, rule), why)| json!({ "recommendation": { "selector": selector(*rule) }, "justification": why }))
            .collect();
        json!({ "totalCount": nodes.len(), "nodes": nodes })
    }

    fn toggles_of(&self, own: &[&Cluster], of_rule: Option<Rule>) -> Value {
        let nodes: Vec<_> = own
            .iter()
            .flat_map(|of| (0..RULES).filter(|rule| self.is_off(of, *rule)).map(|rule| (of.number, rule)))
            .filter(|(_, rule)| of_rule.is_none_or(|of_rule| of_rule == *rule))
            .map(|(cluster, rule)| json!({ "clusterUuid": uuid(cluster), "recommendation": { "selector": selector(rule) } }))
            .collect();
        json!({ "totalCount": nodes.len(), "nodes": nodes })
    }
}

/// The rules of random actions.
pub(crate) const RULES: Rule = 7;

impl Model {
    /// Whether a rule hits a cluster under this owner, or did.
    fn has_hit(&self, organization: u32, rule: Rule) -> bool {
        let hits = |of: &Cluster| of.organization == organization && of.open[REPORTS].contains_key(&rule);
        let closed = |line: &String| line.contains(&format!(" {} {organization} ", selector(rule)));
        self.clusters.values().any(hits) || self.tables.history.iter().any(closed)
    }
}

fn cluster_node(of: &Cluster) -> Value {
    json!({ "uuid": uuid(of.number) })
}

/// The query for all that [`Actions::seen`] says.
pub(crate) fn query(clusters: impl Iterator<Item = u16>) -> String {
    let uuids: Vec<_> = clusters.map(|number| uuid(number).to_string()).collect();
    let listed = "totalCount nodes { uuid }";
    let by_rule = each(RULES.into(), |rule| {
        let selector = selector(u8::try_from(rule).expect("few"));
        format!("by{rule}: clusters(first: 100 filter: {{hitBy: [{selector:?}]}}) {{ {listed} }} ")
    });
    let toggles = "clusterToggles(first: 100) { totalCount nodes { clusterUuid recommendation { selector } } }";
    format!(
        "{{ viewer {{ organization {{
            clusters(first: 100) {{ totalCount nodes {{ uuid hitCount report {{
                ruleHits(first: 100) {{ totalCount nodes {{ selector }} }}
                all: ruleHits(first: 100 include: [NOT_FOR_MANAGED DISABLED ACKNOWLEDGED]) {{ totalCount nodes {{
                    selector acknowledgement {{ justification }} toggle {{ disabled }} vote {{ value }} }} }} }} }} }}
            hit: clusters(first: 100 filter: {{hasHits: true}}) {{ {listed} }}
            unhit: clusters(first: 100 filter: {{hasHits: false}}) {{ {listed} }}
            severe: clusters(first: 100 filter: {{totalRisk: [IMPORTANT CRITICAL]}}) {{ {listed} }}
            most: clusters(first: 100 orderBy: {{field: HITS, direction: DESC}}) {{ {listed} }}
            {by_rule}
            summary {{ clusterCount hitClusterCount hitCount }}
            among: summary(clusterUuids: {uuids:?}) {{ hitCount }}
            recommendations(first: 100 orderBy: {{field: IMPACTED_CLUSTERS, direction: DESC}}) {{ totalCount nodes {{
                selector acknowledgement {{ justification }} rating {toggles}
                impactedClusters(first: 100) {{ {listed} }}
                disabled: impactedClusters(first: 100 status: DISABLED) {{ {listed} }}
                any: impactedClusters(first: 100 status: ANY) {{ {listed} }} }} }}
            enabled: recommendations(first: 100 filter: {{status: ENABLED}}) {{ totalCount nodes {{ selector }} }}
            disabled: recommendations(first: 100 filter: {{status: DISABLED}}) {{ totalCount nodes {{ selector }} }}
            acknowledgements(first: 100) {{ totalCount nodes {{ recommendation {{ selector }} justification }} }}
            {toggles} }} }} }}"
    )
}

/// What is seen, with the lists that are ordered by the time of actions in another order.
pub(crate) fn sorted(mut seen: Value) -> Value {
    let sort = |nodes: &mut Value| {
        nodes.as_array_mut().expect("a list").sort_by_key(ToString::to_string);
    };
    let organization = &mut seen["viewer"]["organization"];
    for list in ["acknowledgements", "clusterToggles", "enabled", "disabled"] {
        sort(&mut organization[list]["nodes"]);
    }
    for node in organization["recommendations"]["nodes"].as_array_mut().expect("a list") {
        sort(&mut node["clusterToggles"]["nodes"]);
    }
    seen
}
