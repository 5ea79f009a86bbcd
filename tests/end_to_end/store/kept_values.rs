//! What is kept of clusters for lists follows from hits, facts, users' actions and imported values, whichever of them
//! changed last, and by any process.

use std::collections::BTreeMap;

use futures_util::future::{join, join_all};
use insights_results_aggregator::{
    domain::{ClusterId, Digest, Level, RecommendationFacts, Report, Selector},
    identity::Viewer,
    store::{Actor, ImportedValues, Store, record_statements},
};
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use sea_orm::{ConnectionTrait as _, DbBackend, Statement};

use super::owned_cluster::{OwnedCluster, hit, selector, write};
use crate::{
    harness::{Database, each_database, wrong_kept_values},
    model::seed,
    reports::{cluster, organization},
};

const OURS: OwnedCluster = OwnedCluster { organization: 1, cluster: 7 };
const CLUSTERS: u32 = 6;
const ORGANIZATIONS: u32 = 3;
const ROUNDS: u32 = 80;
/// Some external and some internal ones; the last two never have facts.
const RULES: [&str; 8] = ["a", "b", "c", "x.internal.d", "x.ocs.e", "x.internal.f", "g", "x.internal.h"];
const LEVELS: [Level; 4] = [Level::Low, Level::Medium, Level::High, Level::Critical];

struct Random(ChaCha8Rng);

impl Random {
    fn below(&mut self, bound: u32) -> u32 {
        self.0.next_u32() % bound
    }

    fn flag(&mut self) -> bool {
        self.below(2) == 0
    }

    /// Reports of some clusters, of which some move.
    fn reports(&mut self, at: u32) -> Vec<Report> {
        let mut reports = Vec::new();
        for number in 0..CLUSTERS {
            if self.flag() {
                let organization =
                    1 + if self.below(3) == 0 { self.below(ORGANIZATIONS) } else { number % ORGANIZATIONS };
                let hits = RULES.into_iter().filter(|_| self.flag()).map(hit).collect();
                reports.push(OwnedCluster { organization, cluster: number.into() }.report_with(at, hits));
            }
        }
        reports
    }

    fn facts(&mut self) -> Vec<RecommendationFacts> {
        let rules = RULES[..6].iter().filter(|_| self.below(4) > 0).copied().collect::<Vec<_>>();
        rules.into_iter().map(|rule| facts(rule, self.below(4), self.flag())).collect()
    }

    fn imported(&mut self) -> Vec<(OwnedCluster, ImportedValues)> {
        let mut imported = Vec::new();
        for cluster in 0..CLUSTERS {
            for organization in 1..=ORGANIZATIONS {
                if self.below(3) == 0 {
                    let name = self.flag().then(|| format!("Name {} ÄΣς", self.below(5)));
                    let values = ImportedValues { display_name: name, is_managed: self.flag(), status: None };
                    imported.push((OwnedCluster { organization, cluster: cluster.into() }, values));
                }
            }
        }
        imported
    }

    fn action(&mut self) -> Action {
        let actor = Actor { organization: organization(1 + self.below(ORGANIZATIONS)), user: "user".to_owned() };
        let rule = selector(RULES[self.below(8) as usize]);
        match self.below(4) {
            0 | 1 => Action::Acknowledge(actor, rule),
            2 => Action::Delete(actor, rule),
            _ => {
                let clusters = (0..CLUSTERS).filter(|_| self.flag()).map(|number| cluster(number.into())).collect();
                Action::Toggle(actor, rule, clusters, self.below(3) > 0)
            }
        }
    }
}

/// What a user does about a recommendation.
#[derive(Debug)]
enum Action {
    Acknowledge(Actor, Selector),
    Delete(Actor, Selector),
    Toggle(Actor, Selector, Vec<ClusterId>, bool),
}

async fn act(store: &Store, action: &Action) {
    match action {
        Action::Acknowledge(actor, rule) => drop(store.acknowledge(actor, rule, None).await.expect("acknowledged")),
        Action::Delete(actor, rule) => drop(store.delete_acknowledgement(actor, rule).await.expect("deleted")),
        Action::Toggle(actor, rule, clusters, off) => {
            drop(store.toggle(actor, rule, clusters, *off, None).await.expect("toggled"));
        }
    }
}

