//! Query plans: on a filled database no statement reads all rows of a table that grows, because each can use an index.
//!
//! The statements are recorded by the store itself, and planned with the settings of its pools.

mod empty_tables;
mod explained;
mod user_actions;
mod workloads;

use std::{collections::BTreeSet, fs, time::Duration};

use insights_results_aggregator::{
    domain::{Digest, Level, RecommendationFacts, Report, TotalRisk, VersionKey},
    identity::{Readable, Scope, Viewer},
    store::{
        Batch, Cluster, ClusterFilter, ClusterHits, Direction, End, HistoryEvent, ImpactStatus, ImpactedCluster,
        ImpactedClusterFilter, Impacting, Imported, ImportedValues, List, ListRequest, Order, Organization,
        PageRequest, Position, Results, RuleHit, RuleHitFilter, SortValue, Store, TextFilter, record_statements,
    },
};

use self::explained::scans;
use super::{
    consumer_errors::rejected,
    owned_cluster::{minute, selector},
};
use crate::{
    harness::{Database, each_database, postgres},
    reports::{cluster, organization},
};

/// Enough rows for a planner to prefer an index where there is one.
const ORGANIZATIONS: u32 = 100;
const CLUSTERS_OF_EACH: u32 = 100;
const CLUSTERS: usize = (ORGANIZATIONS * CLUSTERS_OF_EACH) as usize;

#[tokio::test]
async fn every_named_statement_uses_an_index() {
    for database in each_database().await {
        let store = filled(&database).await;
        // A new cluster with a new selector, an unchanged one, one that moves, and one whose hits change.
        let reports = [
            report(9, 1_000_000, 3, &["new"]),
            report(1, 1, 3, &["a0", "a1", "a2"]),
            report(2, 2, 3, &["a0"]),
            with_request(report(1, 3, 3, &["b0", "a1=1"])),
        ];
        let batch = Batch { results: Results::Reports(&reports), rejected: &[rejected(9)] };
        let (written, mut statements) = record_statements(store.write(batch)).await;
        assert_eq!(written.expect("written").applied, reports.len(), "{}", database.name);
        statements.extend(workloads::changes(&store).await);
        let (imported, of_import) = record_statements(import(&store, 2)).await;
        assert_eq!(imported.changed, CLUSTERS, "{}", database.name);
        let (saved, of_facts) = record_statements(store.save_recommendation_facts(Digest::of(b"2"), &[])).await;
        assert!(saved.expect("facts"), "{}", database.name);
        let (removed, of_removal) = record_statements(store.remove_some_requests_older_than(Duration::ZERO)).await;
        assert!(removed.expect("removed"), "{}", database.name);
        statements.extend(of_import.into_iter().chain(of_facts).chain(of_removal));
        let named = named(&database);
        assert!(named.is_subset(&texts(&statements)), "{}: all of them are run", database.name);
        assert_no_scans(&database, &statements).await;
    }
}

#[tokio::test]
async fn every_page_and_every_set_of_keys_uses_an_index() {
    for database in each_database().await {
        let store = filled(&database).await;
        let ((), statements) = record_statements(read_everything(&store)).await;
        assert_no_scans(&database, &statements).await;
    }
}

/// Plans are made once and kept. Plans that were made for empty tables are also used when the tables are full.
#[tokio::test]
async fn batches_into_a_database_that_was_never_analyzed_use_an_index() {
    let database = postgres().await;
    database.store().await.close().await;
    let connection = database.connect().await;
    explained::reset_statistics(&connection).await;

    let store = Store::open(&database.settings).await.expect("open");
    for (at, hits) in [(1, ["a0", "b1"]), (2, ["a0", "a1"]), (3, ["b1", "c2"])] {
        let reports: Vec<_> = (0..50).map(|number| report(1, number, at, &hits)).collect();
        store
            .write(Batch { results: Results::Reports(&reports), rejected: &[rejected(at.into())] })
            .await
            .expect("written");
    }
    store.close().await;
    let [whole, by_index] = explained::tables_read(&connection).await;
    assert!(whole.is_empty(), "read from end to end: {whole:?}");
    assert!(by_index.iter().any(|table| table == "rule_hit"), "{by_index:?}");
}

/// Plans that were made for empty tables are kept for full ones, until the tables are analyzed.
#[tokio::test]
async fn reads_of_a_database_that_was_never_analyzed_use_an_index() {
    let database = postgres().await;
    database.store().await.close().await;
    let connection = database.connect().await;
    explained::reset_statistics(&connection).await;

    let store = Store::open(&database.settings).await.expect("open");
    read_of_organizations(&store).await;
    let reports: Vec<_> = (0..50).map(|number| report(1, number, 1, &["a0", "b1"])).collect();
    store.write(Batch { results: Results::Reports(&reports), rejected: &[] }).await.expect("written");
    read_of_organizations(&store).await;
    store.close().await;
    let [whole, by_index] = explained::tables_read(&connection).await;
    assert!(whole.is_empty(), "read from end to end: {whole:?}");
    assert!(by_index.iter().any(|table| table == "imported_cluster"), "{by_index:?}");
}

