//! Random pages, with positions of items that exist and of items that do not: each is the page that is cut from the whole
//! list, whichever way it is read.
//!
//! All random values follow from a seed, which is printed first. The variable `TEST_SEED` sets it.

use std::{cmp::Reverse, collections::HashMap, fmt::Debug};

use insights_results_aggregator::{
    domain::ClusterId,
    identity::{Scope, Viewer},
    store::{
        ClusterHits, Direction, End, HistoryEvent, HistoryEventKind, List, ListRequest, Order, Page, PageRequest,
        Position, RuleHit, SortValue, Store,
    },
};
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use super::owned_cluster::{OwnedCluster, hit, minute, selector, write};
use crate::{harness::each_database, model::seed, reports::cluster};

/// The number of random pages of each list on each database.
const PAGES: usize = 150;
const CLUSTERS: u32 = 4;
const MINUTES: u32 = 30;
/// The names of all rules. Reports have some of the first ones; the others are only in positions.
const NAMES: [&str; 10] = ["b", "B", "_", "é", "z", "a.b", "a", "C", "\u{ffff}", "😀"];
const REPORTED: usize = 6;

struct Random(ChaCha8Rng);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0.next_u32() as usize % bound
    }

    fn flag(&mut self) -> bool {
        self.below(2) == 0
    }

    fn name(&mut self) -> &'static str {
        NAMES[self.below(NAMES.len())]
    }

    /// A page in an order, between positions that may not be given and may be in any order.
    fn request<L: List>(&mut self, order: Order<L>, position: impl Fn(&mut Self) -> Position) -> ListRequest<L> {
        let bound = |random: &mut Self| random.flag().then(|| position(random));
        let (after, before) = (bound(self), bound(self));
        let end = if self.flag() { End::First } else { End::Last };
        let page = PageRequest { after, before, size: 1 + self.below(9), end };
        ListRequest { order, total: self.flag(), beyond: self.flag(), ..ListRequest::new(page) }
    }
}

/// Writes reports with random hits. All clusters but the first one move between two organizations.
async fn fill(store: &Store, random: &mut Random) {
    for at in 1..=MINUTES {
        let mut reports = Vec::new();
        for number in 0..CLUSTERS {
            if random.below(3) > 0 {
                let names: Vec<_> = NAMES[..REPORTED].iter().filter(|_| random.flag()).collect();
                let organization = if number > 0 && random.below(8) == 0 { 2 } else { 1 };
                let owned = OwnedCluster { organization, cluster: number.into() };
                reports.push(owned.report_with(at, names.into_iter().map(|name| hit(name)).collect()));
            }
        }
        write(store, &reports).await;
    }
}

/// The requested page of a list whose items are given with their ranks, in order.
fn cut<L: List + Clone, R: Ord>(whole: &[(R, L)], rank: impl Fn(&Position) -> R, request: &ListRequest<L>) -> Page<L> {
    let ListRequest { page, total, beyond, .. } = request;
    let is_after = |item: &R| page.after.as_ref().is_none_or(|after| *item > rank(after));
    let is_before = |item: &R| page.before.as_ref().is_none_or(|before| *item < rank(before));
    let between = || whole.iter().filter(|(rank, _)| is_after(rank) && is_before(rank)).map(|(_, item)| item.clone());
    let (mut items, is_first) = (between().collect::<Vec<_>>(), page.end == End::First);
    let is_cut = items.len() > page.size;
    items = if is_first {
        items.into_iter().take(page.size).collect()
    } else {
        items.split_off(items.len() - page.size.min(items.len()))
    };
    Page {
        items,
        has_previous: (*beyond && whole.iter().any(|(rank, _)| !is_after(rank))) || (is_cut && !is_first),
        has_next: (*beyond && whole.iter().any(|(rank, _)| !is_before(rank))) || (is_cut && is_first),
        total: total.then_some(whole.len() as u64),
    }
}

/// Asserts that each cluster's page is the one that is cut from its whole list.
fn check<L: List + Clone + PartialEq, R: Ord>(
    found: &HashMap<ClusterId, Page<L>>,
    whole: &HashMap<ClusterId, Vec<(R, L)>>,
    rank: impl Fn(&Position) -> R,
    request: &ListRequest<L>,
    about: impl Debug,
) {
    for (cluster, whole) in whole {
        assert_eq!(found[cluster], cut(whole, &rank, request), "{cluster} of {about:?}: {request:?}");
    }
}

