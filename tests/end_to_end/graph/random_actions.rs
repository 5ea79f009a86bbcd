//! Random actions of three users in two organizations, mixed with random reports: every count, filter and list is that of
//! the model.

use std::collections::{BTreeMap, BTreeSet};

use insights_results_aggregator::identity::{Identity, User as Account, UserKind, ViewerPolicy};
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use super::*;
use crate::{
    harness::{each_database, wrong_kept_values},
    model::{self, Action, Actions, Model, RULES, ReportSpec, User, know_rules_and_clusters, query, seed, sorted},
    reports::organization,
};

const USERS: [User; 3] = [(1, "ann"), (1, "bob"), (2, "eve")];
const CLUSTERS: u16 = 8;
const STEPS: u32 = 60;

struct Random(ChaCha8Rng);

impl Random {
    fn below(&mut self, bound: u32) -> u32 {
        self.0.next_u32() % bound
    }

    fn one<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(u32::try_from(of.len()).expect("few")) as usize]
    }

    fn rule(&mut self) -> u8 {
        u8::try_from(self.below(RULES.into())).expect("few")
    }

    fn cluster(&mut self) -> u16 {
        u16::try_from(self.below(CLUSTERS.into())).expect("few")
    }

    fn report(&mut self, minute: u32) -> ReportSpec {
        let hits: BTreeMap<_, _> = (0..RULES).filter(|_| self.below(2) == 0).map(|rule| (rule, None)).collect();
        // Most clusters stay where they are.
        let cluster = self.cluster();
        let home = 1 + u32::from(cluster) % 2;
        let organization = if self.below(5) == 0 { 3 - home } else { home };
        ReportSpec { organization, cluster, minute, version: None, has_upload: false, hits }
    }

    fn action(&mut self) -> (User, Action) {
        let (user, rule) = (self.one(&USERS), self.rule());
        let action = match self.below(9) {
            0..3 => Action::Acknowledge(rule, self.one(&[None, Some("known"), Some("<b>ü</b> '--")])),
            3 => Action::DeleteAcknowledgement(rule),
            4..7 => {
                let clusters: BTreeSet<_> = (0..CLUSTERS).filter(|_| self.below(3) == 0).collect();
                Action::Toggle(rule, if clusters.is_empty() { [0].into() } else { clusters }, self.below(3) > 0)
            }
            7 => Action::Vote(self.cluster(), rule, self.one(&["UP", "DOWN", "NONE"])),
            _ => Action::Rate(rule, self.one(&[-1, 0, 1])),
        };
        (user, action)
    }
}

fn viewer((of, subject): User) -> Viewer {
    let user = Account { subject: subject.to_owned(), kind: UserKind::User, name: None };
    let identity = Identity { organization: organization(of), user: Some(user), is_organization_administrator: false };
    ViewerPolicy::default().viewer(identity)
}

async fn graph(database: &Database) -> Graph {
    let store = database.store().await;
    know_rules_and_clusters(&store).await;
    let limits = default_config().limits;
    Graph::with_limits(store, &Limits { query_cost: usize::MAX, ..limits })
}

/// Performs an action over the graph, and returns on how many things it was performed.
async fn act(graph: &Graph, (user, action): &(User, Action)) -> usize {
    let selector = |rule: &u8| model::selector(*rule);
    let (name, input) = match action {
        Action::Acknowledge(rule, why) => {
            ("acknowledgeRecommendation", json!({ "selector": selector(rule), "justification": why }))
        }
        Action::DeleteAcknowledgement(rule) => ("deleteAcknowledgement", json!({ "selector": selector(rule) })),
        Action::Toggle(rule, clusters, off) => {
            let clusters: Vec<_> = clusters.iter().map(|number| model::uuid(*number).to_string()).collect();
            let name = if *off { "disableRecommendationOnClusters" } else { "enableRecommendationOnClusters" };
            (name, json!({ "selector": selector(rule), "clusterUuids": clusters }))
        }
        Action::Vote(cluster, rule, value) => {
            let cluster = model::uuid(*cluster).to_string();
            ("voteOnRuleHit", json!({ "clusterUuid": cluster, "selector": selector(rule), "vote": value }))
        }
        Action::Rate(rule, rating) => ("rateRecommendation", json!({ "selector": selector(rule), "rating": rating })),
    };
    let results = if matches!(action, Action::Toggle(..)) { "results { toggle { disabled } }" } else { "" };
    let ty = format!("{}{}Input", name[..1].to_uppercase(), &name[1..]);
    let document =
        format!("mutation($input: {ty}!) {{ payload: {name}(input: $input) {{ userErrors {{ code }} {results} }} }}");
    let answer = graph.query_as(viewer(*user), &document, json!({ "input": input })).await;
    assert_eq!(answer.get("errors"), None, "{action:?}: {answer}");
    let payload = &answer["data"]["payload"];
    if let Some(results) = payload["results"].as_array() {
        return results.iter().filter(|result| !result["toggle"].is_null()).count();
    }
    usize::from(payload["userErrors"] == json!([]))
}

async fn assert_seen(graph: &Graph, database: &Database, expected: (&Model, &Actions), after: &str) {
    let (model, actions) = expected;
    assert_eq!(wrong_kept_values(&database.connect().await).await, [""; 0], "{} after {after}", database.name);
    for user in USERS {
        let mut answer = graph.query_as(viewer(user), &query(0..CLUSTERS), json!({})).await;
        assert_eq!(answer.get("errors"), None, "{answer}");
        let (found, expected) = (sorted(answer["data"].take()), sorted(actions.seen(model, user)));
        assert_eq!(found, expected, "{} to {user:?} after {after}", database.name);
    }
}

#[tokio::test]
async fn what_each_user_sees_after_random_actions_and_reports_is_that_of_the_model() {
    let mut random = Random(ChaCha8Rng::seed_from_u64(seed()));
    for database in each_database().await {
        let graph = graph(&database).await;
        let (mut model, mut actions) = (Model::default(), Actions::default());
        let mut performed = 0;
        for step in 0..STEPS {
            let report = random.report(step);
            if step < 10 || step % 5 == 0 {
                write(&graph.store, &[report.report()]).await;
                model.apply(&report);
            } else {
                let (user, action) = random.action();
                let expected = actions.act(&model, user, &action);
                performed += expected;
                let found = act(&graph, &(user, action.clone())).await;
                assert_eq!(found, expected, "{}, step {step}: {user:?} {action:?}", database.name);
            }
            if step % 3 == 2 {
                assert_seen(&graph, &database, (&model, &actions), &format!("step {step}")).await;
            }
        }
        assert!(performed > 10, "{}: the actions do little", database.name);
    }
}
