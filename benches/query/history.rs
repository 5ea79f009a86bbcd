//! Histories that are longer than a page by far: 100 clusters with 20,000 closed hits each. Measures the time of the store
//! for one page of each, without load.

use insights_results_aggregator::{
    config::Database,
    domain::{ClusterId, OrgId},
    store::{Cluster, End, HistoryEvent, ListRequest, PageRequest, Position, SortValue, Store},
};
use sea_orm::ConnectionTrait as _;

use super::{
    statistics,
    timing::{everything, median, print, time},
};

/// An organization with clusters that have a long history.
const LONG_LIVED: i64 = 900_002;

const FILL: &str = "
    INSERT INTO organization VALUES (900002);
    INSERT INTO cluster (id, org_id, last_checked_at, report_checked_at, stored_at, hits_digest, hit_count,
        closed_hit_count)
    SELECT md5('long' || n)::uuid, 900002, now(), now(), now(), decode(md5(''), 'hex'), 5, 20000 FROM generate_series(1, 100) AS n;
    INSERT INTO rule_hit (cluster_id, recommendation_id, org_id, impacted_since, digest)
    SELECT md5('long' || n)::uuid, r.id, 900002, now(), decode(md5(''), 'hex')
    FROM generate_series(1, 100) AS n JOIN recommendation AS r ON r.id % 20 = n % 20;
    INSERT INTO rule_hit_history (cluster_id, recommendation_id, opened_at, closed_at, org_id)
    SELECT md5('long' || n)::uuid, r.id, timestamptz '2020-01-01' + round * interval '6 hours',
        timestamptz '2020-01-01' + (round + 2) * interval '6 hours', 900002
    FROM generate_series(0, 3999) AS round JOIN recommendation AS r ON r.id % 20 = round % 20,
        generate_series(1, 100) AS n
    ORDER BY round";

/// Fills the database and prints a line for each measured page.
pub(crate) async fn measure(database: &Database, analyzed: bool) {
    let connection = sea_orm::Database::connect(database.url.expose()).await.expect("connect");
    connection.execute_unprepared(FILL).await.expect("fill");
    if analyzed {
        statistics::analyze(database).await;
    }
    let store = Store::open(database).await.expect("open");
    let clusters: Vec<ClusterId> = {
        let organization = OrgId::try_from(LONG_LIVED).expect("an organization");
        let request = ListRequest::<Cluster>::new(PageRequest::first(100));
        let pages = store.pages(everything(), &[organization], &request).await.expect("clusters");
        pages[&organization].items.iter().map(|cluster| cluster.id).collect()
    };
    let middle = Position {
        value: Some(SortValue::Time("2021-06-01T00:00:00Z".parse().expect("a time"))),
        key: SortValue::Text("opened a|A".to_owned()),
    };
    for size in [1, 100] {
        let pages = [
            ("first page", PageRequest::first(size)),
            ("page in the middle", PageRequest { after: Some(middle.clone()), ..PageRequest::first(size) }),
            ("last page", PageRequest { end: End::Last, ..PageRequest::first(size) }),
        ];
        for (name, page) in pages {
            for total in [false, true] {
                let request: ListRequest<HistoryEvent> =
                    ListRequest { total, beyond: true, ..ListRequest::new(page.clone()) };
                let with = if total { " with the total" } else { "" };
                let name = format!("history of 100 clusters, {size} each: {name}{with}");
                print(&name, median(async || time(&store, &clusters, &request).await).await, None);
            }
        }
    }
}
