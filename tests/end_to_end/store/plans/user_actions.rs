//! The statements of users' actions, and of what is read about them.

use insights_results_aggregator::{
    domain::OrgId,
    identity::Scope,
    store::{
        Acknowledgement, Actor, ClusterToggle, HitKey, List, ListRequest, PageRequest, Store, ToggleFilter, TogglesOf,
        VoteValue, record_statements,
    },
};

use super::{
    CLUSTERS_OF_EACH, ORGANIZATIONS, assert_no_scans, bounded, explained, filled, position, read_everything, scopes,
    text,
};
use crate::{
    harness::each_database,
    reports::{cluster, organization},
    store::owned_cluster::{minute, selector},
};

#[tokio::test]
async fn every_action_and_every_read_of_actions_uses_an_index() {
    for database in each_database().await {
        let store = filled(&database).await;
        for number in 0..ORGANIZATIONS {
            act(&store, 1 + number, u128::from(number * CLUSTERS_OF_EACH), "a0", 100).await;
            let actor = Actor { organization: organization(1 + number), user: "user".to_owned() };
            for rule in 0..20 {
                let rule = selector(&format!("content{rule}"));
                store.acknowledge(&actor, &rule, None).await.expect("acknowledged");
                store.rate(&actor, &rule, 1).await.expect("rated");
            }
            for index in 0..20 {
                let voted = cluster(u128::from(number * CLUSTERS_OF_EACH + index));
                store.vote(&actor, voted, &selector("a0"), VoteValue::Down, None).await.expect("voted");
            }
        }
        explained::analyze(&database).await;
        let (organization, first) = (2, u128::from(CLUSTERS_OF_EACH));
        let ((), mut statements) = Box::pin(record_statements(act(&store, organization, first, "a1", 2))).await;
        for scope in scopes() {
            let ((), reads) = record_statements(read(&store, scope)).await;
            statements.extend(reads);
        }
        let ((), others) = record_statements(read_everything(&store)).await;
        statements.extend(others);
        assert_no_scans(&database, &statements).await;
    }
}

/// Each action of a user, two of them twice.
async fn act(store: &Store, number: u32, first: u128, rule: &str, clusters: u128) {
    let actor = Actor { organization: organization(number), user: "user".to_owned() };
    let clusters: Vec<_> = (first..first + clusters).map(cluster).collect();
    let rule = selector(rule);
    store.acknowledge(&actor, &rule, None).await.expect("acknowledged");
    assert!(store.delete_acknowledgement(&actor, &rule).await.expect("deleted"));
    store.acknowledge(&actor, &rule, Some("again".to_owned())).await.expect("acknowledged");
    let toggled = store.toggle(&actor, &rule, &clusters, true, None).await.expect("turned off");
    assert_eq!(toggled.len(), clusters.len());
    let vote = store.vote(&actor, clusters[0], &rule, VoteValue::Up, None).await.expect("voted");
    assert!(vote.is_some());
    store.rate(&actor, &rule, 1).await.expect("rated");
}

async fn read(store: &Store, scope: Scope) {
    let of = organization(1);
    let recommendations = ["a0", "a1"].map(|rule| (of, selector(rule)));
    store.acknowledgements(scope, &recommendations).await.expect("acknowledgements");
    store.ratings(scope, &recommendations).await.expect("ratings");
    let hits: [HitKey; 2] = [1, 2].map(|number| (of, cluster(number), selector("a0")));
    store.toggles(scope, &hits).await.expect("toggles");
    store.votes(scope, "user", &hits).await.expect("votes");
    let at = |key| position(Some(insights_results_aggregator::store::SortValue::Time(minute(1))), text(key));
    for request in bounded::<Acknowledgement>(true, Acknowledgement::DEFAULT_ORDER, at("a0|KEY")) {
        store.pages(scope, &[of, organization(2)], &request).await.expect("acknowledgements");
    }
    for selector in [None, Some(selector("a0"))] {
        let parents: [TogglesOf; 2] =
            [of, organization(2)].map(|organization: OrgId| TogglesOf { organization, selector: selector.clone() });
        for request in bounded::<ClusterToggle>(true, ClusterToggle::DEFAULT_ORDER, at("a0|KEY")) {
            ClusterToggle::load(store, scope, &parents, &request).await.expect("toggles");
        }
        let filter = ToggleFilter::new(Some(vec![cluster(1), cluster(2)]));
        let request = ListRequest::<ClusterToggle> { filter, total: true, ..ListRequest::new(PageRequest::first(10)) };
        ClusterToggle::load(store, scope, &parents, &request).await.expect("toggles of clusters");
    }
}
