//! No request returns anything of another tenant, or depends on it.
//!
//! The schema is read by introspection, so that every field and argument is covered without being listed. A member
//! requests everything: without arguments, and at each position of an argument with all values that another
//! organization reads of itself, and with values of the same form that exist nowhere. Every answer is the same as in a
//! database without other tenants, and the answers to both values are the same. `mutations` does so for mutations.

mod explored;
mod introspected;
mod marks;
mod mutations;
mod probes;
mod questions;
mod tenants;
mod values;

use std::collections::{BTreeMap, BTreeSet};

use insights_results_aggregator::identity::Viewer;

use self::{
    explored::Explored,
    introspected::Schema,
    marks::{OURS, THEIRS, has_absent, is_theirs, plain},
    probes::{Probe, routes},
    questions::Asker,
    tenants::{OUR_ORGANIZATION, THEIR_ORGANIZATION, World, content},
    values::{Position, Values},
};
use super::*;
use crate::harness::{postgres, sqlite};

/// Positions at which values of others make a difference, each with the reason. The list may only become shorter.
const EXCEPTIONS: [(&str, &str); 0] = [];
/// How the values begin that another organization reads of itself, with ids and cursors decoded: one of each kind.
const KINDS: [&str; 35] = [
    "1734091",
    "1:Acknowledgement:",
    "1:Cluster:",
    "1:ClusterToggle:",
    "1:Namespace:",
    "1:Organization:",
    "1:Recommendation:",
    "1:Report:",
    "1:RuleHit:",
    "2:acknowledgements:",
    "2:clusterToggles:",
    "2:clusters:",
    "2:history:",
    "2:namespaces:",
    "2:organizations:",
    "2:requestRuleHits:",
    "2:ruleHits:",
    "2:workloadObjects:",
    "2:workloadRecommendations:",
    "2024-05-",
    "4.",
    "KEY_",
    "Kind ",
    "Message ",
    "Name ",
    "Namespace ",
    "Object ",
    "Reason ",
    "Status ",
    "c0000000-",
    "published.internal.",
    "request-",
    "theirs.internal.",
    "uid-",
    "user-",
];

/// Levels of objects that are read where they need not be as many as the limits allow.
const LEVELS: usize = 2;

/// The graph over a database with other tenants, and what one of these reads.
struct Tenants {
    schema: Schema,
    graph: Graph,
    without_others: Graph,
    /// What another organization reads of itself, before and after clusters moved, that concerns no other.
    theirs: BTreeSet<String>,
}

/// Values by the position at which they are effective: they return something of others to those who see it.
type Effective = BTreeMap<String, BTreeSet<String>>;

impl Tenants {
    async fn new(database: &Database, without_others: &Database) -> Self {
        let folder = content();
        let world = World::before_moves(database, true).await;
        let content = folder.load_into(&world.store).await;
        let limits = default_config().limits;
        let graph = Graph::with_content(world.store.clone(), content.clone(), &limits);
        let schema = Schema::read(&graph).await;
        let mut theirs = BTreeSet::new();
        for moves in [false, true] {
            if moves {
                world.move_clusters().await;
            }
            let viewer = THEIR_ORGANIZATION.member().seeing_internal();
            let asker = Asker { schema: &schema, graph: &graph, viewer, without_others: None };
            let texts = Explored::by(&asker, LEVELS).await.texts;
            theirs.extend(texts.into_iter().filter(|text| is_theirs(text)));
        }
        for kind in KINDS {
            let is_kind = |text: &String| plain(&json!([text])).starts_with(&format!("[\"{kind}"));
            assert!(theirs.iter().any(is_kind), "{kind}");
        }

        let alone = World::before_moves(without_others, false).await;
        alone.move_clusters().await;
        alone.save_facts(&content).await;
        let without_others = Graph::with_content(alone.store, content, &limits);
        Self { schema, graph, without_others, theirs }
    }

    /// The positions of queries at which no value of others may make a difference.
    fn positions(&self) -> Vec<Position> {
        let mut positions = Position::all(&self.schema);
        let of_queries = self.schema.objects_of_queries();
        positions.retain(|position| of_queries.contains(position.object.as_str()));
        positions.retain(|position| EXCEPTIONS.iter().all(|(name, _)| *name != position.name()));
        positions
    }

