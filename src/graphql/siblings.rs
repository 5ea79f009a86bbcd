//! Siblings: what makes batching exact.
//!
//! Nodes that one list produced together share one [`Relation`] for each field that leads on. The first of them that is
//! asked for its children asks the request's loader for the children of all; the others await the same cell. No timer,
//! nothing to tune, and one statement a relation at any concurrency.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::OnceCell;

use super::error::LoadFailed;

type Loaded<K, V> = Result<HashMap<K, V>, LoadFailed>;
type Cell<K, V> = Arc<OnceCell<Loaded<K, V>>>;

/// One field of all siblings: what was loaded for them, for each set of arguments that was asked with.
///
/// Aliases with other arguments are another batch.
pub(super) struct Relation<K, A, V> {
    cells: Mutex<HashMap<A, Cell<K, V>>>,
}

impl<K, A, V> Default for Relation<K, A, V> {
    fn default() -> Self {
        Self { cells: Mutex::default() }
    }
}

impl<K: Eq + Hash, A: Eq + Hash, V: Clone + Default> Relation<K, A, V> {
    /// What the relation leads to from `parent`; loaded by `load`, for all siblings, if nobody did so before.
    ///
    /// A load that fails, fails once for all. One that is dropped in mid-way is begun again by the next who waits.
    pub(super) async fn of<F>(&self, parent: &K, arguments: A, load: impl FnOnce() -> F) -> Result<V, LoadFailed>
    where
        F: Future<Output = Loaded<K, V>>,
    {
        let cell = self.cells.lock().unwrap_or_else(PoisonError::into_inner).entry(arguments).or_default().clone();
        match cell.get_or_init(load).await {
            Ok(loaded) => Ok(loaded.get(parent).cloned().unwrap_or_default()),
            Err(error) => Err(error.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[tokio::test]
    async fn siblings_load_once_for_each_set_of_arguments() {
        let relation = Relation::<u32, &str, u32>::default();
        let loads = AtomicUsize::new(0);
        let load = || async {
            loads.fetch_add(1, Ordering::Relaxed);
            tokio::task::yield_now().await;
            Ok(HashMap::from([(1, 10), (2, 20)]))
        };
        let (one, two, again) =
            tokio::join!(relation.of(&1, "a", load), relation.of(&2, "a", load), relation.of(&1, "b", load));
        assert_eq!((one.expect("1"), two.expect("2"), again.expect("1")), (10, 20, 10));
        assert_eq!(loads.into_inner(), 2);
    }

    #[tokio::test]
    async fn a_load_that_fails_fails_once_for_all() {
        let relation = Relation::<u32, (), u32>::default();
        let loads = AtomicUsize::new(0);
        let load = || async {
            loads.fetch_add(1, Ordering::Relaxed);
            Err(crate::store::Error::TimedOut { during: "testing", seconds: 1 }.into())
        };
        let (one, two) = tokio::join!(relation.of(&1, (), load), relation.of(&2, (), load));
        let (one, two) = (one.expect_err("fails"), two.expect_err("fails"));
        assert!(Arc::ptr_eq(&one.0, &two.0));
        assert_eq!(loads.into_inner(), 1);
    }

    #[tokio::test]
    async fn a_load_that_is_dropped_is_begun_again() {
        let relation = Relation::<u32, (), u32>::default();
        {
            let never = relation.of(&1, (), std::future::pending::<Loaded<u32, u32>>);
            tokio::pin!(never);
            assert!(futures_util::poll!(&mut never).is_pending());
        }
        let loaded = relation.of(&1, (), || async { Ok(HashMap::from([(1, 10)])) }).await;
        assert_eq!(loaded.expect("loaded"), 10);
    }
}
