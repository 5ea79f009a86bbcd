//! The method of the original aggregator: one message at a time, eight transactions each, all hits deleted and inserted
//! again.
//!
//! Tables and order of work are the original's; language and driver are the service's, so that only the design differs.

use std::time::Duration;

use insights_results_aggregator::config;
use rdkafka::{
    ClientConfig, Message as _,
    consumer::{BaseConsumer, Consumer as _},
};
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, Statement, TransactionTrait as _, Value,
};
use serde_json::value::RawValue;

const TABLES: &str = "
    CREATE TABLE report (org_id int, cluster text UNIQUE, report text, reported_at timestamp, last_checked_at timestamp,
        kafka_offset bigint, gathered_at timestamp, PRIMARY KEY (org_id, cluster));
    CREATE TABLE rule_hit (org_id int, cluster_id text, rule_fqdn text, error_key text, template_data text,
        created_at timestamp, PRIMARY KEY (cluster_id, org_id, rule_fqdn, error_key));
    CREATE TABLE recommendation (org_id int, cluster_id text, rule_fqdn text, error_key text, rule_id text,
        created_at timestamp, impacted_since timestamp, PRIMARY KEY (org_id, cluster_id, rule_fqdn, error_key));
    CREATE TABLE report_info (org_id int, cluster_id text UNIQUE, version_info text, PRIMARY KEY (org_id, cluster_id));";

#[derive(serde::Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Message<'a> {
    #[serde(rename = "OrgID")]
    org_id: i32,
    cluster_name: &'a str,
    last_checked: &'a str,
    #[serde(borrow)]
    report: &'a RawValue,
}

#[derive(serde::Deserialize)]
struct Report<'a> {
    #[serde(borrow)]
    reports: Vec<Hit<'a>>,
}

#[derive(serde::Deserialize)]
struct Hit<'a> {
    component: &'a str,
    key: &'a str,
    #[serde(borrow)]
    details: &'a RawValue,
}

/// Creates the tables.
pub(crate) async fn create_tables(database: &DatabaseConnection) {
    database.execute_unprepared(TABLES).await.expect("the tables are created");
}

/// Reads `messages` messages from the topic and stores each. Calls `started` when the first has arrived.
pub(crate) async fn ingest(
    kafka: &config::Kafka,
    database: &DatabaseConnection,
    messages: u32,
    started: impl FnOnce(),
) {
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", kafka.brokers.join(","))
        .set("group.id", &kafka.group)
        .set("auto.offset.reset", "earliest")
        .create()
        .expect("a consumer");
    consumer.subscribe(&[&kafka.ocp_topic]).expect("subscribe");
    let mut started = Some(started);
    let mut left = messages;
    while left > 0 {
        let Some(message) = consumer.poll(Duration::from_millis(100)) else { continue };
        let message = message.expect("a message");
        if let Some(started) = started.take() {
            started();
        }
        store(database, message.payload().expect("a value"), message.offset()).await;
        left -= 1;
    }
}

async fn store(database: &DatabaseConnection, value: &[u8], offset: i64) {
    let message: Message = serde_json::from_slice(value).expect("a message");
    let report: Report = serde_json::from_str(message.report.get()).expect("a report");
    let cluster = message.cluster_name;
    // Owner, time of the last report and times of the hits: one lookup for each.
    read(database, "SELECT org_id FROM report WHERE cluster = $1", [cluster.into()]).await;
    let scope = || [message.org_id.into(), cluster.into()];
    read(database, "SELECT last_checked_at FROM report WHERE org_id = $1 AND cluster = $2", scope()).await;
    let first_seen = "SELECT rule_fqdn, error_key, created_at FROM rule_hit WHERE org_id = $1 AND cluster_id = $2";
    read(database, first_seen, scope()).await;
    write_report(database, &message, &report, offset).await;
    let impacted_since =
        "SELECT rule_fqdn, error_key, impacted_since FROM recommendation WHERE org_id = $1 AND cluster_id = $2";
    read(database, impacted_since, scope()).await;
    write_recommendations(database, &message, &report).await;
    read(database, "SELECT version_info FROM report_info WHERE org_id = $1 AND cluster_id = $2", scope()).await;
    write_info(database, &message).await;
}

