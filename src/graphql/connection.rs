//! Connections: pages of a list, in Relay's form.

use std::{borrow::Cow, marker::PhantomData, sync::Arc};

use async_graphql::{ContainerType, Context, Lookahead, Object, Result, SimpleObject, TypeName};

use super::{
    answer_size::AnswerSize,
    context::ContextExt as _,
    error::bad_user_input,
    in_order::{InOrder, ListInOrder},
    loaders::LoadPages,
    shared::Shared,
    siblings::{Children, Relation, Siblings},
};
use crate::store::{End, ListRequest, Order, Page, PageRequest, Paged, Position};

/// The most keys (UUIDs, ids, selectors) that an argument may have.
pub(super) const MAX_KEYS: usize = 100;
/// The longest page.
const MAX_PAGE_SIZE: usize = 100;
/// The length of a page where none is requested.
const DEFAULT_PAGE_SIZE: usize = 20;

/// The fields of a connection that need the items of its page.
pub(super) const SHOW_ITEMS: [&str; 3] = ["edges", "nodes", "pageInfo"];

/// A type whose lists are connections.
pub(super) trait Listed: ContainerType + Clone {
    /// The declaration of the list.
    type Row: LoadPages;
    /// What the list belongs to.
    type Parent: ParentOf<Self::Row> + Clone;
    /// The fields that need the columns [`List::LARGE`].
    const LARGE_FIELDS: &'static [&'static str] = &[];

    /// The node of a row.
    fn new(row: &Arc<Self::Row>, parent: &Self::Parent, siblings: &Arc<Siblings<Self::Row>>) -> Self;
}

/// A node that has a list, or `()` for a list of the root.
pub(super) trait ParentOf<L: Paged>: Send + Sync {
    /// The node's key as the list's parent.
    fn key(&self) -> L::Parent;
    /// The keys of the node and all its siblings.
    fn sibling_keys(&self) -> Vec<L::Parent>;
    /// Where the node and its siblings keep what they loaded; `None` where the node has none.
    fn shared(&self) -> Option<&Shared>;
}

/// The arguments that every connection has, as the client sent them.
pub(super) struct PageArguments {
    // Wider than GraphQL's Int, so that a number that is too large is refused here, by the argument's name.
    pub(super) first: Option<i64>,
    pub(super) after: Option<String>,
    pub(super) last: Option<i64>,
    pub(super) before: Option<String>,
}

impl PageArguments {
    /// The page of a list that is known to be empty.
    pub(super) fn empty<T: Listed, E: EdgeOf<T>>(self) -> Result<Option<InOrder<Connection<T, E>>>> {
        let order = T::Row::DEFAULT_ORDER;
        let request = ListRequest { total: true, ..ListRequest::new(self.page_request(order)?) };
        let page = Arc::new(Page::of_whole(Vec::new(), &request).map(Arc::new));
        let children = Children { page, siblings: Siblings::new(Vec::new()) };
        Ok(Some(InOrder(Connection { children, parent: None, order, edges: PhantomData })))
    }

    /// Loads a page of the parent's list, unrestricted and in its default order.
    pub(super) async fn load<T: Listed, E: EdgeOf<T>>(
        self,
        ctx: &Context<'_>,
        parent: &T::Parent,
    ) -> Result<Option<InOrder<Connection<T, E>>>> {
        self.load_by(ctx, parent, <T::Row as Paged>::Filter::default(), T::Row::DEFAULT_ORDER).await
    }

    /// Loads a page of the parent's list. Reads no items if only the list's length is selected.
    pub(super) async fn load_by<T: Listed, E: EdgeOf<T>>(
        self,
        ctx: &Context<'_>,
        parent: &T::Parent,
        filter: <T::Row as Paged>::Filter,
        order: Order<T::Row>,
    ) -> Result<Option<InOrder<Connection<T, E>>>> {
        let selected = ctx.look_ahead();
        let is_large = is_any_selected_of_nodes(&selected, T::LARGE_FIELDS);
        let mut request = ListRequest {
            filter,
            order,
            page: self.page_request(order)?,
            total: selected.field("totalCount").exists(),
            beyond: false,
            large: large(ctx, is_large)?,
        };
        if !SHOW_ITEMS.iter().any(|field| selected.field(field).exists()) {
            request.page = PageRequest::first(0);
            request.order = T::Row::DEFAULT_ORDER;
        }
        // Nothing is beyond a position that is not given.
        let is_selected = |flag| selected.field("pageInfo").field(flag).exists();
        request.beyond = (request.page.after.is_some() && is_selected("hasPreviousPage"))
            || (request.page.before.is_some() && is_selected("hasNextPage"));
        let children = load_children(ctx, parent, request).await?;
        Ok(Some(InOrder(Connection { children, parent: Some(parent.clone()), order, edges: PhantomData })))
    }

