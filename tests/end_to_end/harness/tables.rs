//! The contents of all tables, without what may differ between two runs: times of the service's clock and the ids of
//! recommendations.

use std::collections::{BTreeMap, BTreeSet};

use ::entity::{
    cluster, consumer_error, gathering_request, organization, recommendation, rule_hit, rule_hit_history, workload_hit,
    workload_hit_history, workload_namespace, workload_object,
};
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
    /// As those of rule hits.
    pub(crate) workload_hits: BTreeSet<String>,
    /// As the history of rule hits.
    pub(crate) workload_history: BTreeSet<String>,
    /// `cluster uid organization name since`
    pub(crate) namespaces: BTreeSet<String>,
    /// `cluster uid-of-namespace selector organization kind/name/uid`
    pub(crate) objects: BTreeSet<String>,
    /// `cluster organization request gathered selectors`
    pub(crate) requests: BTreeSet<String>,
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
        assert_eq!(row.hits_digest.is_some(), row.stored_at.is_some(), "both columns of a report are set, or neither");
        let report = |at| if row.stored_at.is_some() { time(at) } else { format!("removed-{}", time(at)) };
        let workloads = |at| if row.workloads_digest.is_some() { time(at) } else { format!("removed-{}", time(at)) };
        format!(
            "{} {} checked {} report {} gathered {} request {} version {} hits {} closed {} workloads {} digest {}",
            row.id,
            row.org_id,
            time(row.last_checked_at),
            row.report_checked_at.map_or("-".into(), report),
            row.gathered_at.map_or("-".into(), time),
            row.request_id.as_deref().unwrap_or("-"),
            row.version.as_deref().unwrap_or("-"),
            row.hit_count,
            row.closed_hit_count,
            row.workload_checked_at.map_or("-".into(), workloads),
            row.hits_digest.map_or("-".into(), |digest| format!("{digest:02x?}")),
        )
    };
    let hit = |row: rule_hit::Model| {
        let selector = &selectors[&row.recommendation_id];
        let details = row.details.as_deref().unwrap_or("-");
        format!("{} {selector} {} {} {details}", row.cluster_id, row.org_id, time(row.impacted_since))
    };
    let interval = |row: rule_hit_history::Model| {
        let selector = &selectors[&row.recommendation_id];
        format!("{} {selector} {} {} {}", row.cluster_id, row.org_id, time(row.opened_at), time(row.closed_at))
    };
    let namespaces = all::<workload_namespace::Entity>(connection).await;
    let uids: BTreeMap<_, _> =
        namespaces.iter().map(|row| ((row.cluster_id, row.namespace_key.clone()), row.uid.clone())).collect();
    let namespace = |row: workload_namespace::Model| {
        format!("{} {:?} {} {:?} {}", row.cluster_id, row.uid, row.org_id, row.name, time(row.reported_at))
    };
    let object = |row: workload_object::Model| {
        let uid = &uids[&(row.cluster_id, row.namespace_key)];
        let selector = &selectors[&row.recommendation_id];
        format!("{} {uid:?} {selector} {} {}/{}/{}", row.cluster_id, row.org_id, row.kind, row.name, row.uid)
    };
    let request = |row: gathering_request::Model| {
        let received = row.received_at.map_or("-".into(), time);
        format!("{} {} {} {received} {}", row.cluster_id, row.org_id, row.request_id, row.selectors)
    };
    let error =
        |row: consumer_error::Model| format!("{}/{}/{} {}", row.topic, row.partition, row.topic_offset, row.reason);
    Tables {
        organizations: all::<organization::Entity>(connection).await.into_iter().map(|row| row.id).collect(),
        clusters: all::<cluster::Entity>(connection).await.into_iter().map(cluster).collect(),
        rule_hits: all::<rule_hit::Entity>(connection).await.into_iter().map(hit).collect(),
        history: all::<rule_hit_history::Entity>(connection).await.into_iter().map(interval).collect(),
        consumer_errors: all::<consumer_error::Entity>(connection).await.into_iter().map(error).collect(),
        workload_hits: all::<workload_hit::Entity>(connection).await.into_iter().map(of_workloads).map(hit).collect(),
        workload_history: all::<workload_hit_history::Entity>(connection)
            .await
            .iter()
            .map(closed_of_workloads)
            .map(interval)
            .collect(),
        objects: all::<workload_object::Entity>(connection).await.into_iter().map(object).collect(),
        namespaces: namespaces.into_iter().map(namespace).collect(),
        requests: all::<gathering_request::Entity>(connection).await.into_iter().map(request).collect(),
        recommendations: selectors.values().cloned().collect(),
    }
}

/// A row of the table for workloads as one of the table for rules, which has the same columns.
fn of_workloads(row: workload_hit::Model) -> rule_hit::Model {
    let workload_hit::Model { cluster_id, recommendation_id, org_id, impacted_since, digest, details } = row;
    rule_hit::Model { cluster_id, recommendation_id, org_id, impacted_since, digest, details }
}

fn closed_of_workloads(row: &workload_hit_history::Model) -> rule_hit_history::Model {
    let workload_hit_history::Model { cluster_id, recommendation_id, opened_at, closed_at, org_id } = *row;
    rule_hit_history::Model { cluster_id, recommendation_id, opened_at, closed_at, org_id }
}

async fn all<E: EntityTrait>(connection: &DatabaseConnection) -> Vec<E::Model> {
    E::find().all(connection).await.expect("read a table")
}

fn time(time: chrono::DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Micros, true)
}