async fn write_report(database: &DatabaseConnection, message: &Message<'_>, report: &Report<'_>, offset: i64) {
    let transaction = database.begin().await.expect("begin");
    let upsert = "
        INSERT INTO report (org_id, cluster, report, reported_at, last_checked_at, kafka_offset)
        VALUES ($1, $2, $3, now(), $4::timestamptz, $5)
        ON CONFLICT (cluster) DO UPDATE SET org_id = $1, report = $3, reported_at = now(), last_checked_at = $4::timestamptz";
    let values = [
        message.org_id.into(),
        message.cluster_name.into(),
        message.report.get().into(),
        message.last_checked.into(),
        offset.into(),
    ];
    write(&transaction, upsert, values).await;
    let scope = [message.org_id.into(), message.cluster_name.into()];
    write(&transaction, "DELETE FROM rule_hit WHERE org_id = $1 AND cluster_id = $2", scope).await;
    let mut insert = Rows::new("INSERT INTO rule_hit (org_id, cluster_id, rule_fqdn, error_key, template_data)");
    for Hit { component, key, details } in &report.reports {
        let hit = [(*component).into(), (*key).into(), details.get().into()];
        insert.push([message.org_id.into(), message.cluster_name.into()].into_iter().chain(hit));
    }
    insert.write(&transaction).await;
    transaction.commit().await.expect("commit");
}

async fn write_recommendations(database: &DatabaseConnection, message: &Message<'_>, report: &Report<'_>) {
    let transaction = database.begin().await.expect("begin");
    let scope = [message.org_id.into(), message.cluster_name.into()];
    write(&transaction, "DELETE FROM recommendation WHERE org_id = $1 AND cluster_id = $2", scope).await;
    let mut insert = Rows::new("INSERT INTO recommendation (org_id, cluster_id, rule_fqdn, error_key, rule_id)");
    for Hit { component, key, .. } in &report.reports {
        let rule = component.trim_end_matches(".report");
        let hit = [rule.into(), (*key).into(), format!("{rule}|{key}").into()];
        insert.push([message.org_id.into(), message.cluster_name.into()].into_iter().chain(hit));
    }
    insert.write(&transaction).await;
    transaction.commit().await.expect("commit");
}

async fn write_info(database: &DatabaseConnection, message: &Message<'_>) {
    let transaction = database.begin().await.expect("begin");
    let upsert = "
        INSERT INTO report_info (org_id, cluster_id, version_info) VALUES ($1, $2, '4.16.3')
        ON CONFLICT (cluster_id) DO UPDATE SET org_id = $1, version_info = '4.16.3'";
    write(&transaction, upsert, [message.org_id.into(), message.cluster_name.into()]).await;
    transaction.commit().await.expect("commit");
}

/// An INSERT of several rows.
struct Rows {
    sql: String,
    values: Vec<Value>,
}

impl Rows {
    fn new(insert: &str) -> Self {
        Self { sql: format!("{insert} VALUES "), values: Vec::new() }
    }

    fn push(&mut self, row: impl Iterator<Item = Value>) {
        let first = self.values.len() + 1;
        self.values.extend(row);
        let parameters: Vec<_> = (first..=self.values.len()).map(|number| format!("${number}")).collect();
        if first > 1 {
            self.sql.push_str(", ");
        }
        self.sql.extend(["(", &parameters.join(", "), ")"]);
    }

    async fn write(self, transaction: &DatabaseTransaction) {
        if !self.values.is_empty() {
            write(transaction, &self.sql, self.values).await;
        }
    }
}

async fn read(database: &DatabaseConnection, sql: &str, values: impl IntoIterator<Item = Value>) {
    database.query_all_raw(statement(sql, values)).await.expect("a lookup");
}

async fn write(transaction: &DatabaseTransaction, sql: &str, values: impl IntoIterator<Item = Value>) {
    transaction.execute_raw(statement(sql, values)).await.expect("a write");
}

fn statement(sql: &str, values: impl IntoIterator<Item = Value>) -> Statement {
    Statement::from_sql_and_values(DbBackend::Postgres, sql, values)
}