fn everything() -> Scope {
    Viewer::unrestricted().scope()
}

fn clusters() -> Vec<ClusterId> {
    // The last one is unknown.
    (0..=CLUSTERS).map(|number| cluster(number.into())).collect()
}

/// The hits of each cluster in either way: by reading all of them, and by having the database cut.
async fn hits(store: &Store, request: &ListRequest<RuleHit>) -> [HashMap<ClusterId, Page<RuleHit>>; 2] {
    let by_count = async |count| {
        let parents: Vec<_> = clusters()
            .into_iter()
            .map(|cluster| ClusterHits { cluster, count, details_bytes: 0, hides: false, is_managed: false })
            .collect();
        let pages = RuleHit::load(store, everything(), &parents, request).await.expect("hits");
        pages.into_iter().map(|(parent, page)| (parent.cluster, page)).collect()
    };
    [by_count(1).await, by_count(u32::MAX).await]
}

#[tokio::test]
async fn a_page_of_hits_is_the_same_whether_the_database_or_the_service_cuts_it() {
    let mut random = Random(ChaCha8Rng::seed_from_u64(seed()));
    for database in each_database().await {
        let store = database.store().await;
        fill(&store, &mut random).await;
        for direction in [Direction::Ascending, Direction::Descending] {
            let order = Order::new(&RuleHit::BY_SELECTOR, direction);
            let directed = |text: String| {
                let bytes: Vec<i16> = text.bytes().map(i16::from).chain([-1]).collect();
                if direction == Direction::Ascending { bytes } else { bytes.iter().map(|byte| -byte).collect() }
            };
            let rank = |position: &Position| match &position.key {
                SortValue::Text(text) => directed(text.clone()),
                other => panic!("{other:?}"),
            };
            let whole = ListRequest { order, ..ListRequest::new(PageRequest::first(100)) };
            let [whole, same] = hits(&store, &whole).await;
            assert_eq!(whole, same, "{}", database.name);
            let ranked = |page: Page<RuleHit>| {
                let ranked: Vec<_> =
                    page.items.into_iter().map(|hit| (directed(hit.selector.to_string()), hit)).collect();
                assert!(ranked.is_sorted_by_key(|(rank, _)| rank), "{}", database.name);
                ranked
            };
            let whole: HashMap<_, _> = whole.into_iter().map(|(cluster, page)| (cluster, ranked(page))).collect();
            for _ in 0..PAGES {
                let request = random.request(order, |random| Position {
                    value: None,
                    key: SortValue::Text(selector(random.name()).to_string()),
                });
                for found in hits(&store, &request).await {
                    check(&found, &whole, rank, &request, database.name);
                }
            }
        }
    }
}

#[tokio::test]
async fn a_page_of_history_is_cut_from_the_events_of_the_present_owner() {
    let mut random = Random(ChaCha8Rng::seed_from_u64(seed()));
    for database in each_database().await {
        let store = database.store().await;
        fill(&store, &mut random).await;
        let order = HistoryEvent::DEFAULT_ORDER;
        let rank = |position: &Position| (Reverse(position.value.clone()), position.key.clone());
        let whole = ListRequest { total: true, ..ListRequest::new(PageRequest::first(10_000)) };
        let whole = store.pages(everything(), &clusters(), &whole).await.expect("a history");
        let ranked = |page: Page<HistoryEvent>| {
            assert_eq!(page.total, Some(page.items.len() as u64), "{}: the total is kept", database.name);
            let ranked: Vec<_> = page.items.into_iter().map(|event| (rank(&order.position(&event)), event)).collect();
            assert!(ranked.is_sorted_by_key(|(rank, _)| rank), "{}", database.name);
            ranked
        };
        let whole: HashMap<_, _> = whole.into_iter().map(|(cluster, page)| (cluster, ranked(page))).collect();
        assert!(whole[&cluster(0)].len() > 20, "{}: a history of several pages", database.name);
        for _ in 0..PAGES {
            let request = random.request(order, |random| {
                let kind = if random.flag() { HistoryEventKind::Opened } else { HistoryEventKind::Closed };
                let at = minute(u32::try_from(random.below(MINUTES as usize + 2)).expect("small"));
                let key = format!("{} {}", <&str>::from(kind), selector(random.name()));
                Position { value: Some(SortValue::Time(at)), key: SortValue::Text(key) }
            });
            let found = store.pages(everything(), &clusters(), &request).await.expect("a history");
            check(&found, &whole, rank, &request, database.name);
        }
    }
}
