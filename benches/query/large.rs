//! Lists that are longer than a page by far: an organization with 100,000 clusters and 500,000 hits, beside another one of
//! that size, with 1,000 recommendations. Measures the time of the store for one read, without load, and of the graph for
//! what it makes of several.

use std::time::{Duration, Instant};

use insights_results_aggregator::{
    config::Config,
    content::Source,
    domain::{ClusterId, OrgId, TotalRisk, VersionKey},
    service::{Role, Service},
    store::{
        Cluster, ClusterFilter, Direction, End, ImpactStatus, ImpactedCluster, ImpactedClusterFilter, Impacting,
        ImportedValues, ListRequest, Order, PageRequest, Position, SortColumn, Store,
    },
};
use sea_orm::{ConnectionTrait as _, DatabaseConnection, Statement, prelude::Uuid};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::{
    actions, content, data, ready, statistics,
    timing::{everything, median, print, print_sum, time, timed},
};

/// An organization with many clusters, 5 hits each.
const FLEET: i64 = 900_001;
const RECOMMENDATIONS: u32 = 1_000;
/// The longest times in milliseconds.
pub(crate) const FIRST_PAGE: Option<u32> = Some(100);
const MIDDLE_PAGE: Option<u32> = Some(200);
const WHOLE: Option<u32> = Some(300);

/// Of the hits of a cluster, one is by one of four recommendations, which hit 25,000 clusters each, and four are by others,
/// which hit 402 each.
const FILL: &str = "
    INSERT INTO organization VALUES (900001), (900003);
    INSERT INTO cluster (id, org_id, last_checked_at, report_checked_at, stored_at, version, version_key, hits_digest,
        hit_count, sort_name)
    SELECT md5(o.id::text || n)::uuid, o.id, now() - n * interval '1 second', now(), now(), v.version, v.version_key,
        decode(md5(''), 'hex'), 5, md5(o.id::text || n)::uuid::text
    FROM (VALUES (900001), (900003)) AS o (id), generate_series(1, 100000) AS n,
        (SELECT row_number() OVER () AS number, count(*) OVER () AS numbers, version, version_key
          FROM (SELECT DISTINCT version, version_key FROM cluster) AS c) AS v WHERE v.number = 1 + n % v.numbers;
    CREATE TEMPORARY TABLE numbered AS SELECT id, row_number() OVER (ORDER BY selector) - 1 AS number FROM recommendation;
    INSERT INTO rule_hit (cluster_id, recommendation_id, org_id, impacted_since, digest)
    SELECT md5(o.id::text || n)::uuid, r.id, o.id, now() - n * 7919 % 100000 * interval '1 second', decode(md5(''), 'hex')
    FROM (VALUES (900001), (900003)) AS o (id), generate_series(1, 100000) AS n, generate_series(0, 4) AS hit,
        numbered AS r WHERE r.number = CASE hit WHEN 0 THEN n % 4 ELSE 4 + (n * 4 + hit) % 996 END";

pub(crate) const ORDERS: [&SortColumn<Cluster>; 10] = [
    &Cluster::BY_UUID,
    &Cluster::BY_LAST_CHECKED,
    &Cluster::BY_VERSION,
    &Cluster::BY_NAME,
    &Cluster::BY_HITS,
    &Cluster::BY_CRITICAL,
    &Cluster::BY_IMPORTANT,
    &Cluster::BY_MODERATE,
    &Cluster::BY_LOW,
    &Cluster::BY_TOTAL_RISK,
];

/// Fills the database and prints a line for each measured read.
pub(crate) async fn measure(config: &Config, analyzed: bool) {
    let database = &config.database;
    let connection = sea_orm::Database::connect(database.url.expose()).await.expect("connect");
    let store = Store::open(database).await.expect("open");
    println!("{:72} {:>9}", "read", "ms");
    let (_folder, settings) = content::write(RECOMMENDATIONS);
    fill(&store, &connection, &settings).await;
    if analyzed {
        statistics::analyze(database).await;
    }
    clusters(&store).await;
    filters(&store).await;
    impacted(&store).await;
    counts(&store).await;
    graph(&Config { content: settings.clone(), ..config.clone() }).await;
    let loaded = Source::configured(&settings).expect("a source").load().expect("the content loads").content;
    let count = async {
        let saved = store.save_recommendation_facts(loaded.version(), &loaded.facts()).await;
        saved.expect("the hits are counted");
    };
    Box::pin(actions::measure(&store, &connection, count)).await;
    print_sum();
}

