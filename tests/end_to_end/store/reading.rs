//! Pages of organizations and their clusters: no page skips or repeats an item, and each level takes one statement.

use insights_results_aggregator::{
    domain::{ClusterId, OrgId},
    identity::{Scope, Viewer},
    store::{Cluster, ListRequest, Page, Store, count_statements},
};

use super::owned_cluster::{OwnedCluster, minute, write};
use super::pages;
use crate::{
    harness::each_database,
    reports::{cluster, organization},
};

/// The number of each organization and of its clusters. The clusters of the first one are 101, 102 and so on.
const SIZES: [(u32, u128); 3] = [(1, 3), (2, 1), (4_294_967_295, 5)];

#[tokio::test]
async fn organizations_are_read_in_pages_ordered_by_number() {
    for database in each_database().await {
        let store = filled(database.store().await).await;
        let all = organizations(&store, 10, None).await;
        assert_eq!(all.items, SIZES.map(|(number, _)| organization(number)), "{}", database.name);
        assert_eq!((all.has_next, all.total), (false, Some(3)), "{}", database.name);

        for (first, after, items, has_more) in [
            (0, None, &[][..], false),
            (1, None, &[1], true),
            (2, None, &[1, 2], true),
            (3, None, &[1, 2, 4_294_967_295], false),
            (1, Some(1), &[2], true),
            (1, Some(2), &[4_294_967_295], false),
            (2, Some(3), &[4_294_967_295], false),
            (2, Some(4_294_967_295), &[], false),
        ] {
            let page = organizations(&store, first, after.map(organization)).await;
            let items: Vec<_> = items.iter().copied().map(organization).collect();
            let expected = Page { items, has_next: has_more, total: Some(3), ..Page::default() };
            assert_eq!(page, expected, "{first} after {after:?} on {}", database.name);
        }
    }
}

#[tokio::test]
async fn an_organization_exists_once_a_report_of_it_was_accepted() {
    for database in each_database().await {
        let store = filled(database.store().await).await;
        for (number, exists) in [(1, true), (3, false), (4_294_967_295, true)] {
            // An organization that was found is remembered; one that was not is looked for again.
            for expected in [1, usize::from(!exists)] {
                let found = [organization(number)];
                let known = count_statements(store.known_organizations(everything(), &found)).await;
                let (known, statements) = (known.0.expect("an answer"), known.1);
                assert_eq!((!known.is_empty(), statements), (exists, expected), "{number} on {}", database.name);
            }
        }
    }
}

#[tokio::test]
async fn clusters_are_read_by_their_ids_and_unknown_ones_are_left_out() {
    for database in each_database().await {
        let store = filled(database.store().await).await;
        let ids = [cluster(101), cluster(201), cluster(999)];
        let (clusters, statements) = count_statements(store.clusters(everything(), &ids)).await;
        let clusters = clusters.expect("clusters");
        assert_eq!((clusters.len(), statements), (2, 1), "{}", database.name);
        assert_eq!(clusters[&cluster(201)].organization, organization(2), "{}", database.name);
        assert_eq!(clusters[&cluster(201)].last_checked, minute(1), "{}", database.name);
        assert_eq!(store.clusters(everything(), &[]).await.expect("none"), [].into(), "{}", database.name);
    }
}

#[tokio::test]
async fn one_statement_reads_a_page_of_clusters_for_each_of_many_organizations() {
    for database in each_database().await {
        let store = filled(database.store().await).await;
        let parents = [organization(4_294_967_295), organization(1), organization(2), organization(3)];
        for (first, pages) in [
            (0, [(&[][..], false), (&[], false), (&[], false), (&[], false)]),
            (1, [(&[301], true), (&[101], true), (&[201], false), (&[], false)]),
            (3, [(&[301, 302, 303], true), (&[101, 102, 103], false), (&[201], false), (&[], false)]),
            (5, [(&[301, 302, 303, 304, 305], false), (&[101, 102, 103], false), (&[201], false), (&[], false)]),
        ] {
            let page = pages::clusters(first, None, true);
            let read = store.pages(everything(), &parents, &page);
            let (answers, statements) = count_statements(read).await;
            let answers = answers.expect("an answer");
            assert_eq!((answers.len(), statements), (4, 1), "{}", database.name);
            for ((parent, (numbers, has_more)), total) in parents.iter().zip(pages).zip([5, 3, 1, 0]) {
                let answer = answers[parent].clone().map(|cluster| cluster.id);
                let expected = Page { items: ids(numbers), has_next: has_more, total: Some(total), ..Page::default() };
                assert_eq!(answer, expected, "{first} of {parent} on {}", database.name);
            }
        }
    }
}

