//! The data: those of `bench-query`, an organization with 20,000 clusters, and clusters with many hits and a long history.

use insights_results_aggregator::{
    config::Database,
    domain::{Report, Timestamp},
    store::{Batch, Results, Store},
};
use sea_orm::{ConnectionTrait as _, DatabaseConnection};

use super::{
    data::{self, cluster, organization, report},
    generator::Keys,
};

/// The organization with many clusters.
pub(crate) const LARGE: i64 = 101;
/// The organization whose clusters have many hits and a long history.
pub(crate) const OLD: i64 = 102;
const LARGE_CLUSTERS: u128 = 20_000;
const OLD_CLUSTERS: u128 = 100;
/// Reports of five hits each, whose hits one cluster of [`OLD`] has together.
const REPORTS_OF_OLD: u128 = 20;
const BATCH: usize = 1_000;

/// 3,000 closed hits for each cluster of [`OLD`]: 30 for each recommendation.
const HISTORY: &str = "INSERT INTO rule_hit_history (cluster_id, recommendation_id, opened_at, closed_at, org_id)
    SELECT cluster.id, recommendation.id, opened, opened + interval '5 hours', cluster.org_id
    FROM cluster, recommendation, generate_series('2025-01-01Z'::timestamptz, '2025-01-30Z', '1 day') AS opened
    WHERE cluster.org_id = 102";

/// Fills the database.
pub(crate) async fn fill(database: &Database, connection: &DatabaseConnection) -> Store {
    let store = data::fill(database).await;
    let large: Vec<_> = (0..LARGE_CLUSTERS).map(|index| report(LARGE, index)).collect();
    for reports in large.chunks(BATCH) {
        write(&store, reports).await;
    }
    let old: Vec<_> = (0..OLD_CLUSTERS).map(report_of_old).collect();
    write(&store, &old).await;
    connection.execute_unprepared(HISTORY).await.expect("the history is written");
    connection.execute_unprepared("VACUUM ANALYZE").await.expect("vacuum");
    connection.execute_unprepared("CHECKPOINT").await.expect("checkpoint");
    store
}

async fn write(store: &Store, reports: &[Report]) {
    store.write(Batch { results: Results::Reports(reports), rejected: &[] }).await.expect("write");
}

fn report_of_old(index: u128) -> Report {
    let at: Timestamp = "2026-01-02T03:04:05.678901Z".parse().expect("a time");
    let hits = (0..REPORTS_OF_OLD).flat_map(|number| report(OLD, number).hits().to_vec()).collect();
    let mut report = Report::new(organization(OLD), cluster(OLD, index), at, hits);
    report.version = Some("4.16.0".to_owned());
    report
}

/// Keys of all organizations and of some of their clusters.
pub(crate) fn keys() -> Keys {
    let some = [(50, 20), (LARGE, 100), (OLD, OLD_CLUSTERS)];
    Keys {
        // The organizations with more data are chosen more often.
        organizations: (1..=OLD).chain([LARGE; 50]).chain([OLD; 50]).map(|number| number.to_string()).collect(),
        clusters: some
            .iter()
            .flat_map(|(owner, count)| (0..*count).map(|index| cluster(*owner, index).to_string()))
            .collect(),
        selectors: (0..100).map(|number| data::selector(number).as_str().to_owned()).collect(),
    }
}