/// Prints how long the parts take that are not part of ingestion.
async fn fill(store: &Store, connection: &DatabaseConnection, settings: &insights_results_aggregator::config::Content) {
    let loaded = Source::configured(settings).expect("a source").load().expect("the content loads");
    assert_eq!(loaded.problems, []);
    let new = (0..RECOMMENDATIONS).map(|number| {
        let selector = data::selector(number);
        format!("('{selector}', '{}', '{}')", selector.rule_fqdn(), selector.error_key())
    });
    let new = new.collect::<Vec<_>>().join(", ");
    let sql = format!(
        "INSERT INTO recommendation (selector, rule_fqdn, error_key) VALUES {new} ON CONFLICT DO NOTHING; {FILL}"
    );
    connection.execute_unprepared(&sql).await.expect("fill");
    let facts = loaded.content.facts();
    let (_, time) = timed(store.save_recommendation_facts(loaded.content.version(), &facts)).await;
    print("facts of 1,000 recommendations, with the counts of all clusters", time, None);

    let sql = "SELECT id FROM cluster WHERE org_id = 900001";
    let rows = connection.query_all_raw(Statement::from_string(connection.get_database_backend(), sql)).await;
    let ids = rows
        .expect("rows")
        .iter()
        .map(|row| row.try_get_by_index::<Uuid>(0).expect("a UUID").into())
        .collect::<Vec<_>>();
    for name in ["new", "changed", "unchanged"] {
        let number_of = |number: usize| number * 7_919 % 100_000 + usize::from(name != "new");
        let imported = ids.iter().enumerate().map(|(number, cluster): (usize, &ClusterId)| {
            let display_name = Some(format!("Cluster {}", number_of(number)));
            let values = ImportedValues { display_name, is_managed: number % 10 == 0, status: None };
            ((fleet(), *cluster), values)
        });
        let imported = imported.collect();
        let (_, time) = timed(store.import_clusters(&imported, false, drop)).await;
        print(&format!("import of 100,000 clusters, all {name}"), time, Some(60_000));
    }
}

/// The first page and one in the middle, in each order and direction.
async fn clusters(store: &Store) {
    for by in ORDERS {
        for direction in [Direction::Ascending, Direction::Descending] {
            let order = Order::new(by, direction);
            let middle = middle(store, order).await;
            let pages = [
                ("first page", PageRequest::first(100), FIRST_PAGE),
                ("last page", PageRequest { end: End::Last, ..PageRequest::first(100) }, FIRST_PAGE),
                ("middle", PageRequest { after: Some(middle.clone()), ..PageRequest::first(100) }, MIDDLE_PAGE),
                (
                    "before it",
                    PageRequest { before: Some(middle), end: End::Last, ..PageRequest::first(100) },
                    MIDDLE_PAGE,
                ),
            ];
            for (name, page, limit) in pages {
                let request = ListRequest { order, beyond: true, ..ListRequest::new(page) };
                print(&format!("clusters by {order:?}: {name}"), of_fleet(store, &request).await, limit);
            }
        }
    }
}

/// The first page in each order under each filter, and the total.
async fn filters(store: &Store) {
    let any = ClusterFilter::default;
    let hit_by = |number| ClusterFilter { hit_by: Some(vec![data::selector(number)]), ..any() };
    let filters = [
        ("no", any()),
        ("text", ClusterFilter { text: Some("beef".to_owned()), ..any() }),
        ("version", ClusterFilter { version_from: VersionKey::of("4.15.0"), ..any() }),
        ("totalRisk", ClusterFilter { total_risk: Some(vec![TotalRisk::Critical]), ..any() }),
        ("managed", ClusterFilter { managed: Some(true), ..any() }),
        ("hasHits", ClusterFilter { has_hits: Some(true), ..any() }),
        ("hitBy (25,000 clusters)", hit_by(3)),
        ("hitBy (402 clusters)", hit_by(500)),
    ];
    for (name, filter) in &filters {
        for by in ORDERS {
            let order = Order::new(by, Direction::Descending);
            let request = ListRequest { filter: filter.clone(), order, ..ListRequest::new(PageRequest::first(20)) };
            print(&format!("clusters by {order:?}, {name} filter"), of_fleet(store, &request).await, FIRST_PAGE);
        }
        let request = ListRequest { filter: filter.clone(), total: true, ..ListRequest::new(PageRequest::first(20)) };
        print(&format!("clusters by UUID with the total, {name} filter"), of_fleet(store, &request).await, FIRST_PAGE);
    }
}

