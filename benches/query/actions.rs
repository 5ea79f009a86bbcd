//! What users' actions cost: an acknowledgement that hides hits on 100,000 clusters, and lists after it; and the rows of some
//! organizations' actions beside the compared queries.

use insights_results_aggregator::store::{Actor, Cluster, Direction, ListRequest, Order, PageRequest, Store};
use sea_orm::{ConnectionTrait as _, DatabaseConnection};

use super::{
    data,
    large::{FIRST_PAGE, ORDERS, fleet, of_fleet},
    timing::{everything, print, timed},
};

/// Acknowledgements, each of another organization, and toggles of as many clusters.
const ACKNOWLEDGEMENTS: u32 = 50;
const TOGGLES_OF_EACH: u32 = 20;
/// The longest time of an acknowledgement in milliseconds.
const LIMIT: Option<u32> = Some(2_000);

/// One of the fleet's five hits of each cluster is by the first recommendation from now on.
const HIT_BY_ONE: &str = "
    UPDATE rule_hit SET recommendation_id = (SELECT id FROM recommendation ORDER BY selector LIMIT 1)
    WHERE org_id = 900001 AND recommendation_id IN (SELECT id FROM recommendation ORDER BY selector LIMIT 4);
    UPDATE recommendation SET counted_risk = 1 + counted_risk % 4 WHERE selector = (SELECT min(selector) FROM recommendation);
    VACUUM ANALYZE";

/// Prints how long an acknowledgement takes that hides hits on all clusters of the fleet, and how long pages take then.
/// `count` counts the hits of recommendations whose facts are not those that were counted with.
pub(crate) async fn measure(store: &Store, connection: &DatabaseConnection, count: impl Future<Output = ()>) {
    for statement in HIT_BY_ONE.split(';') {
        connection.execute_unprepared(statement).await.expect("another recommendation");
    }
    count.await;
    let actor = Actor { organization: fleet(), user: "user".to_owned() };
    let selector = data::selector(0);
    let (_, time) = timed(store.acknowledge(&actor, &selector, None)).await;
    print("acknowledging a recommendation that hits 100,000 clusters", time, LIMIT);
    for by in ORDERS {
        let order = Order::new(by, Direction::Descending);
        let request = ListRequest::<Cluster> { order, ..ListRequest::new(PageRequest::first(100)) };
        print(&format!("clusters by {order:?} after it: first page"), of_fleet(store, &request).await, FIRST_PAGE);
    }
    let (_, time) = timed(store.acknowledge(&actor, &selector, Some("again".to_owned()))).await;
    print("changing the acknowledgement", time, None);
    let (_, time) = timed(store.delete_acknowledgement(&actor, &selector)).await;
    print("deleting the acknowledgement", time, LIMIT);
    let request = ListRequest::<Cluster>::new(PageRequest::first(100));
    let pages = store.pages(everything(), &[fleet()], &request).await.expect("clusters");
    let clusters: Vec<_> = pages[&fleet()].items.iter().map(|cluster| cluster.id).collect();
    let (_, time) = timed(store.toggle(&actor, &selector, &clusters, true, None)).await;
    print("disabling a recommendation on 100 clusters", time, None);
}

/// Acknowledges a recommendation in some organizations, and turns another one off for some of their clusters.
pub(crate) async fn act(store: &Store) {
    for number in 1..=ACKNOWLEDGEMENTS {
        let actor = Actor { organization: data::organization(number.into()), user: "user".to_owned() };
        store.acknowledge(&actor, &data::selector(number % data::RECOMMENDATIONS), None).await.expect("acknowledged");
        let clusters: Vec<_> =
            (0..TOGGLES_OF_EACH).map(|index| data::cluster(i64::from(number), u128::from(index))).collect();
        let selector = data::selector((number + 1) % data::RECOMMENDATIONS);
        let toggled = store.toggle(&actor, &selector, &clusters, true, None).await.expect("turned off");
        assert_eq!(toggled.len(), clusters.len());
    }
}