async fn assert_no_scans(database: &Database, statements: &[String]) {
    let connection = database.connect().await;
    for statement in texts(statements) {
        let scans = scans(&connection, &statement).await;
        assert!(scans.is_empty(), "{}: {scans:#?} in\n{statement}", database.name);
    }
    connection.close().await.expect("close");
}

fn texts(statements: &[String]) -> BTreeSet<String> {
    statements.iter().cloned().collect()
}

/// The texts of all named statements, those on hits for both tables.
fn named(database: &Database) -> BTreeSet<String> {
    let folder = format!("{}/src/store/sql/{}", env!("CARGO_MANIFEST_DIR"), database.name.to_lowercase());
    let folder = folder.replace("postgresql", "postgres");
    let files = fs::read_dir(folder).expect("a folder");
    let texts = files.map(|file| fs::read_to_string(file.expect("a file").path()).expect("a text"));
    texts.flat_map(|text| ["rule_hit", "workload_hit"].map(|table| text.replace("{hit}", table))).collect()
}

fn with_request(mut report: Report) -> Report {
    report.request_id = Some("request".to_owned());
    report
}

/// Writes clusters with hits and history, imported values, facts and bad messages, and updates the planner's statistics.
async fn filled(database: &Database) -> Store {
    let store = database.store().await;
    for (at, hits) in [(1, ["a0", "b1", "c2"]), (2, ["a0", "a1", "a2"])] {
        let numbers = 0..ORGANIZATIONS * CLUSTERS_OF_EACH;
        // Most recommendations hit few clusters.
        let report = |number: u32| {
            let rare = format!("r{}", number % 100);
            with_request(report(
                1 + number / CLUSTERS_OF_EACH,
                number.into(),
                at,
                &[hits.as_slice(), &[&rare]].concat(),
            ))
        };
        let reports: Vec<_> = numbers.map(report).map(with_request).collect();
        for (reports, first) in reports.chunks(1_000).zip((0..).step_by(1_000)) {
            let rejected: Vec<_> = (first..).take(1_000).map(rejected).collect();
            store.write(Batch { results: Results::Reports(reports), rejected: &rejected }).await.expect("written");
        }
    }
    workloads::fill(&store).await;
    assert_eq!(import(&store, 1).await.new, CLUSTERS);
    let content = (0..1_000).map(|number| format!("content{number}"));
    let facts: Vec<_> = content.chain(["a0", "b1"].map(str::to_owned)).map(|rule| facts(&rule)).collect();
    store.save_recommendation_facts(Digest::of(b"1"), &facts).await.expect("facts");
    explained::analyze(database).await;
    store
}

/// Imports all clusters with a name that has this number.
async fn import(store: &Store, number: u32) -> Imported {
    let values = ImportedValues { display_name: Some(format!("name {number}")), is_managed: true, status: None };
    let of = |number: u32| (organization(1 + number / CLUSTERS_OF_EACH), cluster(number.into()));
    let clusters = (0..ORGANIZATIONS * CLUSTERS_OF_EACH).map(|number| (of(number), values.clone())).collect();
    store.import_clusters(&clusters, false, drop).await.expect("imported")
}

fn facts(rule: &str) -> RecommendationFacts {
    RecommendationFacts {
        selector: selector(rule),
        impact: Level::High,
        likelihood: Level::High,
        risk_of_change: None,
        is_for_managed: !rule.ends_with(['0', '1']),
        published_at: None,
        description: rule.to_owned(),
    }
}

fn report(owner: u32, number: u128, at: u32, hits: &[&str]) -> Report {
    let hits = hits.iter().map(|notation| super::owned_cluster::hit(notation)).collect();
    let mut report = Report::new(organization(owner), cluster(number), minute(at), hits);
    report.version = Some(format!("4.{}.{}", 10 + number % 8, number % 40));
    report
}

/// Runs all statements that are not part of a batch: every read of a table that grows, in each order, from both ends,
/// with and without a cursor, for a member and unrestricted; and the mark on replayed messages.
async fn read_everything(store: &Store) {
    read_of_organizations(store).await;
    for scope in scopes() {
        store.impact_counts(scope, &[None]).await.expect("counts");
    }
    let attempts: Vec<_> = (0..100).map(|offset| rejected(offset).attempt).collect();
    store.replayed(&attempts).await.expect("replayed messages");
    store.mark_replayed(&attempts, minute(3)).await.expect("marked");
}

