//! Migrations up and down, concurrent migrations, and databases that are newer than the program.

use ::entity::cluster;
use futures_util::future::join_all;
use insights_results_aggregator::{
    domain::{Digest, Level, RecommendationFacts},
    identity::Viewer,
    store::{Error, ImportedValues, SchemaState, Store, count_statements, newest_migration},
};
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, EntityTrait as _, QueryOrder as _};

use super::owned_cluster::{OwnedCluster, selector, stored, write};
use crate::{
    harness::{Database, each_database, wrong_kept_values},
    reports::{cluster, organization},
};

#[tokio::test]
async fn migrations_run_up_down_and_up_again() {
    for database in each_database().await {
        let store = Store::open(&database.settings).await.expect("open");
        let steps = store.migrations().await.expect("an empty database has a status").len();
        assert_eq!(store.schema_state().await.expect("state"), SchemaState::Pending(steps), "{}", database.name);

        assert_eq!(store.migrate_up().await.expect("up"), steps, "{}", database.name);
        let connection = database.connect().await;
        let first = schema(&connection).await;
        assert!(first.len() > 6, "{}: {first:?}", database.name);

        store.migrate_down(u32::try_from(steps).expect("few")).await.expect("down");
        assert_eq!(store.schema_state().await.expect("state"), SchemaState::Pending(steps), "{}", database.name);
        let left: Vec<_> = schema(&connection).await.into_iter().filter(|line| !line.contains("seaql")).collect();
        assert_eq!(left, Vec::<String>::new(), "{}", database.name);

        assert_eq!(store.migrate_up().await.expect("up again"), steps, "{}", database.name);
        assert_eq!(schema(&connection).await, first, "{}", database.name);
        assert_eq!(store.migrate_up().await.expect("nothing to do"), 0, "{}", database.name);
    }
}

#[tokio::test]
async fn one_step_is_reverted_and_the_status_shows_which() {
    for database in each_database().await {
        let store = database.store().await;
        assert_eq!(store.schema_state().await.expect("state"), SchemaState::Current, "{}", database.name);

        store.migrate_down(1).await.expect("down");
        assert_eq!(store.schema_state().await.expect("state"), SchemaState::Pending(1), "{}", database.name);
        let status = store.migrations().await.expect("status");
        let (last, earlier) = status.split_last().expect("steps");
        assert_eq!((last.name.clone(), last.applied), (newest_migration(), false), "{}", database.name);
        assert!(earlier.iter().all(|step| step.applied), "{}: {earlier:?}", database.name);
    }
}

#[tokio::test]
async fn migrating_keeps_the_rows() {
    const OURS: OwnedCluster = OwnedCluster { organization: 1, cluster: 7 };
    for database in each_database().await {
        write(&database.store().await, &[OURS.report(10, "disk cpu"), OURS.report(20, "disk")]).await;
        let before = stored(&database).await;
        database.store().await;
        assert_eq!(stored(&database).await, before, "{}", database.name);
    }
}

/// What the previous version wrote is what is left of this one's rows without the new columns.
#[tokio::test]
async fn a_database_that_the_previous_version_filled_keeps_its_rows_and_gets_the_new_columns() {
    const OURS: OwnedCluster = OwnedCluster { organization: 1, cluster: 7 };
    for database in each_database().await {
        let store = database.store().await;
        let status = store.migrations().await.expect("status");
        let new = status.iter().skip_while(|step| !step.name.contains("_000012_")).count();
        write(&store, &[OURS.report(10, "a.internal.open a.internal.closed disk"), OURS.report(20, "a.internal.open")])
            .await;
        store.migrate_down(u32::try_from(new).expect("few")).await.expect("down");

        let store = database.store().await;
        assert_eq!(wrong_kept_values(&database.connect().await).await, [""; 0], "{}", database.name);
        let after = stored(&database).await;
        assert_eq!((after.rule_hits.len(), after.history.len()), (1, 2), "{}", database.name);
        let requested = ["a.internal.open", "a.internal.closed", "disk"].map(|name| (None, selector(name)));
        let member = Viewer::member_of(organization(1));
        for (viewer, expected) in [(member.clone(), &requested[2..]), (member.seeing_internal(), &requested[..])] {
            let known = store.known_recommendations(viewer.scope(), &requested).await.expect("known");
            assert_eq!(known, expected.iter().cloned().collect(), "{viewer:?} on {}", database.name);
        }
    }
}

