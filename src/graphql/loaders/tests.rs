//! A loader asks once for all who ask, remembers, and outlives those who go away.

use std::{
    hash::Hasher,
    pin::pin,
    sync::{Mutex, PoisonError},
};

use futures_util::poll;
use tokio::sync::Semaphore;

use super::*;
use crate::{config::Config, identity::Viewer};

/// A step that does what its arguments say.
struct Scripted;

/// What a load does, and what it was asked. Two are the same arguments if they have the same name.
#[derive(Clone, Debug)]
struct Script {
    name: &'static str,
    fails: bool,
    /// A load waits here until the script is opened.
    gate: Arc<Semaphore>,
    /// The parents of each load so far, sorted.
    loads: Arc<Mutex<Vec<Vec<u32>>>>,
}

impl Script {
    /// Loads that wait.
    fn closed(name: &'static str) -> Self {
        Self { name, fails: false, gate: Arc::new(Semaphore::new(0)), loads: Arc::default() }
    }

    /// Loads that do not wait.
    fn open(name: &'static str) -> Self {
        let script = Self::closed(name);
        script.let_go();
        script
    }

    fn failing(name: &'static str) -> Self {
        Self { fails: true, ..Self::open(name) }
    }

    fn let_go(&self) {
        self.gate.add_permits(1);
    }

    fn loads(&self) -> Vec<Vec<u32>> {
        self.loads.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl PartialEq for Script {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Script {}

impl Hash for Script {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

impl Step for Scripted {
    type Parent = u32;
    type Arguments = Script;
    type Children = Option<u32>;

    /// Each parent has one child, of ten times its number; but 0 has none.
    async fn load(_: &Store, _: Scope, parents: &[u32], script: &Script) -> Result<HashMap<u32, Option<u32>>, Error> {
        let mut asked = parents.to_vec();
        asked.sort_unstable();
        script.loads.lock().unwrap_or_else(PoisonError::into_inner).push(asked);
        let _permit = script.gate.acquire().await;
        if script.fails {
            return Err(Error::TimedOut { during: "testing", seconds: 1 });
        }
        Ok(parents.iter().filter(|parent| **parent > 0).map(|parent| (*parent, Some(parent * 10))).collect())
    }
}

/// A loader over a store that is never asked.
async fn loader() -> Loader<Scripted> {
    let nowhere =
        ("INSIGHTS_RESULTS_AGGREGATOR__DATABASE__URL".to_owned(), "postgres://nobody@localhost/no".to_owned());
    let config = Config::load(None, &[nowhere].into()).expect("a sound configuration").config;
    let store = Store::open(&config.database).await.expect("a store that is not connected yet");
    Loader::new(&store, Viewer::unrestricted().scope())
}

async fn child(loader: &Loader<Scripted>, parent: u32, script: &Script) -> Option<u32> {
    let children = loader.load_many([parent], script).await.expect("loaded");
    *children[&parent]
}

#[tokio::test]
async fn a_thousand_keys_are_one_load() {
    let (loader, script) = (loader().await, Script::open("any"));
    let children = loader.load_many(1..=1_000, &script).await.expect("loaded");
    assert_eq!(children.len(), 1_000);
    assert!(children.iter().all(|(parent, child)| **child == Some(parent * 10)));
    assert_eq!(script.loads(), [(1..=1_000).collect::<Vec<_>>()]);
}

#[tokio::test]
async fn what_was_loaded_is_not_asked_for_again() {
    let (loader, script) = (loader().await, Script::open("any"));
    loader.load_many([1, 2], &script).await.expect("loaded");
    loader.load_many([2, 3], &script).await.expect("loaded");
    loader.load_many([1, 2, 3, 1], &script).await.expect("loaded");
    assert_eq!(script.loads(), [vec![1, 2], vec![3]]);
}

#[tokio::test]
async fn other_arguments_are_another_load() {
    let (loader, one, other) = (loader().await, Script::open("one"), Script::open("other"));
    let (a, b) = tokio::join!(loader.load_many([1, 2], &one), loader.load_many([2, 3], &other));
    assert_eq!((a.expect("loaded").len(), b.expect("loaded").len()), (2, 2));
    assert_eq!((one.loads(), other.loads()), (vec![vec![1, 2]], vec![vec![2, 3]]));
}

#[tokio::test]
async fn absence_is_an_answer_and_remembered() {
    let (loader, script) = (loader().await, Script::open("any"));
    assert_eq!(child(&loader, 0, &script).await, None);
    assert_eq!(child(&loader, 0, &script).await, None);
    assert_eq!(script.loads(), [[0]]);
}

#[tokio::test]
async fn a_failure_is_remembered_and_not_repeated() {
    let (loader, script) = (loader().await, Script::failing("any"));
    let first = loader.load_many([1, 2], &script).await.expect_err("fails");
    let second = loader.load_many([2], &script).await.expect_err("fails");
    assert!(Arc::ptr_eq(&first.0, &second.0), "one cause, however many ask");
    assert_eq!(script.loads(), [[1, 2]]);
}

#[tokio::test]
async fn a_failure_is_that_of_its_arguments_alone() {
    let (loader, fails, works) = (loader().await, Script::failing("fails"), Script::open("works"));
    let (failed, child) = tokio::join!(loader.load_many([1], &fails), child(&loader, 1, &works));
    assert!(failed.is_err());
    assert_eq!(child, Some(10));
}

/// Three ask in turn. While the load of the first is held up, the second and the third come to wait for the same key;
/// the second takes it along into a load of its own, and goes away in the middle of that.
#[tokio::test]
async fn keys_that_a_dropped_load_took_along_are_asked_for_again() {
    let (loader, first, script) = (loader().await, Script::closed("first"), Script::closed("any"));
    let mut before = pin!(loader.load_many([9], &first));
    let mut goes = Box::pin(loader.load_many([1], &script));
    let mut stays = pin!(loader.load_many([1, 2], &script));
    for waits in [poll!(&mut before).is_pending(), poll!(&mut goes).is_pending(), poll!(&mut stays).is_pending()] {
        assert!(waits);
    }
    first.let_go();
    assert!(poll!(&mut before).is_ready());
    // Both name their keys; then the one that goes takes all of them.
    assert!(poll!(&mut goes).is_pending() && poll!(&mut stays).is_pending() && poll!(&mut goes).is_pending());
    assert_eq!(script.loads(), [[1, 2]]);

    drop(goes);
    script.let_go();
    let children = stays.await.expect("what stays is answered");
    assert_eq!((*children[&1], *children[&2]), (Some(10), Some(20)));
    assert_eq!(script.loads(), [[1, 2], [1, 2]]);
}
