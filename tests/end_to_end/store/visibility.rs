//! Which hits are shown: internal ones only to scopes that include them, and on managed clusters only those that apply
//! to managed clusters, in every way of reading hits, their numbers and their history.

use std::{collections::BTreeSet, slice};

use insights_results_aggregator::{
    domain::Selector,
    identity::{Scope, Viewer},
    store::{
        Cluster, ClusterFilter, ClusterHits, HistoryEvent, ImpactedCluster, Impacting, ImportedValues, IncludedHits,
        List, ListRequest, Page, PageRequest, RuleHit, RuleHitFilter, Store,
    },
};
use sea_orm::{ConnectionTrait as _, DbBackend, Statement};

use super::owned_cluster::{OwnedCluster, selector, write};
use crate::{
    harness::{Database, each_database},
    reports::{cluster, organization},
};

const OURS: OwnedCluster = OwnedCluster { organization: 1, cluster: 7 };
const THEIRS: OwnedCluster = OwnedCluster { organization: 2, ..OURS };
/// An external recommendation, an internal one, and one that does not apply to managed clusters.
const HITS: &str = "a.external.x a.internal.x a.external.unmanaged";

#[tokio::test]
async fn a_rule_is_internal_in_the_database_as_in_the_program() {
    let rules = [
        ("ccx_rules_ocp.internal.rules.a", true),
        ("ccx_rules_ocp.ocs.b", true),
        ("a.internal", true),
        ("a.ocs", true),
        (".internal", true),
        ("..internal", false),
        ("a.internal.", true),
        ("ccx_rules_ocp.external.rules.internal", false),
        ("internal.rules.a", false),
        ("internal", false),
        ("ocs", false),
        ("a.internals.b", false),
        ("a.internal_x", false),
        ("a.ocs1", false),
        ("a.Internal.b", false),
        ("a.OCS.b", false),
        ("é.ocs.ß", true),
        ("😀.internal.x", true),
        ("tutorial_rule", false),
    ];
    for database in each_database().await {
        database.store().await;
        let selectors: Vec<_> =
            rules.iter().map(|(rule, _)| Selector::new(rule, "K.internal").expect("a selector")).collect();
        insert_as_the_previous_version(&database, &selectors).await;
        for (selector, (rule, is_internal)) in selectors.iter().zip(rules) {
            assert_eq!(selector.is_internal(), is_internal, "{rule}");
            assert_eq!(stored_as_internal(&database, selector).await, is_internal, "{rule} on {}", database.name);
        }
    }
}

#[tokio::test]
async fn internal_hits_are_shown_only_to_scopes_that_include_them() {
    for database in each_database().await {
        let store = database.store().await;
        // A process of the previous version saw the rule first.
        insert_as_the_previous_version(&database, &[selector("a.internal.x")]).await;
        write(&store, &[OURS.report(10, HITS)]).await;
        for (scope, is_shown) in [(member(1), false), (member(1).seeing_internal(), true), (everything(), true)] {
            let seen = seen(&store, scope.scope(), IncludedHits::ALL).await;
            let mut expected = selectors("a.external.x a.external.unmanaged");
            if is_shown {
                expected.insert(selector("a.internal.x"));
            }
            assert_eq!(seen, expected, "{scope:?} on {}", database.name);
        }
    }
}

#[tokio::test]
async fn a_cluster_with_only_internal_hits_has_none_for_others() {
    for database in each_database().await {
        let store = database.store().await;
        write(&store, &[OURS.report(10, "a.internal.x b.ocs.y")]).await;
        for (viewer, has_hits) in [(member(1), false), (member(1).seeing_internal(), true), (everything(), true)] {
            let filter = ClusterFilter { has_hits: Some(true), ..ClusterFilter::default() };
            assert_eq!(matches(&store, viewer.scope(), filter).await, has_hits, "{viewer:?} on {}", database.name);
            let filter = ClusterFilter { has_hits: Some(false), ..ClusterFilter::default() };
            assert_eq!(matches(&store, viewer.scope(), filter).await, !has_hits, "{viewer:?} on {}", database.name);
            let filter = ClusterFilter { hit_by: Some(vec![selector("b.ocs.y")]), ..ClusterFilter::default() };
            assert_eq!(matches(&store, viewer.scope(), filter).await, has_hits, "{viewer:?} on {}", database.name);
        }
    }
}

