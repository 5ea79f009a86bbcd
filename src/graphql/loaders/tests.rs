//! A loader reads each key once, and remembers values, absence and failures.

#![expect(clippy::mutable_key_type, reason = "a script is hashed and compared by its name")]

use std::{
    hash::Hasher,
    pin::pin,
    sync::{Mutex, PoisonError},
};

use futures_util::poll;
use tokio::sync::Semaphore;

use super::*;
use crate::{config::Config, identity::Viewer};

/// A batch that does what its keys' script says.
struct Scripted;

/// What a load does, and the keys of the loads so far. Scripts are equal if they have the same name.
#[derive(Clone, Debug)]
struct Script {
    name: &'static str,
    fails: bool,
    /// A load waits here until the script is opened.
    gate: Arc<Semaphore>,
    /// The keys of each load so far, sorted.
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
        script.release();
        script
    }

    fn failing(name: &'static str) -> Self {
        Self { fails: true, ..Self::open(name) }
    }

    fn release(&self) {
        self.gate.add_permits(1);
    }

    fn loads(&self) -> Vec<Vec<u32>> {
        self.loads.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn keys(&self, keys: impl IntoIterator<Item = u32>) -> Vec<(u32, Self)> {
        keys.into_iter().map(|key| (key, self.clone())).collect()
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

impl Batch for Scripted {
    type Key = (u32, Script);
    type Value = Option<u32>;

    /// The value of a key is ten times its number; 0 has none.
    async fn load(_: &Store, _: Scope, keys: &[Self::Key]) -> Result<HashMap<Self::Key, Option<u32>>, Error> {
        let script = &keys[0].1;
        let mut numbers: Vec<_> = keys.iter().map(|(number, _)| *number).collect();
        numbers.sort_unstable();
        script.loads.lock().unwrap_or_else(PoisonError::into_inner).push(numbers);
        let _permit = script.gate.acquire().await;
        if script.fails {
            return Err(Error::TimedOut { during: "testing", seconds: 1 });
        }
        Ok(keys.iter().filter(|(number, _)| *number > 0).map(|key| (key.clone(), Some(key.0 * 10))).collect())
    }
}

/// A loader over a store that is never queried.
async fn loader() -> Loader<Scripted> {
    let nowhere =
        ("INSIGHTS_RESULTS_AGGREGATOR__DATABASE__URL".to_owned(), "postgres://user@localhost/none".to_owned());
    let config = Config::load(None, &[nowhere].into()).expect("a valid configuration").config;
    let store = Store::open(&config.database).await.expect("a store that is not connected yet");
    Loader::new(&store, Viewer::unrestricted().scope())
}

async fn value(loader: &Loader<Scripted>, number: u32, script: &Script) -> Option<u32> {
    let values = loader.load_many(script.keys([number])).await.expect("loaded");
    values[&(number, script.clone())]
}

#[tokio::test]
async fn a_thousand_keys_are_one_load() {
    let (loader, script) = (loader().await, Script::open("any"));
    let values = loader.load_many(script.keys(1..=1_000)).await.expect("loaded");
    assert_eq!(values.len(), 1_000);
    assert!(values.iter().all(|((number, _), value)| *value == Some(number * 10)));
    assert_eq!(script.loads(), [(1..=1_000).collect::<Vec<_>>()]);
}

#[tokio::test]
async fn a_loaded_key_is_not_loaded_again() {
    let (loader, script) = (loader().await, Script::open("any"));
    for keys in [&[1, 2][..], &[2, 3], &[1, 2, 3, 1]] {
        loader.load_many(script.keys(keys.iter().copied())).await.expect("loaded");
    }
    assert_eq!(script.loads(), [vec![1, 2], vec![3]]);
}

#[tokio::test]
async fn absence_is_a_value_and_remembered() {
    let (loader, script) = (loader().await, Script::open("any"));
    assert_eq!(value(&loader, 0, &script).await, None);
    assert_eq!(value(&loader, 0, &script).await, None);
    assert_eq!(script.loads(), [[0]]);
}

#[tokio::test]
async fn a_failure_is_remembered_and_not_repeated() {
    let (loader, script) = (loader().await, Script::failing("any"));
    let first = loader.load_many(script.keys([1, 2])).await.expect_err("fails");
    let second = loader.load_many(script.keys([2])).await.expect_err("fails");
    let (LoadFailed::Read(first), LoadFailed::Read(second)) = (first, second) else { panic!("failures of the store") };
    assert!(Arc::ptr_eq(&first, &second), "one cause for all");
    assert_eq!(script.loads(), [[1, 2]]);
}

/// Three loads in turn. While the first one waits, the second and the third begin to wait for the same key. The second
/// takes it into its own load and is dropped in the middle of that. No resolver does so: it drops a load only with the
/// whole request. Such a bug must not be reported as the database's failure.
#[tokio::test]
async fn a_key_of_a_dropped_load_is_not_blamed_on_the_database() {
    let (loader, first, script) = (loader().await, Script::closed("first"), Script::closed("any"));
    let mut before = pin!(loader.load_many(first.keys([9])));
    let mut dropped = Box::pin(loader.load_many(script.keys([1])));
    let mut waiting = pin!(loader.load_many(script.keys([1, 2])));
    assert!(poll!(&mut before).is_pending() && poll!(&mut dropped).is_pending() && poll!(&mut waiting).is_pending());
    first.release();
    assert!(poll!(&mut before).is_ready());
    assert!(poll!(&mut dropped).is_pending() && poll!(&mut waiting).is_pending() && poll!(&mut dropped).is_pending());
    drop(dropped);
    script.release();
    assert!(matches!(waiting.await, Err(LoadFailed::Dropped)));
}
