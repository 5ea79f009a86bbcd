//! PgBouncer in front of PostgreSQL: an outage behind it, and its modes.

use serde_json::{Value, json};

use crate::{
    harness::{
        Database, PgBouncer, Process, Server, Topic, postgres, serve, serve_api, set_config, sqlite, tables, until,
    },
    outages::{query_total, until_ready},
    traffic::{Stored, send, tables_without_faults, traffic},
};

/// The URL parameter with which no setting and no prepared statement is kept in a session.
const WITHOUT_SESSION_STATE: &str = "statement-cache-capacity=0";
/// In session mode, PgBouncer ignores what the service sends at the start of a session.
const SESSION: &str = "pool_mode = session\nignore_startup_parameters = extra_float_digits,options";

async fn missing(url: &str, part: &str) -> Option<String> {
    let answer = reqwest::get(format!("{url}/readyz")).await.expect("an answer");
    let body: Value = answer.json().await.expect("JSON");
    body["missing"][part].as_str().map(str::to_owned)
}

fn through(pooler: &PgBouncer, database: &Database, parameters: &str) -> String {
    pooler.settings(database, parameters).url.expose().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outage_behind_a_pooler_loses_and_rejects_no_message() {
    let mut server = Server::start().await;
    let (database, topic) = (server.database().await, Topic::create(4).await);
    let pooler = PgBouncer::start(&database, SESSION).await;
    let address = through(&pooler, &database, "");
    let mut command = serve(&database, &topic);
    set_config(&mut command, "DATABASE__URL", &address);
    set_config(&mut command, "INGEST__BATCH_MESSAGES", "5");
    let process = Process::spawn(command);
    let url = format!("http://{}", process.address().await);
    until_ready(&url).await;

    let outgoing = traffic(&topic, 400, 2);
    let (before, during) = outgoing.split_at(outgoing.len() / 2);
    let sent = send(&topic, before).await;
    let connection = database.connect().await;
    until("a batch is stored", async || Stored::read(&connection).await.has_any(&sent).then_some(())).await;
    let _ = connection.close().await;
    let restart = server.crash().await;
    send(&topic, during).await;

    // A process that starts now waits.
    let mut command = serve_api(&database);
    set_config(&mut command, "DATABASE__URL", &address);
    let started = Process::spawn(command);
    let started_url = format!("http://{}", started.address().await);
    until("the pooler reports the outage", async || {
        let reason = missing(&started_url, "migrations").await?;
        reason.contains("08P01").then_some(())
    })
    .await;
    // The pooler has refused batches of several partitions.
    until("batches wait", async || (process.output().matches("the batch waits").count() > 20).then_some(())).await;
    for _ in 0..20 {
        let answer = query_total(&url).await;
        assert_eq!(answer["errors"][0]["extensions"]["code"], json!("UNAVAILABLE"), "{answer}");
    }
    let reason = missing(&url, "database").await.expect("the database is missing");
    assert!(reason.contains("cannot be reached"), "{reason}");

    server.restart(restart).await;
    until_ready(&started_url).await;
    until_ready(&url).await;
    topic.until_all_committed().await;
    let stored = tables(&database.connect().await).await;
    let expected = tables_without_faults(&sqlite(), &topic).await;
    assert_eq!(stored.consumer_errors, expected.consumer_errors, "no message is rejected because of the outage");
    assert!(stored == expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn in_both_modes_of_a_pooler_messages_are_ingested_and_queries_answered() {
    for (mode, parameters) in [
        (SESSION, ""),
        ("pool_mode = session", WITHOUT_SESSION_STATE),
        ("pool_mode = transaction\ndefault_pool_size = 5", WITHOUT_SESSION_STATE),
    ] {
        let (database, topic) = (postgres().await, Topic::create(4).await);
        let pooler = PgBouncer::start(&database, mode).await;
        let mut command = serve(&database, &topic);
        set_config(&mut command, "DATABASE__URL", &through(&pooler, &database, parameters));
        set_config(&mut command, "INGEST__BATCH_MESSAGES", "5");
        let process = Process::spawn(command);
        let url = format!("http://{}", process.address().await);
        until_ready(&url).await;
        send(&topic, &traffic(&topic, 200, 2)).await;
        // Reads beside writes, so that the pooler changes servers between statements.
        let reading = async {
            loop {
                let reads = futures_util::future::join_all((0..8).map(|_| query_total(&url))).await;
                let succeeded = reads.iter().all(|answer| answer["errors"].is_null());
                assert!(succeeded, "{mode}: {}", process.output());
            }
        };
        tokio::select! {
            () = topic.until_all_committed() => {}
            () = reading => {}
        }
        assert_eq!(query_total(&url).await, json!({ "data": { "organizations": { "totalCount": 10 } } }), "{mode}");
        let (stored, expected) =
            (tables(&database.connect().await).await, tables_without_faults(&sqlite(), &topic).await);
        assert!(stored == expected, "{mode}");
        assert!(!process.output().contains("the batch waits"), "{mode}: {}", process.output());
    }
}
