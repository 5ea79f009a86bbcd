//! A page of a list: which one is wanted, and what comes back.

use std::{collections::HashMap, hash::Hash};

/// Which page of a list is wanted: so many items from one end of what lies between two keys.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PageRequest<K> {
    /// Only what lies behind this key.
    pub after: Option<K>,
    /// Only what lies before this key.
    pub before: Option<K>,
    /// How many items at most.
    pub size: usize,
    /// From which end they are taken. They come in the list's order in either case.
    pub end: End,
}

/// An end of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum End {
    /// Where the list begins.
    First,
    /// Where it ends.
    Last,
}

impl<K> PageRequest<K> {
    /// The same page, its keys in another form.
    pub fn map<L>(self, key: impl Fn(K) -> L) -> PageRequest<L> {
        PageRequest { after: self.after.map(&key), before: self.before.map(&key), size: self.size, end: self.end }
    }

    /// The limit to ask the database for: one more than the page, which tells whether there is more.
    pub(super) fn limit(&self) -> u64 {
        // Databases count in bigints.
        let size = i64::try_from(self.size).unwrap_or(i64::MAX);
        size.saturating_add(1).unsigned_abs()
    }

    pub(super) fn is_backward(&self) -> bool {
        self.end == End::Last
    }

    /// Is it taken from the whole list, and not from what lies between keys?
    pub(super) fn is_whole(&self) -> bool {
        self.after.is_none() && self.before.is_none()
    }
}

/// Which way a list runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// Small, early and old first.
    Ascending,
    /// Large, late and new first.
    Descending,
}

/// Some items of a longer list, in its order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// The page's items.
    pub items: Vec<T>,
    /// Is there at least one more beyond them, in the direction that the page was taken from?
    pub has_more: bool,
    /// How many the whole list has; known only when it was asked for.
    pub total: Option<u64>,
}

impl<T> Default for Page<T> {
    fn default() -> Self {
        Self { items: Vec::new(), has_more: false, total: None }
    }
}

impl<T> Page<T> {
    /// Cuts off and notes what came beyond the page's size, and puts in order what came from the end.
    pub(super) fn cut<K>(mut self, window: &PageRequest<K>) -> Self {
        self.has_more = self.items.len() > window.size;
        self.items.truncate(window.size);
        if window.is_backward() {
            self.items.reverse();
        }
        self
    }

    /// The same page with other items.
    pub fn map<U>(self, item: impl FnMut(T) -> U) -> Page<U> {
        Page { items: self.items.into_iter().map(item).collect(), has_more: self.has_more, total: self.total }
    }
}

/// The pages of many parents while their rows are read.
pub(super) struct PagesByParent<P, T>(HashMap<P, Page<T>>);

impl<P: Copy + Eq + Hash, T> PagesByParent<P, T> {
    /// An empty page for each parent, so that every one is answered for.
    pub(super) fn new(parents: &[P], total: bool) -> Self {
        let empty = || Page { total: total.then_some(0), ..Page::default() };
        Self(parents.iter().map(|parent| (*parent, empty())).collect())
    }

    /// Adds a row: a parent with the length of its whole list, and a child where there is one.
    pub(super) fn add(&mut self, parent: P, total: Option<i64>, child: Option<T>) {
        let page = self.0.entry(parent).or_default();
        if let Some(total) = total {
            page.total = Some(total.unsigned_abs());
        }
        page.items.extend(child);
    }

    /// The pages, each cut to what was asked for.
    pub(super) fn cut<K>(self, window: &PageRequest<K>) -> HashMap<P, Page<T>> {
        self.0.into_iter().map(|(parent, page)| (parent, page.cut(window))).collect()
    }
}