#[tokio::test]
async fn kept_values_follow_from_hits_facts_actions_and_imports_in_any_order_of_changes() {
    let mut random = Random(ChaCha8Rng::seed_from_u64(seed()));
    for database in each_database().await {
        let store = database.store().await;
        for round in 0..ROUNDS {
            match random.below(5) {
                0 => drop(write(&store, &random.reports(round)).await),
                1 => save(&store, &format!("{round}"), &random.facts()).await,
                2 => import(&store, &random.imported()).await,
                _ => act(&store, &random.action()).await,
            }
            assert_right(&database, &format!("round {round}")).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn kept_values_are_right_after_batches_facts_actions_and_imports_at_the_same_time() {
    let mut random = Random(ChaCha8Rng::seed_from_u64(seed()));
    for database in each_database().await {
        let stores = [database.store().await, database.store().await];
        for round in 0..20 {
            let batches: Vec<_> = (0..4).map(|number| random.reports(10 * round + number)).collect();
            let batches = join_all(batches.iter().enumerate().map(|(number, batch)| write(&stores[number % 2], batch)));
            let (facts, imported) = (random.facts(), [random.imported(), random.imported()]);
            let version = format!("{round}");
            let imports = join_all(imported.iter().zip(&stores).map(|(imported, store)| import(store, imported)));
            let actions: Vec<_> = (0..6).map(|_| random.action()).collect();
            let actions = join_all(actions.iter().enumerate().map(|(number, action)| act(&stores[number % 2], action)));
            join(join(batches, actions), join(save(&stores[0], &version, &facts), imports)).await;
            assert_right(&database, &format!("round {round}")).await;
        }
    }
}

/// What is counted is what the list of hits shows, for each viewer.
#[tokio::test]
async fn the_counts_are_those_that_the_viewer_sees() {
    for database in each_database().await {
        let store = database.store().await;
        write(&store, &[OURS.report(10, "a b x.internal.d x.ocs.e g")]).await;
        let rules = [("a", 3, true), ("b", 1, false), ("x.internal.d", 3, true), ("x.ocs.e", 2, false)];
        save(&store, "1", &rules.map(|(rule, level, for_managed)| facts(rule, level, for_managed))).await;
        let counts = async |viewer: Viewer| {
            let read = store.clusters(viewer.scope(), &[cluster(7)]).await.expect("clusters");
            format!("{:?}", read[&cluster(7)].shown)
        };
        let member = Viewer::member_of(organization(1));
        let external = "3 hits, 0 Low, 1 Moderate, 0 Important, 1 Critical";
        assert_eq!(counts(member.clone()).await, external, "{}", database.name);
        let all = "5 hits, 0 Low, 1 Moderate, 1 Important, 2 Critical";
        assert_eq!(counts(member.clone().seeing_internal()).await, all, "{}", database.name);
        assert_eq!(counts(Viewer::unrestricted()).await, all, "{}", database.name);

        let managed = ImportedValues { display_name: None, is_managed: true, status: None };
        import(&store, &[(OURS, managed)]).await;
        assert_eq!(counts(member).await, "2 hits, 0 Low, 0 Moderate, 0 Important, 1 Critical", "{}", database.name);
        let all = "3 hits, 0 Low, 0 Moderate, 0 Important, 2 Critical";
        assert_eq!(counts(Viewer::unrestricted()).await, all, "{}", database.name);
    }
}

/// The statement of the previous version names no kept value.
#[tokio::test]
async fn hits_and_moves_that_a_process_of_the_previous_version_writes_are_counted() {
    for database in each_database().await {
        let store = database.store().await;
        save(&store, "1", &[facts("a", 3, true), facts("b", 1, false)]).await;
        let theirs = OwnedCluster { organization: 2, ..OURS };
        let named = |name: &str| ImportedValues { display_name: Some(name.to_owned()), is_managed: true, status: None };
        import(&store, &[(theirs, named("Ärger"))]).await;
        // The reports after the first one only move the hits of the first one, as the previous version would.
        write(&store, &[OURS.report(10, "a b")]).await;
        let steps = [
            ("hits_digest = $1", "DELETE FROM rule_hit WHERE recommendation_id = (SELECT max(id) FROM recommendation)"),
            ("org_id = 2, hits_digest = $1", "UPDATE rule_hit SET org_id = 2"),
            ("org_id = 1", "UPDATE rule_hit SET org_id = 1"),
        ];
        for (number, (changes, hits)) in (0_u8..).zip(steps) {
            execute(&database, hits, vec![]).await;
            let digest = Digest::of(&[number]).as_bytes().to_vec();
            let values = if changes.contains("$1") { vec![digest.into()] } else { vec![] };
            execute(&database, &format!("UPDATE cluster SET {changes}"), values).await;
            assert_right(&database, changes).await;
        }
    }
}

#[tokio::test]
async fn after_a_failure_between_facts_and_counts_the_next_start_counts() {
    for database in each_database().await {
        let store = database.store().await;
        write(&store, &[OURS.report(10, "a b")]).await;
        let content = [facts("a", 3, true), facts("b", 1, false)];
        refuse_counts(&database).await;
        let version = Digest::of(b"1");
        store.save_recommendation_facts(version, &content).await.expect_err("counting is refused");
        accept_counts(&database).await;
        assert_ne!(wrong_kept_values(&database.connect().await).await, [""; 0], "{}", database.name);

        let (written, statements) = record_statements(store.save_recommendation_facts(version, &content)).await;
        assert!(written.is_ok(), "{statements:#?}");
        assert_right(&database, "the next start").await;
        let (written, statements) = record_statements(store.save_recommendation_facts(version, &content)).await;
        assert_eq!((written.ok(), statements.len()), (Some(false), 1), "{}: {statements:#?}", database.name);
    }
}

#[tokio::test]
async fn clusters_that_changed_facts_do_not_hit_are_not_written() {
    for database in each_database().await {
        let store = database.store().await;
        let owned = |number| OwnedCluster { organization: 1, cluster: number };
        let reports: Vec<_> =
            (0..2_500).map(|number| owned(number).report(10, if number % 500 == 0 { "a b" } else { "b" })).collect();
        write(&store, &reports).await;
        let (first, second) = ([facts("a", 0, true), facts("b", 1, true)], [facts("a", 3, true), facts("b", 1, true)]);
        save(&store, "1", &first).await;
        let (saved, statements) = record_statements(save(&store, "2", &second)).await;
        let updates = statements.iter().filter(|text| text.contains("UPDATE cluster")).count();
        assert_eq!((saved, updates), ((), 3), "{}: one for each thousand clusters", database.name);
        // Only the description differs.
        let described = second.map(|facts| RecommendationFacts { description: "other".to_owned(), ..facts });
        let (saved, statements) = record_statements(save(&store, "3", &described)).await;
        let updates = statements.iter().filter(|text| text.contains("UPDATE cluster")).count();
        assert_eq!((saved, updates), ((), 0), "{}", database.name);
        assert_right(&database, "2,500 clusters").await;
    }
}

/// Facts of impact and likelihood of this level, counted from 0.
fn facts(rule: &str, level: u32, is_for_managed: bool) -> RecommendationFacts {
    let level = LEVELS[level as usize];
    RecommendationFacts {
        selector: selector(rule),
        impact: level,
        likelihood: level,
        risk_of_change: None,
        is_for_managed,
        published_at: None,
        description: String::new(),
    }
}

async fn save(store: &Store, version: &str, facts: &[RecommendationFacts]) {
    store.save_recommendation_facts(Digest::of(version.as_bytes()), facts).await.expect("the facts are written");
}

async fn import(store: &Store, clusters: &[(OwnedCluster, ImportedValues)]) {
    let key = |owned: &OwnedCluster| (organization(owned.organization), cluster(owned.cluster));
    let clusters: BTreeMap<_, _> = clusters.iter().map(|(owned, values)| (key(owned), values.clone())).collect();
    store.import_clusters(&clusters, false, drop).await.expect("imported");
}

async fn assert_right(database: &Database, about: &str) {
    let connection = database.connect().await;
    assert_eq!(wrong_kept_values(&connection).await, [""; 0], "{about} on {}", database.name);
    connection.close().await.expect("close");
}

async fn execute(database: &Database, sql: &str, values: Vec<sea_orm::Value>) {
    let connection = database.connect().await;
    let statement = Statement::from_sql_and_values(connection.get_database_backend(), sql, values);
    connection.execute_raw(statement).await.expect(sql);
    connection.close().await.expect("close");
}

/// Makes the database refuse to change the counts of clusters.
async fn refuse_counts(database: &Database) {
    let connection = database.connect().await;
    let sql = match connection.get_database_backend() {
        DbBackend::Sqlite => {
            "CREATE TRIGGER refuse BEFORE UPDATE OF external_counts ON cluster
             BEGIN SELECT RAISE(ABORT, 'refused'); END"
        }
        _ => {
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'refused'; END $$;
             CREATE TRIGGER refuse BEFORE UPDATE OF external_counts ON cluster FOR EACH ROW EXECUTE FUNCTION refuse()"
        }
    };
    connection.execute_unprepared(sql).await.expect("a trigger");
    connection.close().await.expect("close");
}

async fn accept_counts(database: &Database) {
    let connection = database.connect().await;
    let sql = match connection.get_database_backend() {
        DbBackend::Sqlite => "DROP TRIGGER refuse",
        _ => "DROP TRIGGER refuse ON cluster",
    };
    connection.execute_unprepared(sql).await.expect("no trigger");
    connection.close().await.expect("close");
}