/// Runs all reads but those that count the hits of all organizations.
async fn read_of_organizations(store: &Store) {
    let keys = [cluster(1), cluster(2)];
    for scope in scopes() {
        store.clusters(scope, &keys).await.expect("clusters");
        let hits =
            keys.map(|cluster| ClusterHits { cluster, count: 1, details_bytes: 0, hides: false, is_managed: false });
        store.rule_hits(scope, &hits.map(|of| (of, selector("a0"))), 0).await.expect("hits");
        for total in [true, false] {
            read_children(store, scope, total).await;
        }
    }
    for scope in scopes() {
        workloads::read(store, scope).await;
    }
    let keys = [None, Some(organization(1)), Some(organization(2))];
    let recommendations = keys.map(|organization| (organization, selector("a0")));
    for scope in scopes() {
        store.known_recommendations(scope, &recommendations).await.expect("recommendations");
    }
    for scope in scopes() {
        store.impact_counts(scope, &[organization(1), organization(2)].map(Some)).await.expect("counts");
        for filter in filters() {
            let organizations = [organization(1), organization(2)];
            store.impact_counts_among(scope, &organizations, &filter).await.expect("counts");
            store.cluster_counts(scope, &organizations, &filter, 100).await.expect("counts");
        }
        for total in [true, false] {
            read_impacted_clusters(store, scope, total).await;
        }
    }
}

/// Of all organizations and of one, with and without internal recommendations.
fn scopes() -> [Scope; 3] {
    let member = Viewer::member_of(organization(1));
    [Viewer::unrestricted(), member.clone(), member.seeing_internal()].map(|viewer| viewer.scope())
}

async fn read_children(store: &Store, scope: Scope, total: bool) {
    let (clusters, organizations) = ([cluster(1), cluster(2)], [organization(1), organization(2)]);
    for request in requests_of_hits(total) {
        for count in [10, 11] {
            for hides in [false, true] {
                let parents =
                    clusters.map(|cluster| ClusterHits { cluster, count, details_bytes: 0, hides, is_managed: hides });
                RuleHit::load(store, scope, &parents, &request).await.expect("hits");
            }
        }
    }
    let event = position(Some(SortValue::Time(minute(1))), text("opened a0|KEY"));
    for request in bounded::<HistoryEvent>(total, HistoryEvent::DEFAULT_ORDER, event) {
        store.pages(scope, &clusters, &request).await.expect("a history");
    }
    let number = position(None, SortValue::Integer(1));
    for request in bounded::<Organization>(total, Organization::DEFAULT_ORDER, number) {
        store.page(scope, &request).await.expect("organizations");
    }
    for (order, at) in orders() {
        for request in bounded::<Cluster>(total, order, at).into_iter().chain(filtered(total, order)) {
            store.pages(scope, &organizations, &request).await.expect("clusters");
        }
    }
}

/// Of one organization; and of all, for those who may read all.
async fn read_impacted_clusters(store: &Store, scope: Scope, total: bool) {
    let of_all = (scope.readable() == Readable::All).then_some(None);
    let parents: Vec<_> = [Some(organization(1))]
        .into_iter()
        .chain(of_all)
        .map(|organization| Impacting { organization, selector: selector("a0"), count: None })
        .collect();
    let id = || SortValue::Uuid(cluster(1).uuid());
    let version = VersionKey::of("4.12.0").expect("a version").to_string();
    let positions = [
        (&ImpactedCluster::BY_UUID, position(None, id())),
        (&ImpactedCluster::BY_LAST_CHECKED, position(Some(SortValue::Time(minute(2))), id())),
        (&ImpactedCluster::BY_VERSION, position(Some(SortValue::Text(version)), id())),
        (&ImpactedCluster::BY_VERSION, position(None, id())),
        (&ImpactedCluster::BY_IMPACTED_SINCE, position(Some(SortValue::Time(minute(2))), id())),
    ];
    let mut requests = vec![ListRequest { total, ..ListRequest::new(PageRequest::first(0)) }];
    for (by, at) in positions {
        requests.extend(bounded::<ImpactedCluster>(total, Order::new(by, Direction::Descending), at));
    }
    for (filter, status) in filters()
        .into_iter()
        .zip([ImpactStatus::Enabled, ImpactStatus::Disabled, ImpactStatus::Any].into_iter().cycle())
    {
        for by in [&ImpactedCluster::BY_UUID, &ImpactedCluster::BY_IMPACTED_SINCE] {
            let filter = ImpactedClusterFilter::new(filter.clone(), status);
            let order = Order::new(by, Direction::Ascending);
            requests.push(ListRequest { filter, order, total, ..ListRequest::new(PageRequest::first(10)) });
        }
    }
    for request in requests {
        ImpactedCluster::load(store, scope, &parents, &request).await.expect("clusters");
    }
}