#[tokio::test]
async fn a_history_hides_and_does_not_count_internal_recommendations() {
    for database in each_database().await {
        let store = database.store().await;
        // Under both owners, closed and open, and closed twice.
        write(&store, &[OURS.report(10, HITS), OURS.report(20, "a.external.x"), OURS.report(30, HITS)]).await;
        write(&store, &[OURS.report(40, "a.internal.x"), OURS.report(50, "a.internal.x=1 b.ocs.y")]).await;
        assert_eq!(events(&store, member(1)).await, (6, Some(6)), "{}", database.name);
        assert_eq!(events(&store, member(1).seeing_internal()).await, (10, Some(10)), "{}", database.name);

        write(&store, &[THEIRS.report(60, "a.internal.x a.external.x"), OURS.report(70, "b.ocs.y")]).await;
        for (viewer, count) in [(member(1), 6), (member(1).seeing_internal(), 13), (everything(), 13)] {
            let name = format!("{viewer:?} on {}", database.name);
            assert_eq!(events(&store, viewer).await, (count, Some(count as u64)), "{name}");
        }
    }
}

#[tokio::test]
async fn a_managed_cluster_shows_the_hits_that_apply_to_managed_clusters_and_others_if_requested() {
    for database in each_database().await {
        let store = database.store().await;
        write(&store, &[OURS.report(10, HITS)]).await;
        let all = selectors(HITS);
        assert_eq!(seen(&store, everything().scope(), IncludedHits::default()).await, all, "{}", database.name);

        set_for_managed(&database, "a.external.x", Some(true)).await;
        set_for_managed(&database, "a.external.unmanaged", Some(false)).await;
        assert_eq!(seen(&store, everything().scope(), IncludedHits::default()).await, all, "{}", database.name);

        set_managed(&database, 1, true).await;
        let shown = selectors("a.external.x a.internal.x");
        assert_eq!(seen(&store, everything().scope(), IncludedHits::default()).await, shown, "{}", database.name);
        assert_eq!(seen(&store, everything().scope(), IncludedHits::ALL).await, all, "{}", database.name);
        let both = seen(&store, member(1).scope(), IncludedHits::default()).await;
        assert_eq!(both, selectors("a.external.x"), "{}", database.name);

        set_managed(&database, 1, false).await;
        assert_eq!(seen(&store, everything().scope(), IncludedHits::default()).await, all, "{}", database.name);
    }
}

#[tokio::test]
async fn a_cluster_is_managed_only_under_the_owner_it_was_imported_for() {
    for database in each_database().await {
        let store = database.store().await;
        write(&store, &[OURS.report(10, HITS)]).await;
        set_for_managed(&database, "a.external.unmanaged", Some(false)).await;
        set_managed(&database, 1, true).await;
        let (all, shown) = (selectors(HITS), selectors("a.external.x a.internal.x"));
        for (reporter, at, expected) in [(OURS, 20, &shown), (THEIRS, 30, &all), (OURS, 40, &shown)] {
            write(&store, &[reporter.report(at, HITS)]).await;
            let seen = seen(&store, everything().scope(), IncludedHits::default()).await;
            assert_eq!(seen, *expected, "{reporter:?} on {}", database.name);
        }
    }
}

fn member(organization_number: u32) -> Viewer {
    Viewer::member_of(organization(organization_number))
}

fn everything() -> Viewer {
    Viewer::unrestricted()
}

fn selectors(names: &str) -> BTreeSet<Selector> {
    names.split(' ').map(selector).collect()
}

/// The hits of the cluster that are shown: the same in a list that is read as a whole and in one that the database cuts,
/// with its total, by key, and, if nothing is included, in the filters of clusters.
async fn seen(store: &Store, scope: Scope, included: IncludedHits) -> BTreeSet<Selector> {
    let found = store.clusters(scope, &[cluster(7)]).await.expect("clusters").remove(&cluster(7)).expect("the cluster");
    let (owner, parent) = (found.organization, found.hits());
    let mut lists = Vec::new();
    for size in [100, 1] {
        let mut page = PageRequest::first(size);
        let (mut items, mut totals) = (BTreeSet::new(), BTreeSet::new());
        loop {
            let read = read(store, scope, parent, included.into(), page.clone()).await;
            totals.insert(read.total);
            page.after = read.items.last().map(|hit| RuleHit::DEFAULT_ORDER.position(hit));
            items.extend(read.items.into_iter().map(|hit| hit.selector));
            if !read.has_next {
                break;
            }
        }
        assert_eq!(totals, [Some(items.len() as u64)].into(), "pages of {size}");
        lists.push(items);
    }
    assert_eq!(lists[0], lists[1]);

    for selector in selectors(HITS) {
        let is_listed = lists[0].contains(&selector);
        let one = RuleHitFilter { included, selector: Some(selector.clone()), ..RuleHitFilter::default() };
        let one = read(store, scope, parent, one, PageRequest::first(1)).await;
        let found: Vec<_> = one.items.into_iter().map(|hit| hit.selector).collect();
        assert_eq!((found, one.total), if is_listed { (vec![selector.clone()], Some(1)) } else { (vec![], Some(0)) });
        if included == IncludedHits::default() {
            let hits = store.rule_hits(scope, &[(parent, selector.clone())], 1_000).await.expect("hits");
            assert_eq!(hits.contains_key(&(cluster(7), selector.clone())), is_listed, "{selector}");
            let filter = ClusterFilter { hit_by: Some(vec![selector.clone()]), ..ClusterFilter::default() };
            assert_eq!(matches(store, scope, filter).await, is_listed, "{selector}");
            let parent = Impacting { organization: Some(owner), selector: selector.clone(), count: None };
            let request = ListRequest { total: true, ..ListRequest::new(PageRequest::first(1)) };
            let impacted = ImpactedCluster::load(store, scope, slice::from_ref(&parent), &request).await;
            let page = impacted.expect("clusters").remove(&parent).expect("a page");
            let expected = u64::from(is_listed);
            assert_eq!((page.items.len() as u64, page.total), (expected, Some(expected)), "{selector}");
        }
    }
    if included == IncludedHits::default() {
        for organization in [Some(owner), None] {
            let counts = store.impact_counts(scope, &[organization]).await.expect("counts");
            assert_eq!(counts[&organization].keys().cloned().collect::<BTreeSet<_>>(), lists[0]);
        }
        let counts = store.impact_counts_among(scope, &[owner], &ClusterFilter::default()).await.expect("counts");
        let counted = counts.get(&Some(owner)).into_iter().flat_map(|counts| counts.keys().cloned());
        assert_eq!(counted.collect::<BTreeSet<_>>(), lists[0]);
    }
    lists.swap_remove(0)
}