#[tokio::test]
async fn a_page_of_clusters_begins_after_the_cursor_whether_its_cluster_exists_or_not() {
    for database in each_database().await {
        let store = filled(database.store().await).await;
        for (after, numbers, has_more) in [
            (1, &[101, 102][..], true),
            (101, &[102, 103], false),
            (102, &[103], false),
            (103, &[], false),
            (u128::MAX, &[], false),
        ] {
            let page = pages::clusters(2, Some(cluster(after)), true);
            let page = clusters_of(&store, 1, page).await.map(|cluster| cluster.id);
            let expected = Page { items: ids(numbers), has_next: has_more, total: Some(3), ..Page::default() };
            assert_eq!(page, expected, "after {after} on {}", database.name);
        }
    }
}

#[tokio::test]
async fn pages_of_one_item_add_up_to_the_whole_list() {
    for database in each_database().await {
        let store = filled(database.store().await).await;
        let whole = clusters_of(&store, u32::MAX, pages::clusters(100, None, false)).await;
        let (mut walked, mut after) = (Vec::new(), None);
        loop {
            let page = clusters_of(&store, u32::MAX, pages::clusters(1, after, false)).await;
            walked.extend(page.items);
            after = walked.last().map(|cluster| cluster.id);
            if !page.has_next {
                break;
            }
        }
        assert_eq!(walked, whole.items, "{}", database.name);
        assert_eq!(walked.len(), 5, "{}", database.name);
    }
}

#[tokio::test]
async fn totals_are_read_only_when_requested() {
    for database in each_database().await {
        let store = filled(database.store().await).await;
        let page = pages::organizations(2, None, false);
        let (read, statements) = count_statements(store.page(everything(), &page)).await;
        assert_eq!((read.expect("a page").total, statements), (None, 1), "{}", database.name);
        let page = ListRequest { total: true, ..page };
        let (read, statements) = count_statements(store.page(everything(), &page)).await;
        assert_eq!((read.expect("a page").total, statements), (Some(3), 1), "{}", database.name);

        let page = pages::clusters(2, None, false);
        assert_eq!(clusters_of(&store, 1, page.clone()).await.total, None, "{}", database.name);
        assert_eq!(clusters_of(&store, 3, page).await.total, None, "{}: of an unknown organization", database.name);
    }
}

#[tokio::test]
async fn the_size_of_a_page_may_be_the_largest_number() {
    for database in each_database().await {
        let store = filled(database.store().await).await;
        let page = clusters_of(&store, 1, pages::clusters(usize::MAX, None, true)).await;
        assert_eq!((page.items.len(), page.has_next), (3, false), "{}", database.name);
        assert_eq!(organizations(&store, usize::MAX, None).await.items.len(), 3, "{}", database.name);
    }
}

async fn filled(store: Store) -> Store {
    let clusters = |(position, (organization, clusters)): (u128, (u32, u128))| {
        (1..=clusters)
            .rev()
            .map(move |number| OwnedCluster { organization, cluster: position * 100 + number }.report(1, "disk"))
    };
    let reports: Vec<_> = (1..).zip(SIZES).flat_map(clusters).collect();
    write(&store, &reports).await;
    store
}

async fn organizations(store: &Store, first: usize, after: Option<OrgId>) -> Page<OrgId> {
    let page = store.page(everything(), &pages::organizations(first, after, true)).await;
    page.expect("a page").map(|organization| organization.id)
}

async fn clusters_of(store: &Store, number: u32, page: ListRequest<Cluster>) -> Page<Cluster> {
    let parent = organization(number);
    let answers = store.pages(everything(), &[parent], &page).await;
    answers.expect("an answer").remove(&parent).expect("a page for every organization")
}

fn ids(numbers: &[u128]) -> Vec<ClusterId> {
    numbers.iter().copied().map(cluster).collect()
}

fn everything() -> Scope {
    Viewer::unrestricted().scope()
}