    fn page_request<L: Paged>(&self, order: Order<L>) -> Result<PageRequest> {
        if self.first.is_some() && self.last.is_some() {
            return Err(bad_user_input("last", "cannot be combined with first: a page is taken from one end"));
        }
        check_size("first", self.first)?;
        check_size("last", self.last)?;
        Ok(PageRequest {
            after: read_cursor("after", self.after.as_deref(), order)?,
            before: read_cursor("before", self.before.as_deref(), order)?,
            size: page_size(self.first, self.last),
            end: if self.last.is_some() { End::Last } else { End::First },
        })
    }
}

/// Loads the first item of the parent's list under a filter.
pub(super) async fn load_one<T: Listed>(
    ctx: &Context<'_>,
    parent: &T::Parent,
    filter: <T::Row as Paged>::Filter,
) -> Result<Option<T>> {
    let selected = ctx.look_ahead();
    let is_large = T::LARGE_FIELDS.iter().any(|field| selected.field(field).exists());
    let request = ListRequest {
        filter,
        order: T::Row::DEFAULT_ORDER,
        page: PageRequest::first(1),
        total: false,
        beyond: false,
        large: large(ctx, is_large)?,
    };
    let children = load_children(ctx, parent, request).await?;
    Ok(children.page.items.first().map(|row| T::new(row, parent, &children.siblings)))
}

/// The most bytes of large columns that are read, if they are.
pub(super) fn large(ctx: &Context<'_>, is_selected: bool) -> Result<Option<usize>> {
    is_selected.then(|| ctx.answer_size().map(AnswerSize::limit)).transpose()
}

/// Loads a part of the parent's list, together with those of its siblings.
pub(super) async fn load_children<L: LoadPages>(
    ctx: &Context<'_>,
    parent: &impl ParentOf<L>,
    request: ListRequest<L>,
) -> Result<Children<L>> {
    let relation = parent.shared().map(|shared| shared.get(Relation::default)).unwrap_or_default();
    Ok(relation.children(ctx.loaders()?, parent.key(), || parent.sibling_keys(), request).await?)
}

fn read_cursor<L: Paged>(argument: &str, cursor: Option<&str>, order: Order<L>) -> Result<Option<Position>> {
    let Some(cursor) = cursor else { return Ok(None) };
    let position = order.read_cursor(cursor);
    let invalid = || bad_user_input(argument, "is not a cursor of this list in this order and direction");
    position.map(Some).ok_or_else(invalid)
}

fn check_size(argument: &str, size: Option<i64>) -> Result<()> {
    let fits = |size: i64| usize::try_from(size).is_ok_and(|size| (1..=MAX_PAGE_SIZE).contains(&size));
    if size.is_none_or(fits) {
        Ok(())
    } else {
        Err(bad_user_input(argument, &format!("must be from 1 to {MAX_PAGE_SIZE}")))
    }
}

/// The number of items of a page, and never more than [`MAX_PAGE_SIZE`]: larger requests are refused when the page is
/// read.
pub(super) fn page_size(first: Option<i64>, last: Option<i64>) -> usize {
    let size = first.or(last).map(|size| usize::try_from(size).unwrap_or(1));
    size.map_or(DEFAULT_PAGE_SIZE, |size| size.min(MAX_PAGE_SIZE))
}

/// Is one of these fields selected of the connection's nodes, under `nodes` or `edges`?
fn is_any_selected_of_nodes(connection: &Lookahead<'_>, fields: &[&str]) -> bool {
    // This runs for each cluster of a list with its hits, so the nodes are searched for once.
    let nodes = [connection.field("nodes"), connection.field("edges").field("node")];
    nodes.iter().filter(|nodes| nodes.exists()).any(|nodes| fields.iter().any(|field| nodes.field(field).exists()))
}