#[tokio::test]
async fn what_is_kept_of_clusters_is_computed_for_those_that_exist() {
    for database in each_database().await {
        let store = database.store().await;
        let owned = |cluster| OwnedCluster { organization: 1, cluster };
        let hits = ["", "a b x.internal.c other", "a b x.internal.c other", "b"];
        let reports: Vec<_> = (1..).zip(hits).map(|(number, hits)| owned(number).report(10, hits)).collect();
        write(&store, &reports).await;
        let imported =
            [(1, "Shop", true), (2, "ÄRGER ΣΑΣ", true), (4, "ẞ-4", false)].map(|(number, name, is_managed)| {
                let values = ImportedValues { display_name: Some(name.to_owned()), is_managed, status: None };
                ((organization(1), cluster(number)), values)
            });
        store.import_clusters(&imported.into(), false, drop).await.expect("imported");
        let facts = ["a", "b", "x.internal.c"].map(|rule| RecommendationFacts {
            selector: selector(rule),
            impact: Level::High,
            likelihood: if rule == "a" { Level::Critical } else { Level::Low },
            risk_of_change: None,
            is_for_managed: rule != "b",
            published_at: None,
            description: String::new(),
        });
        store.save_recommendation_facts(Digest::of(b"1"), &facts).await.expect("facts");

        let kept = |clusters: Vec<cluster::Model>| -> Vec<_> {
            let kept =
                |row: cluster::Model| (row.id, row.external_counts, row.internal_counts, row.sort_name, row.managed);
            clusters.into_iter().map(kept).collect()
        };
        let read = async || {
            let connection = database.connect().await;
            kept(cluster::Entity::find().order_by_asc(cluster::Column::Id).all(&connection).await.expect("clusters"))
        };
        let before = read().await;
        let status = store.migrations().await.expect("status");
        let new = status.iter().skip_while(|step| !step.name.contains("_000015_")).count();
        store.migrate_down(u32::try_from(new).expect("few")).await.expect("down");
        let store = database.store().await;
        assert_eq!(read().await, before, "{}", database.name);
        let saved = store.save_recommendation_facts(Digest::of(b"1"), &facts);
        let (saved, statements) = count_statements(saved).await;
        assert_eq!((saved.ok(), statements), (Some(false), 1), "{}: nothing is left to count", database.name);
    }
}

#[tokio::test]
async fn eight_programs_migrate_an_empty_database_at_once() {
    for database in each_database().await {
        let stores = join_all((0..8).map(|_| Store::open(&database.settings))).await;
        let stores: Vec<_> = stores.into_iter().map(|store| store.expect("open")).collect();
        let steps = join_all(stores.iter().map(Store::migrate_up)).await;
        let mut steps: Vec<_> = steps.into_iter().map(|steps| steps.expect(database.name)).collect();

        steps.sort_unstable();
        let all = stores[0].migrations().await.expect("status").len();
        assert_eq!(steps, [0, 0, 0, 0, 0, 0, 0, all], "{}: one migrates, the others wait", database.name);
        assert_eq!(stores[7].schema_state().await.expect("state"), SchemaState::Current, "{}", database.name);
    }
}

#[tokio::test]
async fn a_database_that_is_newer_than_the_program_is_not_changed() {
    for database in each_database().await {
        let store = database.store().await;
        add_unknown_step(&database).await;
        let before = schema(&database.connect().await).await;

        let refusals = [
            store.migrate_up().await.map(drop),
            store.migrate_down(1).await,
            store.migrations().await.map(drop),
            store.schema_state().await.map(drop),
        ];
        for refusal in refusals {
            let error = refusal.expect_err("the database is newer");
            assert!(matches!(&error, Error::TooNew { unknown } if unknown == "m20990101_000001_from_afar"), "{error}");
        }
        assert_eq!(schema(&database.connect().await).await, before, "{}", database.name);
    }
}

async fn add_unknown_step(database: &Database) {
    let sql = "INSERT INTO seaql_migrations (version, applied_at) VALUES ('m20990101_000001_from_afar', 0)";
    database.connect().await.execute_unprepared(sql).await.expect("insert");
}

/// The tables, columns and indexes, one per line.
async fn schema(connection: &DatabaseConnection) -> Vec<String> {
    let sql = match connection.get_database_backend() {
        DbBackend::Sqlite => "SELECT name || ' ' || sql FROM sqlite_schema WHERE sql <> '' AND name NOT LIKE 'sqlite%'",
        _ => {
            "SELECT concat_ws(' ', table_name, column_name, data_type, is_nullable, column_default, collation_name)
             FROM information_schema.columns WHERE table_schema = 'public'
             UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'"
        }
    };
    let rows = connection.query_all_raw(sea_orm::Statement::from_string(connection.get_database_backend(), sql));
    let rows = rows.await.expect("the schema");
    let mut lines: Vec<String> = rows.iter().map(|row| row.try_get_by_index(0).expect("a line")).collect();
    lines.sort();
    lines
}
