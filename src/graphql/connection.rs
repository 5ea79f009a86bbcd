//! Connections: pages of a list, in Relay's form.

use std::borrow::Cow;

use async_graphql::{Lookahead, Object, OutputType, Result, SimpleObject, TypeName};

use super::cursor::{self, Listed};
use crate::store::Slice;

/// The page that is given where none is asked for.
const DEFAULT_FIRST: usize = 20;

/// A type whose lists are connections.
pub(super) trait Paged: Listed + OutputType + Clone {
    /// The name of the connection's type.
    const CONNECTION: &'static str;
    /// The name of the edge's type.
    const EDGE: &'static str;
}

/// How many items a page has. The schema holds `first` between 1 and 100.
pub(super) fn page_size(first: Option<i32>) -> usize {
    first.and_then(|first| usize::try_from(first).ok()).unwrap_or(DEFAULT_FIRST)
}

/// What a page costs: its own field, and each item's selection.
pub(super) fn page_cost(first: Option<i32>, child: usize) -> usize {
    page_size(first).saturating_mul(child).saturating_add(1)
}

/// Is a field of the connection's nodes asked for, by whatever way there is to them?
pub(super) fn asks_of_nodes(connection: &Lookahead<'_>, field: &str) -> bool {
    connection.field("nodes").field(field).exists() || connection.field("edges").field("node").field(field).exists()
}

/// A page of a list.
pub(super) struct Connection<T> {
    slice: Slice<T>,
    continues: bool,
}

impl<T> Connection<T> {
    /// A page that was asked for with or without `after`.
    pub(super) fn new(slice: Slice<T>, after: Option<&str>) -> Self {
        Self { slice, continues: after.is_some() }
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
        self.slice.items.iter().map(|node| Edge { node: node.clone() }).collect()
    }

    /// The page's items.
    async fn nodes(&self) -> Vec<T> {
        self.slice.items.clone()
    }

    /// Where the page stands in the list.
    async fn page_info(&self) -> PageInfo {
        PageInfo {
            has_next_page: self.slice.has_next,
            has_previous_page: self.continues,
            start_cursor: self.slice.items.first().map(cursor::encode),
            end_cursor: self.slice.items.last().map(cursor::encode),
        }
    }

    /// How many items the whole list has, whatever the page.
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
pub(super) struct Edge<T> {
    node: T,
}

impl<T: Paged> TypeName for Edge<T> {
    fn type_name() -> Cow<'static, str> {
        T::EDGE.into()
    }
}

/// An item of a page, with its place in the list.
#[Object(name_type)]
impl<T: Paged> Edge<T> {
    /// The item's place in the list, to go on from.
    async fn cursor(&self) -> String {
        cursor::encode(&self.node)
    }

    /// The item.
    async fn node(&self) -> T {
        self.node.clone()
    }
}

/// Where a page stands in its list.
#[derive(SimpleObject)]
pub(super) struct PageInfo {
    /// Is there at least one item behind this page?
    has_next_page: bool,
    /// Is there something before this page? True where the page was asked for with a cursor.
    has_previous_page: bool,
    /// The first item's cursor; null on an empty page.
    start_cursor: Option<String>,
    /// The last item's cursor, to be given as `after` for the next page; null on an empty page.
    end_cursor: Option<String>,
}
