//! The contents of all tables, without what may differ between two runs: times of the service's clock and the ids of
//! recommendations.

use std::collections::{BTreeMap, BTreeSet};

use ::entity::{cluster, consumer_error, organization, recommendation, rule_hit, rule_hit_history};
use chrono::{SecondsFormat, Utc};
use sea_orm::{DatabaseConnection, EntityTrait};

/// All rows of all tables as sorted lines, so that tables can be compared as text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tables {
    pub(crate) organizations: BTreeSet<i64>,
    pub(crate) clusters: BTreeSet<String>,
    /// `cluster selector organization since details`
    pub(crate) rule_hits: BTreeSet<String>,
    /// `cluster selector organization opened closed`
    pub(crate) history: BTreeSet<String>,
    pub(crate) recommendations: BTreeSet<String>,
    /// `topic/partition/offset reason`
    pub(crate) consumer_errors: BTreeSet<String>,
}

/// Reads all tables.
pub(crate) async fn tables(connection: &DatabaseConnection) -> Tables {
    let selectors: BTreeMap<_, _> = all::<recommendation::Entity>(connection)
        .await
        .into_iter()
        .map(|row| {
            assert_eq!(row.selector, format!("{}|{}", row.rule_fqdn, row.error_key));
            (row.id, row.selector)
        })
        .collect();
    let cluster = |row: cluster::Model| {
        assert_eq!(
            row.report_checked_at.is_some(),
            row.stored_at.is_some(),
            "both columns of a report are set, or neither"
        );
        format!(
            "{} {} checked {} report {} gathered {} request {} version {} hits {} closed {} digest {}",
            row.id,
            row.org_id,
            time(row.last_checked_at),
            row.report_checked_at.map_or("-".into(), time),
            row.gathered_at.map_or("-".into(), time),
            row.request_id.as_deref().unwrap_or("-"),
            row.version.as_deref().unwrap_or("-"),
            row.hit_count,
            row.closed_hit_count,
            row.hits_digest.map_or("-".into(), |digest| format!("{digest:02x?}")),
        )
    };
    let rule_hit = |row: rule_hit::Model| {
        let selector = &selectors[&row.recommendation_id];
        let details = row.details.as_deref().unwrap_or("-");
        format!("{} {selector} {} {} {details}", row.cluster_id, row.org_id, time(row.impacted_since))
    };
    let interval = |row: rule_hit_history::Model| {
        let selector = &selectors[&row.recommendation_id];
        format!("{} {selector} {} {} {}", row.cluster_id, row.org_id, time(row.opened_at), time(row.closed_at))
    };
    let error =
        |row: consumer_error::Model| format!("{}/{}/{} {}", row.topic, row.partition, row.topic_offset, row.reason);
    Tables {
        organizations: all::<organization::Entity>(connection).await.into_iter().map(|row| row.id).collect(),
        clusters: all::<cluster::Entity>(connection).await.into_iter().map(cluster).collect(),
        rule_hits: all::<rule_hit::Entity>(connection).await.into_iter().map(rule_hit).collect(),
        history: all::<rule_hit_history::Entity>(connection).await.into_iter().map(interval).collect(),
        consumer_errors: all::<consumer_error::Entity>(connection).await.into_iter().map(error).collect(),
        recommendations: selectors.into_values().collect(),
    }
}

async fn all<E: EntityTrait>(connection: &DatabaseConnection) -> Vec<E::Model> {
    E::find().all(connection).await.expect("read a table")
}

fn time(time: chrono::DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Micros, true)
}
