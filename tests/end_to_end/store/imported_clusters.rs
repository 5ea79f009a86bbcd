//! Imported values of clusters: written for one owner, all or none, and shown while it owns the cluster.

use std::{cell::RefCell, collections::BTreeMap};

use insights_results_aggregator::{
    identity::{Scope, Viewer},
    store::{Cluster, ImportKey, Imported, ImportedValues, ListRequest, PageRequest, Store, count_statements},
};

use super::owned_cluster::{OwnedCluster, write};
use crate::{
    harness::{each_database, postgres},
    reports::{cluster, organization},
};

const OURS: OwnedCluster = OwnedCluster { organization: 1, cluster: 7 };
const THEIRS: OwnedCluster = OwnedCluster { organization: 2, ..OURS };

#[tokio::test]
async fn values_are_those_of_the_present_owner_and_no_report_resets_them() {
    for database in each_database().await {
        let store = database.store().await;
        import(&store, &[(OURS, values("ours", true, "Active")), (THEIRS, values("theirs", false, ""))]).await;
        let nothing = values("", false, "");
        let other = OwnedCluster { organization: 3, ..OURS };
        let steps = [
            (OURS, 10, values("ours", true, "Active")),
            (OURS, 20, values("ours", true, "Active")),
            (other, 30, nothing.clone()),
            (THEIRS, 40, values("theirs", false, "")),
            (OURS, 50, values("ours", true, "Active")),
        ];
        for (reporter, at, expected) in steps {
            write(&store, &[reporter.report(at, "disk")]).await;
            let owner = Viewer::member_of(organization(reporter.organization));
            for viewer in [Viewer::unrestricted(), owner] {
                let read = read(&store, viewer.scope(), reporter).await;
                assert_eq!(read, expected, "{reporter:?} at {at} on {}", database.name);
            }
        }
    }
}

#[tokio::test]
async fn an_import_reports_what_is_new_changed_and_unchanged_and_is_idempotent() {
    for database in each_database().await {
        let store = database.store().await;
        let of = |number| OwnedCluster { organization: 1, cluster: number };
        let many: Vec<_> = (0..2_500).map(|number| (of(number), values("name", false, "Active"))).collect();
        assert_eq!(import(&store, &many).await, imported(2_500, 0, 0), "{}", database.name);
        assert_eq!(import(&store, &many).await, imported(0, 0, 2_500), "{}", database.name);

        let changes = [
            (of(1), values("name", true, "Active")),
            (of(2), values("", false, "Active")),
            (of(3), values("name", false, "")),
            (of(4), values("name", false, "Active")),
            (OwnedCluster { organization: 2, cluster: 4 }, values("name", false, "Active")),
        ];
        assert_eq!(run(&store, &changes, true).await, imported(1, 3, 1), "{}: a dry run", database.name);
        assert_eq!(import(&store, &changes).await, imported(1, 3, 1), "{}", database.name);
        assert_eq!(import(&store, &changes).await, imported(0, 0, 5), "{}", database.name);
        write(&store, &[of(2).report(10, "")]).await;
        assert_eq!(read(&store, Viewer::unrestricted().scope(), of(2)).await, changes[1].1, "{}", database.name);
    }
}

#[tokio::test]
async fn an_import_that_fails_writes_nothing() {
    let database = postgres().await;
    let store = database.store().await;
    let of = |number| OwnedCluster { organization: 1, cluster: number };
    let mut many: Vec<_> = (0..2_500).map(|number| (of(number), values("name", false, ""))).collect();
    // The parser does not accept this, nor does PostgreSQL.
    many[2_400].1.display_name = Some("a\0b".to_owned());
    let many: BTreeMap<_, _> = many.into_iter().map(|(cluster, values)| (key(cluster), values)).collect();
    store.import_clusters(&many, false, drop).await.expect_err("NUL");
    assert_eq!(import(&store, &[(of(1), values("name", false, ""))]).await, imported(1, 0, 0));
}

#[tokio::test]
async fn values_cost_no_statement() {
    for database in each_database().await {
        let store = database.store().await;
        import(&store, &[(OURS, values("ours", true, "Active"))]).await;
        write(&store, &[OURS.report(10, "disk")]).await;
        let scope = Viewer::unrestricted().scope();
        let (_, statements) = count_statements(store.clusters(scope, &[cluster(7)])).await;
        assert_eq!(statements, 1, "{}", database.name);
        let request = ListRequest::<Cluster>::new(PageRequest::first(1));
        let (_, statements) = count_statements(store.pages(scope, &[organization(1)], &request)).await;
        assert_eq!(statements, 1, "{}", database.name);
    }
}

/// The values of a cluster: the same by key and in its owner's list.
async fn read(store: &Store, scope: Scope, owned: OwnedCluster) -> ImportedValues {
    let (_, id) = key(owned);
    let by_key = store.clusters(scope, &[id]).await.expect("clusters").remove(&id).expect("the cluster");
    let parent = organization(owned.organization);
    let request = ListRequest::<Cluster>::new(PageRequest::first(1));
    let page = store.pages(scope, &[parent], &request).await.expect("clusters").remove(&parent).expect("a page");
    assert_eq!(page.items, std::slice::from_ref(&by_key));
    ImportedValues { display_name: by_key.display_name, is_managed: by_key.is_managed, status: by_key.status }
}

fn values(name: &str, is_managed: bool, status: &str) -> ImportedValues {
    let text = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    ImportedValues { display_name: text(name), is_managed, status: text(status) }
}

fn key(owned: OwnedCluster) -> ImportKey {
    (organization(owned.organization), cluster(owned.cluster))
}

async fn import(store: &Store, clusters: &[(OwnedCluster, ImportedValues)]) -> Imported {
    run(store, clusters, false).await
}

async fn run(store: &Store, clusters: &[(OwnedCluster, ImportedValues)], dry_run: bool) -> Imported {
    let clusters: BTreeMap<_, _> = clusters.iter().map(|(cluster, values)| (key(*cluster), values.clone())).collect();
    let parts = RefCell::new(0);
    let progress = |count| *parts.borrow_mut() += count;
    let imported = store.import_clusters(&clusters, dry_run, progress).await.expect("imported");
    assert_eq!(parts.into_inner(), clusters.len());
    imported
}

fn imported(new: usize, changed: usize, unchanged: usize) -> Imported {
    Imported { new, changed, unchanged }
}
