//! What requests, pages and cursors know of a list, wherever its items are.

use std::{fmt::Debug, hash::Hash};

use super::{List, Order, SortColumn};

/// A list with pages. Those in the database are declared as a [`List`]; others are read by their owner, which cuts the
/// requested page of all items with [`Page::of_whole`](crate::store::Page::of_whole).
pub trait Paged: Debug + Sized + Send + Sync + 'static {
    /// The key of the parents that the list is read for.
    type Parent: Clone + Debug + Eq + Hash + Send + Sync + 'static;
    /// What restricts the list.
    type Filter: Clone + Debug + Default + Eq + Hash + Send + Sync + 'static;

    /// The list's name in cursors and logs.
    const NAME: &'static str;
    /// What identifies an item among its parent's. Every order ends with it, which makes the order total.
    const KEY: SortColumn<Self>;
    /// The order where none is requested.
    const DEFAULT_ORDER: Order<Self>;
    /// The values that are read only where [`ListRequest::large`](super::ListRequest::large) is set.
    const LARGE: &'static [&'static str] = &[];
}

impl<L: List> Paged for L {
    type Parent = <L as List>::Parent;
    type Filter = <L as List>::Filter;

    const NAME: &'static str = <L as List>::NAME;
    const KEY: SortColumn<Self> = <L as List>::KEY;
    const DEFAULT_ORDER: Order<Self> = <L as List>::DEFAULT_ORDER;
    const LARGE: &'static [&'static str] = <L as List>::LARGE;
}
