//! Tenancy: what another organization owns is not found, whichever way it is read.

use insights_results_aggregator::{
    domain::ClusterId,
    identity::{Scope, Viewer},
    store::{Cluster, ClusterHits, List as _, Organization, Page, RuleHit, Store, count_statements},
};

use super::owned_cluster::{OwnedCluster, write};
use super::pages;
use crate::{
    harness::each_database,
    reports::{cluster, organization},
};

/// Both have hits of the same recommendations.
const OURS: OwnedCluster = OwnedCluster { organization: 1, cluster: 7 };
const THEIRS: OwnedCluster = OwnedCluster { organization: 2, cluster: 8 };

#[tokio::test]
async fn a_member_sees_and_counts_only_its_own_organization() {
    for database in each_database().await {
        let store = filled(database.store().await).await;
        for number in [1, 2] {
            let page = pages::organizations(10, None, true);
            let seen =
                store.page(member(number), &page).await.expect("organizations").map(|organization| organization.id);
            let expected = Page { items: vec![organization(number)], total: Some(1), ..Page::default() };
            assert_eq!(seen, expected, "{}", database.name);
        }
        let page = pages::organizations(10, Some(organization(1)), false);
        let rest = store.page(member(1), &page).await.expect("organizations");
        assert_eq!(rest.items, [], "{}: nothing follows its own organization", database.name);
        for (viewer, requested, exists) in [(1, 1, true), (1, 2, false), (2, 1, false), (3, 3, true), (3, 1, false)] {
            let known = store.known_organizations(member(viewer), &[organization(requested)]).await.expect("an answer");
            assert_eq!(!known.is_empty(), exists, "{viewer} reads {requested} on {}", database.name);
        }
    }
}

#[tokio::test]
async fn a_members_own_organization_is_listed_without_a_statement_even_if_it_never_reported() {
    for database in each_database().await {
        let store = filled(database.store().await).await;
        for number in [1, 3] {
            let page = pages::organizations(10, None, true);
            let (listed, statements) = count_statements(Organization::load(&store, member(number), &[()], &page)).await;
            let items = vec![Organization { id: organization(number) }];
            let expected = Page { items, total: Some(1), ..Page::default() };
            assert_eq!((listed.expect("organizations")[&()].clone(), statements), (expected, 0), "{}", database.name);
            let page = pages::organizations(10, Some(organization(number)), false);
            let rest = Organization::load(&store, member(number), &[()], &page).await.expect("organizations");
            assert_eq!(rest[&()].items, [], "{}: nothing follows it", database.name);
        }
    }
}

#[tokio::test]
async fn a_member_sees_only_its_own_clusters() {
    for database in each_database().await {
        let store = filled(database.store().await).await;
        for (viewer, seen) in [(1, vec![cluster(7)]), (2, vec![cluster(8)]), (3, vec![])] {
            assert_eq!(by_id(&store, member(viewer)).await, seen, "{viewer} on {}", database.name);
            for (owner, own) in [(1, 7), (2, 8)] {
                let page = by_organization(&store, member(viewer), owner).await;
                let items = if viewer == owner { vec![cluster(own)] } else { vec![] };
                let expected = Page { total: Some(items.len() as u64), items, ..Page::default() };
                assert_eq!(page.map(|cluster| cluster.id), expected, "{viewer} on {}", database.name);
            }
        }
    }
}

#[tokio::test]
async fn a_member_sees_only_hits_of_its_own_clusters() {
    for database in each_database().await {
        let store = filled(database.store().await).await;
        for (viewer, counts) in [(1, [2, 0]), (2, [0, 3]), (3, [0, 0])] {
            assert_eq!(hits(&store, member(viewer)).await, counts, "{viewer} on {}", database.name);
        }
    }
}

#[tokio::test]
async fn an_unrestricted_viewer_sees_everything() {
    for database in each_database().await {
        let store = filled(database.store().await).await;
        let all = Viewer::unrestricted().scope();
        assert_eq!(by_id(&store, all).await, [cluster(7), cluster(8)], "{}", database.name);
        assert_eq!(hits(&store, all).await, [2, 3], "{}", database.name);
        for owner in [1, 2] {
            assert_eq!(by_organization(&store, all, owner).await.total, Some(1), "{}", database.name);
        }
    }
}

#[tokio::test]
async fn only_the_new_owner_sees_a_cluster_that_moved() {
    for database in each_database().await {
        let store = filled(database.store().await).await;
        write(&store, &[OwnedCluster { organization: 2, ..OURS }.report(20, "disk")]).await;
        assert_eq!(by_id(&store, member(1)).await, [], "{}", database.name);
        assert_eq!(by_id(&store, member(2)).await, [cluster(7), cluster(8)], "{}", database.name);
        assert_eq!(hits(&store, member(1)).await, [0, 0], "{}", database.name);
        assert_eq!(hits(&store, member(2)).await, [1, 3], "{}", database.name);
        assert_eq!(by_organization(&store, member(1), 1).await.total, Some(0), "{}", database.name);
        let known = store.known_organizations(member(1), &[organization(1)]).await.expect("an answer");
        assert!(!known.is_empty(), "{}: it lost its cluster, but the organization still exists", database.name);
    }
}

async fn filled(store: Store) -> Store {
    write(&store, &[OURS.report(10, "disk=1 cpu=1"), THEIRS.report(10, "disk=2 cpu=2 net=2")]).await;
    store
}

fn member(organization_number: u32) -> Scope {
    Viewer::member_of(organization(organization_number)).scope()
}

async fn by_id(store: &Store, scope: Scope) -> Vec<ClusterId> {
    let clusters = store.clusters(scope, &[cluster(7), cluster(8)]).await.expect("clusters");
    let mut ids: Vec<_> = clusters.into_keys().collect();
    ids.sort();
    ids
}

async fn by_organization(store: &Store, scope: Scope, owner: u32) -> Page<Cluster> {
    let page = pages::clusters(10, None, true);
    // Read together with the viewer's own, as a query over all organizations does.
    let parents = [organization(1), organization(2), organization(3)];
    let mut answers = store.pages(scope, &parents, &page).await.expect("clusters");
    assert_eq!(answers.len(), 3, "a page for every organization");
    answers.remove(&organization(owner)).expect("an answer")
}

/// The number of hits of each cluster in the scope, which must equal their total.
async fn hits(store: &Store, scope: Scope) -> [usize; 2] {
    let page = pages::rule_hits(10, None);
    // As many as the page can hold, and more: each is read by a statement of its own.
    let [whole, cut] = [10, 11].map(|count| {
        [7, 8].map(|number| ClusterHits {
            cluster: cluster(number),
            count,
            details_bytes: 0,
            hides: false,
            is_managed: false,
        })
    });
    let answers = RuleHit::load(store, scope, &whole, &page).await.expect("hits");
    let cut = RuleHit::load(store, scope, &cut, &page).await.expect("hits").into_iter();
    assert!(cut.into_iter().all(|(parent, page)| answers[&ClusterHits { count: 10, ..parent }] == page));
    whole.map(|parent| {
        let page = &answers[&parent];
        assert_eq!(page.total, Some(page.items.len() as u64));
        page.items.len()
    })
}
