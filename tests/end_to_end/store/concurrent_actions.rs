//! Users' actions that are performed at the same time, beside batches of reports. They must leave the tables as if they
//! were performed one after another, in some order.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use ::entity::{acknowledgement, cluster_toggle, rating, recommendation, vote};
use futures_util::future::{join, join_all};
use insights_results_aggregator::store::{Actor, Store, VoteValue};
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use sea_orm::{DatabaseConnection, EntityTrait};

use super::owned_cluster::{OwnedCluster, selector, write};
use crate::{
    harness::{each_database, wrong_kept_values},
    model::seed,
    reports::{cluster, organization},
};

const ACTIONS: usize = 50;
const CLUSTERS: u32 = 6;
const RULES: [&str; 3] = ["a", "b", "x.internal.c"];

/// An action, whose number is the text or the user that it writes.
#[derive(Clone, Debug)]
struct Planned {
    number: usize,
    organization: u32,
    rule: &'static str,
    action: Action,
}

#[derive(Clone, Debug)]
enum Action {
    Acknowledge,
    Delete,
    Toggle(BTreeSet<u32>, bool),
    Vote(u32),
    Rate(i8),
}

/// What an action writes: the table, the organization and the rule, and the cluster, if it is about one.
type Row = (&'static str, u32, &'static str, Option<u32>);

impl Planned {
    fn random(number: usize, below: &mut impl FnMut(u32) -> u32) -> Self {
        let (organization, rule) = (1 + below(2), RULES[below(3) as usize]);
        // Those of its own organization: of the clusters, each second one.
        let own = |number: u32| 2 * (number % (CLUSTERS / 2)) + organization - 1;
        let action = match below(8) {
            0 | 1 => Action::Acknowledge,
            2 => Action::Delete,
            3..6 => Action::Toggle((0..3).map(|_| own(below(CLUSTERS))).collect(), below(2) == 0),
            6 => Action::Vote(own(below(CLUSTERS))),
            _ => Action::Rate(if below(2) == 0 { 1 } else { -1 }),
        };
        Self { number, organization, rule, action }
    }

    async fn perform(&self, store: &Store) {
        let actor = Actor { organization: organization(self.organization), user: self.number.to_string() };
        let (rule, text) = (selector(self.rule), Some(self.number.to_string()));
        match &self.action {
            Action::Acknowledge => drop(store.acknowledge(&actor, &rule, text).await.expect("acknowledged")),
            Action::Delete => drop(store.delete_acknowledgement(&actor, &rule).await.expect("deleted")),
            Action::Toggle(clusters, off) => {
                let clusters: Vec<_> = clusters.iter().map(|number| cluster((*number).into())).collect();
                let toggled = store.toggle(&actor, &rule, &clusters, *off, text).await.expect("toggled");
                assert_eq!(toggled.len(), clusters.len());
            }
            Action::Vote(number) => {
                // All vote as one user.
                let actor = Actor { user: "user".to_owned(), ..actor };
                let vote = store.vote(&actor, cluster((*number).into()), &rule, VoteValue::Up, text).await;
                assert!(vote.expect("voted").is_some(), "{self:?}");
            }
            Action::Rate(value) => store.rate(&actor, &rule, *value).await.expect("rated"),
        }
    }

