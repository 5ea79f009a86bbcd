//! Siblings: the nodes that a list returned together load their children together.
//!
//! The first node that needs its children reads those of all its siblings; the others await the same cell. There is no
//! timer and nothing to tune: one statement per relation and set of arguments at any concurrency.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::OnceCell;

use super::{
    error::LoadFailed,
    loaders::{LoadPages, Loaders},
    shared::Shared,
};
use crate::store::{ListRequest, Page, Paged};

/// The rows that a list returned for all of its parents together, and what their nodes loaded.
pub(super) struct Siblings<R> {
    pub(super) rows: Vec<Arc<R>>,
    /// The children of the rows, and whatever else their nodes share.
    pub(super) shared: Shared,
}

impl<R> Siblings<R> {
    pub(super) fn new(rows: Vec<Arc<R>>) -> Arc<Self> {
        Arc::new(Self { rows, shared: Shared::default() })
    }
}

/// A page of one parent's children, and the siblings of its items: the items of all pages that were read with it.
pub(super) struct Children<L> {
    pub(super) page: Arc<Page<Arc<L>>>,
    pub(super) siblings: Arc<Siblings<L>>,
}

type Loaded<L> = Result<HashMap<<L as Paged>::Parent, Children<L>>, LoadFailed>;
type Cells<L> = HashMap<Arc<ListRequest<L>>, Arc<OnceCell<Loaded<L>>>>;

/// The children of siblings in one list, for each set of arguments.
pub(super) struct Relation<L: Paged>(Mutex<Cells<L>>);

impl<L: Paged> Default for Relation<L> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<L: LoadPages> Relation<L> {
    /// Returns the children of `parent`, loaded with those of all `parents`, unless they were loaded before.
    ///
    /// A load that fails, fails once for all siblings. One that is dropped is repeated by the next sibling that waits.
    pub(super) async fn children(
        &self,
        loaders: &Loaders,
        parent: L::Parent,
        parents: impl FnOnce() -> Vec<L::Parent>,
        request: ListRequest<L>,
    ) -> Result<Children<L>, LoadFailed> {
        let request = Arc::new(request);
        let cell = self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(request.clone()).or_default().clone();
        match cell.get_or_init(|| load(loaders, parents(), request)).await {
            Ok(children) => children.get(&parent).cloned().ok_or(LoadFailed::Dropped),
            Err(error) => Err(error.clone()),
        }
    }
}

async fn load<L: LoadPages>(loaders: &Loaders, parents: Vec<L::Parent>, request: Arc<ListRequest<L>>) -> Loaded<L> {
    let pages = L::load_pages(loaders, parents, request).await?;
    let siblings = Siblings::new(pages.values().flat_map(|page| page.items.iter().cloned()).collect());
    let children = |(parent, page)| (parent, Children { page, siblings: siblings.clone() });
    Ok(pages.into_iter().map(children).collect())
}

impl<L> Clone for Children<L> {
    fn clone(&self) -> Self {
        Self { page: self.page.clone(), siblings: self.siblings.clone() }
    }
}
