//! A page of a list.

/// Some items of a longer list, in its order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slice<T> {
    /// The page's items.
    pub items: Vec<T>,
    /// Is there at least one more behind the last of them?
    pub has_next: bool,
    /// How many the whole list has; known only when it was asked for.
    pub total: Option<u64>,
}

impl<T> Slice<T> {
    /// Before the first row of a list is read.
    pub(super) fn empty(total_wanted: bool) -> Self {
        Self { items: Vec::new(), has_next: false, total: total_wanted.then_some(0) }
    }

    /// Takes one more row, or notes that there is one more than the page holds.
    pub(super) fn push_up_to(&mut self, first: usize, item: T) {
        if self.items.len() < first {
            self.items.push(item);
        } else {
            self.has_next = true;
        }
    }

    /// The same page with other items.
    pub fn map<U>(self, item: impl FnMut(T) -> U) -> Slice<U> {
        Slice { items: self.items.into_iter().map(item).collect(), has_next: self.has_next, total: self.total }
    }
}

impl<T> Default for Slice<T> {
    fn default() -> Self {
        Self::empty(false)
    }
}

/// The limit to ask the database for: one more than the page, which tells whether there is a next one.
pub(super) fn one_more_than(first: usize) -> i64 {
    i64::try_from(first).unwrap_or(i64::MAX).saturating_add(1)
}