/// A page of the cluster's hits, with the total.
async fn read(
    store: &Store,
    scope: Scope,
    parent: ClusterHits,
    filter: RuleHitFilter,
    page: PageRequest,
) -> Page<RuleHit> {
    let request = ListRequest { filter, total: true, ..ListRequest::new(page) };
    let pages = RuleHit::load(store, scope, &[parent], &request).await;
    pages.expect("hits").remove(&parent).expect("a page")
}

/// Whether the cluster is in the list of its owner's clusters with this filter, and is counted.
async fn matches(store: &Store, scope: Scope, filter: ClusterFilter) -> bool {
    let owner = store.clusters(scope, &[cluster(7)]).await.expect("clusters")[&cluster(7)].organization;
    let request = ListRequest::<Cluster> { filter, total: true, ..ListRequest::new(PageRequest::first(10)) };
    let page = store.pages(scope, &[owner], &request).await.expect("clusters").remove(&owner).expect("a page");
    assert_eq!(page.total, Some(page.items.len() as u64));
    !page.items.is_empty()
}

/// The number of the cluster's events, and their total.
async fn events(store: &Store, viewer: Viewer) -> (usize, Option<u64>) {
    let request = ListRequest::<HistoryEvent> { total: true, ..ListRequest::new(PageRequest::first(100)) };
    let page = store.pages(viewer.scope(), &[cluster(7)], &request).await.expect("a history").remove(&cluster(7));
    let page = page.expect("a page");
    if !viewer.scope().includes_internal() {
        assert!(page.items.iter().all(|event| !event.selector.is_internal()));
    }
    (page.items.len(), page.total)
}

async fn insert_as_the_previous_version(database: &Database, selectors: &[Selector]) {
    for selector in selectors {
        let values = [selector.as_str(), selector.rule_fqdn(), selector.error_key()];
        let sql = "INSERT INTO recommendation (selector, rule_fqdn, error_key) VALUES ($1, $2, $3)";
        execute(database, sql, values.map(Into::into).to_vec()).await;
    }
}

async fn stored_as_internal(database: &Database, selector: &Selector) -> bool {
    let connection = database.connect().await;
    let sql = "SELECT internal FROM recommendation WHERE selector = $1";
    let statement = Statement::from_sql_and_values(connection.get_database_backend(), sql, [selector.as_str().into()]);
    let row = connection.query_one_raw(statement).await.expect("a read").expect("a row");
    row.try_get_by_index(0).expect("a boolean")
}

async fn set_for_managed(database: &Database, name: &str, for_managed: Option<bool>) {
    let sql = "UPDATE recommendation SET for_managed = $1 WHERE selector = $2";
    execute(database, sql, vec![for_managed.into(), selector(name).as_str().into()]).await;
}

async fn set_managed(database: &Database, owner: u32, is_managed: bool) {
    let values = ImportedValues { display_name: None, is_managed, status: None };
    let clusters = [((organization(owner), cluster(7)), values)].into();
    database.store().await.import_clusters(&clusters, false, drop).await.expect("imported");
}

async fn execute(database: &Database, sql: &str, values: Vec<sea_orm::Value>) {
    let connection = database.connect().await;
    let backend = connection.get_database_backend();
    assert!(matches!(backend, DbBackend::Postgres | DbBackend::Sqlite));
    let statement = Statement::from_sql_and_values(backend, sql, values);
    connection.execute_raw(statement).await.expect(sql);
    connection.close().await.expect("close");
}