    /// Sends requests as viewers that see others, which read something of these at each position: otherwise the test
    /// could not fail.
    async fn effective(&self) -> Effective {
        let mut effective = Effective::new();
        self.read_by(THEIR_ORGANIZATION.member().seeing_internal(), &mut effective).await;
        for viewer in [THEIR_ORGANIZATION.administrator(), Viewer::unrestricted()] {
            let read = self.read_by(viewer.clone(), &mut effective).await;
            for position in self.positions() {
                let is_text = matches!(position.values(&self.schema), Values::Texts);
                assert!(!is_text || read.contains(&position.name()), "{viewer:?} reads others by {}", position.name());
            }
        }
        effective
    }

    /// Sends, as a viewer that sees others, the values that are effective at each position, or with all if none is
    /// known to be. Returns the positions at which some are, and adds these.
    async fn read_by(&self, viewer: Viewer, effective: &mut Effective) -> BTreeSet<String> {
        let asker = Asker { schema: &self.schema, graph: &self.graph, viewer, without_others: None };
        let explored = Explored::by(&asker, LEVELS).await;
        assert!(explored.answers.iter().any(|answer| answer.contains(THEIRS)), "{:?} sees others", asker.viewer);
        assert!(!explored.answers.iter().any(|answer| has_absent(answer)), "absent values exist nowhere");
        let mut read = BTreeSet::new();
        for position in &self.positions() {
            let name = position.name();
            let texts = effective.get(&name).unwrap_or(&self.theirs).clone();
            for route in routes(&explored, position) {
                let probe = Probe { asker: &asker, explored: &explored, position, route };
                let found = probe.effective(&texts, THEIRS).await;
                if !found.is_empty() {
                    effective.entry(name.clone()).or_default().extend(found);
                    read.insert(name);
                    break;
                }
            }
        }
        read
    }

    /// Sends requests as a member of our organization: with `theirs` on the shortest route to each position, and
    /// everywhere with the values that are effective.
    async fn check(&self, viewer: Viewer, levels: usize, theirs: &BTreeSet<String>, effective: &Effective) {
        let without_others = Some(&self.without_others);
        let asker = Asker { schema: &self.schema, graph: &self.graph, viewer, without_others };
        let explored = Explored::by(&asker, levels).await;
        assert_eq!(explored.unreached(&asker), [""; 0], "an object of each field is read");
        for position in &self.positions() {
            let probe = |route| Probe { asker: &asker, explored: &explored, position, route };
            let [first, ..] = routes(&explored, position) else { panic!("{} has a route", position.name()) };
            probe(first).ask_fixed().await;
            probe(first).compare(theirs).await;
            let own = probe(first).effective(&explored.texts, OURS).await.pop_first();
            let Some(effective) = effective.get(&position.name()) else { continue };
            for route in routes(&explored, position) {
                probe(route).compare(effective).await;
                if let Some(own) = &own {
                    probe(route).compare_beside(own, effective).await;
                }
            }
        }
    }
}

/// A test of its own for each database, because each takes minutes.
async fn check_answers(database: Database, without_others: Database) {
    let tenants = Tenants::new(&database, &without_others).await;
    let effective = tenants.effective().await;
    let member = OUR_ORGANIZATION.member();
    tenants.check(member.clone(), usize::MAX, &tenants.theirs, &effective).await;
    tenants.check(member.seeing_internal(), LEVELS, &BTreeSet::new(), &effective).await;
}

#[tokio::test]
async fn no_answer_depends_on_another_tenant_of_postgresql() {
    check_answers(postgres().await, postgres().await).await;
}

#[tokio::test]
async fn no_answer_depends_on_another_tenant_of_sqlite() {
    check_answers(sqlite(), sqlite()).await;
}

#[tokio::test]
async fn each_exception_names_a_position_and_there_are_no_more_of_them() {
    let database = sqlite();
    let schema = Schema::read(&Graph::with_reports(&database, &[]).await).await;
    let positions: Vec<_> = Position::all(&schema).iter().map(Position::name).collect();
    for (position, reason) in EXCEPTIONS {
        assert!(positions.iter().any(|known| known == position), "{position} is in the schema");
        assert!(!reason.is_empty(), "{position} has a reason");
    }
    assert_eq!(EXCEPTIONS.len(), 0, "the list may only become shorter");
}
