//! Pages of lists: which one is requested, and what is returned.

use std::cmp::Ordering;

use super::list::{List, ListRequest, PageRow, Paged, Position};

/// A page of a list: up to `size` items from one end of what lies between two positions.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PageRequest {
    /// Only items after this position.
    pub after: Option<Position>,
    /// Only items before this position.
    pub before: Option<Position>,
    /// The largest number of items; 0 where none is requested, nor whether there are any, but only what
    /// is known of the whole list.
    pub size: usize,
    /// The end that the items are taken from. They are returned in the list's order in either case.
    pub end: End,
}

/// An end of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum End {
    /// The beginning.
    First,
    /// The end.
    Last,
}

impl PageRequest {
    /// The first `size` items of a list.
    pub fn first(size: usize) -> Self {
        Self { after: None, before: None, size, end: End::First }
    }

    /// The limit of the statement: one more than the page, which shows whether there is more.
    pub(super) fn limit(&self) -> u64 {
        // Databases count in bigints.
        let size = i64::try_from(self.size).unwrap_or(i64::MAX);
        size.saturating_add(1).unsigned_abs()
    }

    pub(super) fn is_backward(&self) -> bool {
        self.end == End::Last
    }

    /// Is the page taken from the whole list, and not from what lies between positions?
    pub(super) fn is_unbounded(&self) -> bool {
        self.after.is_none() && self.before.is_none()
    }
}

/// A direction of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// Smallest, earliest and oldest first.
    Ascending,
    /// Largest, latest and newest first.
    Descending,
}

/// Some items of a longer list, in its order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// The page's items.
    pub items: Vec<T>,
    /// Are there items before the page? Where the page was taken from the beginning and has an `after`, false unless
    /// [`ListRequest::beyond`] is set.
    pub has_previous: bool,
    /// Are there items after the page? Where the page was taken from the end and has a `before`, false unless
    /// [`ListRequest::beyond`] is set.
    pub has_next: bool,
    /// The length of the whole list; `None` where it was not requested.
    pub total: Option<u64>,
}

impl<T> Default for Page<T> {
    fn default() -> Self {
        Self { items: Vec::new(), has_previous: false, has_next: false, total: None }
    }
}

impl<T> Page<T> {
    /// An empty page, with the total of an empty list where it is requested.
    pub(super) fn empty(total: bool) -> Self {
        Self { total: total.then_some(0), ..Self::default() }
    }

    /// Removes the item beyond the page's size, which is there only to show that there is more, and puts a page that was
    /// read from the end into the list's order.
    pub(super) fn cut(mut self, page: &PageRequest) -> Self {
        let has_more = page.size > 0 && self.items.len() > page.size;
        match page.end {
            End::First => self.has_next |= has_more,
            End::Last => self.has_previous |= has_more,
        }
        self.items.truncate(page.size);
        if page.is_backward() {
            self.items.reverse();
        }
        self
    }

    /// The same page with other items.
    pub fn map<U>(self, item: impl FnMut(T) -> U) -> Page<U> {
        let items = self.items.into_iter().map(item).collect();
        Page { items, has_previous: self.has_previous, has_next: self.has_next, total: self.total }
    }
}

impl<L: List> Page<L> {
    /// Adds what a statement's row has.
    pub(super) fn add(&mut self, row: PageRow<L>) {
        self.total = row.total.or(self.total);
        self.has_previous |= row.has_before;
        self.has_next |= row.has_after;
        self.items.extend(row.item);
    }
}

impl<L: Paged> Page<L> {
    /// The requested page of a list whose items were all read.
    pub fn of_whole(items: Vec<L>, request: &ListRequest<L>) -> Self {
        let ListRequest { order, page, .. } = request;
        let total = request.total.then_some(items.len() as u64);
        let mut items: Vec<_> = items.into_iter().map(|item| (order.position(&item), item)).collect();
        let (mut has_previous, mut has_next) = (false, false);
        if !page.is_unbounded() {
            let is_on_side = |bound: &Option<Position>, position: &Position, side| {
                bound.as_ref().is_none_or(|bound| order.compare(position, bound) == side)
            };
            items.retain(|(position, _)| {
                let is_after = is_on_side(&page.after, position, Ordering::Greater);
                let is_before = is_on_side(&page.before, position, Ordering::Less);
                has_previous |= request.beyond && !is_after;
                has_next |= request.beyond && !is_before;
                is_after && is_before
            });
        }
        items.sort_unstable_by(|(a, _), (b, _)| order.compare(a, b));
        if page.is_backward() {
            items.reverse();
        }
        let items = items.into_iter().map(|(_, item)| item).collect();
        Self { items, has_previous, has_next, total }.cut(page)
    }
}
