//! Lists that are longer than a page by far: an organization with 100,000 clusters, and clusters with 20,000 closed hits
//! each. Measures the time of the store for one page, without load.

use std::time::{Duration, Instant};

use insights_results_aggregator::{
    config::Database,
    domain::{ClusterId, Digest, Level, OrgId, RecommendationFacts, Selector, TotalRisk, VersionKey},
    identity::{Scope, Viewer},
    store::{
        Cluster, ClusterFilter, Direction, End, HistoryEvent, ImportedValues, List, ListRequest, Order, PageRequest,
        Position, SortColumn, SortValue, Store,
    },
};
use sea_orm::{ConnectionTrait as _, DatabaseConnection, QueryResult, Statement, prelude::Uuid};

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

/// Every kind of order: with an index, by a column of each type, and by a part of the counts.
const ORDERS: [&SortColumn<Cluster>; 7] = [
    &Cluster::BY_UUID,
    &Cluster::BY_LAST_CHECKED,
    &Cluster::BY_VERSION,
    &Cluster::BY_NAME,
    &Cluster::BY_HITS,
    &Cluster::BY_CRITICAL,
    &Cluster::BY_TOTAL_RISK,
];

/// Fills the database and prints a line for each measured page.
pub(crate) async fn measure(database: &Database) {
    let connection = sea_orm::Database::connect(database.url.expose()).await.expect("connect");
    connection.execute_unprepared(FILL).await.expect("fill");
    // In a transaction of its own: it makes reads of indexes alone possible.
    connection.execute_unprepared("VACUUM").await.expect("vacuum");
    let store = Store::open(database).await.expect("open");
    println!("{:72} {:>9}", "page", "ms");
    known(&store, &connection).await;
    clusters(&store).await;
    filters(&store).await;
    history(&store).await;
}

/// Stores facts of all recommendations, and names of all clusters, and prints how long each takes.
async fn known(store: &Store, connection: &DatabaseConnection) {
    let read = async |sql: &str| {
        let statement = Statement::from_string(connection.get_database_backend(), sql);
        connection.query_all_raw(statement).await.expect(sql)
    };
    let levels = [Level::Low, Level::Medium, Level::High, Level::Critical];
    let facts = |(number, row): (usize, &QueryResult)| RecommendationFacts {
        selector: row.try_get_by_index::<String>(0).expect("a text").parse().expect("a selector"),
        impact: levels[number % 4],
        likelihood: levels[number % 4],
        risk_of_change: None,
        is_for_managed: number % 3 > 0,
        published_at: None,
        description: format!("Recommendation {number}"),
    };
    let rows = read("SELECT selector FROM recommendation ORDER BY id").await;
    let facts: Vec<_> = rows.iter().enumerate().map(facts).collect();
    let start = Instant::now();
    store.save_recommendation_facts(Digest::of(b"large"), &facts).await.expect("facts");
    print("facts of all recommendations, with the counts of all clusters", start.elapsed());

    let rows = read("SELECT id FROM cluster WHERE org_id = 900001").await;
    let imported = rows.iter().enumerate().map(|(number, row)| {
        let cluster: ClusterId = row.try_get_by_index::<Uuid>(0).expect("a UUID").into();
        let name = Some(format!("Cluster {}", number * 7_919 % 100_000));
        let values = ImportedValues { display_name: name, is_managed: number % 10 == 0, status: None };
        ((OrgId::try_from(FLEET).expect("an organization"), cluster), values)
    });
    let imported = imported.collect();
    let start = Instant::now();
    store.import_clusters(&imported, false, drop).await.expect("imported");
    print("import of 100,000 clusters", start.elapsed());
    connection.execute_unprepared("VACUUM ANALYZE").await.expect("vacuum");
}

/// The first page, one in the middle and the last one, in each order.
async fn clusters(store: &Store) {
    let organization = OrgId::try_from(FLEET).expect("an organization");
    for by in ORDERS {
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
        ("totalRisk", ClusterFilter { total_risk: Some(vec![TotalRisk::Critical]), ..any() }),
        ("managed", ClusterFilter { managed: Some(true), ..any() }),
        ("hasHits", ClusterFilter { has_hits: Some(true), ..any() }),
        ("hitBy", ClusterFilter { hit_by: Some(vec![selector]), ..any() }),
    ];
    for (name, filter) in filters {
        let by_risk = Order::new(&Cluster::BY_TOTAL_RISK, Direction::Descending);
        for (order, total) in [(Cluster::DEFAULT_ORDER, false), (Cluster::DEFAULT_ORDER, true), (by_risk, false)] {
            let page = ListRequest::new(PageRequest::first(20));
            let request = ListRequest::<Cluster> { filter: filter.clone(), order, total, ..page };
            let with = if total { " with the total" } else { "" };
            let name = format!("100,000 clusters, filter {name}, by {order:?}{with}");
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
