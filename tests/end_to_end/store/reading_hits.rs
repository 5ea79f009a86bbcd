//! Pages of hits, ordered by the bytes of their selectors: no page skips or repeats a hit, and one statement reads the
//! hits of many clusters.

use std::collections::HashMap;

use insights_results_aggregator::{
    domain::{self, ClusterId, Details, Report, Selector},
    identity::{Scope, Viewer},
    store::{ClusterHits, List as _, ListRequest, Page, RuleHit, Store, count_statements},
};

use super::owned_cluster::{OwnedCluster, minute, selector, write};
use super::pages;
use crate::{harness::each_database, reports::cluster};

const OURS: OwnedCluster = OwnedCluster { organization: 1, cluster: 7 };

/// Names that other collations order differently: by case, by accents, without punctuation, by UTF-16.
const NAMES: [&str; 16] =
    ["a", "A", "b", "B", "_a", "a_", "a_b", "a.b", "ab", "é", "e\u{301}", "ß", "z", "\u{fb01}", "\u{ffff}", "😀"];

#[tokio::test]
async fn hits_are_read_in_the_order_of_their_selectors_bytes() {
    for database in each_database().await {
        let store = database.store().await;
        write(&store, &[OURS.report(10, &NAMES.join(" "))]).await;
        let read = hits(&store, page(100, None)).await;
        assert_eq!(selectors(&read), in_order(), "{}", database.name);
        assert_eq!((read.has_next, read.total), (false, Some(16)), "{}", database.name);
        assert!(read.items.iter().all(|hit| hit.impacted_since == minute(10)), "{}", database.name);
    }
}

#[tokio::test]
async fn pages_of_every_size_add_up_to_the_whole_list() {
    for database in each_database().await {
        let store = database.store().await;
        write(&store, &[OURS.report(10, &NAMES.join(" "))]).await;
        for first in [1, 3, 15, 16, 17] {
            let (mut walked, mut after, mut pages) = (Vec::new(), None, 0);
            loop {
                let read = hits(&store, page(first, after)).await;
                assert_eq!(read.total, Some(16), "{}: the total does not depend on the page", database.name);
                walked.extend(selectors(&read));
                (after, pages) = (walked.last().cloned(), pages + 1);
                if !read.has_next {
                    break;
                }
            }
            assert_eq!(walked, in_order(), "pages of {first} on {}", database.name);
            assert_eq!(pages, 16_usize.div_ceil(first), "pages of {first} on {}", database.name);
        }
    }
}

#[tokio::test]
async fn a_page_of_hits_begins_after_the_cursor_whether_its_hit_exists_or_not() {
    for database in each_database().await {
        let store = database.store().await;
        write(&store, &[OURS.report(10, "b d f")]).await;
        for (after, names, has_more) in
            [("a", &["b", "d"][..], true), ("b", &["d", "f"], false), ("c", &["d", "f"], false), ("f", &[], false)]
        {
            let read = hits(&store, page(2, Some(selector(after)))).await;
            let expected: Vec<_> = names.iter().copied().map(selector).collect();
            assert_eq!((selectors(&read), read.has_next), (expected, has_more), "after {after} on {}", database.name);
        }
        let none = hits(&store, page(0, None)).await;
        assert_eq!((none.items.len(), none.has_next, none.total), (0, false, Some(3)), "{}", database.name);
    }
}

#[tokio::test]
async fn one_statement_reads_a_page_of_hits_for_each_of_many_clusters() {
    for database in each_database().await {
        let store = database.store().await;
        let reports: Vec<_> = (1..=100).map(|number| with_hits(number, number % 7)).collect();
        write(&store, &reports).await;

        let ids: Vec<_> = (0..=101).map(cluster).collect();
        let answers = read(&store, &ids, page(3, None)).await;
        assert_eq!(answers.len(), 102, "{}: a page for every cluster", database.name);
        for number in 0..=101_u32 {
            let hits = if (1..=100).contains(&number) { u64::from(number % 7) } else { 0 };
            let page = &answers[&cluster(number.into())];
            assert_eq!(page.total, Some(hits), "cluster {number} on {}", database.name);
            assert_eq!(page.items.len() as u64, hits.min(3), "cluster {number} on {}", database.name);
            assert_eq!(page.has_next, hits > 3, "cluster {number} on {}", database.name);
            assert!(page.items.is_sorted_by_key(|hit| &hit.selector), "cluster {number} on {}", database.name);
        }
        assert_eq!(read(&store, &[], page(3, None)).await, HashMap::new(), "{}", database.name);
    }
}

#[tokio::test]
async fn details_and_totals_are_read_only_when_requested() {
    for database in each_database().await {
        let store = database.store().await;
        write(&store, &[OURS.report(10, "cpu disk=1")]).await;
        for (requested, expected) in [(true, [None, Some("1")]), (false, [None, None])] {
            let read =
                hits(&store, ListRequest { large: requested.then_some(usize::MAX), total: requested, ..page(5, None) })
                    .await;
            let details: Vec<_> = read.items.iter().map(|hit| hit.details.as_ref().map(Details::as_str)).collect();
            assert_eq!(details, expected, "{}", database.name);
            assert_eq!(read.total, requested.then_some(2), "{}", database.name);
        }
    }
}

fn with_hits(number: u32, hits: u32) -> Report {
    let hits = (0..hits).map(|rule| domain::RuleHit::new(selector(&format!("rule{rule}")), None)).collect();
    OwnedCluster { organization: 1 + number % 5, cluster: number.into() }.report_with(1, hits)
}

fn page(first: usize, after: Option<Selector>) -> ListRequest<RuleHit> {
    pages::rule_hits(first, after)
}

async fn hits(store: &Store, page: ListRequest<RuleHit>) -> Page<RuleHit> {
    read(store, &[cluster(7)], page).await.remove(&cluster(7)).expect("a page for every cluster")
}

/// Reads pages in both ways, which must return the same: by reading all hits, and by having the database cut.
async fn read(store: &Store, clusters: &[ClusterId], page: ListRequest<RuleHit>) -> HashMap<ClusterId, Page<RuleHit>> {
    let by_count = async |count| {
        let parents: Vec<_> = clusters
            .iter()
            .map(|cluster| ClusterHits { cluster: *cluster, count, details_bytes: 0, hides: false, is_managed: false })
            .collect();
        let (pages, statements) = count_statements(RuleHit::load(store, everything(), &parents, &page)).await;
        assert_eq!(statements, usize::from(!clusters.is_empty()), "one statement for hits of {count}");
        pages.expect("hits").into_iter().map(|(parent, page)| (parent.cluster, page)).collect::<HashMap<_, _>>()
    };
    // The first read may look up recommendations.
    store.cache_recommendations().await.expect("recommendations");
    let (whole, cut) = (by_count(1).await, by_count(u32::MAX).await);
    assert_eq!(whole, cut, "{page:?}");
    cut
}

fn everything() -> Scope {
    Viewer::unrestricted().scope()
}

fn selectors(page: &Page<RuleHit>) -> Vec<Selector> {
    page.items.iter().map(|hit| hit.selector.clone()).collect()
}

fn in_order() -> Vec<Selector> {
    let mut selectors: Vec<_> = NAMES.into_iter().map(selector).collect();
    selectors.sort_by(|a, b| a.as_str().as_bytes().cmp(b.as_str().as_bytes()));
    selectors
}