/// In each order, and with each filter alone in two of them.
fn requests_of_hits(total: bool) -> Vec<ListRequest<RuleHit>> {
    let key = || text("a0|KEY");
    let by = |column, value: Option<SortValue>| {
        let order = Order::new(column, Direction::Descending);
        bounded::<RuleHit>(total, order, position(value, key()))
    };
    let mut requests = by(&RuleHit::BY_SELECTOR, None);
    requests.extend(by(&RuleHit::BY_IMPACTED_SINCE, Some(SortValue::Time(minute(1)))));
    requests.extend(by(&RuleHit::BY_TOTAL_RISK, Some(SortValue::Integer(3))));
    requests.extend(by(&RuleHit::BY_DESCRIPTION, None));
    requests.extend(by(&RuleHit::BY_PUBLISHED, Some(SortValue::Time(minute(1)))));
    let any = RuleHitFilter::default;
    let selectors = || vec![selector("a0"), selector("b1")];
    let filters = [
        RuleHitFilter { total_risk: Some(vec![TotalRisk::Important]), ..any() },
        RuleHitFilter { selectors: Some(selectors()), ..any() },
        RuleHitFilter { text: Some(TextFilter { text: "a0".to_owned(), selectors: selectors() }), ..any() },
    ];
    for filter in filters {
        for by in [&RuleHit::BY_SELECTOR, &RuleHit::BY_TOTAL_RISK] {
            let order = Order::new(by, Direction::Ascending);
            let page = ListRequest::new(PageRequest::first(10));
            requests.push(ListRequest { filter: filter.clone(), order, total, ..page });
        }
    }
    requests
}

fn filtered(total: bool, order: Order<Cluster>) -> impl Iterator<Item = ListRequest<Cluster>> {
    let request = move |filter| ListRequest { filter, order, total, ..ListRequest::new(PageRequest::first(10)) };
    filters().into_iter().map(request)
}

/// Pages of a list from either end: of all items, of those after a position, and of those before it.
fn bounded<L: List>(total: bool, order: Order<L>, at: Position) -> Vec<ListRequest<L>> {
    let bounds = [(None, None), (Some(at.clone()), None), (None, Some(at))];
    let pages = |end| bounds.clone().map(|(after, before)| PageRequest { after, before, size: 10, end });
    let pages = [End::First, End::Last].into_iter().flat_map(pages);
    pages
        .map(|page| ListRequest { order, total, beyond: true, large: Some(usize::MAX), ..ListRequest::new(page) })
        .collect()
}

/// Each order of clusters, with positions of a cluster that has a value and of one that has none.
fn orders() -> Vec<(Order<Cluster>, Position)> {
    let id = || SortValue::Uuid(cluster(1).uuid());
    let version = VersionKey::of("4.12.0").expect("a version").to_string();
    let positions = [
        (&Cluster::BY_UUID, position(None, id())),
        (&Cluster::BY_LAST_CHECKED, position(Some(SortValue::Time(minute(2))), id())),
        (&Cluster::BY_VERSION, position(Some(SortValue::Text(version)), id())),
        (&Cluster::BY_VERSION, position(None, id())),
        (&Cluster::BY_NAME, position(Some(text("name 1")), id())),
        (&Cluster::BY_HITS, position(Some(SortValue::Integer(1)), id())),
        (&Cluster::BY_TOTAL_RISK, position(Some(SortValue::Integer(1)), id())),
        (&Cluster::BY_CRITICAL, position(Some(SortValue::Integer(1)), id())),
    ];
    let both = |(by, at): (_, Position)| {
        [Direction::Ascending, Direction::Descending].map(move |direction| (Order::new(by, direction), at.clone()))
    };
    positions.into_iter().flat_map(both).collect()
}

fn position(value: Option<SortValue>, key: SortValue) -> Position {
    Position { value, key }
}

fn text(text: &str) -> SortValue {
    SortValue::Text(text.to_owned())
}

/// Each filter alone.
fn filters() -> Vec<ClusterFilter> {
    let any = ClusterFilter::default;
    vec![
        any(),
        ClusterFilter { text: Some("7".to_owned()), ..any() },
        ClusterFilter { ids: Some(vec![cluster(1), cluster(2)]), ..any() },
        ClusterFilter { version_from: VersionKey::of("4.12.0"), version_before: VersionKey::of("4.13.0"), ..any() },
        ClusterFilter { versions: Some(vec!["4.12.1".to_owned()]), ..any() },
        ClusterFilter { has_hits: Some(true), ..any() },
        ClusterFilter { has_hits: Some(false), ..any() },
        ClusterFilter { hit_by: Some(vec![selector("a0"), selector("a1")]), ..any() },
        ClusterFilter { total_risk: Some(vec![TotalRisk::Critical, TotalRisk::Low]), ..any() },
        ClusterFilter { managed: Some(true), ..any() },
        ClusterFilter { seen_since: Some(minute(1)), ..any() },
    ]
}
