//! Connections: pages of a list, in Relay's form.

use std::{borrow::Cow, fmt::Display, str::FromStr};

use async_graphql::{Lookahead, Object, OutputType, Result, SimpleObject, TypeName};

use super::{cursor, error::bad_user_input};
use crate::store::{End, Page, PageRequest};

/// The longest list of keys (UUIDs, ids, selectors) that an argument takes.
pub(super) const MOST_KEYS: usize = 100;
/// The longest page.
const MOST_ITEMS: usize = 100;
/// The page that is given where none is asked for.
const DEFAULT_SIZE: usize = 20;

/// A type whose lists are connections.
pub(super) trait Paged: OutputType + Clone {
    /// The name of the connection's type.
    const CONNECTION: &'static str;
    /// The name of the edge's type.
    const EDGE: &'static str;
    /// The orders that its list has; `()` where there is but one.
    type Order: Copy + Send + Sync;
    /// An item's place in an order.
    type Position: Display + FromStr;

    /// The list in this order, as cursors name it: `clusters:version:desc`.
    fn list(order: Self::Order) -> &'static str;
    /// This item's place in the order.
    fn place(&self, order: Self::Order) -> Self::Position;
}

/// The arguments that every connection has, as the client gave them.
pub(super) struct PageArguments {
    // Wider than GraphQL's Int, so that it is here that a number is refused, by the argument's name.
    pub(super) first: Option<i64>,
    pub(super) after: Option<String>,
    pub(super) last: Option<i64>,
    pub(super) before: Option<String>,
}

impl PageArguments {
    /// The page that is asked for.
    pub(super) fn window<T: Paged>(&self, order: T::Order) -> Result<PageRequest<T::Position>> {
        if self.first.is_some() && self.last.is_some() {
            return Err(bad_user_input("last", "cannot go with first: a page is taken from one end"));
        }
        check_size("first", self.first)?;
        check_size("last", self.last)?;
        Ok(PageRequest {
            after: place::<T>("after", self.after.as_deref(), order)?,
            before: place::<T>("before", self.before.as_deref(), order)?,
            size: page_size(self.first, self.last),
            end: if self.last.is_some() { End::Last } else { End::First },
        })
    }
}

fn place<T: Paged>(argument: &str, cursor: Option<&str>, order: T::Order) -> Result<Option<T::Position>> {
    let Some(cursor) = cursor else { return Ok(None) };
    let place = cursor::decode(T::list(order), cursor).and_then(|key| key.parse().ok());
    let not_ours = || bad_user_input(argument, "is not a cursor of this list in this order and direction");
    place.map(Some).ok_or_else(not_ours)
}

fn check_size(argument: &str, size: Option<i64>) -> Result<()> {
    let fits = |size: i64| usize::try_from(size).is_ok_and(|size| (1..=MOST_ITEMS).contains(&size));
    if size.is_none_or(fits) {
        Ok(())
    } else {
        Err(bad_user_input(argument, &format!("is not within 1 and {MOST_ITEMS}: a page has so many items")))
    }
}

/// How many items a page has. Never more than it may have: whoever asks for more is refused where the page is read.
pub(super) fn page_size(first: Option<i64>, last: Option<i64>) -> usize {
    let size = first.or(last).map(|size| usize::try_from(size).unwrap_or(1));
    size.map_or(DEFAULT_SIZE, |size| size.min(MOST_ITEMS))
}

/// Is a field of the connection's nodes asked for, by whatever way there is to them?
pub(super) fn asks_of_nodes(connection: &Lookahead<'_>, field: &str) -> bool {
    connection.field("nodes").field(field).exists() || connection.field("edges").field("node").field(field).exists()
}

/// A page of a list.
pub(super) struct Connection<T: Paged> {
    slice: Page<T>,
    order: T::Order,
    info: PageInfo,
}

impl<T: Paged> Connection<T> {
    /// What came of a page that was asked for.
    pub(super) fn new<K>(slice: Page<T>, order: T::Order, window: &PageRequest<K>) -> Self {
        let cursor = |item: Option<&T>| item.map(|item| Self::cursor_of(item, order));
        // Exact in the direction travelled; in the other there is something where a cursor was given.
        let (has_next_page, has_previous_page) = match window.end {
            End::First => (slice.has_more, window.after.is_some()),
            End::Last => (window.before.is_some(), slice.has_more),
        };
        let (start_cursor, end_cursor) = (cursor(slice.items.first()), cursor(slice.items.last()));
        Self { slice, order, info: PageInfo { has_next_page, has_previous_page, start_cursor, end_cursor } }
    }

    fn cursor_of(item: &T, order: T::Order) -> String {
        cursor::encode(T::list(order), &item.place(order).to_string())
    }
}

impl<T: Paged> TypeName for Connection<T> {
    fn type_name() -> Cow<'static, str> {
        T::CONNECTION.into()
    }
}

/// A page of a list.
#[Object(name_type)]
impl<T: Paged> Connection<T> {
    /// The page's items, each with its cursor.
    async fn edges(&self) -> Vec<Edge<T>> {
        self.slice.items.iter().map(|node| Edge { node: node.clone(), order: self.order }).collect()
    }

    /// The page's items.
    async fn nodes(&self) -> &[T] {
        &self.slice.items
    }

    /// Whether there are more pages, and the cursors to request them with.
    async fn page_info(&self) -> &PageInfo {
        &self.info
    }

    /// Number of items in the whole list, on all pages.
    async fn total_count(&self) -> Result<i64> {
        let total = self.slice.total.and_then(|total| i64::try_from(total).ok());
        total.ok_or_else(|| TotalNotLoaded.into())
    }
}

/// A page was loaded without its total although the total is asked for: a bug of the resolver that loaded it.
#[derive(Debug, thiserror::Error)]
#[error("a page's total was asked for and not loaded")]
struct TotalNotLoaded;

/// An item of a page.
pub(super) struct Edge<T: Paged> {
    node: T,
    order: T::Order,
}

impl<T: Paged> TypeName for Edge<T> {
    fn type_name() -> Cow<'static, str> {
        T::EDGE.into()
    }
}

/// An item of a page, with its cursor.
#[Object(name_type)]
impl<T: Paged> Edge<T> {
    /// The item's position in the list, for `after` and `before`.
    async fn cursor(&self) -> String {
        Connection::cursor_of(&self.node, self.order)
    }

    /// The item.
    async fn node(&self) -> &T {
        &self.node
    }
}

/// Whether a list has more pages, and the cursors to request them with.
#[derive(SimpleObject)]
pub(super) struct PageInfo {
    /// Whether the list has more items after this page. If the page was requested with `last`: whether
    /// `before` was given.
    has_next_page: bool,
    /// Whether the list has more items before this page. If the page was requested without `last`: whether
    /// `after` was given.
    has_previous_page: bool,
    /// The first item's cursor, to use as `before` for the previous page. Null if the page is empty.
    start_cursor: Option<String>,
    /// The last item's cursor, to use as `after` for the next page. Null if the page is empty.
    end_cursor: Option<String>,
}
