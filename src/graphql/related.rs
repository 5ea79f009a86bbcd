//! What each of several siblings has at most one of: read for all of them by the first that needs its own.

use std::{collections::HashMap, sync::Arc};

use tokio::sync::OnceCell;

use super::{
    error::LoadFailed,
    loaders::{Batch, Loaders},
    shared::Shared,
    siblings::Siblings,
};

/// The rows that siblings refer to by the keys of a batch.
struct Related<B: Batch, R>(OnceCell<Result<Found<B, R>, LoadFailed>>);

struct Found<B: Batch, R> {
    by_key: HashMap<B::Key, Option<Arc<R>>>,
    siblings: Arc<Siblings<R>>,
}

impl<B: Batch<Value = Option<Arc<R>>>, R> Found<B, R> {
    fn new(by_key: HashMap<B::Key, Option<Arc<R>>>) -> Self {
        let siblings = Siblings::new(by_key.values().flatten().cloned().collect());
        Self { by_key, siblings }
    }
}

/// Returns the row of a key, with its siblings: those of all `keys`, of which `key` is one. They are read with one load of
/// the batch, and shared.
///
/// A load that fails, fails once for all siblings.
pub(super) async fn related<B, R>(
    loaders: &Loaders,
    shared: &Shared,
    key: &B::Key,
    keys: impl FnOnce() -> Vec<B::Key>,
) -> Result<Option<(Arc<R>, Arc<Siblings<R>>)>, LoadFailed>
where
    B: Batch<Value = Option<Arc<R>>>,
    R: Send + Sync + 'static,
{
    let cell = shared.get(|| Related::<B, R>(OnceCell::new()));
    match cell.0.get_or_init(async || loaders.load_many::<B>(keys()).await.map(Found::new)).await {
        Ok(found) => {
            let row = found.by_key.get(key).ok_or(LoadFailed::Dropped)?;
            Ok(row.clone().map(|row| (row, found.siblings.clone())))
        }
        Err(error) => Err(error.clone()),
    }
}
