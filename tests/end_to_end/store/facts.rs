//! Facts of recommendations: written once by any number of programs, also after a failure and beside batches.

use std::collections::BTreeMap;

use ::entity::recommendation;
use futures_util::future::{join, join_all};
use insights_results_aggregator::{
    domain::{Digest, Level, RecommendationFacts, RiskOfChange, Timestamp},
    identity::Viewer,
    store::{Store, count_statements, record_statements},
};
use sea_orm::{ConnectionTrait as _, DbBackend, EntityTrait as _};

use super::owned_cluster::{OwnedCluster, minute, selector, write};
use crate::{
    harness::{Database, each_database},
    reports::cluster,
};

const OURS: OwnedCluster = OwnedCluster { organization: 1, cluster: 7 };

#[tokio::test]
async fn facts_are_inserted_updated_and_removed_and_rows_keep_their_ids() {
    for database in each_database().await {
        let store = database.store().await;
        write(&store, &[OURS.report(10, "hit other")]).await;
        let before = rows(&database).await;

        let content = [published(facts("hit")), with_risk(facts("new"))];
        assert!(save(&store, "1", &content).await, "{}", database.name);
        let after = rows(&database).await;
        assert_eq!(after.keys().collect::<Vec<_>>(), ["hit", "new", "other"], "{}", database.name);
        assert_facts(&after["hit"], Some(&content[0]));
        assert_facts(&after["new"], Some(&content[1]));
        assert_facts(&after["other"], None);

        let content = [facts("hit"), facts("other")];
        assert!(save(&store, "2", &content).await, "{}", database.name);
        let last = rows(&database).await;
        assert_facts(&last["hit"], Some(&content[0]));
        assert_facts(&last["new"], None);
        assert_facts(&last["other"], Some(&content[1]));
        for (name, row) in &last {
            let earlier = before.get(name).or(after.get(name)).expect("an earlier row");
            assert_eq!(row.id, earlier.id, "{name} on {}", database.name);
        }
        let scope = Viewer::unrestricted().scope();
        let parent = store.clusters(scope, &[cluster(7)]).await.expect("clusters")[&cluster(7)].hits();
        let hits = store.rule_hits(scope, &[(parent, selector("hit"))], 1_000).await;
        assert_eq!(hits.expect("hits").len(), 1, "{}", database.name);
    }
}

#[tokio::test]
async fn facts_that_are_stored_cost_one_statement_and_changes_only_their_rows() {
    for database in each_database().await {
        let store = database.store().await;
        let mut content: Vec<_> = (0..1_200).map(|number| facts(&format!("rule{number:04}"))).collect();
        assert!(save(&store, "1", &content).await, "{}", database.name);
        let (written, statements) = count_statements(save(&store, "1", &content)).await;
        assert_eq!((written, statements), (false, 1), "{}", database.name);

        content[700].is_for_managed = false;
        content[701].description.push('x');
        let (written, statements) = record_statements(save(&store, "2", &content)).await;
        let updates = statements.iter().filter(|text| text.contains("UPDATE recommendation")).count();
        assert_eq!((written, updates), (true, 1), "{}: {statements:#?}", database.name);
        let (last, rows) = (content.last().expect("facts"), rows(&database).await);
        for facts in [&content[700], &content[701], last] {
            assert_facts(&rows[facts.selector.rule_fqdn()], Some(facts));
        }
    }
}

#[tokio::test]
async fn four_programs_that_start_at_once_write_the_facts_once() {
    for database in each_database().await {
        database.store().await;
        let content: Vec<_> = (0..50).map(|number| facts(&format!("rule{number}"))).collect();
        let stores = join_all((0..4).map(|_| Store::open(&database.settings))).await;
        let stores: Vec<_> = stores.into_iter().map(|store| store.expect("open")).collect();
        let saved = join_all(stores.iter().map(|store| record_statements(save(store, "1", &content)))).await;

        let writers = saved.iter().filter(|(written, _)| *written).count();
        assert_eq!(writers, 1, "{}", database.name);
        let mut marks = 0;
        for (written, statements) in saved {
            let changes = statements.iter().filter(|text| text.contains("UPDATE ") || text.contains("INSERT ")).count();
            // The version is removed, the rows are inserted, they get their facts, the version is set. The first one to
            // do so marks them as counted, which no cluster needs.
            assert!(changes <= if written { 5 } else { 1 }, "{}: {statements:#?}", database.name);
            marks +=
                statements.iter().filter(|text| text.contains("counted_risk") && text.starts_with("UPDATE")).count();
            assert!(written || statements.len() <= 12, "{}: {statements:#?}", database.name);
        }
        assert_eq!(marks, 1, "{}: they are marked once", database.name);
        assert_eq!(rows(&database).await.len(), content.len(), "{}", database.name);
    }
}