/// An item of a page, as a type of the schema.
pub(super) trait EdgeOf<T: Listed>: ContainerType {
    /// The edge of a node.
    fn new(node: T, cursor: String) -> Self;
}

/// A page of a list, with edges of type `E`.
pub(super) struct Connection<T: Listed, E = Edge<T>> {
    children: Children<T::Row>,
    /// `None` only if there are no items.
    parent: Option<T::Parent>,
    order: Order<T::Row>,
    edges: PhantomData<fn() -> E>,
}

impl<T: Listed, E> Connection<T, E> {
    fn items(&self) -> impl Iterator<Item = T> {
        let Children { page, siblings } = &self.children;
        self.parent.iter().flat_map(|parent| page.items.iter().map(|row| T::new(row, parent, siblings)))
    }
}

impl<T: Listed, E: EdgeOf<T>> TypeName for Connection<T, E> {
    fn type_name() -> Cow<'static, str> {
        let edge = E::type_name();
        format!("{}Connection", edge.strip_suffix("Edge").unwrap_or(&edge)).into()
    }
}

/// A page of a list.
#[Object(name_type)]
impl<T: Listed, E: EdgeOf<T>> Connection<T, E> {
    /// The page's items, each with its cursor.
    async fn edges(&self) -> ListInOrder<InOrder<E>> {
        let cursors = self.children.page.items.iter().map(|row| self.order.cursor(row));
        ListInOrder(self.items().zip(cursors).map(|(node, cursor)| InOrder(E::new(node, cursor))).collect())
    }

    /// The page's items.
    async fn nodes(&self) -> ListInOrder<InOrder<T>> {
        ListInOrder(self.items().map(InOrder).collect())
    }

    /// Whether there are more pages, and the cursors to request them with.
    async fn page_info(&self) -> InOrder<PageInfo> {
        let page = &self.children.page;
        let cursor = |row: &Arc<T::Row>| self.order.cursor(row);
        let (start_cursor, end_cursor) = (page.items.first().map(cursor), page.items.last().map(cursor));
        InOrder(PageInfo {
            has_next_page: page.has_next,
            has_previous_page: page.has_previous,
            start_cursor,
            end_cursor,
        })
    }

    /// Number of items in the whole list, on all pages.
    async fn total_count(&self) -> Result<i64> {
        let total = self.children.page.total.and_then(|total| i64::try_from(total).ok());
        total.ok_or_else(|| TotalNotLoaded.into())
    }
}

/// A page was loaded without its total although the total is selected: a bug of the resolver that loaded it.
#[derive(Debug, thiserror::Error)]
#[error("a page's total is selected and was not loaded")]
struct TotalNotLoaded;

/// An item of a page.
pub(super) struct Edge<T: Listed> {
    node: T,
    cursor: String,
}

impl<T: Listed> EdgeOf<T> for Edge<T> {
    fn new(node: T, cursor: String) -> Self {
        Self { node, cursor }
    }
}

impl<T: Listed> TypeName for Edge<T> {
    fn type_name() -> Cow<'static, str> {
        format!("{}Edge", T::type_name()).into()
    }
}

/// An item of a page, with its cursor.
#[Object(name_type)]
impl<T: Listed> Edge<T> {
    /// The item's position in the list, for `after` and `before`.
    async fn cursor(&self) -> &str {
        &self.cursor
    }

    /// The item.
    async fn node(&self) -> InOrder<&T> {
        InOrder(&self.node)
    }
}

/// Whether a list has more pages, and the cursors to request them with.
#[derive(SimpleObject)]
pub(super) struct PageInfo {
    /// Whether the list has items after this page now.
    has_next_page: bool,
    /// Whether the list has items before this page now.
    has_previous_page: bool,
    /// The first item's cursor, to use as `before` for the previous page. Null if the page is empty.
    start_cursor: Option<String>,
    /// The last item's cursor, to use as `after` for the next page. Null if the page is empty.
    end_cursor: Option<String>,
}
