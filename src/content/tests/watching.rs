//! Watching the files.

use std::{
    fs,
    time::{Duration, Instant},
};

use super::{
    super::{Changes, CurrentContent, Source},
    folder::{CONFIG, METADATA, RULE, TestFolder},
    links::{config_map, swap},
};

/// Much longer than a change takes to be reported.
const LONG: Duration = Duration::from_secs(30);

async fn reported(changes: &mut Changes) -> bool {
    tokio::time::timeout(LONG, changes.next()).await.is_ok()
}

#[tokio::test]
async fn a_change_is_reported_a_second_after_the_last_one() {
    let folder = TestFolder::valid();
    let mut changes = Changes::watch(&folder.source()).await;
    folder.write(&format!("{RULE}/generic.md"), "Changed");
    let written_at = Instant::now();
    assert!(reported(&mut changes).await);
    assert!(written_at.elapsed() >= Duration::from_millis(900), "{:?}", written_at.elapsed());
    // In a folder that is new, and below it.
    folder.write("external/new/deeper/KEY/metadata.yaml", METADATA);
    assert!(reported(&mut changes).await);
    folder.write("external/new/deeper/KEY/metadata.yaml", "");
    assert!(reported(&mut changes).await);
    folder.remove("external/new");
    assert!(reported(&mut changes).await);
}

#[tokio::test]
async fn loading_is_not_a_change() {
    let folder = TestFolder::valid();
    let source = folder.source();
    let mut changes = Changes::watch(&source).await;
    source.load_in_background().await.expect("content");
    assert!(tokio::time::timeout(Duration::from_secs(3), changes.next()).await.is_err());
}

#[tokio::test]
async fn a_swapped_config_map_is_reported_again_and_again() {
    let folder = config_map();
    let source = folder.source();
    let mut changes = Changes::watch(&source).await;
    let current = CurrentContent::default();
    assert!(current.get().is_none());
    for number in 1..=3 {
        swap(&folder, number);
        assert!(reported(&mut changes).await, "swap {number}");
        let loaded = source.load_in_background().await.expect("content");
        assert_eq!(loaded.problems, []);
        current.clone().set(loaded.content);
        let generic = format!("Generic {number}");
        let content = current.get().expect("content");
        assert!(content.recommendations().all(|recommendation| *recommendation.generic == *generic));
    }
}

#[tokio::test]
async fn a_link_to_another_folder_is_reported_and_then_watched() {
    let folder = TestFolder::empty();
    for release in ["one", "two"] {
        folder.write(&format!("{release}/config.yaml"), CONFIG);
    }
    folder.link("one", "current");
    let source = Source { folder: folder.root().join("current"), groups: None };
    let mut changes = Changes::watch(&source).await;
    folder.relink("two", "current").expect("a swapped link");
    assert!(reported(&mut changes).await);
    folder.write("two/config.yaml", "impact: {}\n");
    assert!(reported(&mut changes).await, "the new folder is watched");
}

#[tokio::test]
async fn a_change_of_the_groups_is_reported() {
    let folder = TestFolder::valid();
    folder.write_groups("a: {name: A}");
    let mut changes = Changes::watch(&folder.source()).await;
    folder.write_groups("a: {name: B}");
    assert!(reported(&mut changes).await);
    let new = folder.root().with_file_name("groups.new");
    fs::write(&new, "a: {name: C}").expect("a written file");
    fs::rename(new, folder.root().with_file_name("groups.yaml")).expect("a replaced file");
    assert!(reported(&mut changes).await);
}

#[tokio::test]
async fn a_folder_that_is_replaced_is_watched_again() {
    let folder = TestFolder::valid();
    let mut changes = Changes::watch(&folder.source()).await;
    let aside = folder.root().with_file_name("aside");
    fs::rename(folder.root(), &aside).expect("a renamed folder");
    assert!(reported(&mut changes).await);
    fs::rename(&aside, folder.root()).expect("a renamed folder");
    assert!(reported(&mut changes).await, "it is back");
    folder.write(&format!("{RULE}/generic.md"), "Changed");
    assert!(reported(&mut changes).await);
}

#[tokio::test]
async fn a_cancelled_wait_loses_no_change() {
    let folder = TestFolder::valid();
    let mut changes = Changes::watch(&folder.source()).await;
    folder.write(&format!("{RULE}/generic.md"), "Changed");
    for _ in 0..5 {
        let soon = tokio::time::timeout(Duration::from_millis(20), changes.next()).await;
        assert!(soon.is_err(), "it has not settled");
    }
    assert!(reported(&mut changes).await);
}

#[tokio::test]
async fn endless_changes_are_reported_after_five_seconds() {
    let folder = TestFolder::valid();
    let mut changes = Changes::watch(&folder.source()).await;
    let started = Instant::now();
    let mut pace = tokio::time::interval(Duration::from_millis(100));
    let writing = async {
        loop {
            pace.tick().await;
            folder.write(&format!("{RULE}/generic.md"), "Changed");
        }
    };
    tokio::select! {
        is_reported = reported(&mut changes) => assert!(is_reported),
        () = writing => {}
    }
    assert!(started.elapsed() >= Duration::from_secs(4), "{:?}", started.elapsed());
}
