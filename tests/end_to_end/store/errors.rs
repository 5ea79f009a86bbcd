//! The classes of errors that real databases return for a batch.

use insights_results_aggregator::{
    domain::{Details, Report, RuleHit, Selector},
    store::{Batch, Class, Error, Results, Store},
};
use sea_orm::{ConnectionTrait, TransactionTrait};

use super::owned_cluster::{OwnedCluster, lines, selector, stored, write};
use crate::harness::{Database, LockedTable, each_database, postgres, sqlite};

const OURS: OwnedCluster = OwnedCluster { organization: 1, cluster: 7 };

#[tokio::test]
async fn a_cut_connection_is_transient_and_the_next_attempt_succeeds() {
    let error = interrupted("SELECT pg_terminate_backend(pid)").await;
    assert_eq!((error.class(), error.is_unavailable()), (Class::Transient, true), "{error}");
}

#[tokio::test]
async fn a_cancelled_statement_is_transient_and_the_next_attempt_succeeds() {
    let error = interrupted("SELECT pg_cancel_backend(pid)").await;
    assert_eq!((error.class(), error.code().as_deref()), (Class::StatementTimeout, Some("57014")), "{error}");
}

/// The error of a batch whose backend is interrupted while it waits for a table.
async fn interrupted(how: &str) -> Error {
    let database = postgres().await;
    let store = database.store().await;
    write(&store, &[OURS.report(10, "disk")]).await;
    let held = LockedTable::lock(&database, "cluster").await;
    let reports = [OURS.report(20, "cpu")];
    let interrupt =
        format!("{how} FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'");
    let (failed, ()) = tokio::join!(store.write(Batch { results: Results::Reports(&reports), rejected: &[] }), async {
        held.until_waiters(1).await;
        execute(&database, &interrupt).await;
    });
    held.unlock().await;
    write(&store, &reports).await;
    assert_eq!(stored(&database).await.rule_hits, lines([OURS.open("cpu", 20)]));
    failed.expect_err("the batch was interrupted")
}

/// Both databases are tested at once, because each waits until the lock times out.
#[tokio::test]
async fn a_lock_that_another_session_holds_for_too_long_is_transient() {
    let (on_postgres, on_sqlite) = (postgres().await, sqlite());
    let codes = tokio::join!(
        code_while_locked(&on_postgres, "LOCK TABLE cluster IN ACCESS EXCLUSIVE MODE"),
        code_while_locked(&on_sqlite, "UPDATE cluster SET version = 'x'"),
    );
    assert_eq!(codes, (Some("55P03".to_owned()), Some("5".to_owned())));
}

async fn code_while_locked(database: &Database, lock: &str) -> Option<String> {
    let store = database.store().await;
    let connection = database.connect().await;
    let holder = connection.begin().await.expect("begin");
    holder.execute_unprepared(lock).await.expect("lock");
    let error = fails(&store, OURS.report(10, "disk")).await;
    assert_eq!(error.class(), Class::Transient, "{error}");
    holder.rollback().await.expect("rollback");
    write(&store, &[OURS.report(10, "disk")]).await;
    error.code()
}

#[tokio::test]
async fn a_missing_table_is_an_error_of_the_setup_and_is_named() {
    for database in each_database().await {
        let store = database.store().await;
        execute(&database, "DROP VIEW open_hit_opened_event; DROP VIEW open_hit; DROP TABLE rule_hit").await;
        let error = fails(&store, OURS.report(10, "disk")).await;
        assert_eq!((error.class(), error.is_unavailable()), (Class::Setup, true), "{}: {error}", database.name);
        assert!(error.to_string().contains("rule_hit"), "{}: {error}", database.name);
    }
}

#[tokio::test]
async fn a_missing_database_is_an_error_of_the_setup() {
    for mut database in each_database().await {
        let url = match database.name {
            "SQLite" => "sqlite:///no/such/folder/test.db?mode=rwc".to_owned(),
            _ => format!("{}_and_no_more", database.settings.url.expose()),
        };
        database.settings.url = url.try_into().expect("a database URL");
        let error = match Store::open(&database.settings).await {
            Ok(store) => fails(&store, OURS.report(10, "disk")).await,
            Err(error) => error,
        };
        assert_eq!(error.class(), Class::Setup, "{}: {error:?}", database.name);
    }
}

/// The parser rejects NUL characters, but the store does not rely on it.
#[tokio::test]
async fn a_nul_character_is_an_error_of_the_data_on_postgres_and_is_not_quoted() {
    let database = postgres().await;
    let store = database.store().await;
    let secret: Selector = "secret_rule\0|KEY".parse().expect("a selector");
    let mut with_request_id = OURS.report(10, "disk");
    with_request_id.request_id = Some("secret\0".to_owned());
    let details = RuleHit::new(selector("disk"), Some(Details::from_checked("\"secret\0\"")));
    for report in
        [OURS.report_with(10, vec![RuleHit::new(secret, None)]), with_request_id, OURS.report_with(10, vec![details])]
    {
        let error = fails(&store, report).await;
        assert_eq!((error.class(), error.code().as_deref()), (Class::Data, Some("22021")), "{error:?}");
        assert!(!error.is_unavailable(), "{error}");
        assert!(!error.to_string().contains("secret"), "{error}");
        assert!(stored(&database).await.clusters.is_empty(), "nothing of the batch was written");
    }
}

#[tokio::test]
async fn a_value_that_violates_a_constraint_is_an_error_of_the_data_and_is_not_quoted() {
    for database in each_database().await {
        let store = database.store().await;
        let rule = match database.name {
            "SQLite" => {
                "CREATE TRIGGER no_secrets BEFORE INSERT ON rule_hit WHEN new.details = '\"secret\"'
                 BEGIN SELECT raise(ABORT, 'no secret'); END"
            }
            _ => r#"ALTER TABLE rule_hit ADD CHECK (details <> '"secret"')"#,
        };
        execute(&database, rule).await;
        let error = fails(&store, OURS.report(10, "disk=\"secret\"")).await;
        assert_eq!(error.class(), Class::Data, "{}: {error:?}", database.name);
        assert!(!error.to_string().contains("secret"), "{}: {error}", database.name);
        write(&store, &[OURS.report(10, "disk=\"harmless\"")]).await;
    }
}

async fn fails(store: &Store, report: Report) -> Error {
    store.write(Batch { results: Results::Reports(&[report]), rejected: &[] }).await.expect_err("the batch fails")
}

async fn execute(database: &Database, sql: &str) {
    database.connect().await.execute_unprepared(sql).await.expect(sql);
}