    fn rows(&self) -> Vec<Row> {
        let row = |table, cluster| (table, self.organization, self.rule, cluster);
        match &self.action {
            Action::Acknowledge | Action::Delete => vec![row("acknowledgement", None)],
            Action::Toggle(clusters, _) => clusters.iter().map(|number| row("toggle", Some(*number))).collect(),
            Action::Vote(number) => vec![row("vote", Some(*number))],
            Action::Rate(_) => vec![row("rating", None)],
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_actions_at_once_end_as_some_order_of_them() {
    let mut rng = ChaCha8Rng::seed_from_u64(seed());
    let mut below = |bound: u32| rng.next_u32() % bound;
    for database in each_database().await {
        let stores = [database.store().await, database.store().await];
        let reports = |at| {
            let of = |number: u32| OwnedCluster { organization: 1 + number % 2, cluster: number.into() };
            (0..CLUSTERS).map(|number| of(number).report(at, "a b x.internal.c")).collect::<Vec<_>>()
        };
        write(&stores[0], &reports(1)).await;
        let planned: Vec<_> = (0..ACTIONS).map(|number| Planned::random(number, &mut below)).collect();
        let actions = join_all(planned.iter().map(|planned| planned.perform(&stores[planned.number % 2])));
        let batches = async {
            for at in 2..8 {
                write(&stores[0], &reports(at)).await;
            }
        };
        join(actions, batches).await;
        let connection = database.connect().await;
        assert_eq!(wrong_kept_values(&connection).await, [""; 0], "{}", database.name);
        check(&planned, &last_writers(&connection).await, database.name);
    }
}

/// Checks that each row was written last by an action that writes it, and that these are the last of some order.
fn check(planned: &[Planned], last: &BTreeMap<Row, usize>, database: &str) {
    let mut writers: BTreeMap<Row, Vec<&Planned>> = BTreeMap::new();
    for action in planned {
        for row in action.rows() {
            writers.entry(row).or_default().push(action);
        }
    }
    assert!(last.keys().all(|row| writers.contains_key(row)), "{database}: {last:#?} of {planned:#?}");
    // Those that come before each action.
    let mut before: HashMap<usize, BTreeSet<usize>> = HashMap::new();
    for (row, writers) in writers {
        let Some(last) = last.get(&row) else {
            let is_deleted = writers.iter().any(|planned| matches!(planned.action, Action::Delete));
            assert!(is_deleted, "{database}: {row:?} is lost");
            continue;
        };
        assert!(writers.iter().any(|writer| writer.number == *last), "{database}: {row:?} was written by {last}");
        let others = writers.iter().map(|writer| writer.number).filter(|number| number != last);
        before.entry(*last).or_default().extend(others);
    }
    let mut left: BTreeSet<_> = (0..planned.len()).collect();
    // Those of which nothing has to come later, from the end.
    while let Some(&next) = left.iter().find(|number| {
        left.iter().all(|other| other == *number || !before.get(other).is_some_and(|before| before.contains(number)))
    }) {
        left.remove(&next);
    }
    assert!(left.is_empty(), "{database}: no order explains {last:#?} of {planned:#?}");
}

/// The number of the action that wrote each row last.
async fn last_writers(connection: &DatabaseConnection) -> BTreeMap<Row, usize> {
    let recommendations = all::<recommendation::Entity>(connection).await;
    let rule = |id: i32| {
        let selector = &recommendations.iter().find(|row| row.id == id).expect("a recommendation").selector;
        RULES.into_iter().find(|rule| selector == super::owned_cluster::selector(rule).as_str()).expect("a rule")
    };
    let of = |organization: i64| u32::try_from(organization).expect("small");
    let number = |text: Option<String>| text.expect("a number").parse().expect("a number");
    let cluster = |id| (0..CLUSTERS).find(|number| cluster((*number).into()).uuid() == id).expect("a cluster");
    let mut last = BTreeMap::new();
    for row in all::<acknowledgement::Entity>(connection).await {
        let key = ("acknowledgement", of(row.org_id), rule(row.recommendation_id), None);
        last.insert(key, number(row.justification));
    }
    for row in all::<cluster_toggle::Entity>(connection).await {
        let key = ("toggle", of(row.org_id), rule(row.recommendation_id), Some(cluster(row.cluster_id)));
        last.insert(key, number(row.feedback));
    }
    for row in all::<vote::Entity>(connection).await {
        let key = ("vote", of(row.org_id), rule(row.recommendation_id), Some(cluster(row.cluster_id)));
        last.insert(key, number(row.message));
    }
    for row in all::<rating::Entity>(connection).await {
        last.insert(("rating", of(row.org_id), rule(row.recommendation_id), None), number(row.rated_by));
    }
    last
}

async fn all<E: EntityTrait>(connection: &DatabaseConnection) -> Vec<E::Model> {
    E::find().all(connection).await.expect("read a table")
}
