//! Lists that are longer than a page by far: an organization with 100,000 clusters, and clusters with 20,000 closed hits
//! each. Measures the time of the store for one page, without load.

use std::time::{Duration, Instant};

use insights_results_aggregator::{
    config::Database,
    domain::{ClusterId, OrgId, Selector, VersionKey},
    identity::{Scope, Viewer},
    store::{
        Cluster, ClusterFilter, Direction, End, HistoryEvent, List, ListRequest, Order, PageRequest, Position,
        SortValue, Store,
    },
};
use sea_orm::ConnectionTrait as _;

/// An organization with many clusters, 5 hits each.
const FLEET: i64 = 900_001;
/// An organization with clusters that have a long history.
const LONG_LIVED: i64 = 900_002;
/// Of several runs the median counts.
const RUNS: usize = 11;

const FILL: &str = "
    INSERT INTO organization VALUES (900001), (900002);
    INSERT INTO cluster (id, org_id, last_checked_at, report_checked_at, stored_at, version, version_key, hits_digest,
        hit_count)
    SELECT md5('fleet' || n)::uuid, 900001, now() - n * interval '1 second', now(), now(), v.version, v.version_key, decode(md5(''), 'hex'), 5
    FROM generate_series(1, 100000) AS n
    JOIN (SELECT row_number() OVER () AS number, count(*) OVER () AS numbers, version, version_key
          FROM (SELECT DISTINCT version, version_key FROM cluster) AS c) AS v ON v.number = 1 + n % v.numbers;
    INSERT INTO rule_hit (cluster_id, recommendation_id, org_id, impacted_since, digest)
    SELECT md5('fleet' || n)::uuid, r.id, 900001, now(), decode(md5(''), 'hex')
    FROM generate_series(1, 100000) AS n JOIN recommendation AS r ON r.id % 20 = n % 20;
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
    ORDER BY round;
    ANALYZE";

/// Fills the database and prints a line for each measured page.
pub(crate) async fn measure(database: &Database) {
    let connection = sea_orm::Database::connect(database.url.expose()).await.expect("connect");
    connection.execute_unprepared(FILL).await.expect("fill");
    // In a transaction of its own: it makes reads of indexes alone possible.
    connection.execute_unprepared("VACUUM").await.expect("vacuum");
    let store = Store::open(database).await.expect("open");
    println!("{:72} {:>9}", "page", "ms");
    clusters(&store).await;
    filters(&store).await;
    history(&store).await;
}

/// The first page, one in the middle and the last one, in each order.
async fn clusters(store: &Store) {
    let organization = OrgId::try_from(FLEET).expect("an organization");
    for by in [&Cluster::BY_UUID, &Cluster::BY_LAST_CHECKED, &Cluster::BY_VERSION] {
        for direction in [Direction::Ascending, Direction::Descending] {
            let order = Order::new(by, direction);
            let middle = middle(store, &[organization], order).await;
            let pages = [
                ("first page", PageRequest::first(100)),
                ("page in the middle", PageRequest { after: Some(middle.clone()), ..PageRequest::first(100) }),
                ("page before it", PageRequest { before: Some(middle), end: End::Last, ..PageRequest::first(100) }),
                ("last page", PageRequest { end: End::Last, ..PageRequest::first(100) }),
            ];
            for (name, page) in pages {
                let request = ListRequest { order, beyond: true, ..ListRequest::new(page) };
                print(&format!("100,000 clusters by {order:?}: {name}"), time(store, &[organization], &request).await);
            }
        }
    }
    let request = ListRequest::<Cluster> { total: true, ..ListRequest::new(PageRequest::first(100)) };
    print("100,000 clusters: first page with the total", time(store, &[organization], &request).await);
}

/// A page with its total under each filter.
async fn filters(store: &Store) {
    let organization = OrgId::try_from(FLEET).expect("an organization");
    let any = ClusterFilter::default;
    let selector = Selector::new("ccx_rules_ocp.external.rules.rule_050", "ERROR_KEY_050").expect("a selector");
    let filters = [
        ("text", ClusterFilter { text: Some("beef".to_owned()), ..any() }),
        ("version", ClusterFilter { version_from: VersionKey::of("4.15.0"), ..any() }),
        ("hasHits", ClusterFilter { has_hits: Some(true), ..any() }),
        ("hitBy", ClusterFilter { hit_by: Some(vec![selector]), ..any() }),
    ];
    for (name, filter) in filters {
        for total in [false, true] {
            let request =
                ListRequest::<Cluster> { filter: filter.clone(), total, ..ListRequest::new(PageRequest::first(20)) };
            let name = format!("100,000 clusters, filter {name}{}", if total { " with the total" } else { "" });
            print(&name, time(store, &[organization], &request).await);
        }
    }
}

/// Pages of the history of 100 clusters at once.
async fn history(store: &Store) {
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
                print(
                    &format!("history of 100 clusters, {size} each: {name}{with}"),
                    time(store, &clusters, &request).await,
                );
            }
        }
    }
}

/// The position in the middle of an organization's clusters.
async fn middle(store: &Store, organization: &[OrgId], order: Order<Cluster>) -> Position {
    let request = ListRequest { order, ..ListRequest::new(PageRequest::first(50_000)) };
    let pages = store.pages(everything(), organization, &request).await.expect("clusters");
    order.position(pages[&organization[0]].items.last().expect("a cluster"))
}

async fn time<L: List>(store: &Store, parents: &[L::Parent], request: &ListRequest<L>) -> Duration {
    let mut times = Vec::new();
    for _ in 0..RUNS {
        let start = Instant::now();
        store.pages(everything(), parents, request).await.expect("a page");
        times.push(start.elapsed());
    }
    times.sort_unstable();
    times[RUNS / 2]
}

fn print(name: &str, time: Duration) {
    println!("{name:72} {:9.1}", time.as_secs_f64() * 1e3);
}

fn everything() -> Scope {
    Viewer::unrestricted().scope()
}