/// Pages of the clusters that a recommendation hits, and their total.
async fn impacted(store: &Store) {
    let orders = [
        &ImpactedCluster::BY_UUID,
        &ImpactedCluster::BY_NAME,
        &ImpactedCluster::BY_LAST_CHECKED,
        &ImpactedCluster::BY_VERSION,
        &ImpactedCluster::BY_IMPACTED_SINCE,
    ];
    let of = |organization, number| [Impacting { organization, selector: data::selector(number), count: None }];
    for (name, parents) in [
        ("25,000", of(Some(fleet()), 3)),
        ("402", of(Some(fleet()), 500)),
        ("50,000 of all organizations", of(None, 3)),
    ] {
        let measure = async |what: String, request: ListRequest<ImpactedCluster>| {
            let time = median(async || time(store, &parents, &request).await).await;
            print(&format!("clusters hit by one, {name}, {what}"), time, FIRST_PAGE);
        };
        for by in orders {
            let order = Order::new(by, Direction::Descending);
            measure(format!("by {order:?}"), ListRequest { order, ..ListRequest::new(PageRequest::first(50)) }).await;
        }
        let total = ListRequest { total: true, ..ListRequest::new(PageRequest::first(0)) };
        measure("the total".to_owned(), total.clone()).await;
        let filter = ClusterFilter { text: Some("beef".to_owned()), ..ClusterFilter::default() };
        measure(
            "the total, text filter".to_owned(),
            ListRequest { filter: ImpactedClusterFilter::new(filter, ImpactStatus::Enabled), ..total },
        )
        .await;
    }
    let of_100: Vec<_> = (0..100).flat_map(|number| of(Some(fleet()), number * 10)).collect();
    let request = ListRequest::new(PageRequest::first(3));
    let of_100 = median(async || time::<ImpactedCluster>(store, &of_100, &request).await).await;
    print("clusters hit by each of 100 recommendations, 3 each, by uuid", of_100, FIRST_PAGE);
}

/// The statements of the summary and of recommendations.
async fn counts(store: &Store) {
    let fleet = fleet();
    let seen =
        ClusterFilter { seen_since: Some("2020-01-01T00:00:00Z".parse().expect("a time")), ..ClusterFilter::default() };
    for (name, filter) in [("all", ClusterFilter::default()), ("seenWithin", seen.clone())] {
        let read = async || timed(store.cluster_counts(everything(), &[fleet], &filter, 100)).await.1;
        print(&format!("counts of clusters, {name}"), median(read).await, WHOLE);
    }
    let read = async || timed(store.impact_counts_among(everything(), &[fleet], &seen)).await.1;
    print("counts of hits by recommendation, seenWithin", median(read).await, WHOLE);
    for (name, organization) in [("all", Some(fleet)), ("all organizations", None)] {
        let read = async || timed(store.impact_counts(everything(), &[organization])).await.1;
        print(&format!("counts of hits by recommendation, {name}"), median(read).await, WHOLE);
    }
}

/// Whole requests over HTTP.
async fn graph(config: &Config) {
    let stop = CancellationToken::new();
    let service = Service::build(config.clone(), Role::Api).await.expect("the service is built");
    let url = format!("http://{}/graphql", service.address());
    let readiness = service.readiness().clone();
    let running = tokio::spawn(service.run(stop.clone()));
    ready(&readiness).await;
    let client = reqwest::Client::new();
    let hits = "hitsByTotalRisk { totalRisk count }";
    let summary =
        format!("clusterCount hitClusterCount hitCount {hits} hitsByTag {{ tag count }} versions {{ version count }}");
    let queries = [
        ("summary", format!("summary {{ {summary} }}")),
        ("summary, seenWithin", format!("summary(seenWithin: \"P30D\") {{ {summary} }}")),
        (
            "100 of 1,000 recommendations with their counts",
            "recommendations(first: 100, orderBy: {field: IMPACTED_CLUSTERS, direction: DESC}) { totalCount nodes { \
             selector content { description totalRisk } impactedClusters { totalCount } } }"
                .to_owned(),
        ),
        (
            "50 clusters by risk with the total",
            format!(
                "clusters(first: 50, orderBy: {{field: TOTAL_RISK, direction: DESC}}) {{ totalCount nodes {{ uuid {hits} }} }}"
            ),
        ),
    ];
    for (name, fields) in queries {
        let body = json!({ "query": format!("{{ organization(orgId: \"{FLEET}\") {{ {fields} }} }}") }).to_string();
        let read = async || {
            let start = Instant::now();
            let request = client.post(&url).header("content-type", "application/json").body(body.clone());
            let answer = request.send().await.expect("an answer").text().await.expect("a text");
            assert!(!answer.contains("\"errors\""), "{answer}");
            start.elapsed()
        };
        print(&format!("request: {name}"), median(read).await, WHOLE);
    }
    stop.cancel();
    running.await.expect("the service does not panic").expect("the service stops");
}

/// The position in the middle of the organization's clusters.
async fn middle(store: &Store, order: Order<Cluster>) -> Position {
    let request = ListRequest { order, ..ListRequest::new(PageRequest::first(50_000)) };
    let pages = store.pages(everything(), &[fleet()], &request).await.expect("clusters");
    order.position(pages[&fleet()].items.last().expect("a cluster"))
}

pub(crate) async fn of_fleet(store: &Store, request: &ListRequest<Cluster>) -> Duration {
    median(async || time(store, &[fleet()], request).await).await
}

pub(crate) fn fleet() -> OrgId {
    data::organization(FLEET)
}