#[tokio::test]
async fn after_a_failure_in_the_middle_the_previous_version_is_written_as_well_as_the_next() {
    for database in each_database().await {
        let store = database.store().await;
        let old: Vec<_> = (0..1_200).map(|number| facts(&format!("rule{number:04}"))).collect();
        let new: Vec<_> =
            old.iter().map(|facts| RecommendationFacts { likelihood: Level::Critical, ..facts.clone() }).collect();
        assert!(save(&store, "old", &old).await);

        refuse_update_of(&database, "rule0900").await;
        store.save_recommendation_facts(Digest::of(b"new"), &new).await.expect_err("the update is refused");
        accept_updates(&database).await;

        save(&store, "old", &old).await;
        let stored = rows(&database).await;
        assert_all(&stored, &old);
        assert!(save(&store, "new", &new).await, "{}", database.name);
        let stored = rows(&database).await;
        assert_all(&stored, &new);
    }
}

#[tokio::test]
async fn facts_are_written_beside_batches_with_the_same_new_recommendations() {
    for database in each_database().await {
        let (store, ingesting) = (database.store().await, database.store().await);
        for round in 0..20_u32 {
            let name = |number: u32| format!("rule{:03}_{round}", number * 37 % 200);
            // In another order than their selectors have.
            let content: Vec<_> = (0..200).map(|number| facts(&name(number))).collect();
            let batch = |writer: u32| {
                let ingesting = &ingesting;
                let cluster = OwnedCluster { organization: 1 + writer, cluster: u128::from(100 * round + writer) };
                let hits: Vec<_> = (writer * 10..100 + writer * 30).map(name).collect();
                async move { write(ingesting, &[cluster.report(1 + round, &hits.join(" "))]).await }
            };
            let version = round.to_string();
            let (saved, _) = join(save(&store, &version, &content), join_all((0..4).map(batch))).await;
            assert!(saved, "round {round} on {}", database.name);
            let stored = rows(&database).await;
            assert_all(&stored, &content);
        }
    }
}

fn facts(rule: &str) -> RecommendationFacts {
    RecommendationFacts {
        selector: selector(rule),
        impact: Level::High,
        likelihood: Level::Low,
        risk_of_change: None,
        is_for_managed: true,
        published_at: None,
        description: format!("{rule} of {{{{=pydata.name}}}} \"é\""),
    }
}

fn published(facts: RecommendationFacts) -> RecommendationFacts {
    RecommendationFacts { published_at: Some(minute(3)), is_for_managed: false, ..facts }
}

fn with_risk(facts: RecommendationFacts) -> RecommendationFacts {
    let description = String::new();
    RecommendationFacts { risk_of_change: Some(RiskOfChange::High), impact: Level::Critical, description, ..facts }
}

async fn save(store: &Store, version: &str, facts: &[RecommendationFacts]) -> bool {
    store.save_recommendation_facts(Digest::of(version.as_bytes()), facts).await.expect("the facts are written")
}

/// All rows, by rule.
async fn rows(database: &Database) -> BTreeMap<String, recommendation::Model> {
    let connection = database.connect().await;
    let rows = recommendation::Entity::find().all(&connection).await.expect("rows");
    connection.close().await.expect("close");
    rows.into_iter().map(|row| (row.rule_fqdn.clone(), row)).collect()
}

fn assert_all(rows: &BTreeMap<String, recommendation::Model>, expected: &[RecommendationFacts]) {
    for facts in expected {
        assert_facts(&rows[facts.selector.rule_fqdn()], Some(facts));
    }
}

fn assert_facts(row: &recommendation::Model, expected: Option<&RecommendationFacts>) {
    let risks = [row.total_risk, row.likelihood, row.impact, row.resolution_risk];
    let stored = (risks, row.for_managed, row.published_at, row.description.clone());
    let expected = expected.map_or(([None; 4], None, None, None), |facts| {
        let risk = facts.risk_of_change.map(|risk| risk as i16);
        let risks = [Some(facts.total_risk() as i16), Some(facts.likelihood as i16), Some(facts.impact as i16), risk];
        let published_at = facts.published_at.map(Timestamp::utc);
        (risks, Some(facts.is_for_managed), published_at, Some(facts.description.clone()))
    });
    assert_eq!(stored, expected, "{}", row.selector);
}

/// Makes the database refuse to update the recommendation of a rule.
async fn refuse_update_of(database: &Database, rule: &str) {
    let connection = database.connect().await;
    let sql = match connection.get_database_backend() {
        DbBackend::Sqlite => format!(
            "CREATE TRIGGER refuse BEFORE UPDATE ON recommendation WHEN NEW.rule_fqdn = '{rule}'
             BEGIN SELECT RAISE(ABORT, 'refused'); END"
        ),
        _ => format!(
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'refused'; END $$;
             CREATE TRIGGER refuse BEFORE UPDATE ON recommendation FOR EACH ROW WHEN (NEW.rule_fqdn = '{rule}')
             EXECUTE FUNCTION refuse()"
        ),
    };
    connection.execute_unprepared(&sql).await.expect("a trigger");
    connection.close().await.expect("close");
}

async fn accept_updates(database: &Database) {
    let connection = database.connect().await;
    let sql = match connection.get_database_backend() {
        DbBackend::Sqlite => "DROP TRIGGER refuse",
        _ => "DROP TRIGGER refuse ON recommendation",
    };
    connection.execute_unprepared(sql).await.expect("no trigger");
    connection.close().await.expect("close");
}
