//! Remembers the uploads with a request id, also those whose report is stale, so that who requested one gets an answer.

use std::collections::BTreeMap;

use sea_orm::{DatabaseTransaction, DbErr};

use crate::{
    domain::{ClusterId, Digest, OrgId, Report, Timestamp},
    store::{columns::Column, gathering_requests::selectors_as_json, statement},
};

/// Cluster, organization and key of the request id.
type RequestKey = (ClusterId, OrgId, Digest);

/// Writes a row for each report with a request id. It has the selectors instead of their numbers, because only accepted
/// reports give numbers to selectors.
pub(super) async fn upsert(
    transaction: &DatabaseTransaction,
    reports: &[Report],
    processed_at: Timestamp,
) -> Result<(), DbErr> {
    let requests = last_of_each(reports);
    if requests.is_empty() {
        return Ok(());
    }
    let selectors = |report: &Report| selectors_as_json(report.hits().iter().map(|hit| &hit.selector));
    let rows = vec![
        Column::clusters(requests.keys().map(|key| key.0)),
        Column::BigInt(requests.keys().map(|key| key.1.as_i64()).collect()),
        Column::Bytes(requests.keys().map(|key| key.2.as_bytes().to_vec()).collect()),
        Column::Text(requests.values().map(|(id, _)| (*id).to_owned()).collect()),
        Column::OptionalTime(requests.values().map(|(_, report)| report.gathered_at).collect()),
        Column::Text(requests.values().map(|(_, report)| selectors(report)).collect()),
    ];
    statement::GATHERING_REQUESTS_UPSERT.execute(transaction, rows, [processed_at.utc().into()]).await
}

/// The last report of each request: an upsert must not contain a key twice.
fn last_of_each(reports: &[Report]) -> BTreeMap<RequestKey, (&str, &Report)> {
    let with_id = reports.iter().filter_map(|report| Some((report.request_id.as_deref()?, report)));
    with_id
        .map(|(id, report)| ((report.cluster, report.organization, Digest::of(id.as_bytes())), (id, report)))
        .collect()
}
