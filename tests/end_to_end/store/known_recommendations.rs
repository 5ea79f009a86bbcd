//! Which recommendations a viewer knows because they hit, or have hit, a cluster of the organization.

use std::collections::BTreeSet;

use insights_results_aggregator::{
    domain::{Digest, Level, RecommendationFacts},
    identity::Viewer,
    store::{OfOrganization, Store, count_statements},
};

use super::owned_cluster::{OwnedCluster, minute, selector, write};
use crate::{
    harness::each_database,
    reports::organization,
    workloads::{workloads, write_workloads},
};

const OURS: OwnedCluster = OwnedCluster { organization: 1, cluster: 7 };
const THEIRS: OwnedCluster = OwnedCluster { organization: 2, cluster: 8 };

#[tokio::test]
async fn a_recommendation_is_known_that_hits_or_has_hit_a_cluster_within_the_scope() {
    for database in each_database().await {
        let store = database.store().await;
        write(&store, &[OURS.report(10, "open closed a.internal.open a.ocs.closed")]).await;
        write(&store, &[OURS.report(20, "open a.internal.open"), THEIRS.report(20, "theirs b.internal.theirs")]).await;
        save_content(&store, "content").await;

        let member = Viewer::member_of(organization(1));
        let ours = ["open", "closed"];
        let internal = ["a.internal.open", "a.ocs.closed"];
        let theirs = ["theirs"];
        let all = [&ours[..], &internal, &theirs, &["b.internal.theirs"]].concat();
        let ours_with_internal = [&ours[..], &internal].concat();
        let cases = [
            (member.clone(), None, ours.to_vec()),
            (member.clone(), Some(1), ours.to_vec()),
            (member.clone(), Some(2), vec![]),
            (member.clone().seeing_internal(), None, ours_with_internal.clone()),
            (member.seeing_internal(), Some(2), vec![]),
            (Viewer::member_of(organization(3)), None, vec![]),
            (Viewer::unrestricted(), None, all),
            (Viewer::unrestricted(), Some(1), ours_with_internal),
            (Viewer::unrestricted(), Some(2), vec!["theirs", "b.internal.theirs"]),
            (Viewer::unrestricted(), Some(3), vec![]),
        ];
        for (viewer, of, expected) in &cases {
            let known = known(&store, viewer.clone(), &[*of]).await;
            assert_eq!(known, of_organization(*of, expected), "{viewer:?} {of:?} on {}", database.name);
        }
        let together = known(&store, Viewer::unrestricted(), &[Some(2), Some(3), None]).await;
        let expected = [cases[8].clone(), cases[6].clone()];
        let expected = expected.iter().flat_map(|(_, of, names)| of_organization(*of, names)).collect();
        assert_eq!(together, expected, "{}", database.name);
    }
}

#[tokio::test]
async fn the_hits_of_a_former_owner_are_known_to_it_and_not_to_the_next() {
    for database in each_database().await {
        let store = database.store().await;
        let moved = OwnedCluster { organization: 2, ..OURS };
        write(&store, &[OURS.report(10, "open closed"), moved.report(20, "open")]).await;
        let member = |number| Viewer::member_of(organization(number));
        let names = of_organization(None, &["open", "closed"]);
        assert_eq!(known(&store, member(1), &[None]).await, names, "{}", database.name);
        assert_eq!(known(&store, member(2), &[None]).await, of_organization(None, &["open"]), "{}", database.name);
    }
}

#[tokio::test]
async fn a_recommendation_is_known_that_applies_to_workloads_within_the_scope_or_did() {
    let result = |owner, number, at, rules: &[&str]| {
        let selectors: Vec<_> = rules.iter().map(|rule| selector(rule).to_string()).collect();
        let hits: Vec<(&str, &str, &[&str])> = selectors.iter().map(|text| (text.as_str(), "", &[][..])).collect();
        workloads(owner, number, minute(at), &hits)
    };
    for database in each_database().await {
        let store = database.store().await;
        write_workloads(&store, &[result(1, 7, 1, &["open", "closed", "a.internal.open"])]).await;
        let later = [result(1, 7, 2, &["open", "a.internal.open"]), result(2, 8, 1, &["theirs"])];
        write_workloads(&store, &later).await;
        let member = |number| Viewer::member_of(organization(number));
        for (viewer, expected) in [
            (member(1), &["open", "closed"][..]),
            (member(1).seeing_internal(), &["open", "closed", "a.internal.open"]),
            (member(2), &["theirs"]),
            (member(3), &[]),
            (Viewer::unrestricted(), &["open", "closed", "a.internal.open", "theirs"]),
        ] {
            let known = known(&store, viewer.clone(), &[None]).await;
            assert_eq!(known, of_organization(None, expected), "{viewer:?} on {}", database.name);
        }
    }
}

/// Those of all names that the viewer knows of each organization.
async fn known(store: &Store, viewer: Viewer, of: &[Option<u32>]) -> BTreeSet<OfOrganization> {
    let names =
        ["open", "closed", "a.internal.open", "a.ocs.closed", "theirs", "b.internal.theirs", "content", "unknown"];
    let requested: Vec<_> = of.iter().flat_map(|of| of_organization(*of, &names)).collect();
    let (known, statements) = count_statements(store.known_recommendations(viewer.scope(), &requested)).await;
    assert_eq!(statements, 1);
    known.expect("an answer").into_iter().collect()
}

fn of_organization(of: Option<u32>, names: &[&str]) -> BTreeSet<OfOrganization> {
    names.iter().map(|name| (of.map(organization), selector(name))).collect()
}

/// Inserts a recommendation that never hit, as content does.
async fn save_content(store: &Store, rule: &str) {
    let facts = RecommendationFacts {
        selector: selector(rule),
        impact: Level::Low,
        likelihood: Level::Low,
        risk_of_change: None,
        is_for_managed: true,
        published_at: None,
        description: String::new(),
    };
    assert!(store.save_recommendation_facts(Digest::of(b"content"), &[facts]).await.expect("written"));
}
